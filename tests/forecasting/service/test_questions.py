"""Questions to the worker: answers, steps, taking back, deadlines. The workers here are real child processes."""

from __future__ import annotations

import pkgutil
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_type_hints

import pytest

from forecasting.data.store import Store
from forecasting.domain.clock import FrozenClock
from forecasting.domain.market import Symbol
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import NotEnoughHistory, QuestionWithdrawn, WorkerCrashed, WorkerTimeout
from forecasting.service.backend import Step, Work
from forecasting.service.client import WorkerClient
from forecasting.service.engine import Engine
from forecasting.service.onlooker import Onlooker
from forecasting.service.pace import Cadence
from forecasting.service.questions import QUESTIONS, Entry
from forecasting.service.watchlist import Watchlist
from tests.support.asking_worker import TABLE, Ask, Study, Told, Unlisted
from tests.support.desk import backend
from tests.support.engines import without_sinks
from tests.support.waiting import PATIENCE_S, until, within
from tests.support.worker_driver import worker_setup

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
AAPL = Symbol("AAPL")
COMMAND = (sys.executable, "-m", "tests.support.asking_worker")


def client_with(folder: Path, table: tuple[Entry, ...] = TABLE, *, silence_ask_s: float = 10.0) -> WorkerClient:
    return WorkerClient(
        worker_setup(folder), log_path=folder / "w.log", command=COMMAND, silence_ask_s=silence_ask_s, questions=table
    )


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerClient]:
    monkeypatch.chdir(Path(__file__).parents[3])
    made = client_with(tmp_path)
    yield made
    made.close()


def quietly(step: Step) -> None:
    pass


class Asking:
    """A question asked from a thread."""

    def __init__(self, whom: WorkerClient | Engine, question: Ask) -> None:
        self.steps: list[Step] = []
        self.came: list[Told | Exception] = []
        self._thread = threading.Thread(target=self._ask, args=(whom, question))
        self._thread.start()

    def _ask(self, whom: WorkerClient | Engine, question: Ask) -> None:
        try:
            if isinstance(whom, Engine):
                self.came.append(whom.inquire(question, self.steps.append))
            else:
                self.came.append(whom.ask(question, NOW, self.steps.append))
        except Exception as error:
            self.came.append(error)

    def result(self) -> Told | Exception:
        self._thread.join(PATIENCE_S)
        return self.came[0]


def test_an_answer_comes_back_with_its_steps_and_the_clocks_time(client: WorkerClient) -> None:
    steps: list[Step] = []
    assert client.ask(Ask("well", steps=2), NOW, steps.append) == Told(("well",), NOW)
    assert steps == [Step("stub", "well", 0.0), Step("stub", "well", 0.5)]


def test_what_cannot_be_answered_says_why(client: WorkerClient) -> None:
    with pytest.raises(NotEnoughHistory, match="3 bars, needs 60"):
        client.ask(Ask("short"), NOW, quietly)


def test_a_question_in_no_table_is_refused_before_a_worker_is_started(client: WorkerClient) -> None:
    with pytest.raises(LookupError, match="Unlisted is no question"):
        client.ask(Unlisted(), NOW, quietly)
    assert client.pid is None


def test_a_question_taken_back_ends_at_once_here_and_with_its_next_step_over_there(client: WorkerClient) -> None:
    asking = Asking(client, Ask("slow", steps=100))
    until(lambda: bool(asking.steps))
    client.withdraw(Ask)
    assert isinstance(asking.result(), QuestionWithdrawn)
    with within(3.0):       # the ten seconds of the first are not waited for
        assert client.ask(Ask("next"), NOW, quietly).words == ("next",)


def test_the_newest_question_replaces_the_one_that_waits(client: WorkerClient) -> None:
    former = Asking(client, Ask("former", steps=100))
    until(lambda: bool(former.steps))
    assert client.ask(Ask("newest"), NOW, quietly).words == ("newest",)
    error = former.result()
    assert isinstance(error, QuestionWithdrawn)
    assert "a newer question has taken its place" in str(error)


def test_a_deadline_that_passes_is_told_and_the_worker_lives_on(client: WorkerClient, tmp_path: Path) -> None:
    hasty = client_with(tmp_path, (Entry("stub", Ask, Told, "unused", deadline_s=0.5),))
    client.close()
    with pytest.raises(WorkerTimeout, match=r"stub: no answer within 0\.5 s"):
        hasty.ask(Ask("slow", steps=100), NOW, quietly)
    assert hasty.pid is not None
    hasty.close()


def test_a_worker_that_crashes_over_a_question_is_an_error_and_is_started_anew(client: WorkerClient) -> None:
    with pytest.raises(WorkerCrashed, match="ended with code 3"):
        client.ask(Ask("crash"), NOW, quietly)
    assert client.ask(Ask("well"), NOW, quietly).words == ("well",)


def test_a_handler_that_hangs_is_ended_with_its_worker(tmp_path: Path, client: WorkerClient) -> None:
    impatient = client_with(tmp_path, silence_ask_s=1.0)
    with pytest.raises(WorkerTimeout, match="said nothing for 1 s"):
        impatient.ask(Ask("hang"), NOW, quietly)
    assert impatient.pid is None
    impatient.close()


def test_closing_ends_a_question_that_waits(client: WorkerClient) -> None:
    asking = Asking(client, Ask("slow", steps=100))
    until(lambda: bool(asking.steps))
    client.close()
    assert isinstance(asking.result(), WorkerCrashed)


def test_a_question_waits_for_no_long_job_and_holds_up_no_tick(client: WorkerClient) -> None:
    steps: list[Step] = []

    def train() -> None:
        with pytest.raises(QuestionWithdrawn):
            client.work(Work.TRAIN, [Symbol("SLOW")], NOW, steps.append)

    training = threading.Thread(target=train)
    training.start()
    until(lambda: bool(steps))
    asking = Asking(client, Ask("slow", steps=100))
    until(lambda: bool(asking.steps))
    client.tick([AAPL], NOW, quietly)
    assert not asking.came
    client.withdraw(Ask)
    assert client.ask(Ask("quick"), NOW, quietly) == Told(("quick",), NOW)
    assert training.is_alive()
    client.cancel(Work.TRAIN)
    training.join()


def test_no_question_waits_for_one_that_takes_long(client: WorkerClient) -> None:
    study = Asking(client, Study("long", steps=100))
    until(lambda: bool(study.steps))
    with within(3.0):       # the ten seconds of the long one are not waited for
        assert client.ask(Ask("short of breath"), NOW, quietly).words == ("short of breath",)
    assert not study.came
    client.withdraw(Study)
    assert isinstance(study.result(), QuestionWithdrawn)


def test_a_question_that_may_take_longer_than_another_can_wait_is_called_long() -> None:
    shortest = min(entry.deadline_s for entry in QUESTIONS)
    assert {entry.name for entry in QUESTIONS if entry.deadline_s > 10.0 * shortest} == {
        entry.name for entry in QUESTIONS if entry.long
    }


@pytest.mark.parametrize("entry", QUESTIONS, ids=lambda entry: entry.name)
def test_a_handler_takes_and_gives_what_its_entry_says(entry: Entry) -> None:
    hints = list(get_type_hints(pkgutil.resolve_name(entry.handler)).values())
    assert hints[1] is entry.question
    assert hints[-1] is entry.answer


def test_every_question_has_a_name_and_a_type_of_its_own() -> None:
    assert len({entry.name for entry in QUESTIONS}) == len({entry.question for entry in QUESTIONS}) == len(QUESTIONS)


def test_a_question_moves_the_desks_clock_on_and_never_back(tmp_path: Path) -> None:
    with backend(tmp_path, tmp_path / "data", "simulated") as local:
        local.move_on(NOW)
        assert local.desk.clock.now() == NOW
        local.move_on(NOW - timedelta(minutes=1))       # it has waited while a tick of a later moment began
        assert local.desk.clock.now() == NOW


def test_a_view_of_anothers_engine_starts_a_worker_with_its_first_question_and_ends_it(
    tmp_path: Path, client: WorkerClient
) -> None:
    store = Store.open(tmp_path / "store.db")
    view = Onlooker(
        store, Watchlist((WatchGroup("Core", (AAPL,)),), store.watchlist.save), lambda: None, display_currency=None,
        log_path=None, inquirer=client,
    )
    assert view.snapshot().groups[0].symbols == (AAPL,)
    running = [client.pid is not None]
    assert view.inquire(Ask("well"), quietly).words == ("well",)
    running.append(client.pid is not None)
    view.stop()
    running.append(client.pid is not None)
    assert running == [False, True, False]


def test_an_engine_asks_with_its_own_clocks_time_and_takes_back(tmp_path: Path, client: WorkerClient) -> None:
    store = Store.open(tmp_path / "store.db")
    engine = Engine(
        store=store, backend=client, inquirer=client, watchlist=Watchlist((), store.watchlist.save),
        source_name="stub", cadence=Cadence(60.0, 60.0), alarms=without_sinks(store), clock=FrozenClock(NOW),
    )
    assert engine.inquire(Ask("well"), quietly) == Told(("well",), NOW)
    asking = Asking(engine, Ask("slow", steps=100))
    until(lambda: bool(asking.steps))
    engine.withdraw(Ask)
    assert isinstance(asking.result(), QuestionWithdrawn)
    engine.stop()
