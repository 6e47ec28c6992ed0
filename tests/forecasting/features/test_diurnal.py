"""Slots of a day are made alike, by what earlier days showed and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from forecasting.data.sources.simulated import SimulatedSource
from forecasting.domain.clock import FrozenClock
from forecasting.domain.interval import Interval
from forecasting.domain.market import BarSeries
from forecasting.domain.sessions import in_slots
from forecasting.features import diurnal
from forecasting.features.diurnal import Timetable, slot_sizes, timetable
from forecasting.features.panel import FloatArray, Panel
from forecasting.features.pipeline import MEMORY, FeatureSpec, build_panel
from forecasting.models.ewma_t import EwmaT
from tests.support.leaks import leaks
from tests.support.markets import CALENDARS

SPEC = FeatureSpec(interval=Interval.HOUR)
NEW_YORK = in_slots(CALENDARS.sessions("XNYS", date(2024, 1, 2), date(2025, 6, 30)), Interval.HOUR)
TABLES = {"XNYS": NEW_YORK}
FIRST, LAST = date(2024, 10, 1), date(2025, 3, 28)      # both changes of clocks, and half days


def market(symbols: int, first: date = FIRST) -> list[BarSeries]:
    """Hourly bars of simulated tickers, loud in the morning."""
    now = datetime.combine(LAST, datetime.max.time(), UTC)
    source = SimulatedSource(clock=FrozenClock(now), calendars=CALENDARS, seed=5, symbols=symbols)
    found = [source.history(symbol, Interval.HOUR, first) for symbol in source.catalogue()]
    return [series for series in found if isinstance(series, BarSeries)]


MARKET = market(4)
PANEL = build_panel(MARKET, SPEC, TABLES)


def days(count: int, slots: int) -> Timetable:
    """So many days of so many slots each."""
    day, position = np.divmod(np.arange(count * slots), slots)
    ahead = (position[:, None] + 1) % slots
    return Timetable(day, position, ahead, position == slots - 1, np.array([], dtype="datetime64[D]"), slots)


def moves(count: int, pattern: Sequence[float]) -> FloatArray:
    """One symbol whose days are all the pattern, each twice as wild as the day before."""
    return np.concatenate([np.array(pattern) * 2.0**d for d in range(count)])[None]


def test_sizes_are_the_pattern_of_the_days_before_however_wild_those_were() -> None:
    sizes = slot_sizes(moves(30, (4.0, 1.0, 1.0, 2.0)), days(30, 4))
    assert sizes[0].tolist() == [1.0] * 4                 # nothing is known yet
    assert sizes[-1] / sizes[-1, 1] == pytest.approx([4.0, 1.0, 1.0, 2.0], rel=0.35)     # the prior of five flat days
    many = slot_sizes(np.repeat(moves(30, (4.0, 1.0, 1.0, 2.0)), 50, axis=0), days(30, 4))
    assert many[-1] / many[-1, 1] == pytest.approx([4.0, 1.0, 1.0, 2.0], rel=0.01)


def test_a_days_own_moves_do_not_change_its_sizes() -> None:
    before = moves(30, (4.0, 1.0, 1.0, 2.0))
    after = before.copy()
    after[0, 20 * 4 :] = 77.0
    assert np.array_equal(slot_sizes(before, days(30, 4))[:21], slot_sizes(after, days(30, 4))[:21])


def test_one_jump_in_a_slot_does_not_set_its_size_for_a_month() -> None:
    calm = np.ones((1, 30 * 4))
    calm[0, 25 * 4 + 2] = 50.0
    assert 1.0 < slot_sizes(calm, days(30, 4))[26, 2] < 1.2


def test_instants_are_found_in_the_days_of_their_exchange() -> None:
    moments = ["2024-10-31T13:30", "2024-10-31T19:30", "2024-11-01T13:00", "2024-11-04T14:30", "2024-11-29T17:30"]
    times = timetable(np.array(moments, dtype="datetime64[s]"), NEW_YORK)
    assert times.position.tolist() == [0, 6, -1, 0, 3]        # 13:00 is no slot; in November 14:30 opens
    assert times.ahead[1].tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 1, 2]
    assert times.ahead[4].tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 1, 2]
    assert times.last.tolist() == [False, True, False, False, True]      # the half day after Thanksgiving ends early
    assert times.dates.astype(str).tolist() == ["2024-10-31", "2024-10-31", "2024-11-01", "2024-11-04", "2024-11-29"]
    assert times.day[3] - times.day[1] == 2


def test_in_market_time_mornings_are_as_loud_as_noons() -> None:
    times = timetable(np.array([s.replace(tzinfo=None) for s in map(_moment, PANEL.sessions)], "M8[s]"), NEW_YORK)
    late = times.day > 40
    raw = np.log(PANEL.closes[:, 1:] / PANEL.closes[:, :-1])

    def loudest_to_quietest(returns: FloatArray, rows: Any) -> float:
        sizes = [np.mean(np.abs(returns[:, rows & (at == p)])) for p in range(7)]
        return float(max(sizes) / min(sizes))

    at = times.position[1:]
    assert loudest_to_quietest(raw, late[1:]) > 3.5
    assert loudest_to_quietest(PANEL.returns[:, 1:], late[1:]) < 1.4


def _moment(key: date) -> datetime:
    assert isinstance(key, datetime)
    return key


def test_the_night_belongs_to_the_first_slot_ahead() -> None:
    at = [len(PANEL.sessions) - 2, len(PANEL.sessions) - 1]
    assert PANEL.widths is not None
    before_last, last = PANEL.widths[0, at, 0]
    assert last > 2.0 * before_last
    assert PANEL.width(at).shape == (4, 2, 10)
    step = [PANEL.widths[0, at[1], h - 1] ** 2 * h for h in range(1, 11)]
    assert all(b > a for a, b in pairwise(step))        # variances add up, whatever the slots


def observe(series: Sequence[BarSeries], cut: date) -> Mapping[str, Any]:
    panel = build_panel(series, SPEC, TABLES)
    end = panel.index_of(cut) + 1
    assert panel.widths is not None
    known = {name: getattr(panel, name)[:, :end] for name in ("features", "returns", "scale", "closes", "widths")}
    return {**known, "targets": panel.targets_until(end - 1)[:, :end]}


def test_the_past_keeps_every_bit_whatever_comes_after() -> None:
    assert leaks(observe, MARKET[:3], cuts=12, first=200) == set()


def test_sizes_that_know_their_own_day_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = diurnal._of_days_before
    monkeypatch.setattr(diurnal, "_of_days_before", lambda values: honest(values) + values)
    assert {"features", "returns", "widths"} <= leaks(observe, MARKET[:2], cuts=6, first=200)


def test_a_tail_of_the_history_says_the_same_as_all_of_it() -> None:
    keep = MEMORY + diurnal.DAYS * NEW_YORK.bars_per_session
    long = [s for s in market(2, date(2024, 4, 1)) if len(s.bars) > keep + 500]
    assert len(long) == 2
    whole = build_panel(long, SPEC, TABLES)
    tail = build_panel([replace(s, bars=s.bars[-keep:]) for s in long], SPEC, TABLES)
    assert tail.features[:, -1] == pytest.approx(whole.features[:, -1], abs=1e-6)
    assert tail.scale[:, -1] == pytest.approx(whole.scale[:, -1], rel=1e-6)


def test_bands_hold_as_much_before_the_night_as_at_noon() -> None:
    cut = len(PANEL.sessions) // 2
    at = list(range(cut + 1, len(PANEL.sessions) - 1))
    said = EwmaT().fit(PANEL, cut=cut).predict(PANEL, at).log_returns[:, :, 0]
    inside = (said[..., 2] <= PANEL.targets[:, at, 0]) & (PANEL.targets[:, at, 0] <= said[..., -3])
    ends = timetable(np.array([_moment(PANEL.sessions[i]).replace(tzinfo=None) for i in at], "M8[s]"), NEW_YORK).last
    night, day = float(inside[:, ends].mean()), float(inside[:, ~ends].mean())
    assert ends.sum() > 50
    assert (night, day) == pytest.approx((0.8, 0.8), abs=0.06)
    flat = replace(PANEL, widths=None)
    said = EwmaT().fit(flat, cut=cut).predict(flat, at).log_returns[:, :, 0]
    inside = (said[..., 2] <= PANEL.targets[:, at, 0]) & (PANEL.targets[:, at, 0] <= said[..., -3])
    assert float(inside[:, ends].mean()) < 0.6        # without the sizes, nights come as a surprise every day


def test_targets_run_over_the_night_into_real_slots() -> None:
    closes = [bar.adj_close for bar in MARKET[0].bars]
    assert PANEL.targets[0, 100, 9] == pytest.approx(np.log(closes[110] / closes[100]))
    assert all(NEW_YORK.get(key) is not None for key in PANEL.sessions)


def test_whole_sessions_are_all_alike() -> None:
    clock = FrozenClock(datetime(2025, 3, 1, tzinfo=UTC))
    source = SimulatedSource(clock=clock, calendars=CALENDARS, seed=5, symbols=1)
    series = source.history(source.catalogue()[0])
    assert isinstance(series, BarSeries)
    panel: Panel = build_panel([series])
    assert (panel.widths, panel.width([5, 6]).tolist()) == (None, [[[1.0]]])


def test_slots_without_their_timetable_are_refused() -> None:
    with pytest.raises(ValueError, match="need the slots of XNYS"):
        build_panel(MARKET, SPEC)
    with pytest.raises(ValueError, match="features of 1d bars, got 1h bars"):
        build_panel(MARKET)
    with pytest.raises(ValueError, match="one interval at a time, got 1d, 1h"):
        build_panel([MARKET[0], replace(MARKET[1], interval=Interval.DAY)], SPEC, TABLES)


def test_the_hash_of_a_specification_tells_intervals_apart() -> None:
    assert len({FeatureSpec(interval=interval).hash for interval in Interval}) == 4
    assert timedelta(hours=1) == Interval.HOUR.step
