"""Bars of many symbols as left-aligned arrays, so that every computation runs over a symbol's own bars.

Symbols trade on different days. Here column j is each symbol's j-th bar, so a trailing window of 22 is 22 bars of that
symbol whatever the calendar; `place` says in which session of the union each bar happened, and `on_sessions` lays a
result out on that axis. Open, high and low are adjusted with the close's factor before anyone takes a range of them.
Where bars are shorter than a session, a session here is a slot of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import chain
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from forecasting.domain.interval import Interval
from forecasting.domain.market import BarSeries, Symbol
from forecasting.errors import DataError, NotEnoughHistory
from forecasting.features.panel import BoolArray, FloatArray

_COLUMNS = ("open", "high", "low", "close", "adj_close", "volume")
_VALUES = attrgetter(*_COLUMNS)
_EPOCH = np.datetime64("1970-01-01", "D").item().toordinal()


@dataclass(frozen=True, slots=True, eq=False)
class BarMatrix:
    """N symbols by at most L bars. Places to the right of a symbol's last bar are NaN."""

    symbols: tuple[Symbol, ...]          # (N,)
    exchanges: tuple[str, ...]           # (N,)
    sessions: npt.NDArray[np.datetime64]  # (T,) union over all symbols, ascending; days, or seconds of UTC
    place: npt.NDArray[np.int64]         # (N, L) index into sessions; T where there is no bar
    open: FloatArray                     # (N, L) adjusted, like high, low and close; low <= open, close <= high
    high: FloatArray
    low: FloatArray
    close: FloatArray
    traded_close: FloatArray             # (N, L) as traded
    volume: FloatArray                   # (N, L) as traded

    @property
    def names(self) -> tuple[date, ...]:
        """The sessions as bars name them: dates, or aware times."""
        moments = self.sessions.tolist()
        return tuple(m.replace(tzinfo=UTC) if isinstance(m, datetime) else m for m in moments)

    @property
    def filled(self) -> BoolArray:
        """Where there is a bar, shape (N, L)."""
        return self.place < len(self.sessions)

    def on_sessions(self, values: FloatArray) -> FloatArray:
        """Lay (N, L) values out on the session axis, shape (N, T); NaN where a symbol has no bar."""
        laid = np.full((len(self.symbols), len(self.sessions)), np.nan)
        filled = self.filled
        laid[np.nonzero(filled)[0], self.place[filled]] = values[filled]
        return laid


def bar_matrix(series: Sequence[BarSeries]) -> BarMatrix:
    """The bars of all `series` as arrays.

    Raises:
        NotEnoughHistory: If there is not a single bar.
        DataError: If a price is not a finite number above zero; the message names symbol and session.
        ValueError: If the series are of different intervals.
    """
    if len(intervals := {s.interval for s in series}) > 1:
        raise ValueError(f"bars of one interval at a time, got {', '.join(sorted(intervals))}")
    if not any(s.bars for s in series):
        raise NotEnoughHistory(f"features of {', '.join(s.symbol for s in series) or 'no symbols'}: no bars to read")
    lengths = np.array([len(s.bars) for s in series])
    days = [np.fromiter((_count(b.session) for b in s.bars), np.int64, len(s.bars)) for s in series]
    sessions = np.unique(np.concatenate(days))
    unit = "D" if intervals == {Interval.DAY} else "s"

    filled = np.arange(lengths.max()) < lengths[:, None]
    place = np.full(filled.shape, len(sessions))
    place[filled] = np.searchsorted(sessions, np.concatenate(days))
    columns = np.full((len(_COLUMNS), *filled.shape), np.nan)
    flat = chain.from_iterable(map(_VALUES, chain.from_iterable(s.bars for s in series)))
    columns[:, filled] = np.fromiter(flat, np.float64, int(lengths.sum()) * len(_COLUMNS)).reshape(-1, len(_COLUMNS)).T
    _refuse_impossible(series, columns[:5], filled)

    raw_open, raw_high, raw_low, traded_close, close, volume = columns
    factor = close / traded_close
    open_ = raw_open * factor
    return BarMatrix(
        symbols=tuple(s.symbol for s in series),
        exchanges=tuple(s.instrument.exchange for s in series),
        sessions=sessions.astype(f"datetime64[{unit}]"),
        place=place,
        open=open_,
        # Multiplying by the factor rounds, and sources round too: the range takes in open and close.
        high=np.maximum(raw_high * factor, np.maximum(open_, close)),
        low=np.minimum(raw_low * factor, np.minimum(open_, close)),
        close=close,
        traded_close=traded_close,
        volume=volume,
    )


def _count(key: date) -> int:
    """Days, or seconds, since 1970."""
    return int(key.timestamp()) if isinstance(key, datetime) else key.toordinal() - _EPOCH


def _refuse_impossible(series: Sequence[BarSeries], prices: FloatArray, filled: BoolArray) -> None:
    # One NaN would run through every recursion from there on, so it has to stop here.
    bad = filled & ~(np.isfinite(prices) & (prices > 0.0)).all(axis=0)
    if bad.any():
        i, j = np.argwhere(bad)[0]
        bar = series[i].bars[j]
        shown = ", ".join(f"{name} {getattr(bar, name)}" for name in _COLUMNS[:5])
        raise DataError(
            f"{series[i].symbol} {bar.session}: a price is not a finite number above zero ({shown}); "
            "drop or repair that bar"
        )
