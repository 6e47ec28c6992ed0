"""`tapecast store`, `tapecast export` and `tapecast import`: the store's health, its copies, and its rows as files."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecasting.domain.market import parse_symbol
from forecasting.domain.transfer import FORMATS, WHAT, Format, What
from tui.options import Options, shared_options

if TYPE_CHECKING:
    from forecasting.service.headless import Answer

_FILE = click.Path(path_type=Path, dir_okay=False)
_store_option = click.option("--store", "file", type=_FILE, help="This file instead of the source's own store.")
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def store() -> None:
    """Check, copy, restore or shrink the file that keeps everything."""


@store.command()
@click.option("--salvage", is_flag=True, help="Write what can be read to a new file beside the store.")
@_store_option
@_json_option
@shared_options
def check(options: Options, file: Path | None, salvage: bool, as_json: bool) -> None:
    """Read every page, check the ledger against its hashes, count rows, name the copies there are."""
    from forecasting.service import keeping

    _say(keeping.check(keeping.store_file(options.settings(), file), save=salvage), as_json, check_text)


@store.command()
@_store_option
@_json_option
@shared_options
def vacuum(options: Options, file: Path | None, as_json: bool) -> None:
    """Give the store's free pages back to the disk."""
    from forecasting.service import keeping

    def text(value: dict[str, Any]) -> str:
        return f"{value['path']}: {_mb(value['bytes_before'])} before, {_mb(value['bytes_after'])} now"

    _say(keeping.vacuum(keeping.store_file(options.settings(), file)), as_json, text)


@store.command()
@click.argument("target", metavar="[FILE]", type=_FILE, required=False)
@_store_option
@_json_option
@shared_options
def backup(options: Options, target: Path | None, file: Path | None, as_json: bool) -> None:
    """Copy the store to FILE, or to one beside it named after the time; the app may run meanwhile."""
    from forecasting.service import keeping

    def text(value: dict[str, Any]) -> str:
        return f"{value['backup']}: {_mb(value['bytes'])}, whole"

    _say(keeping.backup(keeping.store_file(options.settings(), file), target), as_json, text)


@store.command()
@click.argument("copy", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@_store_option
@_json_option
@shared_options
def restore(options: Options, copy: Path, file: Path | None, as_json: bool) -> None:
    """Put the backup FILE in the store's place; what was there is kept under another name."""
    from forecasting.service import keeping
    from forecasting.service.places import place

    def text(value: dict[str, Any]) -> str:
        kept = f"; what was there is kept as {value['replaced']}" if value["replaced"] else ""
        return f"{value['path']} is what {value['from']} was{kept}"

    _say(keeping.restore(file or place(options.settings(), demo=False).store, copy), as_json, text)


@click.command()
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Of the files; csv if --to does not tell.")
@click.option("--what", type=click.Choice(WHAT), default="all", show_default=True, help="Which rows.")
@click.option("--symbol", help="Of this symbol alone; such a part of the ledger cannot be imported again.")
@click.option("--to", type=click.Path(path_type=Path), required=True,
              help="A folder for a file per table, or a new .csv, .jsonl or .parquet file.")
@_store_option
@_json_option
@shared_options
def export(
    options: Options, format_: Format | None, what: What, symbol: str | None, to: Path, file: Path | None, as_json: bool
) -> None:
    """Write the store's rows to files: bars, forecasts with what came of them, signals, alert rules, lists.

    `tapecast import` reads them back, row for row. All is of one moment; the app may run meanwhile.
    """
    from forecasting.service import keeping, moving

    path = keeping.store_file(options.settings(), file)
    asked = None if symbol is None else parse_symbol(symbol)
    _say(moving.export(path, to, format_, what, asked), as_json, export_text)


@click.command()
@click.argument("rows", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
@_store_option
@_json_option
@shared_options
def import_(options: Options, rows: Path, file: Path | None, as_json: bool) -> None:
    """Take exported rows into the store: all of them, or, if one row is bad or contradicts the store, none.

    Rows that the store holds already are left as they are.
    """
    from forecasting.service import moving
    from forecasting.service.places import place

    settings = options.settings()
    _say(moving.take_in(settings, file or place(settings, demo=False).store, rows), as_json, import_text)


def export_text(value: dict[str, Any]) -> str:
    """A line per file."""
    return "\n".join(
        f"{path}: " + ", ".join(f"{count:,} {table}" for table, count in rows.items())
        for path, rows in value["files"].items()
    )


def import_text(value: dict[str, Any]) -> str:
    """A line per table."""
    return "\n".join(f"{table}: {rows['new']:,} new, {rows['known']:,} known already"
                     for table, rows in value["tables"].items()) or "no rows"


def check_text(value: dict[str, Any]) -> str:
    """The state in words, a line per table, a line per copy."""
    state = "whole" if value["ok"] else "DAMAGED"
    lines = [f"{value['path']}: {state}, schema {value['schema']}, {_mb(value['bytes'])}"
             + (f" and {_mb(value['wal_bytes'])} not yet folded in" if value["wal_bytes"] else ""),
             *(f"  {problem}" for problem in value["problems"]), f"ledger: {value['ledger'].removeprefix('ledger ')}"]
    for name, told in value["tables"].items():
        rows = "unreadable" if told["rows"] is None else f"{told['rows']:,}"
        lines.append(f"  {name:14} {rows:>12} rows" + ("" if told["bytes"] is None else f" {_mb(told['bytes']):>12}"))
    for what in ("backups", "set_aside"):
        lines += [f"{what.replace('_', ' ')}: {c['path']}  {_mb(c['bytes'])}  {c['made']}" for c in value[what]]
    if not value["backups"]:
        lines.append("backups: none; make one with: tapecast store backup")
    if saved := value.get("salvaged"):
        lost = ", ".join(f"{n:,} {table}" for table, n in saved["lost"].items()) or "none"
        lines.append(f"salvaged: {saved['path']} with {sum(saved['rows'].values()):,} rows; ledger rows lost: {lost}")
    return "\n".join(lines)


def _mb(size: int) -> str:
    return f"{size / 1e6:,.2f} MB"


def _say(answer: Answer, as_json: bool, text: Callable[[Any], str]) -> None:
    for note in answer.notes:
        click.echo(note, err=True)
    click.echo(json.dumps(answer.value, allow_nan=False, indent=2) if as_json else text(answer.value))
    sys.exit(answer.exit_code)
