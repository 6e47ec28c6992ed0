"""`tapecast report`: one page for a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tui.cli_evaluate import progress
from tui.cli_journal import say
from tui.options import Options, shared_options


@click.command()
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), required=True,
              help="The file to write; - is standard output.")
@click.option("--force", is_flag=True, help="Replace the file where it is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@shared_options
def report(options: Options, html: Path, force: bool, as_json: bool) -> None:
    """Write watchlist, forecasts, track record and calibration as one self-contained page."""
    from forecasting.service.report_page import report as service

    say(service(options.settings(), html, force=force, on_step=progress()), as_json, _told)


def _told(value: dict[str, Any]) -> str:
    """Where the page is; or the page, where it goes to standard output."""
    return str(value.get("page", value["html"])).rstrip("\n")
