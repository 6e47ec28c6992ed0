"""Delivery to fake sinks, and alerts on record for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from forecasting.config import AlertSettings, SinkSettings
from forecasting.data.store import Store
from forecasting.domain.decision import Alert, AlertRule
from forecasting.errors import DeliveryError
from forecasting.service.delivery import AlertDelivery, Show
from forecasting.trading.sinks.message import Message
from tests.support.alerts import FIRED, alert
from tests.support.waiting import within

MORNING = FIRED + timedelta(hours=1)      # of the next start
ALERTS = AlertSettings()
A, B = (SinkSettings(name=name, kind="command", command=("x",)) for name in ("a", "b"))


class FakeSink:
    """Takes messages until it is told otherwise."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.got: list[Message] = []
        self.failures: list[Exception] = []      # one for each try to come
        self.go = threading.Event()              # cleared: it hangs
        self.go.set()
        self.hangs = threading.Event()

    def deliver(self, message: Message) -> None:
        if not self.go.is_set():
            self.hangs.set()
            self.go.wait(30)
            raise DeliveryError("broken off", again=True)
        if self.failures:
            raise self.failures.pop(0)
        self.got.append(message)

    def close(self) -> None:
        self.go.set()

    @property
    def ids(self) -> list[int]:
        return [a.id for message in self.got for a in message.alerts]


class Sinks(dict[str, FakeSink]):
    def __missing__(self, name: str) -> FakeSink:
        return self.setdefault(name, FakeSink(name))


@contextmanager
def running(
    store: Store, fakes: Sinks | None = None, sinks: Sequence[SinkSettings] = (A, B), *, now: datetime = FIRED,
    settings: AlertSettings = ALERTS, show: Show | None = None, outside: bool = True,
    backoff_s: Sequence[float] = (0.01, 0.01),
) -> Iterator[AlertDelivery]:
    """Delivery between its start and its close, which takes less than a second."""
    if fakes is None:
        made = AlertDelivery(store, sinks, settings, show=show, outside=outside, backoff_s=backoff_s)
    else:
        made = AlertDelivery(
            store, sinks, settings, show=show, outside=outside, backoff_s=backoff_s,
            make=lambda sink, _: fakes[sink.name],
        )
    made.start(now)
    try:
        yield made
    finally:
        with within(1.0):
            made.close()


def rule(store: Store, *sinks: str) -> AlertRule:
    return store.alerts.add(AlertRule(0, "rsi crosses above 70", (), None, sinks, 0.0, 0.0, FIRED))


def fired(store: Store, by: AlertRule, count: int = 1, at: datetime = FIRED) -> tuple[Alert, ...]:
    return store.alerts.record([alert(0, rule_id=by.id, fired_at=at, data_time=at)] * count, [], {})


def told(store: Store) -> list[list[tuple[str, bool, str | None]]]:
    """What became of each alert, oldest first."""
    return [[(d.sink, d.ok, d.error) for d in a.deliveries] for a in reversed(store.alerts.history())]
