"""Bars shorter than a session: from a folder, made up, and from the fake Yahoo."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from forecasting.data.calendars import Calendars
from forecasting.data.sources.base import Source
from forecasting.data.sources.csv import CsvSource
from forecasting.data.sources.registry import open_source
from forecasting.data.sources.simulated import SimulatedSource
from forecasting.data.sources.synthetic import loudness
from forecasting.data.sources.yahoo import YahooSource
from forecasting.domain.clock import FrozenClock
from forecasting.domain.interval import Interval
from forecasting.domain.market import BarSeries, Quote, SessionState, Symbol, SymbolFailure
from forecasting.errors import ConfigError
from tests.support.fake_yahoo import FakeSymbol, FakeYahoo, routed
from tests.support.markets import CALENDARS

AAPL, SIM = Symbol("AAPL"), Symbol("SIM-001")
HEADER = "Datetime,Open,High,Low,Close,Adj Close,Volume"
NOW = datetime(2026, 3, 9, 15, 7, 30, tzinfo=UTC)      # Monday after the change of clocks


def bars_of(answer: BarSeries | SymbolFailure) -> BarSeries:
    assert isinstance(answer, BarSeries), answer
    return answer


def refusal(answer: BarSeries | SymbolFailure) -> str:
    assert isinstance(answer, SymbolFailure), answer
    return answer.message


def at(hour: int, minute: int = 0, day: int = 9) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


# CSV


def folder(path: Path, stamps: Iterable[str], header: str = HEADER) -> CsvSource:
    rows = [f"{stamp},{10 + i},{11 + i},{9 + i},{10.5 + i},{10.5 + i},{100 + i}" for i, stamp in enumerate(stamps)]
    (path / "AAPL.csv").write_text("\n".join((header, *rows)))
    return CsvSource(path, clock=FrozenClock(NOW), calendars=CALENDARS)


QUARTERS = ("2026-03-06 15:30:00-05:00", "2026-03-06 15:45:00-05:00", "2026-03-09 09:30:00-04:00",
            "2026-03-09 09:45:00-04:00", "2026-03-09 10:00:00-04:00", "2026-03-09 11:00:00-04:00")


def test_rows_with_offsets_become_bars_named_in_utc_and_the_running_one_is_left_out(tmp_path: Path) -> None:
    series = bars_of(folder(tmp_path, QUARTERS).history(AAPL, Interval.QUARTER))
    assert [b.session for b in series.bars] == [
        at(20, 30, day=6), at(20, 45, day=6), at(13, 30), at(13, 45), at(14),        # 15:00 runs until 15:15
    ]
    assert series.interval is Interval.QUARTER
    monday = bars_of(folder(tmp_path, QUARTERS).history(AAPL, Interval.QUARTER, date(2026, 3, 9)))
    assert [b.session for b in monday.bars] == [at(13, 30), at(13, 45), at(14)]


def test_the_quote_is_the_newest_close_against_the_session_before(tmp_path: Path) -> None:
    (quote,) = folder(tmp_path, QUARTERS).quotes([AAPL])
    assert isinstance(quote, Quote)
    assert (quote.price, quote.time, quote.previous_close) == (14.5, at(14, 15), 11.5)
    assert (quote.open, quote.high, quote.low, quote.volume) == (12.0, 15.0, 11.0, 102 + 103 + 104)


def test_rows_outside_the_exchanges_slots_are_dropped_and_named_together(tmp_path: Path) -> None:
    stamps = ("2026-03-06 09:15:00-05:00", "2026-03-06 09:30:00-05:00", "2026-03-06 09:45:00-05:00",
              "2026-03-06 16:00:00-05:00", "2026-03-06 16:15:00-05:00")
    series = bars_of(folder(tmp_path, stamps).history(AAPL, Interval.QUARTER))
    assert [b.session for b in series.bars] == [at(14, 30, day=6), at(14, 45, day=6)]
    assert "3 rows at no slot of XNYS, first 2026-03-06 14:15:00+00:00" in series.notes[0]


def test_a_folder_of_another_interval_is_refused_with_file_and_remedy(tmp_path: Path) -> None:
    message = refusal(folder(tmp_path, QUARTERS).history(AAPL, Interval.FIVE))
    assert message.endswith("AAPL.csv holds 15m bars, asked for 5m, give --interval 15m or another folder")
    assert "holds 15m bars, asked for 1d" in refusal(folder(tmp_path, QUARTERS).history(AAPL))
    days = folder(tmp_path, ["2026-03-05", "2026-03-06"], HEADER.replace("Datetime", "Date"))
    assert "holds 1d bars, asked for 15m, give --interval 1d" in refusal(days.history(AAPL, Interval.QUARTER))


def test_rows_of_an_unknown_distance_and_times_without_an_offset_are_refused(tmp_path: Path) -> None:
    halves = folder(tmp_path, ["2026-03-06 09:30:00-05:00", "2026-03-06 10:00:00-05:00"])
    assert "its rows are 0:30:00 apart, expected one of 1h, 15m, 5m" in refusal(halves.history(AAPL, Interval.HOUR))
    naive = folder(tmp_path, ["2026-03-06 09:30:00", "2026-03-06 09:45:00"])
    assert "line 2, column Datetime: found '2026-03-06 09:30:00', expected a time with its offset" in refusal(
        naive.history(AAPL, Interval.QUARTER)
    )


# Simulated


def simulated(now: datetime = NOW, interval: Interval = Interval.FIVE) -> SimulatedSource:
    return SimulatedSource(clock=FrozenClock(now), calendars=CALENDARS, seed=7, symbols=2, interval=interval)


def test_all_intervals_tell_of_the_same_prices() -> None:
    source, day = simulated(), date(2026, 3, 6)
    days, hours, quarters, fives = (bars_of(source.history(SIM, i, day, day)).bars for i in Interval)
    assert [len(x) for x in (days, hours, quarters, fives)] == [1, 7, 26, 78]
    for bars in (hours, quarters, fives):
        assert (bars[0].open, bars[-1].close) == (days[0].open, days[0].close)
    assert [b.close for b in quarters] == [b.close for b in fives[2::3]]
    assert hours[0].high == max(b.high for b in fives[:12])
    assert all(b.low <= min(b.open, b.close) <= max(b.open, b.close) <= b.high for b in fives)


def test_only_slots_that_have_closed_are_told_and_they_stay_as_they_were() -> None:
    series = bars_of(simulated().history(SIM, Interval.FIVE))
    assert series.bars[-1].session == at(15)
    later = bars_of(simulated(NOW + timedelta(days=3)).history(SIM, Interval.FIVE, date(2026, 2, 2)))
    known = {b.session: b for b in later.bars}
    assert all(known[b.session] == b for b in series.bars if b.session in known)
    assert series.bars[0].session >= NOW - timedelta(days=60)


def test_the_running_quote_lies_on_the_way_of_its_five_minutes() -> None:
    (quote,) = simulated().quotes([SIM])
    closed = bars_of(simulated(at(15, 10)).history(SIM, Interval.FIVE, date(2026, 3, 9))).bars
    running = closed[-1]
    assert isinstance(quote, Quote)
    assert running.session == at(15, 5)
    assert running.low <= quote.price <= running.high
    assert quote.state is SessionState.OPEN
    assert quote.open == closed[0].open
    assert quote.high == max(*(b.high for b in closed[:-1]), quote.price, running.open, quote.high or 0.0)
    before = bars_of(simulated().history(SIM, end=date(2026, 3, 6))).bars[-1]
    assert quote.previous_close == before.close


def test_mornings_are_as_loud_as_planted() -> None:
    bars = bars_of(simulated().history(SIM, Interval.FIVE, date(2024, 1, 2), date(2025, 12, 31))).bars
    by_day: dict[tuple[int, ...], list[float]] = {}
    for bar in bars:
        by_day.setdefault(bar.session.timetuple()[:3], []).append(np.log(bar.close / bar.open))
    whole = np.array([moves for moves in by_day.values() if len(moves) == 78])
    sizes = np.sqrt(np.mean(whole**2, axis=0))
    assert len(whole) > 480
    assert np.corrcoef(sizes, loudness(78))[0, 1] > 0.97


def test_a_replay_has_daily_bars_only(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="it plays daily bars only, asked for 5m"):
        open_source("replay", clock=FrozenClock(NOW), calendars=CALENDARS, csv_dir=None, cache_dir=tmp_path,
                    interval=Interval.FIVE)


# Yahoo


def yahoo_bars(stamps: Iterable[datetime]) -> list[dict[str, object]]:
    closes = [100.0 + 0.5 * i for i, _ in enumerate(stamps)]
    return [
        {"session": stamp, "open": c - 0.2, "high": c + 0.6, "low": c - 0.7, "close": c, "adjclose": c, "volume": 1000}
        for stamp, c in zip(stamps, closes, strict=True)
    ]


def test_yahoos_bars_are_asked_for_by_interval_and_the_running_one_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stamps = [at(20, 45, day=6), at(13, 30), at(13, 45), at(14), at(14, 15), at(14, 30), at(14, 45), at(15), NOW]
    with FakeYahoo({"AAPL": FakeSymbol(yahoo_bars(stamps))}) as fake, routed(monkeypatch, fake):
        source: Source = YahooSource(
            cache_dir=tmp_path, clock=FrozenClock(NOW), calendars=Calendars(), cap_s=0.4, per_second=500.0
        )
        series = bars_of(source.history(AAPL, Interval.QUARTER, date(2025, 1, 1)))
        assert fake.asked["interval"] == ["15m"]
        assert [b.session for b in series.bars] == stamps[:-2]
        assert series.notes[-1] == "Yahoo keeps 15m bars since 2026-01-09 only"
        message = refusal(source.history(AAPL, Interval.QUARTER, date(2025, 1, 1), date(2025, 6, 1)))
        assert message.startswith("AAPL: Yahoo keeps 15m bars since 2026-01-09 only, asked until 2025-06-01; take")
