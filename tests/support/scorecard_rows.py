"""Settled forecasts from arithmetic and from seeded draws, as the scorecard takes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm

from forecasting.domain.forecast import LEVELS
from forecasting.domain.market import Symbol
from forecasting.evaluation.scorecard import Rows
from forecasting.features.panel import FloatArray
from tests.support.ledger_rows import AAA, day

Z: FloatArray = norm.ppf(LEVELS)


def rows_of(
    actual: Sequence[float] | FloatArray, *, centre: float | FloatArray = 0.0, spread: float | FloatArray = 0.01,
    p_up: float | Sequence[float] | FloatArray = 0.5, horizon: int = 1, symbol: Symbol = AAA, first: int = 0,
) -> Rows:
    """One symbol's normal forecasts, one a day; every calendar day is a session."""
    came, n = np.asarray(actual, float), len(actual)
    wide, middle = (np.broadcast_to(np.asarray(x, float), n) for x in (spread, centre))
    return Rows(
        symbols=(symbol,) * n, days=tuple(day(first + i) for i in range(n)),
        targets=tuple(day(first + i + horizon) for i in range(n)), actual=came,
        quantiles=middle[:, None] + wide[:, None] * Z, p_up=np.broadcast_to(np.asarray(p_up, float), n).copy(),
    )


def together(*parts: Rows) -> Rows:
    """Several symbols' rows, ascending by day."""
    order = sorted((d, i, j) for i, part in enumerate(parts) for j, d in enumerate(part.days))
    return Rows(
        symbols=tuple(parts[i].symbols[j] for _, i, j in order), days=tuple(d for d, _, _ in order),
        targets=tuple(parts[i].targets[j] for _, i, j in order),
        actual=np.array([parts[i].actual[j] for _, i, j in order]),
        quantiles=np.array([parts[i].quantiles[j] for _, i, j in order]),
        p_up=np.array([parts[i].p_up[j] for _, i, j in order]),
    )
