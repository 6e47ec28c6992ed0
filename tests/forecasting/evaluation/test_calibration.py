"""The tracker learns from what has happened, brings coverage back, and keeps quantiles in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.domain.market import Symbol
from forecasting.errors import CheckpointError
from forecasting.evaluation.calibration import (
    LIMIT,
    SHOCK_WINDOW,
    Tracker,
    Walk,
    calibrated,
    follow,
    regime_shock,
    run_in,
    stretch,
)
from forecasting.features.panel import FloatArray, Panel
from forecasting.features.pipeline import HAR_COLUMNS, MARKET_COLUMNS, build_panel
from forecasting.models.base import Predictions
from forecasting.models.har import HarT
from forecasting.models.quantiles import predictions
from forecasting.models.student_t import unit_quantiles
from tests.support.bars import stocknet
from tests.support.ledger_rows import forecast as ledger_forecast
from tests.support.panels import covered, panel_from_returns

LOW, HIGH = LEVELS.index(0.1), LEVELS.index(0.9)
LOWER, HIGHER = LEVELS.index(0.05), LEVELS.index(0.95)
UNIT = unit_quantiles(50.0)      # all but normal, (Q,)


def steady(panel: Panel, at: Sequence[int], sd: float) -> Predictions:
    """The same normal bands every day, whatever the panel says."""
    n = len(panel.symbols)
    unit = sd * np.sqrt(np.array(HORIZONS))[:, None] * UNIT
    return predictions(np.tile(unit, (n, len(at), 1, 1)))


def simulated(n_symbols: int, n_sessions: int, seed: int = 0) -> tuple[Panel, list[int]]:
    """Normal returns of 1 % a day."""
    panel = panel_from_returns(np.random.default_rng(seed).normal(0.0, 0.01, (n_symbols, n_sessions)))
    return panel, list(range(30, n_sessions - len(HORIZONS)))


class Saying:
    """A fit that says the same every day, having seen everything until `train_end`."""

    name, model_id, data_hash, seed = "saying", "0" * 12, "", 0

    def __init__(self, sd: float, train_end: date) -> None:
        self.sd, self.train_end = sd, train_end

    def predict(self, panel: Panel, at: Sequence[int]) -> Predictions:
        assert max(at) <= panel.index_of(self.train_end)
        return steady(panel, at, self.sd)


def run(
    panel: Panel, raw: Predictions, at: list[int], targets: FloatArray | None = None
) -> tuple[Predictions, Tracker]:
    walk = Walk(panel if targets is None else replace(panel, targets=targets))
    return walk.issue(raw, at), walk.tracker


@pytest.mark.parametrize("wrong_by", [0.7, 1.3])
def test_bands_off_by_thirty_per_cent_regain_their_coverage_at_one_session(wrong_by: float) -> None:
    panel, at = simulated(3, 1500)
    raw = steady(panel, at, 0.01 * wrong_by)
    issued, _ = run(panel, raw, at)
    late = slice(500, None)
    assert abs(covered(raw, panel, at, 1) - 0.8) > 0.09
    assert covered(
        Predictions(issued.log_returns[:, late], issued.p_up[:, late]), panel, at[late], 1
    ) == pytest.approx(0.8, abs=0.02)


def one_market(n_symbols: int, n_sessions: int, sd: FloatArray, seed: int = 0) -> tuple[Panel, list[int]]:
    """Normal returns, `sd` a day, shape (T,); symbols share half of their variance."""
    rng = np.random.default_rng(seed)
    shared, own = rng.normal(0.0, np.sqrt(0.5), (1, n_sessions)), rng.normal(0.0, np.sqrt(0.5), (n_symbols, n_sessions))
    return panel_from_returns((shared + own) * sd), list(range(30, n_sessions - len(HORIZONS)))


@pytest.mark.parametrize("sd", [0.009, 0.011], ids=["bands too wide", "bands too narrow"])
def test_over_three_years_tickers_together_are_covered_as_promised_at_every_horizon(sd: float) -> None:
    panel, at = one_market(30, 780, np.full(780, sd))
    raw = steady(panel, at, 0.01)
    together, _ = run(panel, raw, at)
    alone = Walk(panel, Tracker()).issue(raw, at)
    for horizon in (1, 5, 10):
        assert abs(covered(raw, panel, at, horizon) - 0.8) > 0.03
        assert covered(together, panel, at, horizon) == pytest.approx(0.8, abs=0.01)
    assert abs(covered(alone, panel, at, 10) - 0.8) > 0.02


def test_storms_that_come_and_go_leave_the_coverage_where_it_was() -> None:
    stormy = np.where(np.arange(780) // 130 % 2 == 1, 0.02, 0.01)
    panel, at = one_market(30, 780, stormy)
    issued, _ = run(panel, steady(panel, at, 0.0145), at)
    for horizon in (1, 5, 10):
        assert covered(issued, panel, at, horizon) == pytest.approx(0.8, abs=0.015)


def test_each_tail_beyond_the_80_per_cent_band_learns_for_itself() -> None:
    panel, at = simulated(1, 1500)
    raw = steady(panel, at, 0.01)
    lopsided = np.where(panel.targets < 0.0, 1.5 * panel.targets, panel.targets)
    _, tracker = run(panel, raw, at, lopsided)
    factors = np.exp(tracker.learnt[panel.symbols[0]] + tracker.common)[0]
    assert factors[LOWER] == pytest.approx(1.5, abs=0.2)
    assert factors[HIGHER] == pytest.approx(1.0, abs=0.2)


def test_in_the_80_per_cent_band_no_drift_is_learnt_nor_is_one_by_all_together() -> None:
    panel, at = simulated(1, 1500)
    raw = steady(panel, at, 0.01)
    rising = panel.targets + 0.003 * np.array(HORIZONS)
    _, tracker = run(panel, raw, at, rising)
    factors = tracker.learnt[panel.symbols[0]]
    band = slice(LOW, HIGH + 1)
    np.testing.assert_allclose(factors[:, band], factors[:, band][:, ::-1])
    np.testing.assert_allclose(tracker.common, tracker.common[:, ::-1])
    assert factors[0, HIGHER] > factors[0, LOWER] + 0.2         # the tails do


def test_a_new_ticker_starts_from_what_all_others_have_shown() -> None:
    panel, at = simulated(20, 400)
    _, tracker = run(panel, steady(panel, at, 0.007), at)
    raw = 0.01 * np.sqrt(np.array(HORIZONS))[:, None] * UNIT
    new = tracker.apply(Symbol("NEW"), raw)
    assert (new[:, HIGH] > 1.2 * raw[:, HIGH]).all()      # all bands were 30 % too narrow
    inner = slice(LOW + 1, HIGH)
    np.testing.assert_allclose(new[:, inner], raw[:, inner])      # what serves coverage must not cost the score


def test_a_watchlist_that_grows_does_not_learn_faster_together() -> None:
    steps = []
    for n in (5, 10, 40):
        tracker = Tracker({Symbol(f"S{i}"): np.zeros((len(HORIZONS), len(LEVELS))) for i in range(n)}, members=10)
        for symbol in list(tracker.learnt):
            tracker.settle(symbol, 1, (0.01 * UNIT).tolist(), 1.0)
        steps.append(tracker.common[0, HIGH])
    assert steps == pytest.approx([0.5 * steps[1], steps[1], steps[1]])      # but a small one learns more slowly


def test_what_training_rows_say_is_learnt_by_tickers_and_not_in_common() -> None:
    panel, _ = simulated(12, 700)
    fitted = Saying(0.007, panel.sessions[600])
    tracker = run_in(fitted, panel)
    assert (tracker.common == 0.0).all()
    assert tracker.members == 12
    assert all(np.exp(own[0, HIGH]) > 1.2 for own in tracker.learnt.values())


def _spoilt(values: FloatArray, unknown: np.typing.NDArray[np.bool_], change: Callable[[FloatArray], FloatArray]
            ) -> FloatArray:
    return np.where(unknown, change(values), values)


@pytest.mark.parametrize("change", [lambda x: x * 1e3, lambda x: -x, lambda x: x * np.nan], ids=["x1e3", "-x", "nan"])
def test_outcomes_not_yet_realised_change_nothing_that_is_issued(change: Callable[[FloatArray], FloatArray]) -> None:
    panel, at = simulated(3, 220)
    raw = steady(panel, at, 0.007)
    issued, _ = run(panel, raw, at)
    for now in np.random.default_rng(1).integers(20, len(at) - 15, size=25):
        blind, _ = run(panel, raw, at, _spoilt(panel.targets, panel.target_ends > at[now], change))
        assert blind.log_returns[:, : now + 1].tobytes() == issued.log_returns[:, : now + 1].tobytes()
        if not np.isnan(change(np.ones(1))).any():      # and the check sees: outcomes do change what follows them
            assert blind.log_returns[:, -1].tobytes() != issued.log_returns[:, -1].tobytes()


def test_a_tracker_told_of_outcomes_before_they_are_realised_is_caught() -> None:
    panel, at = simulated(2, 220)
    raw = steady(panel, at, 0.007)
    known = np.arange(len(panel.sessions))[:, None]
    leaking = replace(panel, target_ends=np.maximum(panel.target_ends - 1, known + 1))      # a day too soon
    spoilt = _spoilt(panel.targets, panel.target_ends > at[100], lambda x: -x * 1e3)
    told, blind = (run(p, raw, at)[0] for p in (leaking, replace(leaking, targets=spoilt)))
    assert blind.log_returns[:, :101].tobytes() != told.log_returns[:, :101].tobytes()


def test_session_by_session_gives_the_numbers_of_the_whole_history_at_once() -> None:
    panel, at = simulated(2, 160)
    raw = steady(panel, at, 0.007)
    whole, final = run(panel, raw, at)
    tracker = Tracker(members=2)
    issued: list[FloatArray] = []
    for i, session in enumerate(at):
        tracker = Tracker.from_dict(json.loads(json.dumps(tracker.to_dict())))     # a restart every night
        for h in HORIZONS:
            if i >= h:
                for n, symbol in enumerate(panel.symbols):
                    assert panel.target_ends[n, at[i - h], h - 1] == session
                    said, came = issued[i - h][n, h - 1], float(panel.targets[n, at[i - h], h - 1])
                    tracker.settle(symbol, h, said.tolist(), came)
        issued.append(np.stack([tracker.apply(s, raw.log_returns[n, i]) for n, s in enumerate(panel.symbols)]))
    np.testing.assert_allclose(np.stack(issued, axis=1), whole.log_returns, rtol=1e-12)
    for symbol in panel.symbols:
        np.testing.assert_allclose(tracker.learnt[symbol], final.learnt[symbol], rtol=1e-12)


def test_a_few_sessions_at_a_time_give_the_same_bytes_as_all_at_once() -> None:
    panel, at = simulated(2, 160)
    raw = steady(panel, at, 0.007)
    whole, _ = run(panel, raw, at)
    walk = Walk(panel)
    parts = [
        walk.issue(Predictions(raw.log_returns[:, i : i + 7], raw.p_up[:, i : i + 7]), at[i : i + 7])
        for i in range(0, len(at), 7)
    ]
    assert np.concatenate([p.log_returns for p in parts], axis=1).tobytes() == whole.log_returns.tobytes()


def test_forecasts_on_every_fifth_session_learn_from_all_that_came_true_between() -> None:
    panel, at = simulated(2, 400)
    seldom = at[::5]
    walk, tracker = Walk(panel), Tracker(members=2)
    issued = walk.issue(steady(panel, seldom, 0.007), seldom)
    for i, session in enumerate(seldom):
        for n, symbol in enumerate(panel.symbols):
            for h in HORIZONS:
                if panel.target_ends[n, session, h - 1] <= seldom[-1]:
                    said, came = issued.log_returns[n, i, h - 1], float(panel.targets[n, session, h - 1])
                    tracker.settle(symbol, h, said.tolist(), came)
    for symbol in panel.symbols:
        np.testing.assert_allclose(walk.tracker.learnt[symbol], tracker.learnt[symbol], rtol=1e-12)


def test_a_walk_goes_on_where_a_tracker_was_left() -> None:
    panel, at = simulated(2, 300)
    raw = steady(panel, at, 0.007)
    _, tracker = run(panel, raw, at)
    later = Walk(panel, Tracker.from_dict(tracker.to_dict()))
    assert later.tracker.to_dict() == tracker.to_dict()
    first = later.issue(Predictions(raw.log_returns[:, :1], raw.p_up[:, :1]), [at[0]]).log_returns[0, 0]
    np.testing.assert_array_equal(first, tracker.apply(panel.symbols[0], raw.log_returns[0, 0]))


def test_factors_stay_within_two_and_a_half_times_of_their_start() -> None:
    panel, at = simulated(1, 3000)
    _, tracker = run(panel, steady(panel, at, 0.0001), at)
    factors = tracker.learnt[panel.symbols[0]]
    assert np.exp(factors[0, [LOW, HIGH]]) == pytest.approx(2.5, abs=0.02)
    assert np.abs(factors).max() <= LIMIT


def test_whatever_the_factors_quantiles_ascend_and_bands_never_narrow_with_the_horizon() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        median = rng.normal(0.0, 0.01, (len(HORIZONS), 1))
        raw = median + 0.01 * np.sqrt(np.array(HORIZONS))[:, None] * UNIT
        issued = stretch(raw, rng.uniform(-LIMIT, LIMIT, raw.shape))
        assert (np.diff(issued, axis=-1) >= 0.0).all()
        assert (np.diff(issued[:, HIGH] - issued[:, LOW]) >= -1e-15).all()
        np.testing.assert_allclose(issued[:, len(LEVELS) // 2], median[:, 0])


def test_a_symbol_without_forecasts_stays_silent_and_is_not_learnt() -> None:
    panel, at = simulated(2, 120)
    raw = steady(panel, at, 0.01)
    raw.log_returns[1] = np.nan
    issued, tracker = run(panel, raw, at)
    assert np.isnan(issued.log_returns[1]).all()
    assert list(tracker.learnt) == [panel.symbols[0]]


def test_a_domain_forecast_keeps_its_median_and_gets_the_tickers_band() -> None:
    forecast = ledger_forecast()
    learnt = np.full((len(HORIZONS), len(LEVELS)), np.log(2.0))
    wider = calibrated(forecast, Tracker(learnt={forecast.symbol: learnt}))
    for h in (1, 10):
        before = forecast.log_return(h, 0.9) - forecast.log_return(h, 0.5)
        assert wider.log_return(h, 0.9) - wider.log_return(h, 0.5) == pytest.approx(2.0 * before)
        assert wider.log_return(h, 0.5) == forecast.log_return(h, 0.5)
    other = calibrated(forecast, Tracker(learnt={Symbol("OTHER"): learnt}))
    assert other.log_return(1, 0.9) == pytest.approx(forecast.log_return(1, 0.9))


@pytest.mark.parametrize("content", [
    {}, {"learnt": None, "common": [], "members": 2}, {"learnt": {}, "common": [[0.0]], "members": 2},
    {**Tracker().to_dict(), "start": [[0.0]]},      # a rule of an earlier version
])
def test_a_foreign_state_is_refused_in_one_line(content: dict[str, object]) -> None:
    with pytest.raises(CheckpointError, match="calibration state"):
        Tracker.from_dict(content)


def test_sixty_sessions_of_low_coverage_raise_the_badge_with_its_n() -> None:
    days = [date(2008, 6, 2) + timedelta(days=i) for i in range(100)]
    calm = [8.0] * 100
    assert regime_shock(days, calm, [10] * 100) is None
    shaken = [8.0] * 70 + [5.0] * 30
    shock = regime_shock(days, shaken, [10] * 100)
    assert shock is not None
    assert shock.coverage == pytest.approx(0.65)
    assert (shock.n, shock.n_days) == (600, SHOCK_WINDOW)
    # 60 sessions hold 8 x 60 - 3 x k; below 444 from k = 13 on: the 13th bad session.
    assert shock.since == days[70 + 12]
    assert regime_shock(days[:59], shaken[-59:], [10] * 59) is None


def test_on_real_bars_more_tickers_are_covered_as_promised() -> None:
    early = [replace(s, bars=tuple(b for b in s.bars if b.session < date(2015, 2, 1))) for s in stocknet()]
    panel = build_panel([s for s in early if s.bars])
    cut, last = panel.index_of(date(2013, 12, 31)), panel.index_of(date(2014, 12, 31))
    at = list(range(cut + 1, last + 1))
    fitted = HarT((*HAR_COLUMNS, *MARKET_COLUMNS)).fit(panel, cut=cut)
    raw = fitted.predict(panel, at)
    issued, _ = follow(fitted, panel, raw, at)
    within = [np.mean(np.abs(_per_ticker(p, panel, at) - 0.8) <= 0.03) for p in (raw, issued)]
    assert within[0] < 0.70
    assert within[1] > 0.80


def _per_ticker(predicted: Predictions, panel: Panel, at: list[int]) -> FloatArray:
    actual, q = panel.targets[:, at, 0], predicted.log_returns[:, :, 0]
    known = np.isfinite(actual) & np.isfinite(q[..., 0])
    inside = known & (q[..., LOW] <= actual) & (actual <= q[..., HIGH])
    enough = known.sum(axis=1) > 100
    share: FloatArray = inside.sum(axis=1)[enough] / known.sum(axis=1)[enough]
    return share
