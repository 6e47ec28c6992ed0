"""Correlation of log returns with its interval, and an order in which what goes together stands together.

Two symbols are compared over the bars both have: returns are taken from one common bar to the next, so that a holiday
of one exchange puts the same stretch of time into both. Exchanges that close at different hours share less of a day's
news; their correlations come out low.

Sources: Fisher (1921), Metron 1, for the interval, which takes returns for independent and normal: with the heavy tails
of daily returns it is somewhat narrow. Sokal & Michener (1958), Univ. Kansas Sci. Bull. 38, for average linkage;
Bar-Joseph, Gifford & Jaakkola (2001), Bioinformatics 17, for the order of its leaves.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from forecasting.domain.comparison import Link
from forecasting.evaluation.intervals import Z95

FloatArray = NDArray[np.float64]

LEAST = 10
"""Fewer returns than this are no correlation."""


def link(one: FloatArray, other: FloatArray) -> Link:
    """The correlation of two symbols' log returns.

    Args:
        one: Logarithms of closes, shape (N,), NaN where there is no bar.
        other: The same of the other symbol, bar by bar.
    """
    both = np.isfinite(one) & np.isfinite(other)
    x, y = np.diff(one[both]), np.diff(other[both])
    n = len(x)
    if n < LEAST or not x.std() > 0.0 or not y.std() > 0.0:
        return Link(None, None, None, n)
    r = float(np.clip(np.corrcoef(x, y)[0, 1], -1.0, 1.0))
    if abs(r) > 1.0 - 1e-12:
        return Link(r, r, r, n)
    z, half = math.atanh(r), Z95 / math.sqrt(n - 3)
    return Link(r, math.tanh(z - half), math.tanh(z + half), n)


def clustered(links: tuple[tuple[Link, ...], ...]) -> tuple[int, ...]:
    """Places of symbols, those that go together side by side: the leaves of average linkage over sqrt(2 (1 - r)).

    Args:
        links: Of symbol i with symbols 0 .. i - 1; a correlation that is not known counts as none.
    """
    count = len(links)
    distance = np.zeros((count, count))
    for i, row in enumerate(links):
        for j, each in enumerate(row):
            distance[i, j] = distance[j, i] = math.sqrt(2.0 * (1.0 - (each.r or 0.0)))
    if count < 3:
        return tuple(range(count))
    tree = linkage(squareform(distance), method="average", optimal_ordering=True)
    return tuple(int(leaf) for leaf in leaves_list(tree))
