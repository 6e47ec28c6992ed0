"""`tapecast doctor`: what is right and what is not, a line each."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from forecasting.config.diagnosis import printable
from tui.cli_evaluate import progress
from tui.options import Options, shared_options

if TYPE_CHECKING:
    from forecasting.service.checks import Check

_SPOKEN = ("TERM", "COLORTERM", "NO_COLOR", "TMUX", "SSH_CONNECTION")
_YES_OR_NO = {"TMUX": "in tmux", "SSH_CONNECTION": "over SSH"}      # their values are nobody's business in a report


@click.command()
@click.option("--leaks", is_flag=True, help="Search features and fits for look-ahead, on your own bars.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@shared_options
def doctor(options: Options, leaks: bool, as_json: bool) -> None:
    """Look at software, settings, store, calendars, source, bars and models.

    With --leaks, disturb the future of your bars in several ways and see whether any feature, forecast or fit notices.
    """
    from forecasting.service.doctor import examine

    answer = examine(options.settings, options.as_of, progress(), leaks=leaks, first=[terminal()])
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)
    click.echo(json.dumps(answer.value, allow_nan=False, indent=2) if as_json else text(answer.value["checks"]))
    sys.exit(answer.exit_code)


def terminal() -> Check:
    """What the app would be drawn on."""
    from forecasting.service.checks import Check

    try:
        size = os.get_terminal_size(sys.__stderr__.fileno() if sys.__stderr__ else 2)
        found = [f"{size.columns} x {size.lines}"]
    except (OSError, ValueError):
        found = ["not a terminal"]
    encoding = sys.stdout.encoding or "unknown encoding"
    found.append(encoding)
    told = {name: value for name in _SPOKEN if (value := os.environ.get(name))}
    found += [_YES_OR_NO.get(name) or f"{name}={printable(value, 40)}" for name, value in told.items()]
    if encoding.lower().replace("-", "") != "utf8":
        return Check("terminal", "warning", ", ".join(found), "use a UTF-8 locale, or set ascii = true under [display]")
    return Check("terminal", "ok", ", ".join(found))


def text(checks: list[dict[str, Any]]) -> str:
    """A line per check."""
    return "\n".join(
        f"{c['status']:8} {c['name']:12} {c['found']}" + (f"  ->  {c['remedy']}" if c["remedy"] else "") for c in checks
    )
