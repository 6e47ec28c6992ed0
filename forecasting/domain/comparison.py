"""Symbols beside each other: rebased to one start, and how their returns go together."""

from __future__ import annotations

from dataclasses import dataclass

from forecasting.domain.market import Symbol
from forecasting.domain.question import Question

BASE = 100.0
"""What every curve is at the start."""


@dataclass(frozen=True, slots=True)
class Link:
    """The correlation of two symbols' log returns over the bars both have."""

    r: float | None        # None where there are too few bars, or a price that never moved
    low: float | None      # 95 % interval
    high: float | None
    n: int                 # returns


@dataclass(frozen=True, slots=True)
class Curve:
    """One symbol's adjusted closes as a share of its own at the start."""

    symbol: Symbol
    values: tuple[float | None, ...]    # one per bar of the comparison; None where it has none there
    end: float                          # the newest value
    link: Link                          # with the first curve


@dataclass(frozen=True, slots=True)
class Comparison:
    """Curves from the first bar that all of them have."""

    bars: tuple[str, ...]               # ISO keys, ascending; thinned out where there are many
    curves: tuple[Curve, ...]           # in the order asked
    missing: tuple[Symbol, ...]         # without bars in the window
    shortest: Symbol | None             # whose history begins last, where that has cut the window


@dataclass(frozen=True, slots=True)
class AskComparison(Question[Comparison]):
    """How have these done since the same moment?"""

    symbols: tuple[Symbol, ...]
    bars: int                           # of the window; 0: all there are


@dataclass(frozen=True, slots=True)
class Correlations:
    """Every pair of symbols."""

    symbols: tuple[Symbol, ...]                   # with bars, in the order asked
    links: tuple[tuple[Link, ...], ...]           # of symbol i with symbols 0 .. i - 1
    order: tuple[int, ...]                        # of the symbols, so that those that go together stand together
    missing: tuple[Symbol, ...]                   # without bars in the window

    def link(self, one: int, other: int) -> Link | None:
        """The link of two symbols; None of one with itself."""
        return None if one == other else self.links[max(one, other)][min(one, other)]


@dataclass(frozen=True, slots=True)
class AskCorrelations(Question[Correlations]):
    """How do the returns of these go together?"""

    symbols: tuple[Symbol, ...]
    bars: int                           # of the window; 0: all there are
