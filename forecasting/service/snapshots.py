"""Reads snapshots from the store, keeping what does not change between two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from forecasting.data.exchanges import exchange_of
from forecasting.data.store import Store
from forecasting.domain.decision import SignalRecord
from forecasting.domain.market import Symbol, SymbolFailure
from forecasting.domain.sessions import SessionTable
from forecasting.domain.snapshot import Health, JobStatus, ReplayStatus, Snapshot, SourceHealth, SymbolDetail
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import SourceError
from forecasting.service.backend import TickReport
from forecasting.service.records import kept_records, kept_signal_records
from forecasting.service.view import (
    SPARK_SESSIONS,
    STALE_AFTER,
    Facts,
    by_key,
    exchange_status,
    read_detail,
    row,
)

SIGNALS_SHOWN = 200
SESSIONS_AHEAD = 20
"""With fewer sessions ahead, the kept table is read anew: the worker extends it in time."""


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


class SnapshotReader:
    """From store and status to snapshots and details. Thread-safe: what it keeps is replaced whole."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tables: Mapping[str, SessionTable] = {}

    def tables(self, symbols: Sequence[Symbol], now: datetime) -> tuple[SessionTable, ...]:
        """The session tables of the watched symbols' exchanges, as far as they are known."""
        instruments = self._store.market.instruments()
        exchanges = dict.fromkeys(instruments[s].exchange if s in instruments else exchange_of(s) for s in symbols)
        return tuple(t for e in exchanges if (t := self._table(e, now)).sessions)

    def _table(self, exchange: str, now: datetime) -> SessionTable:
        kept = self._tables.get(exchange)
        if kept is not None and len(kept.after(now.date(), SESSIONS_AHEAD)) == SESSIONS_AHEAD:
            return kept
        table = self._store.market.sessions(exchange)
        self._tables = {**self._tables, exchange: table}
        return table

    def read(self, version: int, status: Status) -> Snapshot:
        """What the screen shows."""
        store, symbols = self._store, status.symbols
        tables = {t.exchange: t for t in self.tables(symbols, status.now)}
        records = kept_records(store)
        recent = store.signals.recent(SIGNALS_SHOWN)
        notes = self._model_notes(status.report)
        facts = Facts(
            instruments=store.market.instruments(),
            quotes=store.market.quotes(),
            failures=_failures(store, status),
            closes=store.market.recent_closes(symbols, SPARK_SESSIONS),
            forecasts={
                s: {m: e.forecast for m, e in entries.items()} for s, entries in store.ledger.latest(symbols).items()
            },
            rsi={s: r.rsi for s, r in store.market.latest_indicators(symbols).items()},
            records=by_key(records),
            signals={s.signal.symbol: s for s in reversed(recent)},
            tables=tables,
            stale_after=status.stale_after,
        )
        rows = tuple(row(s, facts, status.now, notes) for s in symbols)
        best = status.report.models[0] if status.report and status.report.models else None
        return Snapshot(
            version=version,
            now=status.now,
            groups=status.groups,
            rows=rows,
            exchanges=tuple(exchange_status(t, status.now) for t in tables.values()),
            source=status.source,
            jobs=status.jobs,
            data_time=max((r.data_time for r in rows if r.data_time is not None), default=None),
            model=best.name if best else None,
            model_train_end=best.train_end if best else None,
            signals=recent,
            signal_records=self._signal_records(),
            records=tuple(r for r in records if r.symbol is None),
            notices=status.notices,
            replay=status.replay,
        )

    def detail(self, symbol: Symbol, report: TickReport | None) -> SymbolDetail | None:
        """Everything about one symbol."""
        return read_detail(self._store, symbol, by_key(kept_records(self._store)), self._model_notes(report))

    def _signal_records(self) -> tuple[SignalRecord, ...]:
        return kept_signal_records(self._store)

    @staticmethod
    def _model_notes(report: TickReport | None) -> dict[str, str]:
        return {m.name: m.note for m in report.models if m.note} if report else {}


def _failures(store: Store, status: Status) -> dict[Symbol, SymbolFailure]:
    """What is wrong with each symbol; where the whole source is silent, that."""
    failures = store.market.failures()
    if status.source.health in (Health.FAILED, Health.LATE):
        silent = {s: SymbolFailure(s, SourceError.kind, status.source.message) for s in status.symbols}
        failures = {**silent, **failures}
    return failures
