"""What the store remembers, before any engine is made: the first screen is painted from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from forecasting.domain.snapshot import Health, Snapshot, SourceHealth
from forecasting.errors import StoreError
from forecasting.service.opened import Opened
from forecasting.service.snapshots import SnapshotReader, Status


class Remembered:
    """Stands where an engine will; only to be looked at."""

    paused = False

    def __init__(self, opened: Opened, source_name: str, display_currency: str | None) -> None:
        """Of an open store, and the source that will be asked."""
        self._opened = opened
        self.columns = opened.columns
        self._reader = SnapshotReader(opened.store, display_currency)
        self._source = SourceHealth(source_name, Health.WORKING, "not asked yet")

    def snapshot(self) -> Snapshot:
        """What the store holds; where it cannot be read, why."""
        store, lists = self._opened.store, self._opened.lists
        status = Status(
            datetime.now(UTC), lists.groups, lists.symbols, self._source, (), None, store.notices, None
        )
        try:
            return self._reader.read(0, status)
        except StoreError as error:
            return self._reader.tell_again(0, replace(status, source=SourceHealth("store", Health.FAILED, str(error))))

    def stop(self) -> None:
        """Close the store."""
        self._opened.store.close()
