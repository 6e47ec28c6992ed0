"""What makes a signal.

Every function is pure and on the standard library, so that the screen's process can run it. A signal is made by an
edge, not by a state; the technical edges are in `technical`, those of forecasts here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from forecasting.domain.decision import Signal, SignalKind
from forecasting.domain.forecast import Forecast, LedgerEntry, TrackRecord
from forecasting.domain.market import Bar, Symbol
from forecasting.evaluation.intervals import enough_days
from forecasting.trading.technical import Edge, Study, edges

TECHNICAL_HORIZON = 5
"""Sessions until an RSI, MACD, volatility or band signal is scored: one week."""

_DIRECTION = {
    SignalKind.RSI_OVERSOLD: 1,           # a reversal is expected; leaving the zone confirms it
    SignalKind.RSI_OVERSOLD_EXIT: 1,
    SignalKind.RSI_OVERBOUGHT: -1,
    SignalKind.RSI_OVERBOUGHT_EXIT: -1,
    SignalKind.MACD_GOLDEN: 1,
    SignalKind.MACD_DEATH: -1,
    SignalKind.MACD_TURN_UP: 1,
    SignalKind.MACD_TURN_DOWN: -1,
    SignalKind.DIVERGENCE_UP: 1,
    SignalKind.DIVERGENCE_DOWN: -1,
    SignalKind.VOLATILITY_HIGH: 0,        # unusual, with no claim about what follows
    SignalKind.VOLATILITY_LOW: 0,
    SignalKind.BAND_BREACH: 0,
    SignalKind.BAND_RUN_80: 0,
    SignalKind.BAND_RUN_50: 0,
    SignalKind.FORECAST_UP: 1,
    SignalKind.FORECAST_DOWN: -1,
}

_BANDS = ((SignalKind.BAND_BREACH, 0.95, 1), (SignalKind.BAND_RUN_80, 0.8, 2), (SignalKind.BAND_RUN_50, 0.5, 3))
_ENDS = {0.95: (0.025, 0.975), 0.8: (0.1, 0.9), 0.5: (0.25, 0.75)}
"""How many closes in a row outside which band make a signal.

Bands that hold what they say are left so by chance in 5 %, 2 % and 3 % of sessions: each about as rarely. One close
outside the 50 % band is no news, since every other close is.
"""
BAND_CONTEXT = 1 + max(run for _, _, run in _BANDS)
"""Closes, with the forecasts made for them, that the newest band signals depend on."""


def technical_history(
    symbol: Symbol, study: Study, close_time: Callable[[date], datetime], first: int = 0
) -> tuple[Signal, ...]:
    """Technical signals of every bar from `first` on: each is made by its bar and those before it alone.

    Args:
        symbol: Whose bars.
        study: Closed bars.
        close_time: The close of a session, aware UTC.
        first: Number of the first bar that is judged; those before it are its past.
    """
    return tuple(
        signal
        for i in range(first, len(study.rows))
        for signal in _signals_at(symbol, study, i, close_time(study.rows[i].session))
    )


def _signals_at(symbol: Symbol, study: Study, i: int, time: datetime) -> tuple[Signal, ...]:
    row = study.rows[i]
    return tuple(_signal(symbol, edge, row.session, time, row.close) for edge in edges(study, i))


def _signal(
    symbol: Symbol, edge: Edge, session: date, time: datetime, price: float, model_id: str | None = None,
    horizon: int = TECHNICAL_HORIZON,
) -> Signal:
    return Signal(
        symbol, edge.kind, session, time, price, _DIRECTION[edge.kind], horizon, edge.reason, model_id,
        edge.strength, edge.inputs,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    """A forecast for one session ahead, the bar it was made on, and the bar it was made for."""

    entry: LedgerEntry
    previous: Bar
    bar: Bar

    def __post_init__(self) -> None:
        forecast = self.entry.forecast
        if (self.previous.session, self.bar.session) != (forecast.as_of_session, forecast.target_sessions[0]):
            raise ValueError(f"the forecast of {forecast.as_of_session} is not for {self.bar.session}")

    @property
    def actual(self) -> float:
        """Log return of adjusted closes, so that a split or dividend is no move."""
        return math.log(self.bar.adj_close / self.previous.adj_close)

    def band(self, share: float) -> tuple[float, float]:
        """Low and high end, in log return, of the band that should hold with probability `share`: .5, .8 or .95."""
        low, high = _ENDS[share]
        return self.entry.forecast.log_return(1, low), self.entry.forecast.log_return(1, high)

    def side(self, share: float) -> int:
        """-1 below that band, 1 above, 0 inside."""
        low, high = self.band(share)
        return -1 if self.actual < low else 1 if self.actual > high else 0


def band_signals(judged: Sequence[Judged]) -> tuple[Signal, ...]:
    """Signals of the newest close outside its 95 % band, and of runs outside the 80 % and the 50 % band.

    A run is told of once, by the close that completes it.

    Args:
        judged: The newest closes of one symbol, ascending, with no session left out; `BAND_CONTEXT` suffice.
    """
    if not judged:
        return ()
    newest = judged[-1]
    forecast = newest.entry.forecast
    return tuple(
        _signal(
            forecast.symbol, _band_edge(newest, kind, share, run), newest.bar.session, forecast.target_times[0],
            newest.bar.close, forecast.model_id,
        )
        for kind, share, run in _BANDS if _run(judged, share) == run or (run == 1 and newest.side(share))
    )  # fmt: skip


def _run(judged: Sequence[Judged], share: float) -> int:
    """How many of the newest closes in a row were on one side outside the band; 0 where the newest is inside."""
    side, length = judged[-1].side(share), 0
    for one in reversed(judged):
        if not side or one.side(share) != side:
            break
        length += 1
    return length


def _band_edge(newest: Judged, kind: SignalKind, share: float, run: int) -> Edge:
    low, high = newest.band(share)
    where = f"{'below' if newest.side(share) < 0 else 'above'} the {share * 100.0:.0f} % band"
    reason = (
        f"close {_percent(newest.actual)} is {where} {_percent(low)}..{_percent(high)} of"
        f" {newest.entry.forecast.model}{f', {run} in a row' if run > 1 else ''}"
    )
    inputs = (("return", newest.actual), ("low", low), ("high", high))
    widest = max((s for _, s, _ in _BANDS if newest.side(s)), default=0.0)
    return Edge(kind, reason, widest, inputs)


def direction(forecast: Forecast, record: TrackRecord | None, horizon: int = 5) -> Signal | None:
    """The forecast's direction as a signal, where the record supports that it can tell one: no skill, no signal.

    It does where the hit rate's 95 % interval lies wholly above what the better of always-up and always-down scored on
    the same rows, over enough days.

    Args:
        forecast: What the model says now.
        record: Of the same model at the same horizon, live or backfill; any other, or None, supports nothing.
        horizon: Sessions ahead.
    """
    p_up = forecast.p_up[horizon - 1]
    if p_up == 0.5 or record is None or not _supports(record, forecast, horizon):
        return None
    kind = SignalKind.FORECAST_UP if p_up > 0.5 else SignalKind.FORECAST_DOWN
    reason = (
        f"{forecast.model}: p({'up' if p_up > 0.5 else 'down'})={max(p_up, 1.0 - p_up):.2f} in {horizon} sessions; "
        f"{record.origin} hit rate {_share(record.hit_rate)} ({_share(record.hit_low)}..{_share(record.hit_high)}), "
        f"n={record.n}, always-up {_share(record.naive_hit_rate)}"
    )
    inputs = (("p_up", p_up), ("median", forecast.log_return(horizon, 0.5)))
    edge = Edge(kind, reason, abs(2.0 * p_up - 1.0), inputs)
    return _signal(
        forecast.symbol, edge, forecast.as_of_session, forecast.as_of, forecast.last_close, forecast.model_id, horizon
    )


def _supports(record: TrackRecord, forecast: Forecast, horizon: int) -> bool:
    same = record.model == forecast.model and record.horizon == horizon
    if not same or record.symbol not in (None, forecast.symbol) or not enough_days(record.n_days, horizon):
        return False
    if record.hit_low is None or record.naive_hit_rate is None:
        return False
    return record.hit_low > max(record.naive_hit_rate, 1.0 - record.naive_hit_rate)


def _percent(log_return: float) -> str:
    return f"{math.expm1(log_return) * 100.0:+.1f} %"


def _share(share: float | None) -> str:
    return "unknown" if share is None else f"{share * 100.0:.0f} %"
