"""A flood of alerts on its way: how long the engine is held, when the digest goes, when all of it is on record.

The digest waits `SETTLE_S` for more on purpose; what is counted is the time beyond.
"""

from __future__ import annotations

import time

from forecasting.config import AlertSettings, SinkSettings
from forecasting.data.store import Store
from forecasting.domain.decision import AlertRule
from forecasting.service.delivery import AlertDelivery
from forecasting.trading.sinks.message import Message
from forecasting.trading.sinks.outbox import SETTLE_S
from tests.support.alerts import FIRED, alert
from tests.support.bench_figures import Figures, milliseconds

BATCH = 100


class _Taker:
    """Takes everything, and notes when."""

    name = "taker"

    def __init__(self) -> None:
        self.taken: list[tuple[float, Message]] = []

    def deliver(self, message: Message) -> None:
        self.taken.append((time.perf_counter(), message))

    def close(self) -> None:
        """Nothing here waits."""


def run(alerts: int = 10_000) -> Figures:
    """Submit `alerts` firings in batches of a tick's size."""
    sink, taker = SinkSettings(name="taker", kind="command", command=("x",)), _Taker()
    with Store.temporary() as store:
        rule = store.alerts.add(AlertRule(0, "rsi crosses above 70", (), None, (), 0.0, 0.0, FIRED))
        fired = store.alerts.record([alert(0, rule_id=rule.id)] * alerts, [], {})
        delivery = AlertDelivery(store, [sink], AlertSettings(), make=lambda settings, show: taker)
        delivery.start(FIRED)
        held = []
        for first in range(0, alerts, BATCH):
            began = time.perf_counter()
            delivery.submit(fired[first : first + BATCH])
            held.append(time.perf_counter() - began)
        submitted = time.perf_counter()
        while not store.alerts.history(limit=1)[0].deliveries:
            time.sleep(0.005)
        noted = time.perf_counter()
        delivery.close()
        closed = time.perf_counter()
    return {
        "alerts": alerts,
        "messages": len(taker.taken),
        "submit_worst_ms": milliseconds(max(held)),
        "beyond_settling_ms": milliseconds(taker.taken[0][0] - submitted - SETTLE_S),
        "noted_after_ms": milliseconds(noted - taker.taken[0][0]),
        "close_ms": milliseconds(closed - noted),
    }
