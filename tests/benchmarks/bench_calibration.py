"""Coverage of calibrated bands over spans of two to ten years, calm and stormy, before 2015.

Simulated stocks that follow the real S&P 500, HAR-t refitted yearly, one tracker through each span. For every horizon:
coverage of the 80 and 95 % bands before and after calibration, the share of tickers within three points of 80 %, and
what calibration changes in CRPS (per cent; negative is better).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from forecasting.domain.forecast import LEVELS
from forecasting.evaluation import metrics
from forecasting.evaluation.calibration import Walk, run_in
from forecasting.features.panel import FloatArray, Panel
from forecasting.features.pipeline import HAR_COLUMNS, MARKET_COLUMNS, build_panel
from forecasting.models.base import Fitted
from forecasting.models.har import HarT
from forecasting.models.quantiles import predictions
from tests.support.synthetic_panels import crash_panel

SYMBOLS = 40
FIRST, LAST = date(1999, 1, 4), date(2014, 12, 31)
HORIZONS = (1, 5, 10)
SPANS = (
    *((year, 2) for year in range(2001, 2014, 2)),
    *((year, 3) for year in range(2001, 2012, 3)),
    (2001, 10), (2005, 10),
)
"""First year, and how many."""


def run(runs: int = 1) -> dict[str, Any]:
    """Every span, `runs` times over with different noise."""
    return {f"seed {seed}": _spans(build_panel(crash_panel(SYMBOLS, FIRST, LAST, seed=seed))) for seed in range(runs)}


def _spans(panel: Panel) -> dict[str, Any]:
    fits: dict[int, Fitted] = {}
    raw: dict[int, FloatArray] = {}
    for year in range(SPANS[0][0], LAST.year + 1):
        at = _sessions(panel, year, 1)
        fits[year] = HarT((*HAR_COLUMNS, *MARKET_COLUMNS)).fit(panel, cut=at[0] - 1)
        raw[year] = fits[year].predict(panel, at).log_returns
    found = {}
    for first, years in SPANS:
        at = _sessions(panel, first, years)
        said = np.concatenate([raw[year] for year in range(first, first + years)], axis=1)
        issued = Walk(panel, run_in(fits[first], panel)).issue(predictions(said), at).log_returns
        found[f"{first}-{first + years - 1}"] = {
            f"h={h}": _figures(panel.targets[:, at, h - 1], said[:, :, h - 1], issued[:, :, h - 1]) for h in HORIZONS
        }
    return found


def _sessions(panel: Panel, first: int, years: int) -> list[int]:
    start, end = (panel.index_of(date(year, 12, 31)) for year in (first - 1, first + years - 1))
    return list(range(start + 1, end + 1))


def _figures(actual: FloatArray, raw: FloatArray, issued: FloatArray) -> dict[str, float]:
    """Args: outcomes, shape (N, K), NaN where unknown; quantiles before and after, shape (N, K, Q)."""
    near = np.abs(np.nanmean(_inside(actual, issued, 0.1), axis=1) - 0.8) <= 0.03
    score = [np.nanmean(metrics.crps(actual, quantiles)) for quantiles in (raw, issued)]
    figures = {
        "coverage_80": np.nanmean(_inside(actual, issued, 0.1)),
        "coverage_80_raw": np.nanmean(_inside(actual, raw, 0.1)),
        "coverage_95": np.nanmean(_inside(actual, issued, 0.025)),
        "coverage_95_raw": np.nanmean(_inside(actual, raw, 0.025)),
        "tickers_near_80": near.mean(),
        "crps_per_cent": 100.0 * (score[1] / score[0] - 1.0),
    }
    return {name: round(float(x), 4) for name, x in figures.items()}


def _inside(actual: FloatArray, quantiles: FloatArray, below: float) -> FloatArray:
    """1 for outcomes in the band, 0 for others, NaN where unknown, shape (N, K)."""
    low, high = _at(quantiles, below), _at(quantiles, 1.0 - below)
    known = np.isfinite(actual) & np.isfinite(low)
    return np.where(known, (low <= actual) & (actual <= high), np.nan)


def _at(quantiles: FloatArray, level: float) -> FloatArray:
    found: FloatArray = quantiles[..., LEVELS.index(round(level, 3))]
    return found
