"""Alerts and their rules in words. Pure: values and colours in, texts out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from forecasting.domain.decision import Alert, AlertRule, Delivery
from tui import format as fmt
from tui.fitting import Part, fitted
from tui.format import Glyphs
from tui.themes import Palette

AT_ONCE_S = 0.1
"""A delivery that took less needs no figure."""
TIMED_FROM = 40
"""Cells of a line from which its time is always told."""


def alert_line(alert: Alert, palette: Palette, glyphs: Glyphs, width: int) -> Text:
    """Time, symbol, reason, where it went and what became of it, as far as one line of `width` cells holds them."""
    parts: list[Part] = [
        moment(alert.fired_at, palette, width), (0, Text(f"{alert.symbol:<7} ")),
        (0, Text(f"{glyphs.unseen} " if alert.acked_at is None else "  ", f"bold {palette.warning}")),
        (0, Text(alert.reason)),
    ]
    if alert.late:
        parts.append((1, Text(" late", palette.warning)))
        parts.append((3, Text(f": of {fmt.local_minute(alert.data_time)}", palette.warning)))
    if alert.deliveries:
        went = Text(f" {glyphs.sent} ", palette.muted).append_text(deliveries(alert.deliveries, palette, glyphs))
        parts.append((4, went))
    if alert.acked_at is not None:
        parts.append((4, Text(" acked", palette.muted)))
    return fitted(parts, width)


def moment(at: datetime, palette: Palette, width: int) -> Part:
    """The time a line begins with: left out only where lines are so short that the reason needs its place."""
    return 0 if width >= TIMED_FROM else 3, Text(f"{fmt.local_minute(at)} ", palette.muted)


def figures(alert: Alert, palette: Palette) -> Text:
    """What made a rule come true, then the rule: of a line that is cut the figures remain."""
    found = _found(alert)
    return Text(found) if found == alert.reason else Text(f"{found}  ").append(alert.rule, palette.muted)


def _found(alert: Alert) -> str:
    """The figures that made the rule come true, where its reason tells them."""
    return alert.reason.removeprefix(f"{alert.rule}: ")


def deliveries(made: Sequence[Delivery], palette: Palette, glyphs: Glyphs) -> Text:
    """How each sink took an alert: bell, ntfy ok(0.4 s), mail ✗ no answer."""
    return Text(", ").join(_delivery(delivery, palette, glyphs) for delivery in made)


def _delivery(delivery: Delivery, palette: Palette, glyphs: Glyphs) -> Text:
    text = Text(delivery.sink)
    if delivery.next_try is not None:      # first, since a line may be cut
        text.append(f" next try {fmt.local_minute(delivery.next_try)[6:]}", palette.warning)
        return text.append(f" {glyphs.wrong} {delivery.error}", palette.muted)
    if not delivery.ok and not delivery.seconds:      # never tried: muted, or no such sink
        return text.append(f" ({delivery.error or 'not tried'})", palette.muted)
    if not delivery.ok:
        return text.append(f" {glyphs.wrong} {delivery.error or 'failed'}", palette.error)
    return text if delivery.seconds < AT_ONCE_S else text.append(f" ok({delivery.seconds:.1f} s)", palette.success)


def state(alert: Alert, palette: Palette, glyphs: Glyphs) -> Text:
    """Whether somebody has seen it, and whether it came late."""
    seen = alert.acked_at is not None
    text = Text("  acked" if seen else f"{glyphs.unseen} new", palette.muted if seen else f"bold {palette.warning}")
    return text.append(" late", palette.warning) if alert.late else text


def about(rule: AlertRule) -> str:
    """For whom a rule is."""
    return ", ".join(rule.symbols) if rule.symbols else "all watched" if rule.group is None else f"list {rule.group}"


def is_muted(rule: AlertRule, now: datetime) -> bool:
    """Whether nothing of a rule is delivered now."""
    return rule.muted_until is not None and rule.muted_until > now


def readiness(rule: AlertRule, waits: str | None, now: datetime, palette: Palette) -> Text:
    """Whether a rule speaks: ready, muted until when, or what it waits for."""
    if is_muted(rule, now):
        assert rule.muted_until is not None
        return Text(f"muted to {fmt.moment(rule.muted_until, now)}{f', {waits}' if waits else ''}", palette.warning)
    return Text("ready", palette.muted) if waits is None else Text(waits, palette.warning)


def alert_details(alert: Alert, palette: Palette, glyphs: Glyphs, width: int) -> Text:
    """All that is on record of one alert, on four lines; those go on in the next where `width` cells are too few."""
    text = Text().append(f"{alert.symbol}  ", "bold").append(f"{_found(alert)}\n")
    data, found = fmt.local_second(alert.data_time), fmt.local_second(alert.fired_at)
    text.append(f"rule {alert.rule_id}: {alert.rule}\n", palette.muted)
    late = Text("  late", palette.warning), Text(": nobody watched then", palette.warning)
    text.append_text(fitted([
        (0, Text(f"data of {data}", palette.muted)), (2, Text(f", found {found}", palette.muted)),
        (1, *(late if alert.late else ())),
    ], width)).append("\n")
    told = deliveries(alert.deliveries, palette, glyphs) if alert.deliveries else Text("no delivery yet", palette.muted)
    seen = "not acknowledged" if alert.acked_at is None else f"acknowledged {fmt.local_second(alert.acked_at)}"
    return text.append_text(told).append(f"  {seen}", palette.muted)


def rule_details(rule: AlertRule, waits: str | None, now: datetime, palette: Palette) -> Text:
    """All that is known of one rule, on four lines, or more where these are too long."""
    text = Text().append(f"{rule.id}  ", "bold").append(f"{rule.text}\n")
    again = f"again after {fmt.span(rule.cooldown_s)}" if rule.cooldown_s else "again at once"
    back = f", once it is {rule.hysteresis:.1%} back" if rule.hysteresis else ""
    sinks = ", ".join(rule.sinks) or "all sinks"
    text.append(f"for {about(rule)}, {again}{back}, to {sinks}\n", palette.muted)
    text.append(f"in force since {fmt.local_minute(rule.created_at)}\n", palette.muted)
    return text.append_text(readiness(rule, waits, now, palette))
