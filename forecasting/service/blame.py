"""What keeps facts from coming, and since when: the source, or the store or worker between it and the screen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from forecasting.domain.clock import Clock
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.errors import StoreError, StoreUnwritable, TapecastError, WorkerError

SOON_S = 1.0                 # a worker that may be started at once is asked again after so long


class Blame:
    """How the source is, for the truth line: as its own last answer said, or failed by whatever stood in the way."""

    def __init__(self, source_name: str, refusal: Callable[[], StoreError | None], retry_clock: Clock | None) -> None:
        """Begin, not asked yet.

        Args:
            source_name: Who is asked.
            refusal: Why the store takes no rows just now; None if it does.
            retry_clock: Tells when a lost worker is asked again; None in a replay, which does so on its own time.
        """
        self.source = SourceHealth(source_name, Health.WORKING, "not asked yet")
        self._name = source_name
        self._refusal, self._retry_clock = refusal, retry_clock
        self._refused = False         # whether the disk has refused a job's rows; a tick may have none to write

    def hear(self, source: SourceHealth, at: datetime) -> None:
        """Take what a tick says of the source, unless what it says cannot be kept."""
        if self._refused and (refusal := self._refusal()) is not None:
            self.lay(refusal, at)
        else:
            self.source, self._refused = source, False

    def lay(self, error: TapecastError, now: datetime) -> None:
        """Say what has failed; store and worker are not the source's fault."""
        since = self.source.since if self.source.health is Health.FAILED else now
        name, retry_at = self._name, None
        if isinstance(error, StoreError):
            name = "store"
        elif isinstance(error, WorkerError):
            name = "worker"
            if error.retry_s is not None and self._retry_clock is not None:
                retry_at = self._retry_clock.now() + timedelta(seconds=max(error.retry_s, SOON_S))
        self.source = SourceHealth(name, Health.FAILED, str(error), since, retry_at, self.source.requests)

    def lay_on_disk(self, error: StoreUnwritable, now: datetime) -> None:
        """The disk has refused a job's rows: it is asked again before a tick without any is called well."""
        self._refused = True
        self.lay(error, now)
