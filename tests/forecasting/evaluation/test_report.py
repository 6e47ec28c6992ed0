"""No figure stands alone (T7), and those that do stand are right by hand."""

from __future__ import annotations

import math
from dataclasses import MISSING, fields, make_dataclass
from datetime import timedelta
from typing import Any, get_type_hints

import numpy as np
import pytest
from scipy.special import ndtri

from forecasting.domain.forecast import LEVELS
from forecasting.domain.market import Symbol
from forecasting.domain.report import Comparison, Metric, ModelScore, MovementScore
from forecasting.errors import NotEnoughHistory
from forecasting.evaluation.naive import RULES
from forecasting.evaluation.report import model_scores, ticker_scores
from forecasting.evaluation.tally import Summaries, Tally, summarise
from forecasting.features.panel import FloatArray
from tests.support.bars import START

NORMAL = ndtri(np.array(LEVELS))
GOOD: dict[str, Any] = {
    "value": 0.5, "low": 0.4, "high": 0.6, "baseline_name": "ewma", "baseline": 0.51, "skill": 0.02,
    "skill_low": -0.01, "skill_high": 0.05, "n": 100, "n_days": 50,
}


@pytest.mark.honesty("T7")
@pytest.mark.parametrize("missing", GOOD)
def test_a_metric_cannot_be_made_without_any_of_its_parts(missing: str) -> None:
    with pytest.raises(TypeError, match=missing):
        Metric(**{k: v for k, v in GOOD.items() if k != missing})
    assert all(f.default is MISSING and f.default_factory is MISSING for f in fields(Metric))


@pytest.mark.honesty("T7")
@pytest.mark.parametrize(
    "wrong",
    [{"value": math.nan}, {"baseline": math.nan}, {"skill": math.inf}, {"low": 0.55}, {"skill_high": 0.01},
     {"low": math.nan}, {"n_days": 0}, {"n_days": 101}, {"baseline_name": ""}],
)
def test_a_metric_cannot_hold_what_is_no_figure(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a metric"):
        Metric(**{**GOOD, **wrong})


@pytest.mark.honesty("T7")
@pytest.mark.parametrize("kind", [ModelScore, MovementScore])
def test_a_score_holds_metrics_and_no_bare_figure(kind: type) -> None:
    """Spreads over seeds and slices of the PIT describe a metric; everything else is one, or a test with its n."""
    assert bare(kind) <= {"accuracy_sd", "mcc_sd", "pit"}


def bare(kind: type) -> set[str]:
    """Fields that hold a figure without what is needed to read it."""
    return {n for n, t in get_type_hints(kind).items() if t not in (Metric, str, int, tuple[Comparison, ...])}


@pytest.mark.honesty("T7", red=True)
def test_a_bare_figure_in_a_score_is_found() -> None:
    boast = make_dataclass("Boast", [("model", str), ("crps", Metric), ("accuracy", float), ("sharpe", float | None)])
    assert bare(boast) == {"accuracy", "sharpe"}


@pytest.mark.honesty("T7")
def test_every_metric_of_a_score_says_what_it_rests_on_and_is_compared_with() -> None:
    actual = np.random.default_rng(6).normal(0, 0.01, (4, 100, 1))
    score = model_scores(tally_of(actual, a=said(0.01, (4, 100), actual), b=said(0.02, (4, 100), actual)), baseline="b")
    metrics = [m for f in fields(score[0]) if isinstance(m := getattr(score[0], f.name), Metric)]
    assert len(metrics) == 11
    assert {(m.n, m.n_days) for m in metrics} == {(400, 100)}
    assert {m.baseline_name for m in metrics} <= {"b", "nominal", "a half", "no claim", "no change", *RULES}


def said(scale: float, shape: tuple[int, int], actual: FloatArray, *, p_up: float = 0.5) -> Summaries:
    """A normal forecast of one spread everywhere, one horizon."""
    quantiles = np.broadcast_to(scale * NORMAL, (*shape, 1, len(LEVELS))).copy()
    return summarise(quantiles, np.full((*shape, 1), p_up), actual)


def naive(actual: FloatArray) -> dict[str, FloatArray]:
    """Every rule claims up, but the one that claims down."""
    return {name: np.full(actual.shape[:2], 0.0 if name == "always-down" else 1.0) for name in RULES}


def tally_of(actual: FloatArray, **models: Summaries) -> Tally:
    n, t, _ = actual.shape
    tally = Tally.empty(
        tuple(models), [Symbol(f"S{i}") for i in range(n)], [START + timedelta(days=i) for i in range(t)], (1,)
    )
    tally.add(0, models, actual, naive(actual))
    return tally


def test_figures_by_hand_on_one_symbol() -> None:
    actual = np.array([0.01, -0.02, 0.03, 0.0])[None, :, None]
    tally = tally_of(actual, a=said(0.01, (1, 4), actual, p_up=0.6), b=said(0.02, (1, 4), actual))
    a, b = model_scores(tally, baseline="b")
    assert (a.model, a.crps.n, a.crps.n_days) == ("a", 4, 4)
    assert a.crps.skill == pytest.approx(1.0 - a.crps.value / b.crps.value)
    assert a.coverage_80.value == 0.5                       # |0.01| and 0 lie within 1.28 x 0.01
    assert a.coverage_80.skill == pytest.approx(-0.3)
    assert a.width_80.value == pytest.approx(100 * 2 * 0.01 * 1.281552, rel=1e-5)
    assert a.hit_rate.value == (1 + 0 + 1 + 0.5) / 4
    assert (a.hit_rate.baseline_name, a.hit_rate.baseline) == ("always-up", (1 + 0 + 1 + 0.5) / 4)
    assert b.hit_rate.value == 0.5
    assert a.brier.value == pytest.approx((0.16 + 0.36 + 0.16 + 0.01) / 4)
    assert a.rmse.value == pytest.approx(100 * math.sqrt(14e-4 / 4))
    assert (a.rmse.skill, a.mae.skill, a.mape.skill) == (0.0, 0.0, 0.0)
    off = [1 - math.exp(-0.01), math.exp(0.02) - 1, 1 - math.exp(-0.03), 0.0]
    assert a.mape.value == pytest.approx(100 * np.mean(off))
    assert sum(a.pit) == pytest.approx(1.0)
    assert (a.crps.skill_low, a.crps.skill_high) == (-math.inf, math.inf)      # four days say nothing
    assert a.against == ()


def test_the_true_spread_has_skill_and_a_comparison_that_says_so() -> None:
    actual = np.random.default_rng(2).normal(0, 0.01, (5, 200, 1))
    a, b = model_scores(
        tally_of(actual, a=said(0.01, (5, 200), actual), b=said(0.02, (5, 200), actual)), baseline="b"
    )
    assert a.crps.skill_low > 0.0
    assert a.skilled
    assert not a.directional
    assert not b.skilled
    assert a.against[0].rival == "b"
    assert a.against[0].t < -10
    assert b.against[0].t == pytest.approx(-a.against[0].t)
    assert a.coverage_80.low < 0.8 < a.coverage_80.high
    assert b.coverage_80.low > 0.9


def test_a_row_that_one_model_cannot_forecast_is_left_out_for_all_and_counted() -> None:
    actual = np.random.default_rng(3).normal(0, 0.01, (2, 50, 1))
    lame = said(0.01, (2, 50), actual)
    lame["q0.9"][1, :20] = np.nan
    actual[0, 49] = np.nan
    tally = tally_of(actual, a=lame, b=said(0.02, (2, 50), actual))
    assert tally.left_out.tolist() == [20.0]
    assert tally.missing.tolist() == [[20.0], [0.0]]
    assert {s.crps.n for s in model_scores(tally, baseline="b")} == {79}
    assert {(t.symbol, t.n) for t in ticker_scores(tally)} == {("S0", 49), ("S1", 30)}


@pytest.mark.honesty("T16")
def test_which_rows_are_scored_does_not_depend_on_what_came() -> None:
    """T16."""
    rng = np.random.default_rng(4)
    actual = rng.normal(0, 0.01, (4, 60, 1))
    actual[rng.random(actual.shape) < 0.1] = np.nan
    known = np.isfinite(actual)
    lame = said(0.01, (4, 60), actual)
    lame["q0.1"][rng.random(lame["q0.1"].shape) < 0.1] = np.nan
    shuffled = actual.copy()
    shuffled[known] = rng.permutation(actual[known]) * -3.0
    one, other = (tally_of(y, a=lame | {k: v for k, v in said(0.01, (4, 60), y).items() if k in ("crps", "pit")})
                  for y in (actual, shuffled))
    assert np.array_equal(one.rows, other.rows)
    assert np.array_equal(one.symbol_rows, other.symbol_rows)
    assert one.by_day["crps"].sum() != other.by_day["crps"].sum()


def test_folds_add_up_to_the_same_as_one_piece() -> None:
    actual = np.random.default_rng(5).normal(0, 0.01, (3, 40, 1))
    whole = tally_of(actual, a=said(0.01, (3, 40), actual), b=said(0.02, (3, 40), actual))
    pieces = Tally.empty(("a", "b"), whole.symbols, whole.days, (1,))
    for rows in (slice(25, 40), slice(0, 25)):
        y = actual[:, rows]
        pieces.add(rows.start, {"a": said(0.01, y.shape[:2], y), "b": said(0.02, y.shape[:2], y)}, y, naive(y))
    for name, sums in whole.by_day.items():
        assert np.allclose(sums, pieces.by_day[name]), name
    assert np.array_equal(whole.pit, pieces.pit)


def test_nothing_to_score_is_said_and_not_divided_by() -> None:
    still = np.zeros((2, 40, 1))
    with pytest.raises(NotEnoughHistory, match="no row could be scored at horizon 1"):
        model_scores(tally_of(still, a=said(0.01, (2, 40), still)), baseline="a")
