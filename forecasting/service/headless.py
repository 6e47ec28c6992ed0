"""One-shot answers for scripts: the same tick as the app's, in this process, as plain JSON values.

Every symbol asked for keeps its place in the answer, with an error where it failed. Exit codes are part of the
interface: 0 all fine, 1 some symbols failed, 2 usage or configuration, 3 source unreachable, 4 not enough history.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

from forecasting.config import Settings
from forecasting.domain.forecast import MODELS, Forecast
from forecasting.domain.interval import Interval
from forecasting.domain.market import Symbol, SymbolFailure
from forecasting.domain.snapshot import FORECAST_SHOWN, Health, SourceHealth, SymbolRow
from forecasting.errors import ConfigError, NotEnoughHistory, SourceError, StoreUnwritable
from forecasting.service.backend import OnStep, TickReport, Work
from forecasting.service.build import one_shot
from forecasting.service.held_rows import plain, portfolio, take_along
from forecasting.service.kept_forecasts import instead_note, kept_store, with_kept
from forecasting.service.local import LocalBackend
from forecasting.service.opened import watchlist
from forecasting.service.provenance import bar_sources
from forecasting.service.snapshots import SnapshotReader, Status
from forecasting.service.view import shown_forecast

NOT_ENOUGH = NotEnoughHistory.kind


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes to standard output, what to standard error, and how the process ends."""

    value: Any
    notes: tuple[str, ...]
    exit_code: int


def moment(as_of: date | None) -> datetime:
    """The end of the day `as_of` (aware UTC), or now."""
    return datetime.now(UTC) if as_of is None else datetime.combine(as_of, time(23, 59, 59), UTC)


def daily_only(settings: Settings, what: str) -> None:
    """Refuse what has a meaning for daily bars alone.

    Raises:
        ConfigError: If other bars are asked for.
    """
    if settings.source.interval is not Interval.DAY:
        raise ConfigError(f"{what}: it is about daily bars, asked for {settings.source.interval}; leave --interval out")


def print_rows(settings: Settings, as_of: date | None, on_step: OnStep) -> Answer:
    """The watchlist, a row per symbol."""
    now = moment(as_of)
    with opened(settings, as_of) as backend:
        take_along(settings, backend.desk.store, as_of)
        symbols = watched(settings, backend, now)
        report, health, kind = _refreshed(backend, symbols, now, on_step)
        own, status = backend.desk.store, Status(now, (), tuple(symbols), health, (), report, (), None)
        snapshot = SnapshotReader(own, settings.display.currency).read(1, status)
        with kept_store(settings, own, as_of) as kept:
            if kept is not None:
                snapshot = replace(snapshot, rows=with_kept(snapshot.rows, kept, own, status))
        instead = instead_note(snapshot.rows, as_of) if passing(settings, as_of) else ()
    errors = {} if report is None else {f.symbol: f for f in report.failures}
    if health.health is Health.FAILED:
        silent = (r.symbol for r in snapshot.rows if r.symbol not in errors)
        errors |= {s: SymbolFailure(s, kind, health.message) for s in silent}
    # What a person has written down about a symbol stands behind the rest of its row, and only there.
    rows = [{**_row(r, errors.get(r.symbol), now, settings.source.name), **plain(r)} for r in snapshot.rows]
    failures = [f for s in symbols if (f := errors.get(s))]
    value: dict[str, Any] = {
        "as_of": _text(now), "source": settings.source.name, "interval": settings.source.interval.value, "rows": rows,
    }
    if (held := portfolio(snapshot)) is not None:
        value["portfolio"] = held
    notes = (*own.notices, *_lines(failures, health), *instead)
    return Answer(value, notes, exit_code(symbols, failures, None if report is None else health))


def _refreshed(
    backend: LocalBackend, symbols: Sequence[Symbol], now: datetime, on_step: OnStep
) -> tuple[TickReport | None, SourceHealth, str]:
    """A refresh's report, what stands in the way of prices, and its kind; without a report where the disk refuses.

    What is stored can be seen all the same.
    """
    try:
        report = backend.tick(symbols, now, on_step)
    except StoreUnwritable as error:
        return None, SourceHealth("store", Health.FAILED, str(error)), error.kind
    return report, report.source, SourceError.kind


def forecasts(
    settings: Settings, symbols: Sequence[Symbol], as_of: date | None, on_step: OnStep, *, model: str | None = None
) -> Answer:
    """The forecasts of `symbols` by the best model, or by `model`; trains the ensemble on all the source knows."""
    now = moment(as_of)
    with opened(settings, as_of) as backend:
        pool = tuple(dict.fromkeys((*watched(settings, backend, now), *symbols)))
        report = backend.tick(pool, now, on_step)
        if model in (None, MODELS[0]) and backend.desk.store.market.last_sessions(symbols):
            backend.work(Work.TRAIN, pool, now, on_step)
            backend.issue(pool, now)
        latest = backend.desk.store.ledger.latest(symbols)
        known = backend.desk.store.market.last_sessions(symbols)
        whose = bar_sources(backend.desk.store)
    errors = {f.symbol: f for f in report.failures}
    value: list[dict[str, Any]] = []
    failures: list[SymbolFailure] = []
    for symbol in symbols:
        found = {name: e.forecast for name, e in latest.get(symbol, {}).items() if model in (None, name)}
        if (shown := shown_forecast(found)) is not None:
            beside = {
                "interval": settings.source.interval.value, "bars_source": whose.get(symbol, settings.source.name),
            }
            value.append({**_forecast(shown), **beside})
            continue
        failure = _no_forecast(symbol, errors.get(symbol), report.source, symbol in known)
        failures.append(failure)
        value.append({"symbol": symbol, "error": _error(failure)})
    notes = (*backend.desk.store.notices, *_lines(failures, report.source))
    return Answer(value, notes, exit_code(symbols, failures, report.source))


def indicators(settings: Settings, symbol: Symbol, as_of: date | None, on_step: OnStep) -> Answer:
    """RSI and MACD of every closed bar of `symbol`."""
    now = moment(as_of)
    with opened(settings, as_of) as backend:
        failure = backend.take_history(symbol, now, on_step)
        rows = backend.desk.store.market.indicators(symbol)
    value = [
        {
            "time": r.session.isoformat(),
            "close": r.close,
            "rsi": r.rsi,
            "macd": r.macd,
            "macd_signal": r.macd_signal,
            "macd_hist": r.macd_hist,
        }
        for r in rows
    ]
    failures = [] if failure is None else [failure]
    return Answer(value, _lines(failures, None), exit_code([symbol], failures, None))


def opened(settings: Settings, as_of: date | None) -> AbstractContextManager[LocalBackend]:
    """The backend of one command."""
    return one_shot(settings, temporary=passing(settings, as_of))


def passing(settings: Settings, as_of: date | None) -> bool:
    """Whether a command's store is its own and vanishes after it.

    Recorded or simulated prices, and any look into the past, must not see what an earlier run has stored.
    """
    return as_of is not None or settings.source.name != "yahoo"


def watched(settings: Settings, backend: LocalBackend, now: datetime) -> tuple[Symbol, ...]:
    """What is watched: the person's lists, else all that the source can name by itself."""
    return watchlist(settings, backend.desk.store, demo=False).symbols or backend.catalogue(now)


def _row(row: SymbolRow, failure: SymbolFailure | None, now: datetime, source: str) -> dict[str, Any]:
    signal = row.signal.signal if row.signal is not None else None
    return {
        "symbol": row.symbol,
        "last": row.last,
        "price": row.last,
        "currency": row.currency or None,
        "display_price": row.display_price,
        "display_currency": row.display_currency or None,
        "source": row.source or None,
        "change_pct": row.change_pct,
        "data_time": _text(row.data_time),
        "age_s": None if row.data_time is None else (now - row.data_time).total_seconds(),
        "state": row.state.value,
        "signal": None
        if signal is None
        else {"kind": signal.kind.value, "time": _text(signal.time), "price": signal.price, "reason": signal.reason},
        "forecast": None
        if row.model is None
        else {
            "model": row.model,
            "model_note": row.model_note,
            "h": FORECAST_SHOWN,
            "median_pct": row.forecast_pct,
            "low_80_pct": row.low_80_pct,
            "high_80_pct": row.high_80_pct,
            "p_up": row.p_up,
            "bars_source": row.bars_source or source,
        },
        "error": None if failure is None else _error(failure),
    }


def _forecast(forecast: Forecast) -> dict[str, Any]:
    return {
        "symbol": forecast.symbol,
        "as_of": _text(forecast.as_of),
        "issued_at": _text(forecast.issued_at),
        "model": forecast.model,
        "model_id": forecast.model_id,
        "train_end": forecast.train_end.isoformat(),
        "last_close": forecast.last_close,
        "horizons": [
            {
                "h": h,
                "target_time": _text(target),
                "levels": list(forecast.levels),
                "log_returns": list(forecast.log_returns[h - 1]),
                "prices": [forecast.price(h, level) for level in forecast.levels],
                "p_up": forecast.p_up[h - 1],
            }
            for h, target in enumerate(forecast.target_times, start=1)
        ],
    }


def _no_forecast(
    symbol: Symbol, failure: SymbolFailure | None, source: SourceHealth, has_bars: bool
) -> SymbolFailure:
    if failure is not None and not has_bars:
        return failure
    if not has_bars and source.health is Health.FAILED:
        return SymbolFailure(symbol, SourceError.kind, source.message)
    return SymbolFailure(symbol, NOT_ENOUGH, f"{symbol}: too few bars for any model; widen its history")


def _error(failure: SymbolFailure) -> dict[str, str]:
    return {"kind": failure.kind, "message": failure.message}


def _lines(failures: Sequence[SymbolFailure], source: SourceHealth | None) -> tuple[str, ...]:
    """One line per failed symbol, and one for the source in place of all that failed with it."""
    trouble = source.message if source is not None and source.health in (Health.FAILED, Health.LATE) else None
    own = (f"{f.symbol}: {f.message.removeprefix(f'{f.symbol}: ')}" for f in failures if f.message != trouble)
    return (*([] if trouble is None else [trouble]), *own)


def exit_code(
    symbols: Sequence[Symbol], failures: Sequence[SymbolFailure], source: SourceHealth | None
) -> int:
    """What the failures among `symbols` make of the command's end."""
    if source is not None and source.health is Health.FAILED:
        return SourceError.exit_code
    if failures and len(failures) == len(symbols) and all(f.kind == NOT_ENOUGH for f in failures):
        return NotEnoughHistory.exit_code
    return 1 if failures else 0


def _text(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat()
