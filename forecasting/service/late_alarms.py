"""An engine's alarms, made at its first look at the market: rules and delivery are not loaded before that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from forecasting.config import AlertSettings, SinkSettings
from forecasting.data.store import Store
from forecasting.domain.snapshot import Snapshot

if TYPE_CHECKING:
    from forecasting.service.alarms import Alarms
    from forecasting.service.delivery import Show


class LateAlarms:
    """See `forecasting.service.alarms.Alarms` for what is promised of the rules."""

    def __init__(self, store: Store, sinks: Sequence[SinkSettings], settings: AlertSettings, *, replayed: bool) -> None:
        """Prepare; see `Alarms`, which takes the same."""
        self._store, self._sinks, self._settings, self._replayed = store, sinks, settings, replayed
        self._show: Show | None = None
        self._inherited: datetime | None = None
        self._made: Alarms | None = None

    def begin(self, show: Show | None) -> None:
        """Before the first look: who shows what is for the terminal."""
        self._show = show

    def succeed(self, former: LateAlarms) -> None:
        """Before the first look: what came true since `former`'s last one is not late."""
        self._inherited = former._inherited if former._made is None else former._made.looked

    @property
    def sinks(self) -> tuple[str, ...]:
        """The names of those that are configured; none before the first look."""
        return () if self._made is None else self._made.sinks

    @property
    def problems(self) -> tuple[str, ...]:
        """See `Alarms.problems`; none before the first look."""
        return () if self._made is None else self._made.problems

    def look(self, snapshot: Snapshot, *, polling: bool) -> bool:
        """See `Alarms.look`."""
        if self._made is None:
            from forecasting.service.alarms import Alarms

            self._made = Alarms(self._store, self._sinks, self._settings, show=self._show, replayed=self._replayed)
            self._made.inherit(self._inherited)
        return self._made.look(snapshot, polling=polling)

    def look_at_ticks(self, snapshot: Snapshot) -> bool:
        """See `Alarms.look_at_ticks`."""
        return self._made is not None and self._made.look_at_ticks(snapshot)

    def close(self) -> None:
        """See `Alarms.close`."""
        if self._made is not None:
            self._made.close()
