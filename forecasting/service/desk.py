"""What a tick works with, in the worker process: clock, source, store, calendars, models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from forecasting.data.calendars import Calendars
from forecasting.data.exchanges import exchange_of
from forecasting.data.sources.base import Source
from forecasting.data.store import Store
from forecasting.domain.clock import Clock
from forecasting.domain.forecast import HORIZONS
from forecasting.domain.interval import Interval
from forecasting.domain.market import BarSeries, Quote, Symbol
from forecasting.domain.sessions import SessionTable, in_slots
from forecasting.evaluation.drift import Alarm, Response
from forecasting.features import diurnal
from forecasting.features.panel import Panel
from forecasting.features.pipeline import build_panel
from forecasting.features.windows import CHUNK_LENGTH
from forecasting.service.bench import Bench
from forecasting.service.calibrator import Calibrator
from forecasting.service.watch import CALM

TAIL_BARS = 450
"""Bars a forecast needs: the network's usual lookback, the features' warm-up, and T15's margin."""

_SESSIONS_AHEAD = timedelta(days=300)
_FIRST_SESSION = date(1998, 1, 1)      # of tables under histories without a limit
_HOLIDAYS = timedelta(days=10)         # a table's first session is this close to the day asked for


@dataclass(slots=True)
class Desk:
    """The parts one worker's ticks and long jobs share."""

    clock: Clock
    source: Source
    store: Store
    calendars: Calendars
    bench: Bench
    calibrator: Calibrator
    history_years: int | None      # of bars asked for; None: all there are
    backfill_sessions: int
    interval: Interval = Interval.DAY
    display_currency: str | None = None    # what prices are shown in; None: as they are traded
    retry: dict[Symbol, tuple[datetime, timedelta]] = field(default_factory=dict)
    """Symbols whose newest bar did not come: when to ask again, and how long was waited."""
    again: set[Symbol] = field(default_factory=set)
    """Symbols of which everything is to be asked for again; see `everything`."""
    doubted: dict[Symbol, Quote] = field(default_factory=dict)
    """Within a tick, quotes for whose sake whole histories are read again: they contradict the bars that are stored."""
    response: Response = CALM
    """What the alarms ask for."""
    inputs: Alarm | None = None
    """Whether the newest features are strange to the ensemble at work."""
    _backfilled: set[tuple[Symbol, str]] = field(default_factory=set)
    _tables: dict[str, SessionTable] = field(default_factory=dict)
    _slots: dict[str, SessionTable] = field(default_factory=dict)

    @property
    def tail_bars(self) -> int:
        """Bars of a symbol that a forecast of the lookback asked for needs; of slots, those of the usual days too."""
        bars = TAIL_BARS - CHUNK_LENGTH + self.bench.asked.lookback
        if self.interval is Interval.DAY:
            return bars
        return bars + diurnal.DAYS * max((t.bars_per_session for t in self._slots.values()), default=0)

    def exchange(self, symbol: Symbol) -> str:
        """Where `symbol` trades: what its source said, else what its form tells."""
        known = self.store.market.instruments().get(symbol)
        return known.exchange if known is not None else exchange_of(symbol)

    def history_start(self) -> date | None:
        """The first day of history that is asked for; None for all there is."""
        if self.history_years is None:
            return None
        asked = timedelta(days=365.25 * self.history_years)
        return (self.clock.now() - min(asked, self.interval.kept_for or asked)).date()

    def table(self, exchange: str) -> SessionTable:
        """The exchange's sessions, from the history's first to most of a year ahead; kept in the store too."""
        kept = self._tables.get(exchange) or self.store.market.sessions(exchange)
        if not self._reaches(kept):
            now = self.clock.now()
            first = self.history_start() or _FIRST_SESSION
            kept = self.calendars.sessions(exchange, first, (now + _SESSIONS_AHEAD).date())
            self.store.market.put_sessions(kept)
        self._tables[exchange] = kept
        return kept

    def _reaches(self, table: SessionTable) -> bool:
        need = 3 * max(HORIZONS)
        first = (self.history_start() or _FIRST_SESSION) + _HOLIDAYS
        begins = bool(table.sessions) and table.sessions[0].session <= first
        return begins and len(table.after(self.clock.now().date(), need)) == need

    def tables(self, symbols: Sequence[Symbol]) -> dict[Symbol, SessionTable]:
        """By symbol, the tables of its exchange that answer in bars of the interval: sessions, or slots of them."""
        instruments = self.store.market.instruments()
        exchanges = {s: instruments[s].exchange if s in instruments else exchange_of(s) for s in symbols}
        by_exchange = {e: self._in_bars(self.table(e)) for e in sorted(set(exchanges.values()))}
        return {s: by_exchange[e] for s, e in exchanges.items()}

    def _in_bars(self, table: SessionTable) -> SessionTable:
        if self.interval is Interval.DAY:
            return table
        known = self._slots.get(table.exchange)
        if known is None or known.sessions is not table.sessions:
            known = self._slots[table.exchange] = in_slots(table, self.interval)
        return known

    def lacks_backfill(self, symbols: Iterable[Symbol], model: str) -> frozenset[Symbol]:
        """Those of `symbols` whose past `model` has not been asked about yet.

        Rows in the ledger do not tell: a forecast that came too late to be live is a backfill row as well.
        """
        unsure = [s for s in symbols if (s, model) not in self._backfilled]
        self._backfilled.update((s, model) for s in unsure if self.store.runs.get_meta(_backfill_key(s, model)))
        return frozenset(s for s in unsure if (s, model) not in self._backfilled)

    def backfill_done(self, symbols: Iterable[Symbol], model: str, *, rows: int) -> None:
        """Note that the past was asked about; for good if `rows` came of it, else until the next start."""
        for symbol in symbols:
            self._backfilled.add((symbol, model))
            if rows:
                self.store.runs.set_meta(_backfill_key(symbol, model), self.clock.now().isoformat())

    def series(self, symbols: Sequence[Symbol], *, limit: int | None = None) -> list[BarSeries]:
        """Stored bars, the newest `limit` of each; symbols without any are left out."""
        instruments = self.store.market.instruments()
        found = ((s, self.store.market.bars(s, limit=limit)) for s in symbols if s in instruments)
        return [BarSeries(instruments[s], bars, self.interval) for s, bars in found if bars]

    def panel(
        self, symbols: Sequence[Symbol], tables: Mapping[Symbol, SessionTable], *, limit: int | None = None
    ) -> Panel | None:
        """The panel of all `symbols` that have bars; None if none has."""
        series = self.series(symbols, limit=limit)
        if not series:
            return None
        by_exchange = {table.exchange: table for table in tables.values()}
        return build_panel(series, self.bench.spec, by_exchange)


def _backfill_key(symbol: Symbol, model: str) -> str:
    return f"backfill/{model}/{symbol}"
