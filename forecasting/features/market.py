"""What the market as a whole is doing, read off the watchlist itself.

A symbol's market is its exchange: bars of another exchange may carry the same date and yet close later, so they are
not known at this one's close. At each session only the symbols that traded in it, and are past their own warm-up, have
a say. With one symbol, the market is that symbol.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasting.features.panel import FloatArray


def market_mean(values: FloatArray, exchanges: Sequence[str]) -> FloatArray:
    """Mean over the symbols of the same exchange, session by session.

    Args:
        values: Shape (N, T); NaN entries have no say.
        exchanges: The exchange of each symbol, shape (N,).

    Returns:
        Shape (N, T): each symbol's market. NaN where no symbol of the exchange has a value.
    """
    market = np.empty_like(values)
    for exchange in dict.fromkeys(exchanges):
        members = np.array([e == exchange for e in exchanges])
        known = np.isfinite(values[members])
        count = known.sum(axis=0)
        total = np.where(known, values[members], 0.0).sum(axis=0)
        market[members] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return market
