"""Alarms ring where something has changed, stay silent where nothing has, and say what they rest on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest

from forecasting.data.demo import demo_history
from forecasting.domain.forecast import LEVELS
from forecasting.domain.market import Bar, BarSeries
from forecasting.evaluation.calibration import SHOCK_COVERAGE, Shock, follow, regime_shock
from forecasting.evaluation.drift import (
    INPUT_SHARE,
    RUN_IN,
    WIDENING,
    Alarm,
    AlarmKind,
    Response,
    coverage_alarm,
    fifths,
    inputs_alarm,
    out_of_range,
    respond,
    shape_alarm,
    shape_p_value,
    skill_alarm,
)
from forecasting.features.panel import BoolArray, FloatArray, Panel
from forecasting.features.pipeline import HAR_COLUMNS, MARKET_COLUMNS, build_panel
from forecasting.features.scaling import Scaler
from forecasting.models.base import Predictions
from forecasting.models.har import FittedHarT, HarT
from forecasting.models.reading import places, valid_until

COLUMNS = (*HAR_COLUMNS, *MARKET_COLUMNS)
LOW, HIGH = LEVELS.index(0.1), LEVELS.index(0.9)


def days(n: int) -> list[date]:
    return [date(2010, 1, 1) + timedelta(days=i) for i in range(n)]


def test_page_hinkley_is_silent_while_the_model_does_as_well_as_ever() -> None:
    rng = np.random.default_rng(0)
    usual = (rng.standard_t(4, (300, 500)) - 0.2).tolist()
    assert sum(skill_alarm(days(500), excess, baseline="ewma") is not None for excess in usual) <= 3


def test_page_hinkley_rings_when_the_model_begins_to_lose_and_says_since_when() -> None:
    rng = np.random.default_rng(1)
    excess = rng.normal(-2e-5, 1e-4, 500)
    assert skill_alarm(days(500), excess.tolist(), baseline="ewma-t") is None
    excess[400:] += 1e-4
    alarm = skill_alarm(days(500), excess.tolist(), baseline="ewma-t")
    assert alarm is not None
    assert alarm.kind is AlarmKind.SKILL
    assert -60 < (alarm.since - days(500)[400]).days < 15    # where the sum was lowest
    assert alarm.n == 500 - (alarm.since - days(500)[0]).days
    assert "ewma-t" in alarm.reason


def test_one_crash_day_is_no_drift() -> None:
    excess = np.random.default_rng(2).normal(0.0, 1e-4, 300)
    excess[250] = 1.0
    assert skill_alarm(days(300), excess.tolist(), baseline="ewma-t") is None


def test_page_hinkley_waits_for_its_run_in() -> None:
    assert skill_alarm(days(RUN_IN), [i / RUN_IN for i in range(RUN_IN)], baseline="ewma-t") is None


def one_factor(rng: np.random.Generator, n_days: int, n_tickers: int, sd: float = 1.0) -> FloatArray:
    """Standard normal outcomes of tickers that share half of each day's variance, shape (N, K), times sd."""
    common = rng.normal(size=n_days)
    own = rng.normal(size=(n_tickers, n_days))
    outcomes: FloatArray = sd * (np.sqrt(0.5) * common + np.sqrt(0.5) * own)
    return outcomes


def normal_fifths(outcomes: FloatArray) -> FloatArray:
    from scipy.special import ndtri

    return fifths(np.tile(ndtri(np.array(LEVELS)), (*outcomes.shape, 1)), outcomes)


def test_the_shape_test_holds_its_level_where_tickers_share_a_market() -> None:
    rng = np.random.default_rng(3)
    p = [shape_p_value(normal_fifths(one_factor(rng, 120, 20))) for _ in range(500)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(np.array(p) < 0.5) == pytest.approx(0.5, abs=0.07)


def test_a_band_half_again_too_narrow_changes_the_shape() -> None:
    rng = np.random.default_rng(4)
    assert shape_alarm(days(120), normal_fifths(one_factor(rng, 120, 20))) is None
    alarm = shape_alarm(days(120), normal_fifths(one_factor(rng, 120, 20, sd=1.5)))
    assert alarm is not None
    assert (alarm.kind, alarm.n, alarm.since) == (AlarmKind.SHAPE, 120, days(1)[0])
    assert "n 2400" in alarm.reason


def test_fifths_count_known_outcomes_only() -> None:
    quantiles = np.tile(np.linspace(-1.0, 1.0, len(LEVELS)), (3, 2, 1))
    quantiles[2, 1] = np.nan
    outcomes = np.array([[-0.9, 0.0], [0.9, np.nan], [0.95, 0.0]])
    assert fifths(quantiles, outcomes).tolist() == [[1, 0, 0, 0, 2], [0, 0, 1, 0, 0]]


def test_features_where_no_training_row_stood_ring_and_usual_ones_do_not() -> None:
    rng = np.random.default_rng(5)
    features = rng.normal(size=(4, 300, 3))
    valid = np.ones((4, 300), dtype=bool)
    scaler = Scaler.fit(features[:, :200].reshape(-1, 3))
    usual = out_of_range(features, scaler, valid)
    assert inputs_alarm(days(300), usual.tolist()) is None
    features[:, 290:, 1] += 9.0
    shares = out_of_range(features, scaler, valid)
    assert shares[290:] == pytest.approx(np.full(10, 1 / 3))
    alarm = inputs_alarm(days(300), shares.tolist())
    assert alarm is not None
    assert "33.3%" in alarm.reason
    assert (days(300)[290] - alarm.since).days in range(0, 5)
    assert alarm.n == (days(300)[299] - alarm.since).days + 1


def test_rows_that_do_not_count_are_not_out_of_range() -> None:
    scaler = Scaler.fit(np.random.default_rng(6).normal(size=(50, 2)))
    valid = np.array([[True, False, False]])
    shares = out_of_range(np.array([[[0.0, 99.0], [99.0, 99.0], [np.nan, 0.0]]]), scaler, valid)
    assert shares[0] == 0.5
    assert np.isnan(shares[1:]).all()


def test_a_month_below_seventy_per_cent_widens_the_band() -> None:
    assert coverage_alarm(days(30), [8.0] * 30, [10] * 30) is None
    alarm = coverage_alarm(days(30), [8.0] * 18 + [6.0] * 12, [10] * 30)
    assert alarm is not None
    # 20 sessions hold 160 - 2 k; below 140 from the 11th bad session on.
    assert (alarm.since, alarm.n) == (days(30)[28], 2)
    assert respond([alarm]).widen == WIDENING


def alarm_of(kind: AlarmKind) -> Alarm:
    return Alarm(kind, "figures", date(2020, 3, 2), 5)


def test_no_alarm_asks_for_nothing() -> None:
    assert respond([]) == Response(1.0, fall_back=False, refit=False, reasons=())


@pytest.mark.parametrize(
    ("kind", "widen", "fall_back", "refit"),
    [
        (AlarmKind.SKILL, 1.0, True, True),
        (AlarmKind.INPUTS, 1.0, True, True),
        (AlarmKind.SHAPE, 1.0, False, True),
        (AlarmKind.COVERAGE, WIDENING, False, False),
    ],
)
def test_each_alarm_has_its_response_and_its_reason(
    kind: AlarmKind, widen: float, fall_back: bool, refit: bool
) -> None:
    response = respond([alarm_of(kind)])
    assert (response.widen, response.fall_back, response.refit) == (widen, fall_back, refit)
    (reason,) = response.reasons
    assert reason == f"{kind} drift since 2020-03-02: figures"


def test_a_regime_shock_is_named_and_asks_for_a_refit_without_widening() -> None:
    response = respond([], Shock(0.66, 720, 60, date(2008, 10, 1)))
    assert (response.widen, response.fall_back, response.refit) == (1.0, False, True)
    assert "66%" in response.reasons[0]
    assert "n 720" in response.reasons[0]


# --- Black swans: the real index bars of three crashes, and gaps that no history prepared for.

STRETCHES = {
    "2000-02": (date(2000, 6, 30), date(2002, 12, 31)),
    "2008": (date(2007, 6, 29), date(2009, 6, 30)),
    "2011": (date(2011, 6, 30), date(2011, 12, 30)),
}


@pytest.fixture(scope="module")
def demo() -> Panel:
    return build_panel([
        replace(s, bars=tuple(b for b in s.bars if b.session < date(2012, 1, 1))) for s in demo_history().values()
    ])


@cache
def forecast_through(panel: Panel, start: date, end: date) -> tuple[FittedHarT, Predictions, list[int]]:
    """HAR-t fitted to `start` and never again, tracked, until `end`."""
    cut = panel.index_of(start)
    at = list(range(cut + 1, panel.index_of(end) + 1))
    fitted = HarT(COLUMNS).fit(panel, cut=cut)
    return fitted, follow(fitted, panel, fitted.predict(panel, at), at)[0], at


def inside(predicted: Predictions, panel: Panel, at: list[int], horizon: int = 1) -> tuple[BoolArray, BoolArray]:
    """Which outcomes are inside the 80 % band, and which are known, shape (N, K) each."""
    actual, q = panel.targets[:, at, horizon - 1], predicted.log_returns[:, :, horizon - 1]
    known = np.isfinite(actual) & np.isfinite(q[..., 0])
    return known & (q[..., LOW] <= actual) & (actual <= q[..., HIGH]), known


@pytest.mark.parametrize("stretch", STRETCHES)
def test_through_a_crash_forecasts_stay_finite_ordered_and_near_their_coverage(demo: Panel, stretch: str) -> None:
    _, issued, at = forecast_through(demo, *STRETCHES[stretch])
    q = issued.log_returns[demo.valid[:, at]]
    assert np.isfinite(q).all()
    assert (np.diff(q, axis=-1) >= 0.0).all()
    assert (np.diff(q[..., HIGH] - q[..., LOW], axis=-1) >= -1e-12).all()
    covered, known = inside(issued, demo, at)
    assert 0.74 < covered.sum() / known.sum() < 0.86


def test_the_shock_badge_appears_in_2008_and_not_in_2005(demo: Panel) -> None:
    badges = {}
    for year, (start, end) in {"2008": STRETCHES["2008"], "2005": (date(2004, 12, 31), date(2006, 6, 30))}.items():
        _, issued, at = forecast_through(demo, start, end)
        covered, known = (x.sum(axis=0) for x in inside(issued, demo, at))
        sessions = [demo.sessions[t] for t in at]
        badges[year] = [
            badge for i in range(60, len(at))
            if (badge := regime_shock(sessions[:i], covered[:i].tolist(), known[:i].tolist()))
        ]
    assert badges["2005"] == []
    assert badges["2008"]
    assert all(b.coverage < SHOCK_COVERAGE and b.n == 12 * 60 for b in badges["2008"])
    assert {(b.since.year, b.since.month) for b in badges["2008"]} >= {(2007, 12), (2008, 10)}
    assert all(date(2007, 12, 1) <= b.since <= date(2008, 12, 31) for b in badges["2008"])


def test_features_of_october_2008_were_never_trained_on(demo: Panel) -> None:
    fitted, _, at = forecast_through(demo, *STRETCHES["2008"])
    columns = demo.features[:, :, places(demo, fitted.parameters.settings["columns"])]
    scaler = Scaler.fit(columns[valid_until(demo, at[0] - 1)])
    shares = out_of_range(columns, scaler, demo.valid)[at]
    sessions = [demo.sessions[t] for t in at]
    ringing = [sessions[i] for i in range(5, len(at)) if inputs_alarm(sessions[: i + 1], shares[: i + 1].tolist())]
    assert ringing
    assert min(ringing) > date(2008, 9, 1)
    assert np.nanmax(out_of_range(columns, scaler, demo.valid)[at[0] - 252 : at[0]]) <= INPUT_SHARE


def gapped(series: BarSeries, bar: int, factor: float) -> BarSeries:
    """The series with every price from index `bar` on multiplied: an overnight gap without a recorded event."""
    def moved(b: Bar) -> Bar:
        prices = [factor * p for p in (b.open, b.high, b.low, b.close, b.adj_close)]
        return Bar(b.session, prices[0], prices[1], prices[2], prices[3], prices[4], b.volume)

    return replace(series, bars=(*series.bars[:bar], *map(moved, series.bars[bar:])))


@pytest.mark.parametrize("factor", [0.8, 1.2])
@pytest.mark.parametrize("everywhere", [False, True], ids=["one ticker", "all tickers"])
def test_a_gap_of_twenty_per_cent_widens_the_next_band_and_breaks_nothing(factor: float, everywhere: bool) -> None:
    calm = [
        replace(s, bars=tuple(b for b in s.bars if date(2003, 6, 1) < b.session < date(2006, 4, 1)))
        for s in list(demo_history().values())[:4]
    ]
    gap, n = 640, len(calm[0].bars)
    shaken = [gapped(s, gap, factor) if everywhere or not i else s for i, s in enumerate(calm)]
    fitted = HarT(COLUMNS).fit(build_panel(calm), cut=600)
    at = list(range(601, n))
    usual, after = (build_panel(s) for s in (calm, shaken))
    q = follow(fitted, after, fitted.predict(after, at), at)[0].log_returns
    assert np.isfinite(q).all()
    assert (np.diff(q, axis=-1) >= 0.0).all()
    untouched = fitted.predict(usual, at).log_returns
    widths = [x[0, gap - 601, 0, HIGH] - x[0, gap - 601, 0, LOW] for x in (untouched, q)]
    assert widths[1] > 1.5 * widths[0]


def stormy(series: BarSeries, bar: int, *, gap: float, times: float) -> BarSeries:
    """The series with a gap before index `bar` and every move from there on `times` as large."""
    before = series.bars[bar - 1].close

    def moved(b: Bar) -> Bar:
        prices = [gap * before * (p / before) ** times for p in (b.open, b.high, b.low, b.close)]
        return Bar(b.session, prices[0], prices[1], prices[2], prices[3], prices[3], b.volume)

    return replace(series, bars=(*series.bars[:bar], *map(moved, series.bars[bar:])))


@pytest.mark.parametrize("gap", [0.8, 1.2])
def test_the_shock_badge_shows_within_thirty_sessions_of_a_gap_that_volatility_doubles_after(gap: float) -> None:
    calm = [
        replace(s, bars=tuple(b for b in s.bars if date(2003, 6, 1) < b.session < date(2005, 10, 1)))
        for s in demo_history().values()
    ]
    bar, cut = 500, 420
    at = list(range(cut + 1, len(calm[0].bars)))
    fitted = HarT(COLUMNS).fit(build_panel(calm), cut=cut)
    shown = {}
    for name, market in {"calm": calm, "storm": [stormy(s, bar, gap=gap, times=2.0) for s in calm]}.items():
        panel = build_panel(market)
        issued = follow(fitted, panel, fitted.predict(panel, at), at)[0]
        covered, known = (x.sum(axis=0).tolist() for x in inside(issued, panel, at))
        sessions = [panel.sessions[t] for t in at]
        newest = [i for i in range(1, len(at)) if known[i - 1] and regime_shock(sessions[:i], covered[:i], known[:i])]
        shown[name] = [at[i - 1] + 1 - bar for i in newest]      # sessions since the gap whose outcomes are known
    assert shown["calm"] == []
    assert 0 < shown["storm"][0] <= 30
