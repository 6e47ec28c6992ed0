"""The tick, over a recorded market: what enters the store, when, and what the ledger holds afterwards."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.domain.forecast import Origin
from forecasting.domain.market import Bar, BarSeries, Quote, Symbol, SymbolFailure
from forecasting.domain.snapshot import Health
from forecasting.errors import QuestionWithdrawn, SourceOffline
from forecasting.service.backend import Step, TickReport, Work
from forecasting.service.local import LocalBackend
from forecasting.service.view import read_history
from tests.support.bars import make_series
from tests.support.desk import TINY, backend, recorded, write_csv
from tests.support.markets import at

SYMBOLS = (Symbol("AAA"), Symbol("BBB"))
FIRST, LAST = date(2014, 1, 2), date(2015, 9, 30)
MONDAY = date(2015, 6, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("recorded"), recorded(SYMBOLS, FIRST, LAST))


@pytest.fixture
def local(folder: Path, tmp_path: Path) -> Iterator[LocalBackend]:
    with backend(folder, tmp_path) as made:
        yield made


def tick(local: LocalBackend, now: datetime) -> TickReport:
    return local.tick(SYMBOLS, now, lambda step: None)


def test_the_first_tick_brings_history_indicators_and_forecasts(local: LocalBackend) -> None:
    report = tick(local, at(MONDAY, 12))
    store = local.desk.store
    assert report.new_bars == SYMBOLS
    assert report.closed_through == date(2015, 5, 29)
    assert {s: store.market.bars(s)[-1].session for s in SYMBOLS} == dict.fromkeys(SYMBOLS, date(2015, 5, 29))
    rows = store.market.indicators(SYMBOLS[0])
    assert len(rows) == len(store.market.bars(SYMBOLS[0]))
    assert rows[-1].rsi is not None
    assert report.issued == len(SYMBOLS) * 3       # random walk, EWMA-t, HAR-t; the LSTM is not trained yet
    assert Work.TRAIN in report.due


@pytest.mark.honesty("T10")
def test_a_forecast_made_before_its_first_session_opens_is_live_and_a_late_one_is_not(
    folder: Path, tmp_path: Path
) -> None:
    with backend(folder, tmp_path / "early") as early, backend(folder, tmp_path / "late") as late:
        tick(early, at(MONDAY, 13, 29))
        tick(late, at(MONDAY, 13, 31))
        live = early.desk.store.ledger.latest(SYMBOLS)
        past = late.desk.store.ledger.latest(SYMBOLS)
    assert {e.origin for by_model in live.values() for e in by_model.values()} == {Origin.LIVE}
    assert {e.origin for by_model in past.values() for e in by_model.values()} == {Origin.BACKFILL}
    assert all(e.forecast.issued_at == e.forecast.as_of for by_model in past.values() for e in by_model.values())


def test_what_had_come_before_a_tick_was_stopped_is_worked_on_to_the_end(folder: Path, tmp_path: Path) -> None:
    def stop(step: Step) -> None:
        if stopped or step.message == "history of BBB, 2 of 2":      # and with every step from then on
            stopped.append(step)
            raise QuestionWithdrawn("refresh: taken back")

    stopped: list[Step] = []
    with backend(folder, tmp_path / "one") as whole, backend(folder, tmp_path / "other") as half:
        tick(whole, at(MONDAY, 12))
        with pytest.raises(QuestionWithdrawn):
            half.tick(SYMBOLS, at(MONDAY, 12), stop)
        mine, all_ = ({s.signal for s in made.desk.store.signals.recent(1000)} for made in (half, whole))
        assert set(half.desk.store.ledger.latest(SYMBOLS)) == {SYMBOLS[0]}
    assert {(s.kind, s.session) for s in mine} == {(s.kind, s.session) for s in all_ if s.symbol == SYMBOLS[0]} != set()


def test_nothing_is_issued_twice_for_one_bar(local: LocalBackend) -> None:
    assert tick(local, at(MONDAY, 12)).issued == 6
    assert tick(local, at(MONDAY, 13)).issued == 0
    assert tick(local, at(MONDAY, 17)).issued == 0


@pytest.mark.honesty("T12")
def test_the_running_session_is_a_quote_and_not_a_bar(local: LocalBackend) -> None:
    tick(local, at(MONDAY, 12))
    report = tick(local, at(MONDAY, 19, 59))
    assert report.new_bars == ()
    assert local.desk.store.market.quotes()[SYMBOLS[0]].time == at(MONDAY, 19, 59)
    assert tick(local, at(MONDAY, 20)).new_bars == SYMBOLS


def test_a_forecast_is_settled_once_by_the_close_of_its_target_session(local: LocalBackend) -> None:
    tick(local, at(MONDAY, 12))
    closed = tick(local, at(MONDAY, 20))
    assert closed.settled == 6           # horizon 1 of what was said before Monday's open
    assert tick(local, at(MONDAY, 21)).settled == 0
    store = local.desk.store
    bars = {b.session: b.adj_close for b in store.market.bars(SYMBOLS[0])}
    outcomes = store.ledger.outcomes(SYMBOLS[0], "har-t", 1, Origin.LIVE)
    assert [o.target_session for o in outcomes] == [MONDAY]
    friday, monday = bars[date(2015, 5, 29)], bars[MONDAY]
    assert outcomes[0].actual == pytest.approx(math.log(monday / friday), rel=1e-6)


def test_a_month_of_ticks_leaves_an_honest_ledger(local: LocalBackend) -> None:
    sessions = local.desk.calendars.sessions("XNYS", MONDAY, date(2015, 6, 30)).sessions
    for session in sessions:
        tick(local, session.open - timedelta(hours=1))
        tick(local, session.close + timedelta(minutes=1))
    store = local.desk.store
    assert store.ledger.verify() > 0
    outcomes = store.ledger.outcomes(model="har-t", horizon=5, origin=Origin.LIVE)
    # The first forecast is made before the first session, the last settled five sessions before the end.
    assert len(outcomes) == len(SYMBOLS) * (len(sessions) + 1 - 5)
    for outcome in outcomes:
        forecast = store.ledger.entry(outcome.entry_id).forecast
        first = local.desk.calendars.sessions("XNYS", forecast.target_sessions[0], forecast.target_sessions[0])
        assert forecast.train_end < forecast.as_of_session
        assert forecast.as_of <= forecast.issued_at < first.sessions[0].open
        assert outcome.settled_at >= forecast.target_times[4]


@pytest.mark.honesty("T13")
def test_every_target_is_a_session_of_its_exchange(local: LocalBackend) -> None:
    tick(local, at(date(2015, 6, 29), 12))      # the fourth of July follows
    entry = local.desk.store.ledger.latest(SYMBOLS)[SYMBOLS[0]]["har-t"]
    targets = entry.forecast.target_sessions
    known = {s.session for s in local.desk.calendars.sessions("XNYS", targets[0], targets[-1]).sessions}
    assert set(targets) == known
    assert date(2015, 7, 3) not in targets


def test_a_backfill_that_settles_what_it_has_said_claims_no_share_done(local: LocalBackend) -> None:
    tick(local, at(MONDAY, 12))
    steps: list[Step] = []
    local.work(Work.BACKFILL, SYMBOLS, at(MONDAY, 12), steps.append)
    assert [step.fraction for step in steps if step.message.startswith("settling")] == [None]
    assert all(step.fraction is not None and step.fraction < 1.0 for step in steps[:-1])


@pytest.mark.honesty("T10")
def test_backfill_is_labelled_and_never_overlaps_the_live_record(local: LocalBackend) -> None:
    now = at(MONDAY, 12)
    tick(local, now)
    local.work(Work.BACKFILL, SYMBOLS, now, lambda step: None)
    store = local.desk.store
    backfilled = store.ledger.outcomes(SYMBOLS[0], "har-t", 1, Origin.BACKFILL)
    assert len(backfilled) == 40
    entries = store.ledger.entries({o.entry_id for o in backfilled})
    assert all(e.forecast.train_end < e.forecast.as_of_session for e in entries)
    assert store.ledger.outcomes(SYMBOLS[0], "har-t", 1, Origin.LIVE) == ()
    assert Work.BACKFILL not in tick(local, at(MONDAY, 13)).due
    local.work(Work.BACKFILL, SYMBOLS, now, lambda step: None)
    assert len(store.ledger.outcomes(SYMBOLS[0], "har-t", 1, Origin.BACKFILL)) == 40


def test_a_symbol_that_fails_stays_one_failed_row(local: LocalBackend) -> None:
    report = local.tick((*SYMBOLS, Symbol("NOPE")), at(MONDAY, 12), lambda step: None)
    assert {f.symbol for f in report.failures} == {"NOPE"}
    assert report.new_bars == SYMBOLS
    assert report.issued == 6


class Dead:
    """A source whose quotes never come."""

    name = "dead"

    def __init__(self, alive: LocalBackend) -> None:
        self._alive = alive.desk.source

    def catalogue(self) -> tuple[Symbol, ...]:
        return ()

    def quotes(self, symbols: object) -> list[Quote | SymbolFailure]:
        raise SourceOffline("dead: no answer within 8 s")

    def history(self, symbol: Symbol, interval: str = "1d", start: object = None, end: object = None) -> BarSeries:
        raise AssertionError("a dead source is not asked again in the same tick")

    def health(self) -> object:
        return self._alive.health()


def test_a_dead_source_costs_quotes_and_nothing_else(local: LocalBackend) -> None:
    tick(local, at(MONDAY, 12))
    before = local.desk.store.market.quotes()
    local.desk.source = Dead(local)  # type: ignore[assignment]
    report = tick(local, at(MONDAY, 20))
    assert report.source.health is Health.FAILED
    assert "no answer within 8 s" in report.source.message
    assert local.desk.store.market.quotes() == before


def test_an_empty_watchlist_is_offered_the_sources_own_symbols_and_nothing_of_them_is_fetched(
    local: LocalBackend,
) -> None:
    steps: list[Step] = []
    report = local.tick((), at(MONDAY, 12), steps.append)
    assert steps[0].catalogue == SYMBOLS
    assert (report.new_bars, report.issued, report.signals) == ((), 0, 0)
    assert not local.desk.store.market.last_sessions(SYMBOLS)


def test_missed_sessions_are_brought_in_but_not_forecast_in_hindsight(local: LocalBackend) -> None:
    tick(local, at(MONDAY, 12))
    report = tick(local, at(MONDAY + timedelta(days=7), 12))
    store = local.desk.store
    assert report.closed_through == date(2015, 6, 5)
    assert report.settled == 6 * 5         # five horizons have closed
    spoken = {e.forecast.as_of_session for e in store.ledger.entries(range(1, store.ledger.count() + 1))}
    assert spoken == {date(2015, 5, 29), date(2015, 6, 5)}


@pytest.mark.honesty("T8")
def test_a_fall_by_half_without_an_event_is_named_as_long_as_it_stands(tmp_path: Path) -> None:
    first, second = recorded(SYMBOLS, FIRST, LAST)
    fallen = replace(first, bars=tuple(halved(b) if b.session >= MONDAY else b for b in first.bars))
    with backend(write_csv(tmp_path / "csv", [fallen, second]), tmp_path / "data") as local:
        for now in (at(MONDAY, 20), at(MONDAY + timedelta(days=1), 20)):
            (note,) = (n for n in tick(local, now).notes if "move without a recorded event" in n)
            assert note.startswith("AAA: 2015-06-01")
            assert note.endswith("check it, or record the split")


def halved(bar: Bar) -> Bar:
    open_, high, low, close, adj = (0.5 * p for p in (bar.open, bar.high, bar.low, bar.close, bar.adj_close))
    return Bar(bar.session, open_, high, low, close, adj, bar.volume)


def test_a_worker_that_was_started_anew_may_be_asked_for_a_long_job_before_any_tick(
    folder: Path, tmp_path: Path
) -> None:
    now = at(MONDAY, 21)
    with backend(folder, tmp_path, model=TINY) as first:
        tick(first, now)
    with backend(folder, tmp_path, model=TINY) as second:
        report = second.work(Work.BACKFILL, SYMBOLS, now, lambda step: None)
    assert report.message == "240 forecasts backfilled"      # 40 sessions of two tickers by three models


def test_a_history_is_made_anew_when_a_bar_or_an_indicator_changes_and_else_kept(local: LocalBackend) -> None:
    tick(local, at(MONDAY, 21))
    store, symbol = local.desk.store, SYMBOLS[0]
    first = read_history(store, symbol, None)
    assert read_history(store, symbol, first) is first
    assert read_history(store, SYMBOLS[1], first).symbol == SYMBOLS[1]
    tick(local, at(MONDAY + timedelta(days=1), 21))
    second = read_history(store, symbol, first)
    assert len(second.bars) == len(first.bars) + 1
    assert second.indicators[-1].session == second.bars[-1].session
    series = store.market.series(symbol)
    assert series is not None
    mended = replace(second.bars[-1], volume=second.bars[-1].volume + 1.0)
    store.market.put_bars(replace(series, bars=(*series.bars[:-1], mended)), replace=True)
    assert read_history(store, symbol, second).bars[-1].volume == second.bars[-1].volume + 1.0


def test_on_a_sunday_a_share_is_spoken_of_beside_a_coin_that_has_traded_since(tmp_path: Path) -> None:
    coin, sunday = Symbol("BTC-USD"), date(2015, 5, 31)
    days = [FIRST + timedelta(days=i) for i in range((LAST - FIRST).days)]
    closes = [200.0 * math.exp(0.05 * math.sin(i * i)) for i in range(len(days))]
    series = [*recorded(SYMBOLS, FIRST, LAST), make_series(coin, closes, sessions=days, exchange="24/7")]
    with backend(write_csv(tmp_path / "mixed", series), tmp_path) as local:
        told = local.tick((*SYMBOLS, coin), at(sunday, 12), lambda step: None)
        said = local.desk.store.ledger.latest((*SYMBOLS, coin))
        assert {s: said[s]["har-t"].forecast.as_of_session for s in said} == {
            SYMBOLS[0]: date(2015, 5, 29), SYMBOLS[1]: date(2015, 5, 29), coin: date(2015, 5, 30),
        }
        assert said[coin]["har-t"].forecast.train_end == date(2015, 5, 28)
        assert Work.REFIT not in told.due      # it is as new as the shares' newest bar lets it be
