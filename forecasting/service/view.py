"""From the store to what the screen shows. Runs in the screen's process: the standard library only.

Everything here is read, nothing computed that a tick could have computed before; a snapshot of 50 symbols takes some
milliseconds, so that the first paint can wait for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta

from forecasting.data.exchanges import exchange_of
from forecasting.data.store import Store
from forecasting.domain.decision import ScoredSignal
from forecasting.domain.forecast import MODELS, Forecast, Origin, Outcome, TrackRecord
from forecasting.domain.holding import Holding, Position
from forecasting.domain.interval import Interval
from forecasting.domain.market import (
    Bar,
    IndicatorRow,
    Instrument,
    Quote,
    RowState,
    SessionState,
    Symbol,
    SymbolFailure,
)
from forecasting.domain.money import Rate, find_rate
from forecasting.domain.sessions import SessionTable
from forecasting.domain.snapshot import FORECAST_SHOWN, ExchangeStatus, SymbolDetail, SymbolRow
from forecasting.frozen import dataclass

SPARK_SESSIONS = 20
STALE_AFTER = timedelta(minutes=20)      # some exchanges' free quotes are 15 minutes late
CLOCKS_DIFFER = timedelta(minutes=5)
DETAIL_OUTCOMES = 250
ROLLING_WINDOW = 60

RecordKey = tuple[Symbol | None, str, int, Origin]


def by_key(records: Sequence[TrackRecord]) -> dict[RecordKey, TrackRecord]:
    """Track records by (symbol, model, horizon, origin)."""
    return {(r.symbol, r.model, r.horizon, r.origin): r for r in records}


def best_record(
    records: Mapping[RecordKey, TrackRecord], symbol: Symbol | None, model: str, horizon: int
) -> TrackRecord | None:
    """The live record if it has rows, else the backfill's; the two are never added up."""
    for origin in (Origin.LIVE, Origin.BACKFILL):
        if (record := records.get((symbol, model, horizon, origin))) is not None and record.n:
            return record
    return None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store says of the watched symbols, read at one moment."""

    instruments: Mapping[Symbol, Instrument]
    quotes: Mapping[Symbol, Quote]
    failures: Mapping[Symbol, SymbolFailure]
    closes: Mapping[Symbol, tuple[float, ...]]
    forecasts: Mapping[Symbol, Mapping[str, Forecast]]
    indicators: Mapping[Symbol, IndicatorRow]      # of the newest closed bar
    records: Mapping[RecordKey, TrackRecord]
    signals: Mapping[Symbol, tuple[ScoredSignal, ...]]      # of the newest bar that has made any
    tables: Mapping[str, SessionTable]
    stale_after: timedelta = STALE_AFTER
    interval: Interval = Interval.DAY
    display_currency: str | None = None
    bar_sources: Mapping[Symbol, str] = field(default_factory=dict)
    years: Mapping[Symbol, tuple[float, float]] = field(default_factory=dict)      # low and high of 52 weeks
    holdings: Mapping[Symbol, Holding] = field(default_factory=dict)
    positions: Mapping[Symbol, Position] = field(default_factory=dict)      # of those with lots, at the newest price

    def table(self, symbol: Symbol) -> SessionTable | None:
        """The sessions of the symbol's exchange, where they are known."""
        instrument = self.instruments.get(symbol)
        return self.tables.get(instrument.exchange if instrument else exchange_of(symbol))


def row(symbol: Symbol, facts: Facts, now: datetime, model_notes: Mapping[str, str]) -> SymbolRow:
    """One line of the watchlist."""
    instrument = facts.instruments.get(symbol)
    quote, failure = facts.quotes.get(symbol), facts.failures.get(symbol)
    table = facts.table(symbol)
    shown, told = shown_forecast(facts.forecasts.get(symbol, {})), facts.signals.get(symbol, ())
    newest, year = facts.indicators.get(symbol), facts.years.get(symbol)
    currency = quote.currency if quote else instrument.currency if instrument else ""
    return SymbolRow(
        symbol=symbol,
        name=instrument.name if instrument else "",
        currency=currency,
        synthetic=instrument.synthetic if instrument else False,
        last=quote.price if quote else None,
        change_pct=quote.change_pct if quote else None,
        data_time=quote.time if quote else None,
        state=row_state(quote, failure, table, now, facts.stale_after),
        closes=facts.closes.get(symbol, ()),
        model=shown.model if shown else None,
        model_note=model_note(shown, model_notes),
        forecast_pct=_percent(shown, 0.5),
        low_80_pct=_percent(shown, 0.1),
        high_80_pct=_percent(shown, 0.9),
        p_up=shown.p_up[FORECAST_SHOWN - 1] if shown else None,
        forecast_close=shown.last_close if shown else None,
        record=best_record(facts.records, symbol, shown.model, FORECAST_SHOWN) if shown else None,
        signal=told[0] if told else None,
        beside=told[1:],
        rsi=newest.rsi if newest else None,
        error=failure.message if failure else None,
        source=quote.source if quote else "",
        bars_source=facts.bar_sources.get(symbol, ""),
        rate=_rate(symbol, currency, facts, now),
        interval=facts.interval,
        holding=facts.holdings.get(symbol),
        position=facts.positions.get(symbol),
        volume=quote.volume if quote else None,
        day_low=quote.low if quote else None,
        day_high=quote.high if quote else None,
        year_low=year[0] if year else None,
        year_high=year[1] if year else None,
        macd_hist=newest.macd_hist if newest else None,
        session=table.state(now) if table is not None and table.sessions else None,
    )


def _rate(symbol: Symbol, currency: str, facts: Facts, now: datetime) -> Rate | None:
    """What a price of `symbol` is shown by; a currency pair and an index are no amounts of money."""
    if facts.display_currency is None or symbol.endswith("=X") or symbol.startswith("^"):
        return None
    return find_rate(facts.quotes, currency, facts.display_currency, now)


def row_state(
    quote: Quote | None,
    failure: SymbolFailure | None,
    table: SessionTable | None,
    now: datetime,
    stale_after: timedelta = STALE_AFTER,
) -> RowState:
    """How far the price can be trusted: what the exchange was doing when it was made, and how much was traded since."""
    if quote is None:
        return RowState.ERR if failure is not None else RowState.STALE
    age = now - quote.time
    if age < -CLOCKS_DIFFER:      # this machine's clock was set back, or that of whoever made the price is wrong
        return RowState.STALE
    if table is None or not table.sessions or now > table.sessions[-1].close:
        return RowState.STALE if age > stale_after else RowState.LIVE
    missed = table.traded(quote.time, now, enough=stale_after)
    if missed > stale_after:
        return RowState.STALE
    made = table.state(quote.time)
    if made is SessionState.OPEN and missed >= age:      # not one closed moment since
        return RowState.LIVE
    if made is SessionState.PRE:
        return RowState.PRE
    return RowState.AH if made is SessionState.POST and not table.is_regular(quote.time) else RowState.CLOSED


def shown_forecast(forecasts: Mapping[str, Forecast]) -> Forecast | None:
    """Of one symbol's newest forecasts, the best expected model's on the newest session any model spoke about."""
    if not forecasts:
        return None
    newest = max(f.as_of_session for f in forecasts.values())
    return next(f for name in MODELS if (f := forecasts.get(name)) and f.as_of_session == newest)


def model_note(shown: Forecast | None, notes: Mapping[str, str]) -> str | None:
    """Why the shown model is not the first choice; None if it is."""
    if shown is None:
        return next((notes[m] for m in MODELS if m in notes), None)      # how a challenger does is no reason
    if shown.model == MODELS[0]:
        return None
    return notes.get(MODELS[0], f"{MODELS[0]} not trained yet; {shown.model} shown")


def _percent(forecast: Forecast | None, level: float) -> float | None:
    return None if forecast is None else math.expm1(forecast.log_return(FORECAST_SHOWN, level)) * 100.0


def exchange_status(table: SessionTable, now: datetime) -> ExchangeStatus:
    """The exchange's state, when it changes, and into what; a closed exchange is waited for until it opens."""
    state, changes = table.state(now), table.changes(now)
    if state is SessionState.CLOSED:
        changes = tuple(change for change in changes if change[1] is SessionState.OPEN)
    until, then = changes[0] if changes else (None, None)
    return ExchangeStatus(table.exchange, state, until, then)


@dataclass(frozen=True, slots=True)
class History:
    """One symbol's bars with their indicators, and what tells whether they are still the stored ones."""

    symbol: Symbol
    stamp: tuple[object, ...]
    bars: tuple[Bar, ...]
    indicators: tuple[IndicatorRow, ...]


def read_history(store: Store, symbol: Symbol, kept: History | None) -> History:
    """The symbol's history: `kept` where that is it, since ten years of it are 1.5 MB of objects to make."""
    stamp = store.market.bars_stamp(symbol)
    if kept is not None and (kept.symbol, kept.stamp) == (symbol, stamp):
        return kept
    return History(symbol, stamp, store.market.bars(symbol), store.market.indicators(symbol))


def read_detail(
    store: Store, history: History, records: Mapping[RecordKey, TrackRecord], model_notes: Mapping[str, str]
) -> SymbolDetail | None:
    """Everything the panes beside the table show about one symbol; None if nothing is stored of it."""
    from forecasting.evaluation.track_record import rolling  # not needed for the first paint

    symbol = history.symbol
    instrument = store.market.instruments().get(symbol)
    if instrument is None or not history.bars:
        return None
    forecasts = {name: e.forecast for name, e in store.ledger.latest([symbol]).get(symbol, {}).items()}
    shown = shown_forecast(forecasts)
    origin, outcomes = _outcomes(store, symbol, shown)
    return SymbolDetail(
        symbol=symbol,
        instrument=_called(instrument, store.holdings.all().get(symbol)),
        bars=history.bars,
        indicators=history.indicators,
        forecasts=tuple(forecasts[name] for name in MODELS if name in forecasts),
        model_note=model_note(shown, model_notes),
        accuracy=rolling(outcomes, ROLLING_WINDOW),
        accuracy_origin=origin.value,
        records=tuple(r for r in records.values() if r.symbol == symbol),
        outcomes=outcomes,
        signals=store.signals.recent(50, symbol),
    )


def _called(instrument: Instrument, holding: Holding | None) -> Instrument:
    """The instrument by the name a person has given it; what is made up is still said to be."""
    if holding is None or not holding.alias:
        return instrument
    return replace(instrument, name=holding.alias + (" (synthetic)" if instrument.synthetic else ""))


def _outcomes(store: Store, symbol: Symbol, shown: Forecast | None) -> tuple[Origin, tuple[Outcome, ...]]:
    """Settled one-session forecasts of the shown model: live ones if there are any, else the backfill's."""
    if shown is not None:
        for origin in (Origin.LIVE, Origin.BACKFILL):
            if rows := store.ledger.outcomes(symbol, shown.model, 1, origin, limit=DETAIL_OUTCOMES):
                return origin, rows
    return Origin.LIVE, ()
