"""A checker for look-ahead: disturb the future in every way there is, and see whether the past notices.

No series with a NaN becomes a panel (`DataError`): a missing future comes through the quality gate, as a source's does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import numpy.typing as npt

from forecasting.data.quality import RawBar, clean_bars
from forecasting.domain.market import Bar, BarSeries

Bars = tuple[Bar, ...]
Observe = Callable[[Sequence[BarSeries], date], Mapping[str, npt.NDArray[np.generic]]]
"""Everything that may be known at the close of a session, by name."""


def leaks(observe: Observe, series: Sequence[BarSeries], *, cuts: int = 25, seed: int = 0, first: int = 0) -> set[str]:
    """Names of observations at or before a cut that change, in any bit, with bars after it.

    Args:
        observe: What is checked.
        series: Undisturbed bars.
        cuts: Random cuts to try.
        seed: Of the cuts.
        first: Sessions to leave before the earliest cut.
    """
    sessions = sorted({b.session for s in series for b in s.bars})
    chosen = np.random.default_rng(seed).integers(first, len(sessions) - 1, cuts)
    found: set[str] = set()
    for cut in (sessions[i] for i in chosen):
        before = observe(series, cut)
        for disturbed in disturbances(series, cut):
            after = observe(disturbed, cut)
            found |= {name for name, values in before.items() if values.tobytes() != after[name].tobytes()}
    return found


def disturbances(series: Sequence[BarSeries], cut: date) -> Iterator[list[BarSeries]]:
    """The bars with all after `cut` disturbed, in the order of FUTURES."""
    for future in FUTURES.values():
        yield [replace(s, bars=(*_until(s, cut), *future(s, _after(s, cut)))) for s in series]


def _until(series: BarSeries, cut: date) -> Bars:
    return tuple(b for b in series.bars if b.session <= cut)


def _after(series: BarSeries, cut: date) -> Bars:
    return tuple(b for b in series.bars if b.session > cut)


def _missing(series: BarSeries, future: Bars) -> Bars:
    """What the quality gate leaves of rows without a single number: nothing, or the gate leaks."""
    rows = [RawBar(b.session, *[math.nan] * 6) for b in future]
    return clean_bars(series.instrument, rows, newest=series.interval.last_key(date.max))[0].bars


def _thousandfold(bar: Bar) -> Bar:
    return _with_prices(bar, [1e3 * p for p in (bar.open, bar.high, bar.low, bar.close, bar.adj_close)])


def _mirrored(bar: Bar) -> Bar:
    """One over each price: every later return with its sign flipped."""
    return _with_prices(bar, [1.0 / p for p in (bar.open, bar.low, bar.high, bar.close, bar.adj_close)])


def _with_prices(bar: Bar, prices: Sequence[float]) -> Bar:
    open_, high, low, close, adj_close = prices
    return Bar(bar.session, open_, high, low, close, adj_close, bar.volume * 7.0)


FUTURES: Mapping[str, Callable[[BarSeries, Bars], Bars]] = {
    "deleted": lambda series, future: (),
    "a thousand times larger": lambda series, future: tuple(map(_thousandfold, future)),
    "missing": _missing,
    "with its sign flipped": lambda series, future: tuple(map(_mirrored, future)),
}
"""What becomes of the bars after a cut."""
