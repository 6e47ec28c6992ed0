"""Reads snapshots from the store, keeping what does not change between two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from forecasting.data.exchanges import exchange_of
from forecasting.data.store import Store
from forecasting.domain.decision import Alert, Notice, RuleStatus, ScoredSignal, SignalRecord
from forecasting.domain.forecast import MODELS, TrackRecord
from forecasting.domain.market import Quote, SessionState, Symbol, SymbolFailure
from forecasting.domain.sessions import SessionTable
from forecasting.domain.snapshot import Health, JobStatus, ReplayStatus, Snapshot, SourceHealth, SymbolDetail
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import SourceError
from forecasting.frozen import dataclass
from forecasting.service.backend import TickReport  # at run time: the heartbeat writes a Status by its annotations
from forecasting.service.kept_records import kept_records, kept_signal_records
from forecasting.service.provenance import bar_sources
from forecasting.service.rule_status import rule_statuses
from forecasting.service.ticks import with_ticks
from forecasting.service.view import (
    SPARK_SESSIONS,
    STALE_AFTER,
    Facts,
    History,
    by_key,
    exchange_status,
    read_detail,
    read_history,
    row,
)
from forecasting.service.year_ranges import YearRanges

if TYPE_CHECKING:
    from forecasting.service.bookkeeping import Bookkeeper

SIGNALS_SHOWN = 200
ALERTS_SHOWN = 100
NOTICES_SHOWN = 5
SESSIONS_AHEAD = 20
"""With fewer sessions ahead, the kept table is read anew: the worker extends it in time."""
SESSIONS_BEHIND = timedelta(days=400)
"""How far back sessions are read: whether a price older than that is stale is no question."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a snapshot says beyond what the store holds."""

    now: datetime
    groups: tuple[WatchGroup, ...]
    symbols: tuple[Symbol, ...]
    source: SourceHealth
    jobs: tuple[JobStatus, ...]
    report: TickReport | None
    notices: tuple[str, ...]
    replay: ReplayStatus | None
    stale_after: timedelta = STALE_AFTER
    ticks: tuple[Quote, ...] = ()    # streamed since the last poll, or before it


@dataclass(frozen=True, slots=True)
class _Read:
    """What the store said when it was last read."""

    facts: Facts
    records: tuple[TrackRecord, ...]
    recent: tuple[ScoredSignal, ...]
    signal_records: tuple[SignalRecord, ...]
    alerts: tuple[Alert, ...] = ()
    alerts_unseen: int = 0
    rules: tuple[RuleStatus, ...] = ()
    told: tuple[Notice, ...] = ()


class SnapshotReader:
    """From store and status to snapshots and details. Thread-safe: what it keeps is replaced whole."""

    def __init__(self, store: Store, display_currency: str | None = None) -> None:
        self._store = store
        self._display_currency = display_currency
        self._bookkeeper: Bookkeeper | None = None      # made with the first holding
        self._tables: Mapping[str, SessionTable] = {}
        self._years = YearRanges(store.market)
        self._read: _Read | None = None
        self._history: History | None = None      # of the symbol whose detail was read last

    def tables(self, symbols: Sequence[Symbol], now: datetime) -> tuple[SessionTable, ...]:
        """The session tables of the watched symbols' exchanges, as far as they are known."""
        instruments = self._store.market.instruments()
        exchanges = dict.fromkeys(instruments[s].exchange if s in instruments else exchange_of(s) for s in symbols)
        return tuple(t for e in exchanges if (t := self._table(e, now)).sessions)

    def _table(self, exchange: str, now: datetime) -> SessionTable:
        kept = self._tables.get(exchange)
        today = now.date()
        if kept is not None and len(kept.after(today, SESSIONS_AHEAD)) == SESSIONS_AHEAD:
            return kept
        table = self._store.market.sessions(exchange, since=today - SESSIONS_BEHIND)
        self._tables = {**self._tables, exchange: table}
        return table

    def in_session(self, symbols: Sequence[Symbol], now: datetime) -> tuple[Symbol, ...]:
        """Those of `symbols` whose exchange is open, before the open or after hours, or not known."""
        instruments = self._store.market.instruments()
        tables = {s: self._table(instruments[s].exchange if s in instruments else exchange_of(s), now) for s in symbols}
        return tuple(s for s, t in tables.items() if not t.sessions or t.state(now) is not SessionState.CLOSED)

    def read(self, version: int, status: Status) -> Snapshot:
        """What the screen shows, read from the store."""
        self._read = self._read_store(status)
        return self._show(version, status, self._read)

    def tell_again(self, version: int, status: Status) -> Snapshot:
        """The same facts at another moment, with other ticks; the store is not read, and none are there before that."""
        return self._show(version, status, self._read or self._nothing(status))

    @staticmethod
    def _nothing(status: Status) -> _Read:
        return _Read(Facts({}, {}, {}, {}, {}, {}, {}, {}, {}, status.stale_after), (), (), ())

    def _read_store(self, status: Status) -> _Read:
        store, symbols = self._store, status.symbols
        records = kept_records(store)
        recent = store.signals.recent(SIGNALS_SHOWN)
        facts = Facts(
            instruments=store.market.instruments(),
            quotes=store.market.quotes(),
            failures=store.market.failures(),
            closes=store.market.recent_closes(symbols, SPARK_SESSIONS),
            forecasts={
                s: {m: e.forecast for m, e in entries.items()} for s, entries in store.ledger.latest(symbols).items()
            },
            indicators=store.market.latest_indicators(symbols),
            records=by_key(records),
            signals=store.signals.of_newest_bars(symbols),
            tables={t.exchange: t for t in self.tables(symbols, status.now)},
            stale_after=status.stale_after,
            interval=store.interval,
            display_currency=self._display_currency,
            bar_sources=bar_sources(store),
            holdings=store.holdings.all(),
            years=self._years.of(symbols, status.now.date()),
        )
        return _Read(
            facts, records, recent, self._signal_records(), store.alerts.history(limit=ALERTS_SHOWN),
            store.alerts.count_unseen(),
            rule_statuses(store, status.groups, symbols, readiness=status.report is not None),
            store.sayings.recent(limit=NOTICES_SHOWN),
        )

    def _show(self, version: int, status: Status, read: _Read) -> Snapshot:
        quotes = with_ticks(read.facts.quotes, status.ticks)
        facts = replace(read.facts, quotes=quotes, failures=_failures(read.facts.failures, quotes, status))
        books = self._books() if facts.holdings else None
        facts = facts if books is None else replace(facts, positions=books.positions(facts, status.now))
        notes = self._model_notes(status.report)
        rows = tuple(row(s, facts, status.now, notes) for s in status.symbols)
        best = status.report.models[0] if status.report and status.report.models else None
        return Snapshot(
            version=version,
            now=status.now,
            groups=status.groups,
            rows=rows,
            exchanges=tuple(exchange_status(t, status.now) for t in facts.tables.values()),
            source=status.source,
            jobs=status.jobs,
            data_time=max((r.data_time for r in rows if r.data_time is not None), default=None),
            model=best.name if best else None,
            model_train_end=best.train_end if best else None,
            signals=read.recent,
            signal_records=read.signal_records,
            records=tuple(r for r in read.records if r.symbol is None),
            notices=status.notices,
            replay=status.replay,
            alerts=read.alerts,
            alerts_unseen=read.alerts_unseen,
            rules=read.rules,
            told=read.told,
            portfolio=None if books is None else books.portfolio(facts.positions, status.symbols),
        )

    def _books(self) -> Bookkeeper:
        from forecasting.service.bookkeeping import Bookkeeper  # not needed for the first paint of who holds nothing

        self._bookkeeper = self._bookkeeper or Bookkeeper(self._display_currency)
        return self._bookkeeper

    def detail(self, symbol: Symbol, report: TickReport | None) -> SymbolDetail | None:
        """Everything about one symbol."""
        history = self._history = read_history(self._store, symbol, self._history)
        return read_detail(self._store, history, by_key(kept_records(self._store)), self._model_notes(report))

    def _signal_records(self) -> tuple[SignalRecord, ...]:
        return kept_signal_records(self._store)

    @staticmethod
    def _model_notes(report: TickReport | None) -> dict[str, str]:
        """Why each model is not shown, by its name."""
        notes = {m.name: m.note for m in report.models if m.note} if report else {}
        if report is not None and any(m.name == MODELS[0] for m in report.models):
            # Trained through the newest session, it speaks from the next one on.
            notes.setdefault(MODELS[0], f"{MODELS[0]} is trained and has not spoken about this session")
        return notes


def _failures(
    failures: Mapping[Symbol, SymbolFailure], quotes: Mapping[Symbol, Quote], status: Status
) -> Mapping[Symbol, SymbolFailure]:
    """What is wrong with each symbol; where the whole source is silent, that, unless its price came another way."""
    if status.source.health not in (Health.FAILED, Health.LATE) or status.source.substitute is not None:
        return failures
    fresh = status.now - status.stale_after
    streamed = {tick.symbol for tick in status.ticks if tick.time > fresh and quotes[tick.symbol].time == tick.time}
    message = status.source.message
    silent = {s: SymbolFailure(s, SourceError.kind, message) for s in status.symbols if s not in streamed}
    return {**silent, **failures}
