"""Every alarm on a desk at work: it rings, is named, something is done, a new fit answers it, and it is quiet again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from forecasting.domain.forecast import Forecast, LedgerEntry, Origin, Outcome
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Snapshot
from forecasting.evaluation.track_record import outcome_of
from forecasting.service.backend import TickReport, Work
from forecasting.service.local import LocalBackend
from forecasting.service.snapshots import SnapshotReader, Status
from forecasting.service.watch import CALM, SHAPE_WINDOW, count, look
from tests.support.bars import make_series, weekdays
from tests.support.desk import TINY, Stretched, backend, recorded, write_csv
from tests.support.ledger_rows import forecast

SYMBOLS = (Symbol("AAA"), Symbol("BBB"))
BEGIN = date(2015, 6, 1)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("calm"), recorded(SYMBOLS, date(2014, 1, 2), date(2015, 10, 30)))


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A market that begins to move four times as much on the 15th of June."""
    series = []
    for one in recorded(SYMBOLS, date(2014, 1, 2), date(2015, 10, 30)):
        moves = np.diff(np.log([b.close for b in one.bars]), prepend=np.log(50.0))
        moves[[b.session >= date(2015, 6, 15) for b in one.bars]] *= 4.0
        closes = (50.0 * np.exp(np.cumsum(moves))).tolist()
        series.append(make_series(one.symbol, closes, sessions=[b.session for b in one.bars]))
    return write_csv(tmp_path_factory.mktemp("wild"), series)


@pytest.fixture
def local(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalBackend]:
    """A desk whose ensemble was trained in the first evening of June; in a calm market unless asked otherwise."""
    folder = request.getfixturevalue(getattr(request, "param", "calm"))
    with backend(folder, tmp_path, model=TINY) as made:
        evening(made, 0)
        made.work(Work.TRAIN, SYMBOLS, made.desk.clock.now(), lambda step: None)
        yield made


def evening(local: LocalBackend, number: int) -> TickReport:
    """The tick after the close of the session `number` of June 2015 and later."""
    session = local.desk.calendars.sessions("XNYS", BEGIN, BEGIN + timedelta(days=150)).sessions[number]
    return local.tick(SYMBOLS, session.close + timedelta(minutes=1), lambda step: None)


def shown(local: LocalBackend, report: TickReport) -> Snapshot:
    status = Status(report.at, (), SYMBOLS, report.source, (), report, report.notes, None)
    return SnapshotReader(local.desk.store).read(1, status)


def refit(local: LocalBackend) -> None:
    local.work(Work.TRAIN, SYMBOLS, local.desk.clock.now(), lambda step: None)


@pytest.mark.parametrize("local", ["wild"], indirect=True)
def test_inputs_never_trained_on_silence_the_ensemble_until_it_has_been_trained_on_them(local: LocalBackend) -> None:
    before = local.desk.bench.champion
    calm = [evening(local, number) for number in range(1, 10)]
    assert not any("inputs drift" in note for report in calm for note in report.notes)
    assert shown(local, calm[-1]).rows[0].model == "ensemble"
    rung = next(r for number in range(10, 20) if (r := evening(local, number)) and local.desk.inputs)
    reason = next(note for note in rung.notes if "drift" in note)
    assert reason.startswith("inputs drift since 2015-06-")
    assert "of feature values of the last 5 sessions are outside all training rows" in reason
    assert Work.TRAIN in rung.due
    following = evening(local, _after(local))
    assert {row.model for row in shown(local, following).rows} == {"har-t"}
    assert any("inputs drift" in notice for notice in shown(local, following).notices)
    clean = until_quiet(local, "inputs", at_most=30)
    assert local.desk.bench.champion is not before
    assert {row.model for row in shown(local, clean).rows} == {"ensemble"}


def until_quiet(local: LocalBackend, kind: str, *, at_most: int) -> TickReport:
    """Evening by evening, with the training that is due, until no notice speaks of drift of this kind."""
    for _ in range(at_most):
        report = evening(local, _after(local))
        if not any(note.startswith(kind) for note in report.notes):
            return report
        if Work.TRAIN in report.due:
            refit(local)
    raise AssertionError(f"{kind} drift still rings: {report.notes}")


def _after(local: LocalBackend) -> int:
    """The number of the next session."""
    known = local.desk.calendars.sessions("XNYS", BEGIN, BEGIN + timedelta(days=150)).sessions
    return next(i for i, s in enumerate(known) if s.close > local.desk.clock.now())


def test_a_wrong_shape_is_named_and_answered_by_a_refit_while_the_ensemble_goes_on(local: LocalBackend) -> None:
    before = local.desk.bench.champion
    count(local.desk.store, told(59, date(2015, 3, 2), always_low=True))
    assert evening(local, 1).notes == ()            # the ensemble has spoken, and nothing of it is settled
    rung = evening(local, 2)
    reason = next(note for note in rung.notes if "drift" in note)
    assert reason.startswith("shape drift since 2015-03-0")
    assert "the lowest fifth of the forecast distribution held" in reason
    assert any(reason == notice for notice in shown(local, rung).notices)
    assert shown(local, rung).rows[0].model == "ensemble"
    assert local.desk.response.widen == 1.0
    assert Work.TRAIN in rung.due
    refit(local)
    assert local.desk.bench.champion is not before
    clean = evening(local, 3)
    assert local.desk.response == CALM
    assert not any("drift" in note for note in clean.notes)


def test_bands_that_hold_too_little_are_widened_and_said_to_be(local: LocalBackend) -> None:
    champion = local.desk.bench.champion
    assert champion is not None
    narrow = Stretched(champion, 0.1)
    narrow.train_end = BEGIN                          # its licence lasts until the first of July
    local.desk.bench._put(narrow)
    local.desk.bench._tried = date(2015, 12, 31)      # no training in between
    quiet = [evening(local, number) for number in range(1, 21)]
    assert local.desk.response == CALM
    rung = evening(local, 21)                         # twenty sessions are settled
    assert quiet[-1].notes == ()
    assert rung.notes[0].startswith("coverage drift since 2015-06-30: the 80 % band held ")
    assert (local.desk.response.widen, local.desk.response.refit) == (1.1, False)
    local.desk.response = replace(local.desk.response, widen=3.0)
    evening(local, 22)
    before, widened = (width(e.forecast) for e in entries(local)[-2:])
    assert widened > 2.0 * before


def entries(local: LocalBackend) -> list[LedgerEntry]:
    ledger = local.desk.store.ledger
    return [e for e in ledger.entries(range(1, ledger.count() + 1))
            if e.forecast.model == "ensemble" and e.forecast.symbol == SYMBOLS[0]]


def width(said: Forecast) -> float:
    return said.log_return(1, 0.9) - said.log_return(1, 0.1)


def told(n: int, first: date, *, always_low: bool = False, horizon: int = 1) -> list[tuple[LedgerEntry, Outcome]]:
    """Settled forecasts of the ensemble on successive days: outcomes in the lowest fifth, or in each in turn."""
    days = weekdays(n + 12, first)
    rows = []
    for i in range(n):
        said = replace(
            forecast(), model="ensemble", as_of_session=days[i], target_sessions=days[i + 1 : i + 11],
            log_returns=tuple(tuple((level - 0.5) * h for level in forecast().levels) for h in range(1, 11)),
        )
        entry = LedgerEntry(i + 1, Origin.LIVE, said, "")
        turn = i // horizon
        fell = 0.1 if always_low and turn % 10 else 0.1 + 0.2 * (turn % 5)
        rows.append((entry, outcome_of(entry, horizon, (fell - 0.5) * horizon, said.target_times[-1])))
    return rows


def test_of_forecasts_whose_outcomes_overlap_only_every_hth_counts(local: LocalBackend) -> None:
    store = local.desk.store
    count(store, told(300, date(2010, 1, 4), always_low=True, horizon=5))
    response = look(store)
    assert "n 60)" in response.reasons[0]
    assert response.reasons[0].endswith("5 sessions ahead")
    count(store, told(299, date(2013, 1, 7), horizon=5))
    count(store, told(320, date(2015, 1, 5), horizon=5))
    assert look(store) == CALM          # only the newest are looked at
    assert SHAPE_WINDOW == 120


def test_what_was_said_in_the_past_tense_or_by_another_model_is_not_counted(local: LocalBackend) -> None:
    live = told(80, date(2015, 3, 2), always_low=True)
    past = [(replace(e, origin=Origin.BACKFILL), replace(o, origin=Origin.BACKFILL)) for e, o in live]
    other = [(e, replace(o, model="lstm")) for e, o in live]
    count(local.desk.store, [*past, *other])
    assert look(local.desk.store) == CALM
    count(local.desk.store, live)
    assert look(local.desk.store).refit
