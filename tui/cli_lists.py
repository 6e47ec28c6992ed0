"""`tapecast lists`: show the lists, write them to a file, take them from one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import click

from forecasting.domain.transfer import ListFormat
from tui.options import Options, shared_options

_FILE = click.Path(path_type=Path, dir_okay=False)
_FORMAT = click.option("--format", "form", type=click.Choice(get_args(ListFormat)), help="Else what the name says.")
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(invoke_without_command=True)
@_AS_JSON
@shared_options
@click.pass_context
def lists(ctx: click.Context, options: Options, as_json: bool) -> None:
    """Show the lists, or export and import them."""
    if ctx.invoked_subcommand is not None:
        return
    from forecasting.service import list_commands

    found = list_commands.shown(options.settings())
    if as_json:
        click.echo(json.dumps({"lists": found}, ensure_ascii=False, indent=2))
        return
    for each in found:
        click.echo(f"*{each['name']}: {each['filter']}" if each["filter"] else
                   f"{each['name']}: {' '.join(each['symbols'])}".rstrip())


@lists.command("export")
@click.argument("target", metavar="[FILE]", type=_FILE, required=False)
@click.option("--list", "names", multiple=True, help="This list alone; may be repeated. Else all.")
@_FORMAT
@shared_options
def export(options: Options, target: Path | None, names: tuple[str, ...], form: ListFormat | None) -> None:
    """Write the lists to FILE, which must not be there yet, or to standard output."""
    from forecasting.service import list_commands

    text = list_commands.export(options.settings(), names, target, form)
    if target is None:
        click.echo(text, nl=False)


@lists.command("import")
@click.argument("file", metavar="FILE", type=_FILE)
@click.option("--list", "name", help="Name of the list, where the file names none; else the file's name.")
@click.option("--replace", is_flag=True, help="A list of the same name becomes what the file says.")
@_FORMAT
@_AS_JSON
@shared_options
def import_(options: Options, file: Path, name: str | None, replace: bool, form: ListFormat | None,
            as_json: bool) -> None:
    """Take lists from FILE: a symbol a line, CSV (list,symbol,filter) or JSON. All of it or nothing."""
    from forecasting.service import list_commands

    taken = list_commands.take_in(options.settings(), file, form, name, replace=replace)
    if as_json:
        click.echo(json.dumps(taken, ensure_ascii=False, indent=2))
        return
    for each in taken["lists"]:
        new = taken["new"][each]
        click.echo(f"{each}: {len(new)} new{': ' + ' '.join(new) if new else ''}")
