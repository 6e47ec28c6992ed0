"""`tapecast alerts`: rules in force, rules tried on the past, and a try of the ways alerts go."""

from __future__ import annotations

import json
import sys
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from forecasting.domain.market import parse_symbol
from forecasting.errors import ConfigError, DeliveryError, RuleError
from tui.cli_alert_rules import COMMANDS
from tui.cli_evaluate import progress
from tui.options import Day, Options, shared_options

if TYPE_CHECKING:
    from forecasting.service.delivery import TerminalEvent


@click.group()
def alerts() -> None:
    """Rules that watch prices, indicators and forecasts."""


for _command in COMMANDS:
    alerts.add_command(_command)


@alerts.command()
@click.argument("rule")
@click.option("--symbol", "symbols", multiple=True, help="Try it on this symbol; may be repeated. Else on all watched.")
@click.option("--from", "first", type=Day(), help="First session reported; earlier ones only warm the rule up.")
@click.option("--to", "last", type=Day(), help="Last session reported.")
@click.option("--cooldown", type=click.IntRange(0, 1000), default=0, show_default=True,
              help="Bars after a firing before another one counts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@shared_options
def backtest(
    options: Options, rule: str, symbols: tuple[str, ...], first: date | None, last: date | None, cooldown: int,
    as_json: bool,
) -> None:
    """Print when RULE would have fired, bar by bar, and what followed.

    For example: tapecast alerts backtest "rsi crosses above 30 and change_pct > 1" --symbol AAPL
    """
    from forecasting.service.rule_backtest import Question, rule_backtest

    if first is not None and last is not None and first > last:
        raise click.UsageError(f"--from {first} lies after --to {last}; turn them round")
    asked = tuple(dict.fromkeys(parse_symbol(s) for s in symbols))
    try:
        answer = rule_backtest(
            options.settings(), Question(rule, asked, first, last, cooldown), options.as_of, progress()
        )
    except RuleError as error:
        click.echo(error.pointed(), err=True)
        raise
    for note in answer.notes:
        click.echo(note, err=True)
    click.echo(json.dumps(answer.value, allow_nan=False, indent=2) if as_json else _text(answer.value))
    sys.exit(answer.exit_code)


@alerts.command("test")
@click.argument("sink")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@shared_options
def test_sink(options: Options, sink: str, as_json: bool) -> None:
    """Send one message to SINK and say how it took it.

    For what goes through the terminal: tmux hands it on after `set -g allow-passthrough on`.
    """
    from forecasting.service.alert_commands import delivery_value
    from forecasting.service.delivery import try_sink

    sinks = options.settings().alert_sinks()
    if (found := next((each for each in sinks if each.name == sink), None)) is None:
        raise ConfigError(f"no [[sink]] is called '{sink}'; there are: {', '.join(each.name for each in sinks)}")
    taken = try_sink(found, _write_to_terminal)
    if as_json:
        click.echo(json.dumps(delivery_value(taken), indent=2))
    else:
        click.echo(f"{sink}: {'ok' if taken.ok else taken.error} ({taken.seconds:.1f} s)")
    sys.exit(0 if taken.ok else 1)


def _write_to_terminal(event: TerminalEvent) -> None:
    """What the app would do with what is for its terminal."""
    if not event.sequence:
        click.echo("a toast is shown inside the app only; nothing was sent", err=True)
        return
    try:
        with open("/dev/tty", "w", encoding="utf-8") as terminal:
            terminal.write(event.sequence)
    except OSError as error:
        raise DeliveryError(f"there is no terminal to write to ({error.strerror})") from error


def _text(rows: list[dict[str, Any]]) -> str:
    """A line per firing, and the means beside their number."""
    lines = [f"{'SYMBOL':10} {'TIME (UTC)':16} {'VALUE':>12} {'+1 DAY':>8} {'+5 DAYS':>8}"]
    lines += [
        f"{r['symbol']:10} {r['data_time'][:16].replace('T', ' ')} {_figure(r['value'], '12.4g')}"
        f" {_percent(r['return_1d'])} {_percent(r['return_5d'])}"
        for r in rows
    ]
    means = " ".join(_percent(_mean([r[key] for r in rows])) for key in ("return_1d", "return_5d"))
    return "\n".join((*lines, f"{'mean':10} {f'n={len(rows)}':16} {'':12} {means}"))


def _mean(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None


def _figure(value: float | None, form: str) -> str:
    return f"{'-':>12}" if value is None else f"{value:{form}}"


def _percent(share: float | None) -> str:
    return f"{'-':>8}" if share is None else f"{share * 100.0:+7.2f}%"
