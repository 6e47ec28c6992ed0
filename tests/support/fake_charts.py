"""What the worker would answer about the fake engine's charts: the same figures on every run."""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime, timedelta
from statistics import NormalDist, fmean, pstdev

from forecasting.domain.interval import Interval
from forecasting.service.backend import OnStep
from forecasting.service.charting import (
    AskChart,
    AskChosen,
    ChartAnswer,
    Chosen,
    Curve,
    Numbers,
    PastForecast,
    ShortBars,
)
from tests.support.fake_engine import FakeEngine, bars

LIVE = 6
"""So many of the newest past forecasts were made live."""


def answer(question: AskChart, on_step: OnStep) -> ChartAnswer:
    """Past forecasts of normal quantiles, averages by arithmetic, a week of short bars."""
    series = bars(question.symbol)
    closes = [bar.close for bar in series]
    short = short_bars(question.symbol) if question.short else None
    over = list(short.close) if short else closes
    curves = [curve for key in question.indicators for curve in curves_of(key, over)]
    last = short.keys[-1] if short else series[-1].session
    past = past_forecasts(question.symbol, question.horizon) if question.horizon else ()
    return ChartAnswer(question.symbol, question.horizon, past, tuple(curves), last, short, "")


def past_forecasts(symbol: str, horizon: int, count: int = 150) -> tuple[PastForecast, ...]:
    """For each of the newest bars the band that a random walk gives."""
    series = bars(symbol)
    wide = NormalDist(0.0, 0.016 * math.sqrt(horizon))
    return tuple(
        PastForecast(
            series[i].session, series[i - horizon].session, i >= len(series) - LIVE, wide.inv_cdf(0.1), 0.0,
            wide.inv_cdf(0.9), math.log(series[i].close / series[i - horizon].close),
        )
        for i in range(len(series) - count, len(series))
    )


def curves_of(key: str, closes: list[float]) -> tuple[Curve, ...]:
    """Averages and bands; anything else is the change over ten bars."""
    if key.startswith(("sma", "ema")):
        span = int(key[3:])
        return (Curve(key, f"{key[:3].upper()} {span}", rolling(closes, span, fmean)),)
    if key == "bollinger":
        middle, wide = rolling(closes, 20, fmean), rolling(closes, 20, pstdev)
        bands = ((name, tuple(None if m is None or w is None else m + k * w for m, w in zip(middle, wide, strict=True)))
                 for name, k in (("BB upper", 2), ("BB middle", 0), ("BB lower", -2)))
        return tuple(Curve(key, name, values) for name, values in bands)
    if key == "vwap":
        return (Curve(key, "VWAP", rolling(closes, 5, fmean)),)
    return (Curve(key, key.upper(), rolling(closes, 10, lambda values: abs(values[-1] - values[0]))),)


def rolling(values: list[float], span: int, of: object) -> Numbers:
    """`of` each `span` values; None in warm-up."""
    assert callable(of)
    return tuple(None if i + 1 < span else of(values[i + 1 - span : i + 1]) for i in range(len(values)))


def short_bars(symbol: str, days: int = 6) -> ShortBars:
    """Quarters of an hour of the last weekdays, from each daily open to its close."""
    rng = random.Random(symbol + "short")
    keys: list[date] = []
    closes: list[float] = []
    for bar in bars(symbol)[-days:]:
        opens = datetime(bar.session.year, bar.session.month, bar.session.day, 14, 30, tzinfo=UTC)
        keys += [opens + timedelta(minutes=15 * i) for i in range(26)]
        path = [bar.open + (bar.close - bar.open) * (i + 1) / 26 for i in range(26)]
        closes += [price * math.exp(rng.gauss(0, 0.001)) for price in path]
    opened = [closes[0], *closes[:-1]]
    none: Numbers = (None,) * len(keys)
    rsi: Numbers = tuple(None if i < 14 else 50 + 20 * math.sin(i / 9) for i in range(len(keys)))
    return ShortBars(
        Interval.QUARTER, tuple(keys), tuple(opened),
        tuple(max(o, c) * 1.0008 for o, c in zip(opened, closes, strict=True)),
        tuple(min(o, c) * 0.9992 for o, c in zip(opened, closes, strict=True)), tuple(closes), tuple(closes),
        tuple(1e5 * rng.uniform(1, 9) for _ in keys), rsi, none, none, none,
    )


def answering(engine: FakeEngine, chosen: tuple[str, ...] = ()) -> FakeEngine:
    """The engine, with a worker that knows about charts; it remembers what is chosen."""
    kept = [chosen]

    def choose(question: AskChosen, on_step: OnStep) -> Chosen:
        if question.choose is not None:
            kept.append(question.choose)
        return Chosen(kept[-1])

    engine.answers[AskChart] = answer
    engine.answers[AskChosen] = choose
    return engine
