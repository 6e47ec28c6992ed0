"""How alerts reach a person: `[alerts]`, and a `[[sink]]` for each way they go."""

from __future__ import annotations

import re
from dataclasses import field
from datetime import UTC, datetime, time
from typing import Annotated, Literal

from forecasting.config.rules import AS_IN_TOML, Bounds, Checked
from forecasting.config.secrets import Secret
from forecasting.config.section import Section
from forecasting.frozen import dataclass

SinkKind = Literal["toast", "bell", "osc9", "osc777", "command", "webhook", "apprise"]

TERMINAL_KINDS: tuple[SinkKind, ...] = ("toast", "bell", "osc9", "osc777")
"""Kinds that reach whoever sits at the app's terminal, and need the app to run."""

PLACEHOLDERS = ("symbol", "rule", "value", "reason")
PLACEHOLDER = re.compile(r"\{(\w+)\}")
"""What stands for the alert in the arguments of a command."""

_NEEDS: dict[SinkKind, str] = {"command": "command", "webhook": "url", "apprise": "url"}
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def _sink_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", text):
        raise ValueError("a sink's name is 1-40 of A-Z a-z 0-9 _ -")
    return text


def _arguments(words: tuple[str, ...]) -> tuple[str, ...]:
    if any("\0" in word for word in words):
        raise ValueError("an argument cannot hold a zero byte")
    if words and (not words[0].strip() or PLACEHOLDER.search(words[0])):
        raise ValueError("the first is the program's name, and no alert decides that")
    for word in words:
        if (unknown := next((w for w in PLACEHOLDER.findall(word) if w not in PLACEHOLDERS), None)) is not None:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise ValueError(f"nothing stands for {{{unknown}}}; there are {known}")
    return words


def _clock_time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError("a time of day is written as 08:00")
    return text


def _span(text: str) -> str:
    begin, dash, end = text.partition("-")
    if not dash or not _TIME.fullmatch(begin) or not _TIME.fullmatch(end) or begin == end:
        raise ValueError("a span of hours is written as 22:00-07:00")
    return text


def is_within(local: time, span: tuple[time, time] | None) -> bool:
    """Whether a time of day lies between the first and last moment of a span, which may reach over midnight."""
    if span is None:
        return False
    begin, end = span
    return begin <= local < end if begin < end else not end <= local < begin


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkSettings(Section):
    """One `[[sink]]`: a way alerts go. Every value of it may be a secret."""

    name: Annotated[str, Checked(_sink_name)]
    kind: SinkKind
    command: Annotated[tuple[str, ...], AS_IN_TOML, Checked(_arguments)] = field(default=(), repr=False)
    url: Secret | None = None                             # webhook, apprise
    secret: Secret | None = None                          # webhook: signs the body
    timeout: Annotated[float, Bounds(ge=0.1, le=60)] = 10.0   # seconds until a try has failed

    def __post_init__(self) -> None:
        needed = _NEEDS.get(self.kind)
        given = {key for key in ("command", "url", "secret") if getattr(self, key)}
        if needed is not None and needed not in given:
            raise ValueError(f"kind {self.kind} needs '{needed}'")
        allowed = {needed, "secret"} if self.kind == "webhook" else {needed}
        if extra := sorted(given - allowed):
            raise ValueError(f"kind {self.kind} has no use for '{extra[0]}'")


def _names_are_unique(sinks: tuple[SinkSettings, ...]) -> tuple[SinkSettings, ...]:
    names = [sink.name for sink in sinks]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two sinks are called '{twice[0]}'; rename one")
    return sinks


Sinks = Annotated[tuple[SinkSettings, ...], AS_IN_TOML, Checked(_names_are_unique)]

STARTER_SINKS = (SinkSettings(name="toast", kind="toast"), SinkSettings(name="bell", kind="bell"))
"""Where alerts go when no sink is configured: to whoever sits before the app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings(Section):
    """When and how often alerts are delivered."""

    rate: Annotated[int, Bounds(ge=1, le=600)] = 10           # messages a minute to one sink
    digest: Annotated[int, Bounds(ge=2, le=1000)] = 5         # alerts at once that go together in one message
    retry_hours: Annotated[float, Bounds(ge=0.1, le=168)] = 24.0   # what a sink does not take is tried again
    quiet_hours: Annotated[str, Checked(_span)] | None = None       # local time; held back until they end
    feed_dead_minutes: Annotated[float, Bounds(ge=1, le=1440)] = 15.0       # no fresh price for so long is an alert
    heartbeat: Annotated[str, Checked(_clock_time)] | None = None   # local time of a daily "all is well"

    @property
    def quiet(self) -> tuple[time, time] | None:
        """First and last moment of the quiet hours, which may reach over midnight."""
        if self.quiet_hours is None:
            return None
        begin, _, end = self.quiet_hours.partition("-")
        return time.fromisoformat(begin), time.fromisoformat(end)

    def is_quiet(self) -> bool:
        """Whether it is within the quiet hours now."""
        return is_within(datetime.now(UTC).astimezone().time(), self.quiet)

    @property
    def heartbeat_at(self) -> time | None:
        """When the daily sign of life is due."""
        return None if self.heartbeat is None else time.fromisoformat(self.heartbeat)
