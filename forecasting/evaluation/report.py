"""From a tally to a report: every figure with its interval, its baseline, its skill and what it rests on.

Losses are compared with a baseline's on the same rows; the interval of a skill is that of the daily differences, over
the baseline's mean. The interval of a loss itself mostly says how rough the days were, so it is the skill's that tells
a better forecaster from luck.
"""

from __future__ import annotations

import math
from dataclasses import replace

from forecasting.domain.report import Comparison, Metric, ModelScore, TickerScore
from forecasting.errors import NotEnoughHistory
from forecasting.evaluation.significance import (
    Interval,
    diebold_mariano,
    matthews_interval,
    row_mean,
    row_share,
)
from forecasting.evaluation.tally import Tally
from forecasting.features.panel import FloatArray

PER_CENT = 100.0


def model_scores(tally: Tally, *, baseline: str) -> tuple[ModelScore, ...]:
    """A score per model and horizon, in the tally's order.

    Raises:
        NotEnoughHistory: If not a single row could be scored at some horizon, or no price moved.
    """
    for i, horizon in enumerate(tally.horizons):
        if tally.rows[:, i].sum() == 0 or tally.plain["absolute"][:, i].sum() == 0.0:
            raise NotEnoughHistory(
                f"evaluate: no row could be scored at horizon {horizon} ({tally.left_out[i]:.0f} left out because some "
                f"model had no forecast{''.join(f'; {n}' for n in dict.fromkeys(tally.notes))}); "
                "widen the test span, load more history, or ask for fewer --models"
            )
    return tuple(
        _Days(tally, m, i, tally.models.index(baseline)).score(baseline)
        for m in range(len(tally.models))
        for i in range(len(tally.horizons))
    )


def ticker_scores(tally: Tally) -> tuple[TickerScore, ...]:
    """Coverage and CRPS per symbol, for symbols with a scored row."""
    return tuple(
        TickerScore(
            symbol=symbol, model=model, horizon=horizon, n=int(tally.symbol_rows[n, i]),
            coverage_80=float(tally.by_symbol["inside_80"][m, n, i] / tally.symbol_rows[n, i]),
            crps=float(PER_CENT * tally.by_symbol["crps"][m, n, i] / tally.symbol_rows[n, i]),
        )
        for m, model in enumerate(tally.models)
        for i, horizon in enumerate(tally.horizons)
        for n, symbol in enumerate(tally.symbols)
        if tally.symbol_rows[n, i] > 0
    )


class _Days:
    """The days of one model at one horizon that have a scored row."""

    def __init__(self, tally: Tally, model: int, place: int, baseline: int) -> None:
        self._tally, self._model, self._place = tally, model, place
        self._held = tally.rows[:, place] > 0
        self._rows = tally.rows[self._held, place]
        self._horizon = tally.horizons[place]
        self._baseline = baseline

    def score(self, baseline: str) -> ModelScore:
        tally, of_plain = self._tally, self._of_plain
        pit = tally.pit[self._model, self._place]
        return ModelScore(
            model=tally.models[self._model],
            horizon=self._horizon,
            **{
                name: self._loss(self._of(name), baseline, self._of(name, self._baseline), unit=PER_CENT)
                for name in ("crps", "interval_score_80", "width_80")
            },
            coverage_80=self._coverage("inside_80", 0.8),
            coverage_95=self._coverage("inside_95", 0.95),
            hit_rate=self._hit_rate(),
            mcc=self._mcc(),
            brier=self._loss(self._of("brier"), "a half", 0.25 * self._rows),
            rmse=root_of(self._loss(self._of("square"), "no change", of_plain("square"), unit=PER_CENT**2)),
            mae=self._loss(self._of("absolute"), "no change", of_plain("absolute"), unit=PER_CENT),
            mape=self._loss(self._of("ape"), "no change", of_plain("ape"), unit=PER_CENT),
            pit=tuple((pit / max(pit.sum(), 1.0)).tolist()),
            against=tuple(c for m in range(len(tally.models)) if m != self._model and (c := self._against(m))),
        )

    def _of(self, name: str, model: int | None = None) -> FloatArray:
        """Sums per day, shape (n_days,)."""
        sums: FloatArray = self._tally.by_day[name][self._model if model is None else model, self._held, self._place]
        return sums

    def _of_plain(self, name: str) -> FloatArray:
        sums: FloatArray = self._tally.plain[name][self._held, self._place]
        return sums

    def _mean(self, sums: FloatArray) -> Interval:
        return row_mean(sums, self._rows, horizon=self._horizon)

    def _metric(self, value: Interval, name: str, baseline: float, skill: Interval) -> Metric:
        return Metric(*value, name, baseline, *skill, n=int(self._rows.sum()), n_days=len(self._rows))

    def _loss(self, sums: FloatArray, name: str, theirs: FloatArray, *, unit: float = 1.0) -> Metric:
        reference = float(theirs.sum() / self._rows.sum())
        value = self._mean(unit * sums)
        return self._metric(value, name, unit * reference, self._mean((theirs - sums) / reference))

    def _coverage(self, name: str, nominal: float) -> Metric:
        value = row_share(self._of(name), self._rows, horizon=self._horizon)
        share, low, high = value
        return self._metric(value, "nominal", nominal, (share - nominal, low - nominal, high - nominal))

    def _hit_rate(self) -> Metric:
        """Against the naive rule that did best on these very rows: chosen afterwards, so that none is an excuse."""
        hit, naive = self._of("hit"), {name: h[self._held, self._place] for name, h in self._tally.naive_hits.items()}
        best = max(naive, key=lambda name: float(naive[name].sum()))
        value = row_share(hit, self._rows, horizon=self._horizon)
        return self._metric(value, best, float(naive[best].sum() / self._rows.sum()), self._mean(hit - naive[best]))

    def _mcc(self) -> Metric:
        up = self._tally.up[self._held, self._place]
        value = matthews_interval(self._of("both"), self._of("claim"), up, self._rows, horizon=self._horizon)
        return self._metric(value, "no claim", 0.0, value)

    def _against(self, rival: int) -> Comparison | None:
        """On daily means over symbols, so that a day counts once however many symbols traded."""
        test = diebold_mariano(
            self._of("crps") / self._rows, self._of("crps", rival) / self._rows, horizon=self._horizon
        )
        return None if test is None else Comparison(self._tally.models[rival], test.t, test.p_value, test.n_days)


def root_of(squared: Metric) -> Metric:
    """The root mean square error from the mean square error; skill 1 - rmse / baseline's rmse."""

    def root(x: float) -> float:
        return math.sqrt(max(x, 0.0))

    return replace(
        squared,
        value=root(squared.value), low=root(squared.low), high=root(squared.high), baseline=root(squared.baseline),
        skill=1.0 - root(1.0 - squared.skill),
        skill_low=1.0 - root(1.0 - squared.skill_low),
        skill_high=1.0 - root(1.0 - squared.skill_high),
    )
