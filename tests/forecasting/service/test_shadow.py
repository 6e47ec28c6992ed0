"""A new ensemble speaks in shadow first: what it is scored by, when it takes over, and what must not notice it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from forecasting.domain.forecast import Origin
from forecasting.domain.market import Symbol
from forecasting.domain.sessions import Session
from forecasting.models.base import Fitted
from forecasting.service.backend import Work
from forecasting.service.bench import LICENCE
from forecasting.service.kept_records import kept_records
from forecasting.service.local import LocalBackend
from forecasting.service.shadow import SHADOW_SESSIONS, compare, stream
from forecasting.service.snapshots import SnapshotReader, Status
from forecasting.service.status import challenger_line
from forecasting.service.watch import CALM
from tests.support.desk import TINY, Stretched, backend, recorded, write_csv

SYMBOLS = (Symbol("AAA"), Symbol("BBB"))
BEGIN = date(2015, 6, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    series = recorded(SYMBOLS, date(2014, 1, 2), date(2015, 9, 30))
    return write_csv(tmp_path_factory.mktemp("recorded"), series)


@pytest.fixture
def local(folder: Path, tmp_path: Path) -> Iterator[LocalBackend]:
    with backend(folder, tmp_path, model=TINY) as made:
        begin(made)
        yield made


def begin(local: LocalBackend) -> Fitted:
    """The first evening: quick models, and an ensemble that nobody stands in the way of."""
    evening(local, sessions(local)[0])
    local.work(Work.TRAIN, SYMBOLS, local.desk.clock.now(), lambda step: None)
    champion = local.desk.bench.champion
    assert champion is not None
    return champion


def sessions(local: LocalBackend) -> tuple[Session, ...]:
    return local.desk.calendars.sessions("XNYS", BEGIN, BEGIN + timedelta(days=60)).sessions


def evening(local: LocalBackend, session: Session) -> None:
    local.tick(SYMBOLS, session.close + timedelta(minutes=1), lambda step: None)


def live_through(local: LocalBackend, count: int, start: int = 1) -> None:
    for session in sessions(local)[start : start + count]:
        evening(local, session)


def challenge(local: LocalBackend, factor: float) -> Stretched:
    champion = local.desk.bench.champion
    assert champion is not None
    local.desk.bench._challenger = made = Stretched(champion, factor)
    return made


def test_a_second_fit_waits_in_shadow_until_its_sessions_are_counted(local: LocalBackend) -> None:
    live_through(local, 6)
    first = local.desk.bench.champion
    report = local.work(Work.TRAIN, SYMBOLS, local.desk.clock.now(), lambda step: None)
    assert local.desk.bench.champion is first
    assert report.models[0].name == "ensemble"
    assert (report.models[-1].name, report.models[-1].note) == ("challenger", "in shadow, 0 of 5 sessions")
    assert "in shadow beside the one at work" in report.message
    live_through(local, 3, start=7)
    line, = challenger_line(local.tick(SYMBOLS, local.desk.clock.now(), lambda step: None))
    assert line.name == "challenger"
    assert line.message.startswith(f"{report.models[-1].model_id} trained to 2015-06-08, in shadow, ")
    # Two, since what is said on the third evening has not come out yet.
    assert re.search(r"2 of 5 sessions, CRPS [+-]\d\.\d\d % on the champion's, n=4, too few to tell$", line.message)
    assert challenger_line(None) == ()
    assert not local.desk.bench.train_due(date(2015, 9, 1), 99)


@pytest.mark.parametrize(("factor", "wins"), [(1.0, True), (4.0, False)])
def test_after_five_sessions_it_takes_over_if_it_is_no_worse_and_is_dropped_if_it_is(
    local: LocalBackend, factor: float, wins: bool
) -> None:
    bench = local.desk.bench
    first, new = bench.champion, challenge(local, factor)
    live_through(local, SHADOW_SESSIONS)
    assert (bench.champion, bench.challenger) == (first, new)
    live_through(local, 1, start=SHADOW_SESSIONS + 1)
    assert (bench.champion, bench.challenger) == (new if wins else first, None)
    compared = compare(local.desk.store, new)
    assert (compared.sessions, compared.n) == (SHADOW_SESSIONS, SHADOW_SESSIONS * len(SYMBOLS))
    assert compared.excess is not None
    assert (compared.excess > 0.2) is not wins
    run = local.desk.store.runs.last("challenger")
    assert run is not None
    assert (run.detail, run.ok, (run.message or "").split(":")[0]) == (
        "stretched", wins, "takes over" if wins else "dropped"
    )
    assert local.desk.bench.train_due(date(2015, 6, 9), 6)      # the calendar goes on


def test_what_is_said_in_shadow_stands_in_the_ledger_under_its_own_name(local: LocalBackend) -> None:
    new = challenge(local, 2.0)
    live_through(local, 3)
    outcomes = local.desk.store.ledger.outcomes(model=stream(new))
    assert {o.origin for o in outcomes} == {Origin.LIVE}
    entry = local.desk.store.ledger.entry(outcomes[0].entry_id)
    assert (entry.forecast.model, entry.forecast.model_id) == ("challenger-stretched", "stretched")
    assert entry.forecast.issued_at < entry.forecast.target_times[0] - timedelta(hours=6)
    assert local.desk.store.ledger.verify() > 0


def test_nobody_notices_a_challenger(folder: Path, tmp_path: Path) -> None:
    def seen(data: Path, *, shadow: bool) -> tuple[object, ...]:
        with backend(folder, data, model=TINY) as local:
            begin(local)
            if shadow:
                challenge(local, 3.0)
            live_through(local, 4)
            store, now = local.desk.store, local.desk.clock.now()
            report = local.tick(SYMBOLS, now, lambda step: None)
            status = Status(now, (), SYMBOLS, report.source, (), report, report.notes, None)
            snapshot = SnapshotReader(store).read(1, status)
            assert (len(report.models) == 6) is shadow
            return (kept_records(store), local.desk.response, report.notes, snapshot.rows, snapshot.model,
                    snapshot.records, store.signals.recent(99))

    assert seen(tmp_path / "alone", shadow=False) == seen(tmp_path / "beside", shadow=True)


def expire(local: LocalBackend, new: Stretched) -> None:
    old = Stretched(new.whom, 1.0, "old")
    old.train_end -= LICENCE
    local.desk.bench._put(old)


def alarm(local: LocalBackend, new: Stretched) -> None:
    local.desk.response = replace(CALM, refit=True, reasons=("shape drift",))


@pytest.mark.parametrize(("happens", "why"), [(expire, "the champion's licence is over"), (alarm, "an alarm rings")])
def test_an_expired_champion_or_one_under_alarm_makes_room_at_once(
    local: LocalBackend, monkeypatch: pytest.MonkeyPatch, happens: Callable[[LocalBackend, Stretched], None], why: str
) -> None:
    new = challenge(local, 4.0)
    happens(local, new)
    monkeypatch.setattr("forecasting.service.refresh.look", lambda *_: local.desk.response)
    live_through(local, 1)
    assert local.desk.bench.champion is new
    run = local.desk.store.runs.last("challenger")
    assert run is not None
    assert why in (run.message or "")


def test_both_are_there_again_after_a_restart_and_the_count_goes_on(folder: Path, tmp_path: Path) -> None:
    with backend(folder, tmp_path, model=TINY) as local:
        begin(local)
        live_through(local, 6)
        local.work(Work.TRAIN, SYMBOLS, local.desk.clock.now(), lambda step: None)
        live_through(local, 3, start=7)
        champion, challenger = local.desk.bench.champion, local.desk.bench.challenger
        assert champion is not None
        assert challenger is not None
        now = local.desk.clock.now()
    with backend(folder, tmp_path, model=TINY) as again:
        again.tick(SYMBOLS, now, lambda step: None)
        report = again.work(Work.TRAIN, SYMBOLS, now, lambda step: None)
        bench = again.desk.bench
        assert bench.champion is not None
        assert bench.challenger is not None
        assert (bench.champion.model_id, bench.challenger.model_id) == (champion.model_id, challenger.model_id)
        assert (report.models[-1].note or "").startswith("in shadow, 2 of 5 sessions")
        before = again.desk.store.ledger.count()
        again.tick(SYMBOLS, now, lambda step: None)
        assert again.desk.store.ledger.count() == before
