"""Alerts on their way to people, apart from the engine that raises them.

`submit` returns at once; a thread of its own finds out which sinks an alert is for, and each sink has a thread of its
own. How each sink took each alert is written down beside it. What a sink in trouble does not take is offered again for
`retry_hours`; what an earlier run raised and did not deliver is delivered at the next start, marked late.

An alert is delivered to each sink once, with two exceptions. A process that dies between the delivery and the note of
it delivers again at its next start; and so does a sink whose answer was lost on its way. The alert's `id`, in what
programs are given, tells.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from forecasting.config import TERMINAL_KINDS, AlertSettings, SinkSettings
from forecasting.data.store import Store
from forecasting.domain.decision import Alert, AlertRule, Delivery, Notice
from forecasting.errors import DeliveryError, StoreError, TapecastError
from forecasting.service.lane import BACKOFF_S, Lane
from forecasting.service.left_over import Who, left_over, no_sink, sinks_of
from forecasting.trading.sinks import make_sink
from forecasting.trading.sinks.base import Sink
from forecasting.trading.sinks.message import Message, notice, told
from forecasting.trading.sinks.outbox import Outbox
from forecasting.trading.sinks.terminal import Show, TerminalEvent

__all__ = ["AlertDelivery", "Message", "Show", "TerminalEvent", "try_sink"]

log = logging.getLogger(__name__)

CLOSE_S = 0.5                     # how long what is on its way may take when everything stops; then it is broken off
BREAK_OFF_S = 0.2                 # how long that is waited for

Make = Callable[[SinkSettings, Show | None], Sink | None]


class AlertDelivery:
    """Carries alerts and notices to the sinks; in the front process, whose engine's thread it never holds."""

    def __init__(
        self,
        store: Store,
        sinks: Sequence[SinkSettings],
        settings: AlertSettings,
        *,
        show: Show | None = None,
        outside: bool = True,
        make: Make = make_sink,
        backoff_s: Sequence[float] = BACKOFF_S,
    ) -> None:
        """Prepare; nothing is started or imported here.

        Args:
            store: Of rules, alerts and deliveries.
            sinks: All that are configured.
            settings: Rate, digest, quiet hours, for how long what is not taken is offered again.
            show: Takes what is for the app's terminal, from any thread; None: there is no terminal, and what is for it
                is left to an app.
            outside: Whether to serve sinks that reach beyond the terminal: not in a replay, nor beside a daemon.
            make: Makes a sink.
            backoff_s: Pauses between the first tries.
        """
        self._store = store
        self.known = tuple(sink.name for sink in sinks)      # served here or not
        self._limit = timedelta(hours=settings.retry_hours)
        terminal = {sink.name for sink in sinks if sink.kind in TERMINAL_KINDS}
        self._lanes = {
            sink.name: Lane(sink.name, partial(_made, make, sink, show), _outbox(sink, settings), self._note,
                            limit=self._limit, backoff_s=backoff_s)
            for sink in sinks if (show is not None if sink.name in terminal else outside)
        }  # fmt: skip
        ours = self._lanes.keys()
        self._who = Who(self.known, ours - terminal, lambda s: s in ours or (outside and s not in self.known))
        self._rules: dict[int, AlertRule] = {}
        self._late: set[int] = set()      # alerts of earlier runs that are delivered in this one
        self._inbox: queue.SimpleQueue[Sequence[Alert] | Notice | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopped = False

    # What the engine calls.

    def start(self, now: datetime) -> None:
        """Begin, with what earlier runs have left; before the rules' first look. `now` is by the engine's clock."""
        thread = threading.Thread(target=self._work, args=(now,), name="alert-delivery", daemon=True)
        thread.start()
        self._thread = thread      # not before: `close` may come at any moment, and joins what is here

    def submit(self, alerts: Sequence[Alert]) -> None:
        """Deliver alerts that are on record; returns at once."""
        if alerts:
            self._inbox.put(alerts)

    def notify(self, notice: Notice) -> None:
        """Tell every sink something about tapecast itself; returns at once."""
        self._inbox.put(notice)

    @property
    def problems(self) -> tuple[str, ...]:
        """Sinks that do not take what they are given, one line each."""
        return tuple(line for lane in self._lanes.values() if (line := lane.problem) is not None)

    def close(self) -> None:
        """Stop within a second, before the store is closed; what is left waits for the next run. Safe to call twice."""
        if self._stopped:
            return
        self._stopped = True
        self._inbox.put(None)
        for lane in self._lanes.values():
            lane.stop()
        self._join(CLOSE_S)
        for lane in self._lanes.values():
            lane.break_off()
        self._join(BREAK_OFF_S)

    def _join(self, seconds: float) -> None:
        """Wait for all threads, so long in all."""
        end = time.monotonic() + seconds
        if self._thread is not None:
            self._thread.join(seconds)
        for lane in self._lanes.values():
            lane.join(max(0.0, end - time.monotonic()))

    # In its own thread.

    def _work(self, now: datetime) -> None:
        taken_up = self._guarded(lambda: self._take_up(now))
        while (item := self._inbox.get()) is not None:
            self._guarded(partial(self._tell, item) if isinstance(item, Notice) else partial(self._route, item))
            taken_up = taken_up or self._guarded(lambda: self._take_up(now))

    def _guarded(self, job: Callable[[], None]) -> bool:
        """Run `job`; whether nothing went wrong. What goes wrong with one batch does not keep the next."""
        try:
            job()
        except StoreError as error:
            level = logging.INFO if self._stopped else logging.WARNING
            log.log(level, "alerts not delivered, the next start tries again: %s", error)
            return False
        except Exception:
            log.exception("delivery")
        return True

    def _take_up(self, now: datetime) -> None:
        """Deliver what earlier runs have not. What the store can refuse stands first: nothing has gone out by then."""
        self._read_rules()
        left = left_over(self._store, self._rules, self._who, now, self._limit)
        self._late = {alert.id for alert in left.alerts}
        for item, delivery in left.given_up:
            self._note([item], delivery)
        self._sort(left.alerts)
        for told_late in left.notices:
            self._tell(told_late, self._who.outer)

    def _tell(self, notice: Notice, sinks: Iterable[str] | None = None) -> None:
        """Give a notice to these sinks, or to all, but for those that have had it."""
        if names := [n for n in (self._lanes if sinks is None else sinks) if n not in _settled(notice)]:
            log.info("%s: %s", notice.title, notice.text)
        for name in names:
            self._lanes[name].put_notices([notice])

    def _route(self, submitted: Sequence[Alert]) -> None:
        if not (alerts := [alert for alert in submitted if alert.id not in self._late]):
            return
        said = told(alerts)
        log.info("%s: %s", said.title, said.text)
        with contextlib.suppress(StoreError):      # the rules as they were last known will do
            self._read_rules()
        self._sort(alerts)

    def _read_rules(self) -> None:
        self._rules |= {rule.id: rule for rule in self._store.alerts.rules()}

    def _sort(self, alerts: Iterable[Alert]) -> None:
        """Give each alert to the sinks of its rule, but for those that have had it."""
        given: dict[str, list[Alert]] = defaultdict(list)
        kept: dict[tuple[str, str], list[Alert]] = defaultdict(list)
        for alert in alerts:
            rule = self._rules.get(alert.rule_id)
            had = _settled(alert)
            owed = {delivery.sink for delivery in alert.deliveries} - had
            for name in sinks_of(rule, self.known):
                if name in had or (alert.acked_at is not None and name not in owed):
                    continue      # who has seen it needs no more ways to hear of it
                if name not in self.known:
                    kept[name, no_sink(name)].append(alert)
                elif name in self._lanes and rule is not None and _muted(rule, alert):
                    kept[name, "muted"].append(alert)
                elif name in self._lanes:
                    given[name].append(alert)
        for (name, why), those in kept.items():
            self._note(those, Delivery(name, False, 0.0, why))
        for name, those in given.items():
            self._lanes[name].put(those)

    def _note(self, items: Sequence[Alert | Notice], delivery: Delivery) -> None:
        alerts = [item.id for item in items if isinstance(item, Alert)]
        notices = [item.id for item in items if isinstance(item, Notice) and item.id]
        try:
            if alerts:
                self._store.alerts.delivered(alerts, delivery)
            if notices:
                self._store.sayings.delivered(notices, delivery)
        except StoreError as error:
            log.warning("what became of %d alerts is not on record: %s", len(items), error)


def _settled(item: Alert | Notice) -> set[str]:
    """The sinks that need not be offered it any more."""
    return {delivery.sink for delivery in item.deliveries if delivery.next_try is None}


def _muted(rule: AlertRule, alert: Alert) -> bool:
    return rule.muted_until is not None and alert.fired_at < rule.muted_until


def _outbox(sink: SinkSettings, settings: AlertSettings) -> Outbox:
    # A toast makes no sound and reaches only who looks: quiet hours are not about it.
    quiet = None if sink.kind == "toast" else settings.quiet
    return Outbox(rate=settings.rate, digest=settings.digest, quiet=quiet)


def _made(make: Make, settings: SinkSettings, show: Show | None) -> Sink:
    if (sink := make(settings, show)) is None:
        raise DeliveryError("there is no terminal here")
    return sink


def try_sink(settings: SinkSettings, show: Show | None) -> Delivery:
    """Send one message to one sink, now and once; how it took it."""
    began = time.monotonic()
    error = None
    try:
        _made(make_sink, settings, show).deliver(notice("tapecast", f"this is how alerts reach {settings.name}"))
    except TapecastError as failure:
        error = str(failure)
    return Delivery(settings.name, error is None, time.monotonic() - began, error)
