"""Words about tapecast itself: prices have ceased, prices are back, and once a day that all of it still runs."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from forecasting.config import AlertSettings
from forecasting.data.exchanges import exchange_of
from forecasting.data.store import Store
from forecasting.data.text import clean_text
from forecasting.domain.decision import Notice
from forecasting.domain.market import SessionState, Symbol
from forecasting.domain.snapshot import Snapshot, SymbolRow
from forecasting.errors import StoreError

_DEAD = "feed-dead-since"       # kept in the store, so that a restart says nothing twice
_BEAT = "heartbeat"
_LIMIT = 600                    # characters of a text: it holds what the source says
_ASLEEP = timedelta(minutes=3)  # so long without a look, at least, and nobody knows what came meanwhile


class FeedWatch:
    """Tells once that no symbol in session has had a fresh price for so long, and once that prices are back.

    A price is fresh when it was made later than the one before it: those of a delayed source are fresh too.
    """

    def __init__(self, after: timedelta, dead_since: datetime | None = None) -> None:
        self.dead_since = dead_since
        self._after = after
        self._made: dict[Symbol, datetime] = {}
        self._fresh_at: datetime | None = None      # when a fresh price was last seen; None: nobody waits for one
        self._looked: datetime | None = None

    def look(self, snapshot: Snapshot) -> Notice | None:
        """Call it with every snapshot of a live source, but not while polling is paused."""
        now, looked = snapshot.now, self._looked
        self._looked = now
        slept = looked is None or not timedelta() <= now - looked <= max(self._after / 2, _ASLEEP)
        rows = _in_session(snapshot)
        if fresh := [row for row in rows if self._is_fresh(row)]:
            self._fresh_at = now
            return self._back(fresh[0], now)
        if not rows:
            self._fresh_at = None
        elif slept or self._fresh_at is None:
            self._fresh_at = now
        elif self.dead_since is None and now - self._fresh_at >= self._after:
            self.dead_since = self._fresh_at
            return _notice(
                now, "no fresh prices",
                f"none for {len(rows)} symbols in session since {self._fresh_at:%H:%M} UTC; "
                f"{snapshot.source.name}: {snapshot.source.message}",
            )
        return None

    def _is_fresh(self, row: SymbolRow) -> bool:
        before = self._made.get(row.symbol)
        if row.data_time is None or (before is not None and row.data_time <= before):
            return False
        self._made[row.symbol] = row.data_time
        return before is not None

    def _back(self, row: SymbolRow, now: datetime) -> Notice | None:
        since, self.dead_since = self.dead_since, None
        if since is None:
            return None
        minutes = (now - since).total_seconds() / 60
        said = f"{row.symbol} has a fresh price, after {minutes:.0f} minutes without any"
        return _notice(now, "prices are back", said)


def _notice(now: datetime, title: str, text: str) -> Notice:
    return Notice(0, now, title, clean_text(text, limit=_LIMIT))


def _in_session(snapshot: Snapshot) -> list[SymbolRow]:
    trading = {e.exchange for e in snapshot.exchanges if e.state is SessionState.OPEN}
    return [row for row in snapshot.rows if exchange_of(row.symbol) in trading]


class Pulse:
    """Both words, each once, also across restarts, and on record. One thread at a time."""

    def __init__(self, store: Store, settings: AlertSettings) -> None:
        """Raises StoreError if the store cannot be read."""
        self._store, self._at = store, settings.heartbeat_at
        dead, beat = store.runs.get_meta(_DEAD), store.runs.get_meta(_BEAT)
        after = timedelta(minutes=settings.feed_dead_minutes)
        self._feed = FeedWatch(after, datetime.fromisoformat(dead) if dead else None)
        self._beat = date.fromisoformat(beat) if beat else None

    def look(self, snapshot: Snapshot) -> tuple[Notice, ...]:
        """What is to be told now; see `FeedWatch.look` for when to call it."""
        said = self._feed.look(snapshot)
        if said is not None:
            since = self._feed.dead_since
            said = self._recorded(said, _DEAD, "" if since is None else since.isoformat())
        return tuple(notice for notice in (said, self._beat_now(snapshot)) if notice is not None)

    def _beat_now(self, snapshot: Snapshot) -> Notice | None:
        local = snapshot.now.astimezone()
        if self._at is None or self._beat == local.date() or local.time() < self._at:
            return None
        self._beat = local.date()
        made, source = snapshot.data_time, snapshot.source
        newest = "no price yet" if made is None else f"newest price {made:%Y-%m-%d %H:%M} UTC"
        said = f"{len(snapshot.rows)} symbols, {newest}; {source.name}: {source.message}"
        return self._recorded(_notice(snapshot.now, "tapecast runs", said), _BEAT, self._beat.isoformat())

    def _recorded(self, notice: Notice, key: str, value: str) -> Notice:
        try:
            return self._store.sayings.record(notice, key, value)
        except StoreError:      # told all the same; a restart may say it again
            return notice
