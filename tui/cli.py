"""The command line: no sub-command starts the app, a sub-command answers on standard output.

Standard output is data, standard error is talk, exit codes are part of the interface: 0 all fine, 1 some symbols
failed, 2 usage or configuration, 3 source unreachable, 4 not enough history, 130 stopped by ^C. The options that say
where things come from stand before or after the sub-command alike.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from forecasting.config import Settings
from forecasting.domain.forecast import MODELS
from forecasting.domain.interval import Interval
from forecasting.domain.market import parse_symbol
from forecasting.errors import ConfigError, TapecastError
from forecasting.service.threads import ONE_THREAD
from tui.options import Day, Options, shared_options

if TYPE_CHECKING:
    from forecasting.service.headless import Answer

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_FRESH_LINE = "\r\x1b[K"      # in place of how far the work was


class Commands(click.Group):
    """The commands of this module, and those that are imported only when they are asked for."""

    LATER: ClassVar[dict[str, str]] = {
        "alerts": "tui.cli_alerts",
        "chart": "tui.cli_chart",
        "daemon": "tui.cli_daemon",
        "status": "tui.cli_daemon",
        "journal": "tui.cli_journal",
        "ledger": "tui.cli_journal",
        "watch-once": "tui.cli_journal",
        "train": "tui.cli_train",
        "evaluate": "tui.cli_evaluate",
        "backtest": "tui.cli_backtest",
        "explain": "tui.cli_backtest",
        "doctor": "tui.cli_doctor",
        "positions": "tui.cli_holdings",
        "report": "tui.cli_report",
        "serve": "tui.cli_serve",
        "store": "tui.cli_store",
        "lists": "tui.cli_lists",
        "export": "tui.cli_store",
        "import": "tui.cli_store",
    }

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; one that is stopped by ^C says so, and ends as a shell expects it."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)      # a second one would break into the end
            click.echo(f"{_FRESH_LINE if sys.stderr.isatty() else ''}tapecast: stopped", err=True)
            sys.exit(128 + signal.SIGINT)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        return [*super().list_commands(ctx), *self.LATER]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called `cmd_name`, or None."""
        if (module := self.LATER.get(cmd_name)) is None:
            return super().get_command(ctx, cmd_name)
        # A command whose name Python keeps for itself is called `import_` and the like there.
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--demo", is_flag=True, help="Replay 2008: real indices, ten synthetic stocks; no network.")
@click.option("--replay-from", type=Day(), help="First session a replay plays; later it goes on where it ended.")
@click.version_option(package_name="tapecast", prog_name="tapecast")
@shared_options
@click.pass_context
def cli(ctx: click.Context, options: Options, demo: bool, replay_from: date | None) -> None:
    """Watch tickers, forecast them, and see how good the forecasts have been."""
    if ctx.invoked_subcommand is None:
        run_app(options, demo=demo, replay_from=replay_from)
    elif demo or replay_from:
        raise ConfigError("--demo and --replay-from start the app; leave them out, or leave the sub-command out")


def run_app(options: Options, *, demo: bool, replay_from: date | None) -> None:
    """Start the app and stay until it ends."""
    if options.as_of is not None:
        raise ConfigError("--as-of is for print, forecast and indicators; to watch the past, use --source replay")
    # Start-up makes many objects that stay; looking through them again and again for garbage costs a tenth of the time
    # to the first paint. The app switches collection on again when it has painted.
    gc.disable()
    settings = options.settings()
    from forecasting.service.front import build_app, renew
    from forecasting.service.reloading import Reloading
    from tui.app import TapecastApp
    from tui.stopping import stops_on_signals

    engine = build_app(settings, demo=demo, replay_start=replay_from)
    if engine.log_path is not None:
        _log_to(engine.log_path)
    try:
        # What is wrong with the words or the settings is said first: it would still be wrong on a terminal.
        _need_terminal()
        app = TapecastApp(
            engine,
            theme=settings.display.theme,
            keys=settings.keys,
            ascii_only=settings.display.ascii,
            bell=settings.display.bell,
            quiet=settings.alerts.is_quiet,
            privacy=settings.display.privacy,
            title=_title(settings, demo=demo),
            log_path=engine.log_path,
            # A demo is about nobody's settings.
            reloading=None if demo else Reloading(settings, options.settings, partial(renew, engine)),
        )
        with stops_on_signals(app.leave):
            app.run(mouse=app.mouse)
            engine.stop()
    finally:
        engine.stop()
    sys.exit(app.return_code or 0)


def _need_terminal() -> None:
    """Keys are read from standard input and the screen is drawn on standard error; in a browser both are pipes.

    Raises:
        ConfigError: If either is no terminal, or one whose cursor cannot be moved.
    """
    if "TEXTUAL_DRIVER" in os.environ:
        return
    instead = "`tapecast print` shows the watchlist without, `tapecast daemon` watches without"
    for name, stream in (("input", sys.__stdin__), ("error", sys.__stderr__)):
        if stream is None or not stream.isatty():
            raise ConfigError(f"standard {name} is no terminal, and the app needs one; {instead}")
    if (kind := os.environ.get("TERM", "")) in ("dumb", "unknown"):
        raise ConfigError(f"TERM={kind} names a terminal without a screen; set it to what yours is, for example"
                          f" xterm-256color; {instead}")


def _title(settings: Settings, *, demo: bool) -> str:
    """What the screen is called: with the length of its bars where that is not a day."""
    interval = settings.source.interval
    return "tapecast demo" if demo else "tapecast" if interval is Interval.DAY else f"tapecast {interval}"


def _log_to(path: Path) -> None:
    """The terminal belongs to the screen; what libraries have to say goes beside the worker's log."""
    from logging.handlers import RotatingFileHandler

    logging.raiseExceptions = False      # a line that a full disk does not take must not end up on the screen
    try:
        handler: logging.Handler = RotatingFileHandler(path, maxBytes=1_000_000, backupCount=2)
    except OSError:
        handler = logging.NullHandler()
    logging.basicConfig(handlers=[handler], level=logging.INFO, format=LOG_FORMAT)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)      # it notes every timer, and each that waited


@cli.command("print")
@click.option("--json", "form", flag_value="json", help="Print JSON.")
@click.option("--csv", "form", flag_value="csv", help="Print comma-separated values with a header.")
@click.option("--line", "form", flag_value="line", help="Print one line, for status bars.")
@shared_options
def print_command(options: Options, form: str | None) -> None:
    """Print the watchlist once: price, change, state, forecast, a row per symbol."""
    from forecasting.service import headless
    from tui import plain

    answer = headless.print_rows(options.settings(), options.as_of, _progress())
    _say(answer, form == "json", {"csv": plain.csv_rows, "line": plain.one_line}.get(form or "", plain.rows))


@cli.command()
@click.argument("symbols", nargs=-1, required=True)
@click.option("--model", type=click.Choice(MODELS), help="Ask this model instead of the best one.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@shared_options
def forecast(options: Options, symbols: tuple[str, ...], model: str | None, as_json: bool) -> None:
    """Forecast SYMBOLS 1 to 10 sessions ahead, as quantiles."""
    from forecasting.service import headless
    from tui import plain

    asked = tuple(dict.fromkeys(parse_symbol(s) for s in symbols))
    answer = headless.forecasts(options.settings(), asked, options.as_of, _progress(), model=model)
    _say(answer, as_json, plain.forecasts)


@cli.command()
@click.argument("symbol")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@shared_options
def indicators(options: Options, symbol: str, as_json: bool) -> None:
    """Print RSI(14) and MACD(12,26,9) of SYMBOL, a row per closed bar."""
    from forecasting.service import headless
    from tui import plain

    answer = headless.indicators(options.settings(), parse_symbol(symbol), options.as_of, _progress())
    _say(answer, as_json, plain.indicators)


def _progress() -> Callable[[object], None]:
    """Steps on standard error where a person watches it; silence elsewhere."""
    if not sys.stderr.isatty():
        return lambda step: None

    def show(step: Any) -> None:
        share = "" if step.fraction is None else f"{step.fraction:4.0%} "
        click.echo(f"{_FRESH_LINE}{share}{step.message}", err=True, nl=False)

    return show


def _say(answer: Answer, as_json: bool, text: Callable[[Any], str]) -> None:
    if sys.stderr.isatty():
        click.echo(_FRESH_LINE, err=True, nl=False)
    for note in answer.notes:
        click.echo(note, err=True)
    click.echo(json.dumps(answer.value, allow_nan=False, indent=2) if as_json else text(answer.value))
    sys.exit(answer.exit_code)


def main() -> None:
    """Run the command line; a `TapecastError` becomes one line and its exit code."""
    os.umask(0o077)      # whatever we write is its owner's alone
    os.environ.update(ONE_THREAD)
    try:
        cli(prog_name="tapecast")
    except TapecastError as error:
        click.echo(f"tapecast: {error}", err=True)
        sys.exit(error.exit_code)
