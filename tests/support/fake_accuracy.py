"""A fake engine's answers about past forecasts: seeded outcomes, scored by the scorecard itself."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from itertools import count, islice

import numpy as np
from scipy.stats import norm

from forecasting.domain.forecast import BASELINE, LEVELS, Origin
from forecasting.domain.market import Symbol
from forecasting.evaluation import metrics
from forecasting.evaluation.scorecard import Rows, rolled, scorecard, window_days
from forecasting.service.accuracy import Accuracy, AskAccuracy, ModelAccuracy, PastForecast
from forecasting.service.backend import OnStep, Step
from tests.support.scorecard_rows import together

SESSIONS = {Origin.LIVE: 12, Origin.BACKFILL: 252}
KNOWN = {"ensemble": 0.7, "har-t": 0.6, "ewma-t": 0.45, BASELINE: 0.0}
"""How much of the volatility to come each model knows."""


def answer_accuracy(question: AskAccuracy, on_step: OnStep) -> Accuracy:
    """Every model's record; of NVDA and others the same figures on every run."""
    on_step(Step("accuracy", "scoring", 0.5))
    return _accuracy(question)


@lru_cache(maxsize=32)
def _accuracy(question: AskAccuracy) -> Accuracy:
    symbols = (question.symbol,) if question.symbol is not None else question.symbols
    if question.symbol == "7203.T":
        return Accuracy(question.symbol, question.horizon, question.origin, 0, ())
    by_model = {name: together(*(_rows(s, name, question) for s in symbols)) for name in KNOWN}
    baseline = by_model[BASELINE]
    losses = metrics.crps(baseline.actual, baseline.quantiles)
    found = []
    for name, rows in by_model.items():
        card = scorecard(name, rows, baseline, horizon=question.horizon)
        assert card is not None
        points = rolled(rows, baseline, horizon=question.horizon)
        found.append(ModelAccuracy(card, points, window_days(question.horizon), _past(rows, losses)))
    return Accuracy(question.symbol, question.horizon, question.origin, len(symbols), tuple(found))


def _rows(symbol: Symbol, model: str, question: AskAccuracy) -> Rows:
    n, h = SESSIONS[question.origin], question.horizon
    rng = np.random.default_rng(sum(map(ord, symbol)))
    spread = 0.016 * np.exp(np.convolve(rng.normal(0.0, 0.25, n + 9), np.ones(10) / 2.5, "valid")[:n])
    actual = spread * rng.standard_t(5, n) * np.sqrt(h * 3 / 5) + 0.0004 * h
    guess = 0.016 * (spread / 0.016) ** KNOWN[model] * np.sqrt(h)
    # The ensemble claims a direction and knows next to nothing of it; the others claim none.
    claim = np.clip(0.52 + 0.04 * rng.normal(size=n) + 0.5 * actual, 0.3, 0.7)
    p_up = claim if model == "ensemble" else np.full(n, 0.5)
    centre = guess * norm.ppf(p_up)
    days = _weekdays(n + h)
    return Rows((symbol,) * n, days[:n], days[h:], actual, centre[:, None] + guess[:, None] * norm.ppf(LEVELS), p_up)


def _weekdays(n: int) -> tuple[date, ...]:
    """So many, the last of them 2026-02-27."""
    back = (date(2026, 2, 27) - timedelta(days=i) for i in count())
    return tuple(islice((day for day in back if day.weekday() < 5), n))[::-1]


def _past(rows: Rows, losses: np.ndarray) -> tuple[PastForecast, ...]:
    ours = metrics.crps(rows.actual, rows.quantiles)
    bands = [(LEVELS.index(low), LEVELS.index(high)) for low, high in ((0.025, 0.975), (0.1, 0.9), (0.25, 0.75))]
    return tuple(
        PastForecast(
            rows.symbols[i], rows.days[i], rows.targets[i],
            tuple((float(rows.quantiles[i, a]), float(rows.quantiles[i, b])) for a, b in bands),
            float(rows.quantiles[i, 10]), float(rows.p_up[i]), float(rows.actual[i]), float(ours[i]), float(losses[i]),
        )
        for i in range(max(0, len(rows) - 60), len(rows))
    )
