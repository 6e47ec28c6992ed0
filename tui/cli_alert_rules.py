"""`tapecast alerts add | fields | list | remove | mute | ack | history`: rules and what they said, in the store."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import click

from forecasting.domain.decision import Alert, AlertRule, RuleStatus
from forecasting.domain.forecast import HORIZONS
from forecasting.domain.market import parse_symbol
from forecasting.errors import RuleError
from forecasting.service import alert_commands as service
from forecasting.service.alert_desk import COOLDOWN
from tui.options import Day, Options, shared_options

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_NONE = 'no alerts; for example: tapecast alerts add "rsi crosses above 30"'
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Stretch(click.ParamType):  # type: ignore[type-arg]  # generic in the stubs only
    """A stretch of time: 90s, 15m, 2h, 3d."""

    name = "stretch"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The time `value` means; a usage error if it means none."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,6})([smhd])", value.strip())
        if found is None:
            self.fail(f"'{value}' is no stretch of time; write it as 90s, 15m, 2h or 3d", param, ctx)
        return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


@click.command()
@click.argument("rule")
@click.option("--symbol", "symbols", multiple=True, help="For this symbol; may be repeated. Else for all watched.")
@click.option("--list", "group", help="For whatever stands in this list.")
@click.option("--sink", "sinks", multiple=True, help="Deliver to this sink; may be repeated. Else to all.")
@click.option("--cooldown", type=Stretch(), default=COOLDOWN, show_default="15m", help="Before it may fire again.")
@click.option("--hysteresis", type=click.FloatRange(0, 50), default=0.0, show_default=True,
              help="How far, in per cent of its level, a figure has to come back before the rule may fire again.")
@_AS_JSON
@shared_options
def add(
    options: Options, rule: str, symbols: tuple[str, ...], group: str | None, sinks: tuple[str, ...],
    cooldown: timedelta, hysteresis: float, as_json: bool,
) -> None:
    """Put RULE in force, for example "rsi crosses above 30" or "last > 240 and signal == buy"."""
    asked = tuple(dict.fromkeys(parse_symbol(s) for s in symbols))
    try:
        added, notes = service.add(options.settings(), rule, asked, group, sinks, cooldown, hysteresis / 100.0)
    except RuleError as error:
        click.echo(error.pointed(), err=True)
        raise
    for note in notes:
        _tell(note)
    _print([added], as_json, one=True)


@click.command()
@_AS_JSON
@shared_options
def fields(options: Options, as_json: bool) -> None:
    """List what a rule or a filter may ask of a symbol, by name."""
    values = service.field_values()
    if as_json:
        click.echo(json.dumps(values, indent=2))
        return
    # One line stands for the ten horizons of a forecast.
    lines = {re.sub(r"_\d+d", "_Nd", value["name"]): _field(value) for value in values}
    click.echo("\n".join(f"{name:18} {text}" for name, text in lines.items()))
    click.echo(f"N is {HORIZONS[0]} to {HORIZONS[-1]}", err=True)


@click.command("list")
@_AS_JSON
@shared_options
def list_rules(options: Options, as_json: bool) -> None:
    """List the rules in force, when each fired last, and what it still waits for."""
    settings = options.settings()
    with service.opened(settings, _tell) as (_, store):
        statuses = service.statuses(settings, store)
    if as_json:
        click.echo(json.dumps([service.status_value(status) for status in statuses], allow_nan=False, indent=2))
    else:
        click.echo("\n".join(map(_status, statuses)) or _NONE)


@click.command()
@click.argument("numbers", nargs=-1, required=True, type=int)
@_AS_JSON
@shared_options
def remove(options: Options, numbers: tuple[int, ...], as_json: bool) -> None:
    """Remove rules by their NUMBERS; what they said stays."""
    with service.opened(options.settings(), _tell) as (alerts, _):
        alerts.in_force(numbers)
        for number in dict.fromkeys(numbers):
            alerts.remove(number)
        _print(alerts.rules(), as_json)


@click.command()
@click.argument("numbers", nargs=-1, required=True, type=int)
@click.option("--for", "duration", type=Stretch(), default=timedelta(hours=8), show_default="8h", help="For how long.")
@click.option("--off", is_flag=True, help="Deliver again.")
@_AS_JSON
@shared_options
def mute(options: Options, numbers: tuple[int, ...], duration: timedelta, off: bool, as_json: bool) -> None:
    """Deliver nothing of rules for a while; they go on being evaluated and recorded."""
    with service.opened(options.settings(), _tell) as (alerts, _):
        alerts.in_force(numbers)
        for number in numbers:
            alerts.mute(number, None if off else duration)
        _print(alerts.rules(), as_json)


@click.command()
@click.argument("numbers", nargs=-1, type=int)
@_AS_JSON
@shared_options
def ack(options: Options, numbers: tuple[int, ...], as_json: bool) -> None:
    """Acknowledge alerts by their NUMBERS, or all."""
    with service.opened(options.settings(), _tell) as (alerts, _):
        alerts.fired(numbers)
        count = alerts.acknowledge(numbers or None)
    click.echo(json.dumps({"acknowledged": count}) if as_json else f"{count} acknowledged")


@click.command()
@click.option("--since", type=Day(), help="Those fired on or after this day (UTC).")
@click.option("--limit", type=click.IntRange(1), help="At most so many, the newest.")
@_AS_JSON
@shared_options
def history(options: Options, since: date | None, limit: int | None, as_json: bool) -> None:
    """Print what rules said, newest first."""
    first = None if since is None else datetime.combine(since, time(), UTC)
    with service.opened(options.settings(), _tell) as (alerts, _):
        found = alerts.history(since=first, limit=limit)
    if as_json:
        click.echo(json.dumps([service.alert_value(a) for a in found], allow_nan=False, indent=2))
    else:
        click.echo("\n".join(map(_told, found)) or "no alerts")


COMMANDS = (add, fields, list_rules, remove, mute, ack, history)


def _field(value: dict[str, Any]) -> str:
    """What it holds, with N for the horizon in its name, and how many bars it needs."""
    horizon = re.search(r"_(\d+)d", value["name"])
    meaning = value["meaning"] if horizon is None else value["meaning"].replace(f"{horizon[1]} bars", "N bars")
    return meaning if value["bars"] == 1 else f"{meaning}; needs {value['bars']} bars"


def _tell(notice: str) -> None:
    click.echo(notice, err=True)


def _print(rules: Sequence[AlertRule], as_json: bool, *, one: bool = False) -> None:
    if as_json:
        values = [service.rule_value(rule) for rule in rules]
        click.echo(json.dumps(values[0] if one else values, allow_nan=False, indent=2))
    else:
        click.echo("\n".join(map(_rule, rules)) or _NONE)


def _rule(rule: AlertRule) -> str:
    about = ", ".join(rule.symbols) or (f"list {rule.group}" if rule.group else "all watched")
    muted = "" if rule.muted_until is None else f"  muted until {rule.muted_until:%Y-%m-%d %H:%M} UTC"
    sinks = f" -> {', '.join(rule.sinks)}" if rule.sinks else ""
    return f"{rule.id:4}  {rule.text}   ({about}{sinks}){muted}"


def _status(status: RuleStatus) -> str:
    fired = "" if status.fired_at is None else f"  last fired {status.fired_at:%Y-%m-%d %H:%M} UTC"
    return _rule(status.rule) + fired + (f"  {status.waits}" if status.waits else "")


def _told(alert: Alert) -> str:
    marks = "".join((" late" if alert.late else "", "" if alert.acked_at is None else " acked"))
    return f"{alert.id:5}  {alert.fired_at:%Y-%m-%d %H:%M} UTC  {alert.symbol:10} {alert.reason}{marks}"
