"""`tapecast positions`: what is held, lots added, read from a CSV file and written to one."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecasting.domain.market import parse_symbol
from forecasting.errors import ConfigError
from tui import format as fmt
from tui.options import Options, shared_options
from tui.widgets.holding_cells import amount, quantity

if TYPE_CHECKING:
    from forecasting.service.headless import Answer

_FIGURES = ("quantity", "average_cost", "cost", "value", "pnl", "pnl_pct", "day_pnl", "realised", "currency")

_json_option = click.option("--json", "form", flag_value="json", help="Print JSON.")
_csv_option = click.option("--csv", "form", flag_value="csv", help="Print comma-separated values with a header.")


@click.group(invoke_without_command=True)
@_json_option
@_csv_option
@shared_options
@click.pass_context
def positions(ctx: click.Context, options: Options, form: str | None) -> None:
    """What is held: lots first in first out, at the newest stored prices. Alone: list."""
    if ctx.invoked_subcommand is None:
        _list(options, form)
    elif form is not None:
        raise ConfigError(f"--{form} stands after the sub-command: positions {ctx.invoked_subcommand} --{form}")


@positions.command("list")
@_json_option
@_csv_option
@shared_options
def list_command(options: Options, form: str | None) -> None:
    """Print every symbol that something is written down about."""
    _list(options, form)


def _list(options: Options, form: str | None) -> None:
    from forecasting.service import positions as service

    _say(service.listed(options.settings()), form, _table, _figures)


@positions.command()
@click.argument("symbol")
@click.argument("lots", nargs=-1, required=True)
@_json_option
@shared_options
def add(options: Options, symbol: str, lots: tuple[str, ...], form: str | None) -> None:
    """Write down LOTS of SYMBOL, each in quotes: bought, sold, or split.

    As "2024-01-15 10 @ 183.20 fee 1", "2024-03-01 -4 @ 201", or "2024-06-10 split 10:1".
    """
    from forecasting.service import positions as service

    answer = service.added(options.settings(), parse_symbol(symbol), "\n".join(lots))
    _say(answer, form, lambda value: "\n".join(f"{value['symbol']}  {line}" for line in value["lots"]))


@positions.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Say what would be taken in, and take nothing.")
@_json_option
@shared_options
def import_command(options: Options, file: Path, dry_run: bool, form: str | None) -> None:
    """Take the lots of a CSV FILE in: all, or, if a line cannot be read, none; what is known already stays as it is.

    Its columns: symbol,date,quantity,price,fee,split,alias,tags,note; what is not needed may be left out.
    """
    from forecasting.service import positions as service

    def text(value: dict[str, Any]) -> str:
        if not value["ok"]:
            return f"{len(value['errors'])} lines cannot be read"
        would = " would be" if value["dry_run"] else ""
        return f"{value['new']} lots{would} new, {value['known']} known already, {len(value['symbols'])} symbols"

    _say(service.imported(options.settings(), file, dry_run=dry_run), form, text)


@positions.command("export")
@_json_option
@_csv_option
@shared_options
def export_command(options: Options, form: str | None) -> None:
    """Print everything that is written down as CSV (or JSON), a row per lot; `import` reads it back."""
    from forecasting.service import positions as service

    def text(rows: list[dict[str, str]]) -> str:
        return service.csv_text(rows).rstrip("\n")

    _say(service.exported(options.settings()), form, text)


def _table(value: dict[str, Any]) -> str:
    """A line per symbol, and the sums."""
    lines = [f"{'SYMBOL':10} {'QTY':>10} {'COST':>10} {'LAST':>10} {'VALUE':>13}"
             f" {'':3} {'P&L':>12} {'P&L%':>7} {'DAY':>11}  STATE"]
    for row in value["positions"]:
        held = row["position"]
        if held is None:
            about = " ".join((row["alias"] or "", *(f"#{tag}" for tag in row["tags"]), row["note"] or "")).strip()
            lines.append(f"{row['symbol']:10} {about}")
            continue
        money = held["currency"] or ""
        lines.append(
            f"{row['symbol']:10} {quantity(held['quantity']):>10} {fmt.price(held['average_cost'], money):>10}"
            f" {fmt.price(row['last'], money):>10} {amount(held['value'], money):>13} {money:3}"
            f" {amount(held['pnl'], money, sign=True):>12} {fmt.percent(held['pnl_pct']):>7}"
            f" {amount(held['day_pnl'], money, sign=True):>11}  {row['state']}"
        )
    return "\n".join((*lines, *_sums(value["portfolio"])))


def _sums(told: dict[str, Any] | None) -> list[str]:
    if told is None:
        return []
    sums = told["per_currency"] if told["total"] is None or len(told["per_currency"]) > 1 else []
    lines = [_sum("", each) for each in sums] + ([_sum("all", told["total"])] if told["total"] else [])
    if len(sums) > 1:
        lines.append("no one sum: several currencies, and [display] currency is not set")
    return lines + ([f"without {', '.join(told['left_out'])}"] if told["left_out"] else [])


def _sum(name: str, of: dict[str, Any]) -> str:
    money = of["currency"]
    day = f"day {amount(of['day_pnl'], money, sign=True)}"
    pnl = f"P&L {amount(of['pnl'], money, sign=True)} ({fmt.percent(of['pnl_pct'])})"
    realised = f"realised {amount(of['realised'], money, sign=True)}"
    return f"{name:4}{amount(of['value'], money)} {money}   {pnl}   {day}   {realised}"


def _figures(value: dict[str, Any]) -> str:
    """A row per symbol with a position; what is missing is empty."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("symbol", "last", "data_time", "state", *_FIGURES))
    for row in value["positions"]:
        held = row["position"] or {}
        writer.writerow((*(row[n] for n in ("symbol", "last", "data_time", "state")), *(held.get(n) for n in _FIGURES)))
    return text.getvalue().rstrip("\n")


def _say(
    answer: Answer, form: str | None, text: Callable[[Any], str], csv_text: Callable[[Any], str] | None = None
) -> None:
    for note in answer.notes:
        click.echo(note, err=True)
    if form == "json":
        click.echo(json.dumps(answer.value, allow_nan=False, indent=2))
    else:
        click.echo((csv_text or text)(answer.value) if form == "csv" else text(answer.value))
    sys.exit(answer.exit_code)
