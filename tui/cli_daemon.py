"""`tapecast daemon` and `tapecast status`: the engine without a terminal, and how it is doing."""

from __future__ import annotations

import json
import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from typing import Any

import click

from forecasting.errors import ConfigError
from tui.options import Options, shared_options

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


@click.command()
@click.option("--systemd", is_flag=True, help="Print a systemd unit that starts this daemon, and do nothing else.")
@click.option("--metrics", "port", type=click.IntRange(0, 65535),
              help="Serve figures for Prometheus at this port of 127.0.0.1.")
@shared_options
def daemon(options: Options, systemd: bool, port: int | None) -> None:
    """Poll, forecast and fire alerts without a terminal; an app started beside it is a view of what it does.

    SIGHUP reads the configuration anew, SIGTERM ends it.
    """
    if options.as_of is not None:
        raise ConfigError("--as-of is for looking back; a daemon lives in the present")
    from forecasting.service import daemon as service
    from forecasting.service.places import place

    settings = options.settings()
    if systemd:
        served = [] if port is None else ["--metrics", str(port)]
        click.echo(service.unit(["daemon", *options.words(settings.origin), *served]), nl=False)
        return
    _log_to_file_and_journal(str(place(settings, demo=False).log.with_name("daemon.log")))
    sys.exit(service.run(options.settings, metrics_port=port))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@shared_options
def status(options: Options, as_json: bool) -> None:
    """Say whether an engine is at work and how it is doing; exit code 0 if it is and its source answers."""
    from forecasting.service.status_command import status as service

    answer = service(options.settings())
    for note in answer.notes:
        click.echo(note, err=True)
    click.echo(json.dumps(answer.value, indent=2) if as_json else _text(answer.value))
    sys.exit(answer.exit_code)


def _log_to_file_and_journal(path: str) -> None:
    logging.raiseExceptions = False      # a full disk must not end the daemon
    handlers: list[logging.Handler] = [RotatingFileHandler(path, maxBytes=1_000_000, backupCount=3, delay=True)]
    if "JOURNAL_STREAM" in os.environ or sys.stderr.isatty():
        handlers.append(logging.StreamHandler())
    logging.basicConfig(handlers=handlers, level=logging.INFO, format=LOG_FORMAT)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def _text(value: dict[str, Any]) -> str:
    if not value["running"]:
        return f"not running; {value['alerts_unacknowledged']} alerts not acknowledged"
    if "kind" not in value:
        return "running; it has not said anything yet"
    source = value["source"]
    return "\n".join((
        f"{value['kind']}, process {value['pid']}, {value['symbols']} symbols; heard {value['heartbeat_age_s']} s ago",
        f"{source['name']}: {source['message'].removeprefix(source['name'] + ': ')}",     # an error names it itself
        *(f"{m['name']} {m['model_id']} to {m['train_end']}{': ' + m['note'] if m['note'] else ''}"
          for m in value["models"]),
        f"{value['alerts_unacknowledged']} alerts not acknowledged",
    ))
