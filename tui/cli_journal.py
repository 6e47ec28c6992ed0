"""`tapecast journal`, `tapecast ledger` and `tapecast watch-once`: what was said, whether it stands, and waiting."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecasting.domain.market import parse_symbol
from forecasting.domain.transfer import FORMATS, Format
from forecasting.errors import RuleError
from tui.cli_alert_rules import Stretch
from tui.cli_evaluate import progress
from tui.options import Day, Options, shared_options

if TYPE_CHECKING:
    from forecasting.service.headless import Answer

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.option("--since", type=Day(), help="Entries made on or after this day (UTC).")
@click.option("--symbol", "symbols", multiple=True, help="Of this symbol; may be repeated.")
@_AS_JSON
@shared_options
def journal(options: Options, since: date | None, symbols: tuple[str, ...], as_json: bool) -> None:
    """Print every signal and alert, newest first, with its reason and what came of it.

    Words about tapecast itself stand between them: prices ceased, prices are back, the daily sign of life.
    """
    from forecasting.service.journal import journal as service

    say(service(options.settings(), since, map(parse_symbol, symbols)), as_json, _entries)


@click.group()
def ledger() -> None:
    """The append-only, hash-chained record of all forecasts."""


@ledger.command()
@_AS_JSON
@shared_options
def verify(options: Options, as_json: bool) -> None:
    """Check every forecast and outcome against the chain of hashes."""
    from forecasting.service.journal import verify as service

    say(service(options.settings()), as_json,
         lambda v: f"{v['forecasts']} forecasts, the chain holds" if v["ok"] else str(v["error"]))


@ledger.command()
@click.option("--to", type=click.Path(path_type=Path), required=True,
              help="A folder for a file per table, or a new .csv, .jsonl or .parquet file.")
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Of the files; csv if --to does not tell.")
@_AS_JSON
@shared_options
def export(options: Options, to: Path, format_: Format | None, as_json: bool) -> None:
    """Write all forecasts and what came of them to files; the same as `tapecast export --what forecasts`."""
    from forecasting.service import keeping, moving
    from tui.cli_store import export_text

    path = keeping.store_file(options.settings(), None)
    say(moving.export(path, to, format_, "forecasts", None), as_json, export_text)


@click.command("watch-once")
@click.option("--exit-on", "rule", required=True, help="The rule to wait for, for example \"last > 240\".")
@click.option("--symbol", "symbols", multiple=True, help="For this symbol; may be repeated. Else for all watched.")
@click.option("--timeout", type=Stretch(), default=timedelta(0), help="How long to wait, as 30m or 8h; else one look.")
@click.option("--every", type=Stretch(), default=timedelta(seconds=30), show_default="30s", help="Between two looks.")
@_AS_JSON
@shared_options
def watch_once(
    options: Options, rule: str, symbols: tuple[str, ...], timeout: timedelta, every: timedelta, as_json: bool
) -> None:
    """Look at the market until RULE holds, say for which symbols, and end.

    Exit code 0: it holds. 5: it did not come true in time. 1, 3 or 4: there was no price to see. A rule about a
    happening (crosses, then) waits for it.
    """
    from forecasting.service.watch_once import watch_once as service

    asked = tuple(dict.fromkeys(parse_symbol(s) for s in symbols))
    try:
        answer = service(
            options.settings(), rule, asked, timeout=timeout, every=max(every, timedelta(seconds=2)), on_step=progress()
        )
    except RuleError as error:
        click.echo(error.pointed(), err=True)
        raise
    say(answer, as_json, _fulfilled)


def say(answer: Answer, as_json: bool, text: Callable[[Any], str]) -> None:
    """Print an answer and end with its exit code; `text` words its value for people."""
    for note in answer.notes:
        click.echo(note, err=True)
    click.echo(json.dumps(answer.value, allow_nan=False, indent=2) if as_json else text(answer.value))
    sys.exit(answer.exit_code)


def _entries(rows: list[dict[str, Any]]) -> str:
    lines = (f"{_when(row['time'])}  {row['symbol'] or '-':10} {_said(row)}   {_came_of(row)}" for row in rows)
    return "\n".join(lines) or "nothing was signalled yet"


def _when(time: str) -> str:
    return f"{time[:16].replace('T', ' ')} UTC"


def _said(row: dict[str, Any]) -> str:
    return f"{row['title']}: {row['reason']}" if row["entry"] == "notice" else str(row["reason"])


def _came_of(row: dict[str, Any]) -> str:
    if row["entry"] == "notice":
        return ""
    if row["entry"] == "alert":
        return "" if row["return_1d"] is None else f"+1 day {row['return_1d'] * 100:+.2f}%"
    return "open" if row["right"] is None else "right" if row["right"] else "wrong"


def _fulfilled(value: dict[str, Any]) -> str:
    if not value["fulfilled"]:
        return f"not so: {value['rule']}"
    def figures(row: dict[str, Any]) -> str:
        return ", ".join(f"{name} {figure:.5g}" for name, figure in row["values"].items() if figure is not None)

    return "\n".join(f"{row['symbol']}: {figures(row)}" for row in value["rows"])
