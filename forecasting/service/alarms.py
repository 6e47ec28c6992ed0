"""What an engine does about alerts after every look at the market: rules, delivery, and words about tapecast itself."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from forecasting.config import AlertSettings, SinkSettings
from forecasting.data.store import Store
from forecasting.domain.snapshot import Snapshot
from forecasting.service.alert_book import UNWATCHED, AlertBook
from forecasting.service.delivery import AlertDelivery, Show
from forecasting.service.pulse import Pulse

REPLAY_UNWATCHED = timedelta(days=10)      # between two looks at a replay lie hours of its time, or a jump


class Alarms:
    """Thread-safe: one look at a time. What is slow happens in delivery's own threads."""

    def __init__(
        self, store: Store, sinks: Sequence[SinkSettings], settings: AlertSettings, *, show: Show | None, replayed: bool
    ) -> None:
        """Prepare.

        Args:
            store: Of rules and alerts.
            sinks: Where alerts go.
            settings: Rates, quiet hours, heartbeat.
            show: Takes what is for the terminal, where there is one.
            replayed: Whether the past is played: it wakes nobody outside.
        """
        self._book = AlertBook(store, unwatched=REPLAY_UNWATCHED if replayed else UNWATCHED)
        self._delivery = AlertDelivery(store, sinks, settings, show=show, outside=not replayed)
        self._pulse = None if replayed else Pulse(store, settings)
        self._started = False
        self._looking = threading.Lock()

    @property
    def sinks(self) -> tuple[str, ...]:
        """The names of those that are configured."""
        return self._delivery.known

    @property
    def problems(self) -> tuple[str, ...]:
        """Rules that cannot be read and sinks that do not take what they are given, one line each."""
        return (*self._book.problems, *self._delivery.problems)

    @property
    def looked(self) -> datetime | None:
        """When the rules were last looked at; see `AlertBook.looked`."""
        return self._book.looked

    def inherit(self, looked: datetime | None) -> None:
        """See `AlertBook.inherit`."""
        self._book.inherit(looked)

    def look(self, snapshot: Snapshot, *, polling: bool) -> bool:
        """Evaluate the rules on what is new, and send off what they say; whether they said anything.

        Args:
            snapshot: The market as it stands.
            polling: Whether prices are asked for; while they are not, none can be missed.

        Raises:
            StoreError: If what fired cannot be kept; the rules look again next time.
        """
        with self._looking:
            if not self._started:      # first what an earlier run has left
                self._delivery.start(snapshot.now)
                self._started = True
            alerts = self._book.look(snapshot)
            self._delivery.submit(alerts)
            if self._pulse is not None and polling:
                for notice in self._pulse.look(snapshot):
                    self._delivery.notify(notice)
        return bool(alerts)

    def look_at_ticks(self, snapshot: Snapshot) -> bool:
        """The same between two polls, for the rows whose prices have just streamed in; nothing before the first poll.

        Raises:
            StoreError: As `look`.
        """
        with self._looking:
            alerts = self._book.look_at_ticks(snapshot)
            self._delivery.submit(alerts)
        return bool(alerts)

    def close(self) -> None:
        """Stop within a second; what is left waits for the next run. Safe to call twice."""
        self._delivery.close()
