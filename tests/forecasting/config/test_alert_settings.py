"""`[alerts]` and `[[sink]]`: what may stand there."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from forecasting.config import Settings
from forecasting.config.loading import parse
from forecasting.errors import ConfigError

HOOK = '[[sink]]\nname = "hook"\nkind = "command"\n'


def test_without_a_sink_alerts_go_to_the_app() -> None:
    assert [(s.name, s.kind) for s in Settings().alert_sinks()] == [("toast", "toast"), ("bell", "bell")]


def test_with_sinks_they_go_there_alone() -> None:
    made = parse(HOOK + 'command = ["notify-send", "--", "{symbol}", "is {value} now: {reason}", "{}"]', Path("c.toml"))
    assert [s.name for s in made.alert_sinks()] == ["hook"]
    assert made.sinks[0].command[3] == "is {value} now: {reason}"


def test_hours_of_the_day() -> None:
    made = parse('[alerts]\nquiet_hours = "22:00-07:30"\nheartbeat = "08:15"', Path("c.toml")).alerts
    assert (made.quiet, made.heartbeat_at) == ((time(22), time(7, 30)), time(8, 15))
    assert (Settings().alerts.quiet, Settings().alerts.heartbeat_at) == (None, None)


@pytest.mark.parametrize(("text", "message"), [
    (HOOK, ":1: sink[1]: kind command needs 'command'"),
    ('[[sink]]\nname = "x"\nkind = "webhook"', ":1: sink[1]: kind webhook needs 'url'"),
    ('[[sink]]\nname = "x"\nkind = "bell"\nurl = "http://h"', ":1: sink[1]: kind bell has no use for 'url'"),
    ('[[sink]]\nname = "x"\nkind = "apprise"\nurl = "ntfy://h"\nsecret = "s"',
     ":1: sink[1]: kind apprise has no use for 'secret'"),
    (HOOK + 'command = ["{symbol}"]',
     ":4: sink[1].command: the first is the program's name, and no alert decides that"),
    (HOOK + 'command = ["say", "{symbl}"]',
     ":4: sink[1].command: nothing stands for {symbl}; there are {symbol}, {rule}, {value}, {reason}"),
    ('[[sink]]\nname = "x"\nkind = "bel"', ":3: sink[1].kind: should be 'toast', 'bell', 'osc9', 'osc777', "
     "'command', 'webhook' or 'apprise'"),
    ('[[sink]]\nname = "x"\nkind = "bell"\nulr = ""', ":4: unknown key 'sink[1].ulr'; did you mean 'url'?"),
    ('[[sink]]\nname = "x y"\nkind = "bell"', ":2: sink[1].name: a sink's name is 1-40 of A-Z a-z 0-9 _ -"),
    ('[[sink]]\nname = "x"\nkind = "bell"\n' * 2, ":1: sink: two sinks are called 'x'; rename one"),
    ('[sink]\nname = "x"\nkind = "bell"\n', ":1: sink: should be an array, [..]"),
    ('[alerts]\nquiet_hours = "22-7"', ":2: alerts.quiet_hours: a span of hours is written as 22:00-07:00"),
    ('[alerts]\nquiet_hours = "22:00-22:00"', ":2: alerts.quiet_hours: a span of hours is written as 22:00-07:00"),
    ('[alerts]\nheartbeat = "24:00"', ":2: alerts.heartbeat: a time of day is written as 08:00"),
    ("[alerts]\nrate = 0", ":2: alerts.rate = 0: should be greater than or equal to 1; the default is 10"),
])  # fmt: skip
def test_what_cannot_be_is_said_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, Path("c.toml"))
    assert str(caught.value).removeprefix("c.toml") == message
