"""What had been forecast of past bars, and whether it held."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from forecasting.domain.forecast import Origin, Outcome, TrackRecord
from forecasting.service.charting import PastForecast
from tui import format as fmt

NOMINAL = 0.8
"""Share of outcomes that an 80 % band is to hold."""


@dataclass(frozen=True, slots=True)
class PastBand:
    """The 80 % band and median that had been issued for one bar, as prices in the chart's money."""

    low: float
    median: float
    high: float
    held: bool              # whether the close lay inside
    live: bool              # made before the outcome could exist; else backfilled
    made: date              # the newest bar its maker had seen
    horizon: int            # bars from there


def past_band(forecast: PastForecast, horizon: int, close: float) -> PastBand:
    """A forecast's band around the bar it is about, whose close is `close` in the chart's money."""
    def price(log_return: float) -> float:
        return close * math.exp(log_return - forecast.actual)

    held = forecast.low_80 <= forecast.actual <= forecast.high_80
    return PastBand(
        price(forecast.low_80), price(forecast.median), price(forecast.high_80), held, forecast.live, forecast.made,
        horizon,
    )


def of_outcome(outcome: Outcome) -> PastForecast:
    """A settled row of the ledger as what had been forecast for a bar."""
    return PastForecast(
        outcome.target_session, outcome.as_of_session, outcome.origin is Origin.LIVE, outcome.low_80, outcome.median,
        outcome.high_80, outcome.actual,
    )


def held_texts(records: Sequence[TrackRecord], model: str, horizon: int) -> tuple[str, ...]:
    """How the 80 % band has held, live and backfilled apart: "80% band made 5 before held 76% [68..83] n=126 live"."""
    told = [
        f"{fmt.share(r.coverage_80)} {fmt.interval(r.coverage_low, r.coverage_high)} n={r.n} {r.origin.value}"
        for origin in (Origin.LIVE, Origin.BACKFILL) for r in records
        if (r.model, r.horizon, r.origin) == (model, horizon, origin) and r.n and r.coverage_80 is not None
    ]
    what = f"{fmt.share(NOMINAL)} band made {horizon} before"
    return (f"{what} held {told[0]}", *told[1:]) if told else (f"{what}: none settled yet",)
