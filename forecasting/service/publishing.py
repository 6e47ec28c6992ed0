"""Hands snapshots over to whoever shows them, the newest last.

Most of what happens between two ticks only says how far a job is or what a price is now. The store is read only where
it may say something new; else what was read before is told again, with the present status.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from forecasting.domain.snapshot import Snapshot
from forecasting.errors import StoreError
from forecasting.service.carrier import Carrier
from forecasting.service.coalesce import Coalesced
from forecasting.service.facade import OnSnapshot
from forecasting.service.snapshots import SnapshotReader, Status


class Publisher:
    """Thread-safe: one snapshot after the other, each with a higher version."""

    def __init__(
        self, reader: SnapshotReader, status: Callable[[], Status], carrier: Carrier,
        unreadable: Callable[[StoreError], None],
    ) -> None:
        """Prepare.

        Args:
            reader: Of the store.
            status: What a snapshot says beyond it.
            carrier: To threads; once it has ended nothing is handed over.
            unreadable: Hears why the store cannot be read.
        """
        self._reader, self._status, self._carrier, self._unreadable = reader, status, carrier, unreadable
        self._versions = itertools.count(1)
        self._on_snapshot: OnSnapshot = lambda snapshot: None
        self._unread = True           # whether the store may say something new
        self._hand_over = Coalesced(self._hand_over_one)

    def begin(self, on_snapshot: OnSnapshot) -> None:
        """Hand over to `on_snapshot` from now on, which is called in threads."""
        self._on_snapshot = on_snapshot

    def read(self) -> Snapshot:
        """The newest snapshot, read from the store; where that cannot be read, what was read before, and why."""
        try:
            return self._reader.read(next(self._versions), self._status())
        except StoreError as error:
            self._unreadable(error)
            return self._again()

    def read_ahead(self) -> Snapshot:
        """As `read`, for who calls `tell` afterwards: it need not be read once more for that."""
        self._unread = False
        return self.read()

    def outdate(self) -> None:
        """The store may say something new: read it for the next snapshot."""
        self._unread = True

    def tell(self) -> None:
        """Hand a snapshot over, from the store if it may say something new; call it from a thread."""
        self._hand_over()

    def publish(self) -> None:
        """Read a snapshot from the store and hand it over; call it from a thread."""
        self.outdate()
        self.tell()

    def publish_soon(self) -> None:
        """The same, from any thread and from the loop."""
        self._carrier.in_background(self.publish)

    def _hand_over_one(self) -> None:
        if self._carrier.ended:
            return
        unread, self._unread = self._unread, False
        # One job for both: what was read and what streamed in must not overtake each other.
        self._on_snapshot(self.read() if unread else self._again())

    def _again(self) -> Snapshot:
        return self._reader.tell_again(next(self._versions), self._status())
