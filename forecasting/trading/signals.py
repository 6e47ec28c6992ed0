"""What makes a signal.

Every function is pure and on the standard library, so that the screen's process can run it. A signal is made by an
edge, not by a state: RSI below 30 for a week is one signal, made by the bar that crossed. Leaving a zone always follows
entering it, and crossings of MACD alternate.

Sources: RSI zones 30 / 70: Wilder (1978), New Concepts in Technical Trading Systems. MACD crossings: Appel (2005),
Technical Analysis. That none of them has an edge by itself is the null; `scoring` says how they did.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime

from forecasting.domain.decision import Signal, SignalKind
from forecasting.domain.forecast import Forecast, LedgerEntry, TrackRecord
from forecasting.domain.market import Bar, IndicatorRow, Symbol
from forecasting.evaluation.intervals import enough_days

RSI_LOW, RSI_HIGH = 30.0, 70.0
TECHNICAL_HORIZON = 5
"""Sessions until an RSI, MACD or band signal is scored: one week."""

_DIRECTION = {
    SignalKind.RSI_OVERSOLD: 1,           # a reversal is expected; leaving the zone confirms it
    SignalKind.RSI_OVERSOLD_EXIT: 1,
    SignalKind.RSI_OVERBOUGHT: -1,
    SignalKind.RSI_OVERBOUGHT_EXIT: -1,
    SignalKind.MACD_GOLDEN: 1,
    SignalKind.MACD_DEATH: -1,
    SignalKind.BAND_BREACH: 0,            # unusual, with no claim about what follows
    SignalKind.FORECAST_UP: 1,
    SignalKind.FORECAST_DOWN: -1,
}


def technical(symbol: Symbol, rows: Sequence[IndicatorRow], close_time: datetime) -> tuple[Signal, ...]:
    """RSI and MACD signals made by the newest bar.

    Args:
        symbol: Whose bars.
        rows: Indicators of closed bars, ascending; a few dozen suffice, since only the newest is judged.
        close_time: The newest bar's close, aware UTC.
    """
    return _signals_at(symbol, rows, len(rows) - 1, close_time) if rows else ()


def technical_history(
    symbol: Symbol, rows: Sequence[IndicatorRow], close_time: Callable[[date], datetime]
) -> tuple[Signal, ...]:
    """RSI and MACD signals of every bar, ascending: what `technical` said, or would have said, bar by bar.

    Args:
        symbol: Whose bars.
        rows: Indicators of closed bars, ascending.
        close_time: The close of a session, aware UTC.
    """
    return tuple(
        signal
        for i, row in enumerate(rows)
        for signal in _signals_at(symbol, rows, i, close_time(row.session))
    )


def _signals_at(symbol: Symbol, rows: Sequence[IndicatorRow], i: int, time: datetime) -> tuple[Signal, ...]:
    row = rows[i]
    return tuple(
        Signal(symbol, kind, row.session, time, row.close, _DIRECTION[kind], TECHNICAL_HORIZON, reason)
        for kind, reason in (*_rsi_edges(rows, i), *_macd_edges(rows, i))
    )


def _rsi_edges(rows: Sequence[IndicatorRow], i: int) -> list[tuple[SignalKind, str]]:
    before, now = rows[i - 1].rsi if i else None, rows[i].rsi
    if before is None or now is None:
        return []
    edges = []
    if before >= RSI_LOW > now:
        edges.append((SignalKind.RSI_OVERSOLD, f"RSI {now:.1f} crossed below {RSI_LOW:.0f}"))
    if before < RSI_LOW <= now:
        edges.append((SignalKind.RSI_OVERSOLD_EXIT, f"RSI {now:.1f} is back above {RSI_LOW:.0f}"))
    if before <= RSI_HIGH < now:
        edges.append((SignalKind.RSI_OVERBOUGHT, f"RSI {now:.1f} crossed above {RSI_HIGH:.0f}"))
    if before > RSI_HIGH >= now:
        edges.append((SignalKind.RSI_OVERBOUGHT_EXIT, f"RSI {now:.1f} is back below {RSI_HIGH:.0f}"))
    return edges


def _macd_edges(rows: Sequence[IndicatorRow], i: int) -> list[tuple[SignalKind, str]]:
    side = _macd_side(rows[i])
    if side in (None, 0):
        return []
    # The side last taken, past bars on which the lines only touched: a touch is no crossing.
    last = next((s for j in range(i - 1, -1, -1) if (s := _macd_side(rows[j])) != 0), None)
    if last is None or last == side:
        return []
    kind, word = (SignalKind.MACD_GOLDEN, "above") if side == 1 else (SignalKind.MACD_DEATH, "below")
    return [(kind, f"MACD {rows[i].macd:.3g} crossed {word} its signal line {rows[i].macd_signal:.3g}")]


def _macd_side(row: IndicatorRow) -> int | None:
    """+1 with the MACD line above its signal line, -1 below, 0 on it, None during warm-up."""
    if row.macd is None or row.macd_signal is None:
        return None
    gap = row.macd - row.macd_signal
    if abs(gap) <= 1e-9 * row.close:  # rounding of a price that does not move
        return 0
    return 1 if gap > 0.0 else -1


def band_breach(entry: LedgerEntry, previous: Bar, bar: Bar) -> Signal | None:
    """The signal of a close outside the 95 % band forecast the session before, or None.

    Adjusted closes are compared, so a split or dividend is no breach. None also where `previous` is not the bar the
    forecast was made on, or `bar` not the one it was made for.

    Args:
        entry: The forecast, as the ledger holds it.
        previous: The bar of the forecast's `as_of_session`.
        bar: The bar of its first target session.
    """
    forecast = entry.forecast
    if (previous.session, bar.session) != (forecast.as_of_session, forecast.target_sessions[0]):
        return None
    actual = math.log(bar.adj_close / previous.adj_close)
    low, high = forecast.log_return(1, 0.025), forecast.log_return(1, 0.975)
    if low <= actual <= high:
        return None
    side = "below" if actual < low else "above"
    reason = f"close {_percent(actual)} is {side} the 95 % band {_percent(low)}..{_percent(high)} of {forecast.model}"
    kind, time = SignalKind.BAND_BREACH, forecast.target_times[0]
    return Signal(
        forecast.symbol, kind, bar.session, time, bar.close, _DIRECTION[kind], TECHNICAL_HORIZON, reason,
        forecast.model_id,
    )  # fmt: skip


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
    return Signal(
        forecast.symbol, kind, forecast.as_of_session, forecast.as_of, forecast.last_close, _DIRECTION[kind], horizon,
        reason, forecast.model_id,
    )  # fmt: skip


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
