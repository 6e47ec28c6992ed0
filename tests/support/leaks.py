"""A checker for look-ahead: disturb the future in every way there is, and see whether the past notices.

A NaN is not among the disturbances, since no series with one becomes a panel at all (`DataError`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import numpy.typing as npt

from forecasting.domain.market import Bar, BarSeries

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
        for disturbed in _disturbances(series, cut):
            after = observe(disturbed, cut)
            found |= {name for name, values in before.items() if values.tobytes() != after[name].tobytes()}
    return found


def _disturbances(series: Sequence[BarSeries], cut: date) -> Iterator[list[BarSeries]]:
    yield [replace(s, bars=tuple(b for b in s.bars if b.session <= cut)) for s in series]
    for disturb in (_thousandfold, _mirrored):
        yield [replace(s, bars=tuple(b if b.session <= cut else disturb(b) for b in s.bars)) for s in series]


def _thousandfold(bar: Bar) -> Bar:
    return _with_prices(bar, [1e3 * p for p in (bar.open, bar.high, bar.low, bar.close, bar.adj_close)])


def _mirrored(bar: Bar) -> Bar:
    """One over each price: every later return with its sign flipped."""
    return _with_prices(bar, [1.0 / p for p in (bar.open, bar.low, bar.high, bar.close, bar.adj_close)])


def _with_prices(bar: Bar, prices: Sequence[float]) -> Bar:
    open_, high, low, close, adj_close = prices
    return Bar(bar.session, open_, high, low, close, adj_close, bar.volume * 7.0)
