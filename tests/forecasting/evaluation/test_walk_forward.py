"""The evaluation as a whole: it reads no future, scores all on the same rows, finds what is there and no more."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
import pytest

from forecasting.config import ModelSettings
from forecasting.domain.report import ModelScore
from forecasting.errors import ModelError, NotEnoughHistory
from forecasting.evaluation import metrics
from forecasting.evaluation import walk_forward as module
from forecasting.evaluation.calibration import Walk, follow, run_in
from forecasting.evaluation.report import model_scores
from forecasting.evaluation.tally import Summaries, Tally, summarise
from forecasting.evaluation.walk_forward import Plan, walk_forward
from forecasting.features.panel import FloatArray, Panel
from forecasting.features.pipeline import FeatureSpec, build_panel
from forecasting.models.base import Model, Progress
from forecasting.models.ensemble import Ensemble, EnsembleSettings
from forecasting.models.network import NetworkModel
from forecasting.models.registry import create
from tests.support.controls import (
    LEAK,
    REVERSAL,
    NullMarket,
    Rule,
    Teller,
    claims,
    knowing,
    null_market,
    oracle,
    series_of,
)
from tests.support.panels import TINY_LSTM
from tests.support.waiting import PATIENCE_S

FIRST, LAST = 320, 619
Install = Callable[[Mapping[str, Rule]], dict[str, Teller]]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Adds tellers to the models there are."""

    def add(rules: Mapping[str, Rule]) -> dict[str, Teller]:
        tellers = {name: Teller(name, rule, []) for name, rule in rules.items()}
        monkeypatch.setattr(module, "create", knowing(tellers))
        return tellers

    return add


@pytest.fixture(scope="module")
def market() -> NullMarket:
    return null_market(0)


@pytest.fixture(scope="module")
def panel(market: NullMarket) -> Panel:
    return build_panel(market.series)


def scores(tally: Tally) -> dict[tuple[str, int], ModelScore]:
    return {(s.model, s.horizon): s for s in model_scores(tally, baseline="ewma")}


@pytest.mark.honesty("T3")
def test_every_fit_sees_what_came_before_its_forecasts_and_nothing_of_them(panel: Panel, install: Install) -> None:
    reversal = install({"reversal": REVERSAL})["reversal"]
    seen: list[Progress] = []
    tally = walk_forward(panel, Plan(("reversal",), FIRST, LAST, refit_every=100), seen.append)
    assert sorted(reversal.cuts) == [319, 419, 519]      # the teller itself refuses to forecast its cut or before
    assert len(tally.days) == LAST - FIRST
    assert [p.fraction for p in seen] == sorted(p.fraction for p in seen)
    assert seen[-1].fraction == 1.0


@pytest.mark.honesty("T3")
def test_an_embargo_keeps_sessions_between_a_fit_and_its_forecasts(panel: Panel, install: Install) -> None:
    reversal = install({"reversal": REVERSAL})["reversal"]
    walk_forward(panel, Plan(("reversal",), FIRST, LAST, embargo=7))
    assert sorted(reversal.cuts) == [312, 564]


@pytest.mark.honesty("T1")
def test_nothing_after_the_test_span_is_read(panel: Panel) -> None:
    last = 560
    after = np.arange(len(panel.sessions)) > last
    spoilt = replace(
        panel,
        features=np.where(after[:, None], 1e9, panel.features),
        returns=np.where(after, -1e9, panel.returns),
        scale=np.where(after, 1e9, panel.scale),
        targets=np.where(panel.target_ends > last, 1e9, panel.targets),
    )
    plan = Plan(("har", "ewma-t", "random-walk"), FIRST, last, refit_every=120)
    one, other = walk_forward(panel, plan), walk_forward(spoilt, plan)
    for name, sums in one.by_day.items():
        assert sums.tobytes() == other.by_day[name].tobytes(), name
    assert one.rows[[-11, -10, -6, -5, -1]].tolist() == [[8, 8, 8], [8, 8, 8], [8, 8, 0], [8, 8, 0], [8, 0, 0]]


def test_a_symbol_that_one_model_cannot_forecast_is_left_out_for_all(panel: Panel, install: Install) -> None:
    def lame(p: Panel, at: Any) -> Any:
        told = REVERSAL(p, at)
        told.log_returns[2] = np.nan
        return told

    install({"lame": lame})
    tally = walk_forward(panel, Plan(("lame", "ewma"), FIRST, LAST, horizons=(1,)))
    assert {s.crps.n for s in scores(tally).values()} == {7 * (LAST - FIRST)}
    assert tally.left_out.tolist() == [LAST - FIRST]
    assert tally.symbol_rows[2].tolist() == [0]


@pytest.mark.honesty("T16")
def test_permuting_outcomes_does_not_change_which_rows_are_scored(panel: Panel) -> None:
    """T16, through the fits: outcomes are exchanged between symbols, in training too."""
    turned = replace(panel, targets=np.roll(panel.targets, 3, axis=0))
    plan = Plan(("har", "ewma-t"), FIRST, LAST)
    one, other = walk_forward(panel, plan), walk_forward(turned, plan)
    assert np.array_equal(one.rows, other.rows)
    assert np.array_equal(one.symbol_rows, other.symbol_rows)
    assert one.by_day["crps"].sum() != other.by_day["crps"].sum()


@pytest.mark.honesty("T16", red=True)
def test_rows_left_out_for_what_came_of_them_are_found(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    def flattering(log_returns: FloatArray, p_up: FloatArray, actual: FloatArray) -> Summaries:
        """Forgets the forecasts that went badly wrong."""
        return summarise(np.where(np.abs(actual[..., None]) > 0.03, np.nan, log_returns), p_up, actual)

    monkeypatch.setattr(module, "summarise", flattering)
    turned = replace(panel, targets=np.roll(panel.targets, 3, axis=0))
    one, other = (walk_forward(p, Plan(("ewma-t",), FIRST, LAST)) for p in (panel, turned))
    assert one.rows.sum() < 8 * (LAST - FIRST) * 3
    assert not np.array_equal(one.symbol_rows, other.symbol_rows)


def test_children_say_what_this_process_says(panel: Panel) -> None:
    plan = Plan(("ewma-t", "random-walk"), FIRST, LAST, refit_every=200)
    here, there = walk_forward(panel, plan), walk_forward(panel, plan, workers=2)
    for name, sums in here.by_day.items():
        assert sums.tobytes() == there.by_day[name].tobytes(), name


def test_an_error_in_a_child_arrives_and_no_child_stays() -> None:
    small = build_panel(null_market(1, symbols=2, sessions=200).series)
    with pytest.raises(ModelError, match="no model 'nonsense'"):
        walk_forward(small, Plan(("nonsense",), 100, 199, refit_every=50), workers=2)
    assert [child for child in multiprocessing.active_children() if lives(child)] == []


def lives(child: BaseProcess) -> bool:
    """Asked of the system: two threads that wait for one process leave its object unsure."""
    child.join(PATIENCE_S)
    try:
        os.kill(child.pid or 0, 0)
    except ProcessLookupError:
        return False
    return True


def test_too_little_history_is_said(panel: Panel) -> None:
    tally = walk_forward(panel, Plan(("har",), 60, 200, horizons=(1,)))
    assert "needs" in tally.notes[0]
    with pytest.raises(NotEnoughHistory, match="no row could be scored at horizon 1"):
        model_scores(tally, baseline="ewma")
    with pytest.raises(NotEnoughHistory, match="move --test-start"):
        walk_forward(panel, Plan(("har",), 10, 200))


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Panel:
    """A small panel, and networks that train on it in no time."""
    ensemble = Ensemble(EnsembleSettings(seeds=1), TINY_LSTM)
    models: dict[str, Model] = {"ensemble": ensemble, "lstm": NetworkModel(TINY_LSTM)}
    monkeypatch.setattr(module, "create", knowing(models))
    return build_panel(null_market(2, symbols=2, sessions=420).series)


def test_an_ensembles_member_is_the_model_fitted_alone(tiny: Panel) -> None:
    usual = create("ensemble"), create("lstm")
    assert isinstance(usual[0], Ensemble)
    assert isinstance(usual[1], NetworkModel)
    assert usual[0].network == usual[1].settings
    together = walk_forward(tiny, Plan(("ensemble", "lstm", "har"), 380, 399))
    alone = walk_forward(tiny, Plan(("lstm", "har"), 380, 399))
    for name, sums in alone.by_day.items():
        for model in ("lstm", "har"):
            ours, theirs = together.models.index(model), alone.models.index(model)
            assert np.array_equal(together.by_day[name][ours], sums[theirs]), (model, name)


def test_an_ensemble_of_transformers_has_no_lstm_to_lend_and_that_is_fitted_alone() -> None:
    asked = ModelSettings(seeds=1, epochs=1, hidden=4, body="transformer", features=("volatility", "time"))
    panel = build_panel(null_market(2, symbols=2, sessions=420).series, FeatureSpec(asked.features))
    plan = Plan(("ensemble", "lstm", "har"), 380, 415, horizons=(1,), asked=asked)
    tally = walk_forward(panel, plan)
    assert tally.notes == []
    assert (tally.missing == 0).all()


def test_the_ensemble_is_calibrated_as_it_would_have_been_issued(tiny: Panel) -> None:
    at = list(range(380, 399))
    tally = walk_forward(tiny, Plan(("ensemble", "ensemble-raw"), 380, 399, horizons=(1,)))
    fitted = Ensemble(EnsembleSettings(seeds=1), TINY_LSTM).fit(tiny, cut=379)
    raw = fitted.predict(tiny, at)
    issued, _ = follow(fitted, tiny, raw, at)
    for m, told in enumerate((issued, raw)):
        expected = metrics.crps(tiny.targets[:, at, 0], told.log_returns[:, :, 0]).sum()
        assert tally.by_day["crps"][m].sum() == pytest.approx(expected, rel=1e-6)
    assert tally.by_day["width_80"][0].sum() != tally.by_day["width_80"][1].sum()


@pytest.mark.honesty("T1")
def test_a_refit_does_not_make_the_calibration_begin_again(tiny: Panel) -> None:
    tally = walk_forward(tiny, Plan(("ensemble",), 380, 399, horizons=(1,), refit_every=10))
    spans = [list(range(380, 390)), list(range(390, 399))]
    fits = [Ensemble(EnsembleSettings(seeds=1), TINY_LSTM).fit(tiny, cut=at[0] - 1) for at in spans]
    walk = Walk(tiny, run_in(fits[0], tiny))
    issued = [walk.issue(fitted.predict(tiny, at), at) for fitted, at in zip(fits, spans, strict=True)]
    expected = [
        metrics.crps(tiny.targets[:, at, 0], told.log_returns[:, :, 0]).sum(axis=0)
        for told, at in zip(issued, spans, strict=True)
    ]
    ensemble = tally.models.index("ensemble")
    np.testing.assert_allclose(tally.by_day["crps"][ensemble, :, 0], np.concatenate(expected), rtol=1e-5)
    again, _ = follow(fits[1], tiny, fits[1].predict(tiny, spans[1]), spans[1])
    assert np.abs(issued[1].log_returns - again.log_returns).max() > 1e-5


def test_calibration_reads_nothing_after_the_test_span(tiny: Panel) -> None:
    last = 399
    spoilt = replace(tiny, targets=np.where(tiny.target_ends > last, 1e9, tiny.targets))
    one, other = (walk_forward(p, Plan(("ensemble",), 380, last)) for p in (tiny, spoilt))
    for name, sums in one.by_day.items():
        assert sums.tobytes() == other.by_day[name].tobytes(), name


@pytest.mark.honesty("T4")
@pytest.mark.parametrize("seed", [0, 1])
def test_in_a_market_of_pure_chance_nothing_is_found(seed: int, install: Install) -> None:
    """T4: bars through the whole pipeline. No direction, and no spread better than the true one."""
    market = null_market(seed)
    install({"oracle": oracle(market.sd), "reversal": REVERSAL})
    models = ("oracle", "har", "ewma-t", "random-walk", "reversal")
    tally = walk_forward(build_panel(market.series), Plan(models, FIRST, LAST, horizons=(1,)))
    found = scores(tally)
    assert found["oracle", 1].crps.skill_low > 0.0                       # better than EWMA: it knows
    for against in (s for (m, _), s in found.items() if m != "oracle"):
        assert not against.directional, against.model
        assert against.hit_rate.low <= 0.5 <= against.hit_rate.high
        beaten = next(c for c in against.against if c.rival == "oracle")
        assert beaten.t > -1.0, (against.model, beaten)           # never better than the truth


@pytest.mark.honesty("T4")
def test_false_badges_are_at_most_one_in_a_hundred(install: Install) -> None:
    """T4 at scale: rules about direction in forty markets of pure chance, two horizons."""
    install({"reversal": REVERSAL})
    badges = 0
    for seed in range(100, 140):
        panel = build_panel(null_market(seed, symbols=5, sessions=260).series)
        found = scores(walk_forward(panel, Plan(("reversal",), 80, 259, horizons=(1, 5))))
        badges += sum(s.directional for (m, _), s in found.items() if m == "reversal")
    assert badges <= 1     # of 80


@pytest.mark.honesty("T4", "T5", red=True)
def test_a_planted_leak_turns_the_null_control_red(market: NullMarket, panel: Panel, install: Install) -> None:
    """T5: features shifted by one session are found out by the very figures that must stay quiet above."""
    install({"leak": LEAK})
    found = scores(walk_forward(panel, Plan(("leak",), FIRST, LAST, horizons=(1,))))["leak", 1]
    assert found.directional
    assert found.hit_rate.value > 0.99
    assert found.mcc.low > 0.9


@pytest.mark.honesty("T5")
def test_a_planted_autoregression_earns_the_model_that_knows_it_a_badge_and_naive_rules_none(install: Install) -> None:
    """T5: r[t] = -0.3 r[t-2] + shock. What any naive rule could call as well would not count."""
    rng = np.random.default_rng(8)
    returns = rng.normal(0.0, 0.01, (8, 500))
    for t in range(2, 500):
        returns[:, t] -= 0.3 * returns[:, t - 2]
    install({"knows": claims(lambda panel: -np.roll(panel.returns, 1, axis=1)), "reversal": REVERSAL})
    plan = Plan(("knows", "reversal"), 200, 499, horizons=(1,))
    found = scores(walk_forward(build_panel(series_of(returns)), plan))
    assert found["knows", 1].directional
    assert found["knows", 1].mcc.low > 0.0
    assert not found["reversal", 1].directional


def test_a_direction_that_a_naive_rule_calls_as_well_earns_no_badge(install: Install) -> None:
    rng = np.random.default_rng(8)
    returns = rng.normal(0.0, 0.01, (8, 500))
    for t in range(1, 500):
        returns[:, t] -= 0.3 * returns[:, t - 1]
    install({"reversal": REVERSAL})
    found = scores(walk_forward(build_panel(series_of(returns)), Plan(("reversal",), 200, 499, horizons=(1,))))
    hit = found["reversal", 1].hit_rate
    assert hit.low > 0.5
    assert (hit.baseline_name, hit.skill) == ("reversal-1d", 0.0)
    assert not found["reversal", 1].directional


@pytest.mark.honesty("T5")
def test_a_planted_volatility_regime_earns_har_its_skill() -> None:
    """T5: calm and rough months take turns for all symbols; HAR sees the turn sooner than EWMA does."""
    rng = np.random.default_rng(9)
    rough = np.repeat(rng.random(40) < 0.5, 20)[:700]
    returns = rng.standard_t(6, (8, 700)) * np.where(rough, 0.02, 0.006)
    found = scores(walk_forward(build_panel(series_of(returns)), Plan(("har",), 400, 699, horizons=(1,))))
    assert found["har", 1].skilled
    assert found["har", 1].crps.skill > 0.01
