"""What charts are told beyond a symbol's detail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.domain.interval import Interval
from forecasting.domain.market import Symbol
from forecasting.errors import QuestionWithdrawn, SourceOffline
from forecasting.service import wire
from forecasting.service.backend import Step, Work
from forecasting.service.chart_answers import answer_chart, answer_chosen
from forecasting.service.charting import AskChart, AskChosen, ChartAnswer
from forecasting.service.local import LocalBackend
from tests.support.desk import backend, recorded, write_csv

NOW = datetime(2026, 2, 27, 22, tzinfo=UTC)
AAA, SIM = Symbol("AAA"), Symbol("SIM-001")


def quietly(step: Step) -> None:
    pass


@pytest.fixture
def daily(tmp_path: Path) -> Iterator[LocalBackend]:
    folder = write_csv(tmp_path / "csv", recorded(["AAA"], date(2025, 1, 2), date(2026, 2, 27)))
    with backend(folder, tmp_path) as made:
        made.tick([AAA], NOW, quietly)
        yield made


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[LocalBackend]:
    with backend(tmp_path, tmp_path, source="simulated") as made:
        made.move_on(NOW)
        yield made


def ask(made: LocalBackend, **asked: object) -> ChartAnswer:
    known = {"symbol": AAA, "model": None, "horizon": None, "indicators": (), "short": False, **asked}
    return answer_chart(made.desk, AskChart(**known), NOW, quietly)      # type: ignore[arg-type]


def test_curves_come_over_the_stored_bars_a_value_for_each(daily: LocalBackend) -> None:
    answer = ask(daily, indicators=("sma20", "bollinger", "no such"))
    assert [curve.name for curve in answer.curves] == ["SMA 20", "BB upper", "BB middle", "BB lower"]
    assert answer.last == date(2026, 2, 27)
    values = answer.curves[0].values
    assert len(values) == len(daily.desk.store.market.bars(AAA))
    assert values[:20].count(None) == 19


def test_vwap_is_left_out_of_daily_bars(daily: LocalBackend) -> None:
    assert ask(daily, indicators=("vwap",)).curves == ()


def test_past_forecasts_are_of_the_model_and_horizon_asked_for(daily: LocalBackend) -> None:
    daily.work(Work.BACKFILL, [AAA], NOW, quietly)
    past = ask(daily, model="ewma-t", horizon=5).past
    outcomes = daily.desk.store.ledger.outcomes(AAA, "ewma-t", 5)
    assert [p.target for p in past] == [o.target_session for o in outcomes]
    assert len(past) > 20
    assert {p.live for p in past} == {False}
    assert ask(daily, model="ewma-t").past == ()


def test_a_source_of_daily_bars_says_so_and_makes_no_file(daily: LocalBackend) -> None:
    answer = ask(daily, short=True)
    assert answer.short is None
    assert "daily bars only" in answer.note
    assert not list(daily.desk.store.path.parent.glob("store-*.db"))


def test_short_bars_are_brought_into_their_own_store_with_their_indicators(simulated: LocalBackend) -> None:
    answer = ask(simulated, symbol=SIM, short=True, indicators=("vwap",))
    assert answer.note == ""
    assert answer.short is not None
    assert answer.short.interval is Interval.QUARTER
    assert answer.short.keys[-1] == answer.last == datetime(2026, 2, 27, 20, 45, tzinfo=UTC)
    assert answer.short.rsi[-1] is not None
    assert len(answer.curves[0].values) == len(answer.short.keys)
    with Store.open(simulated.desk.store.path, interval=Interval.QUARTER) as short:
        assert short.market.last_sessions([SIM]) == {SIM: answer.last}
    assert simulated.desk.store.market.last_sessions([SIM]) == {}


def test_short_bars_do_not_use_up_the_wish_for_the_daily_history_of_a_symbol(simulated: LocalBackend) -> None:
    simulated.desk.again.add(SIM)
    assert ask(simulated, symbol=SIM, short=True).short is not None
    assert simulated.desk.again == {SIM}


def test_a_question_that_is_taken_back_asks_for_no_short_bars(simulated: LocalBackend) -> None:
    def taken_back(step: Step) -> None:
        if step.message.startswith("history of"):
            raise QuestionWithdrawn("ask: taken back")

    with pytest.raises(QuestionWithdrawn):
        answer_chart(simulated.desk, AskChart(SIM, None, None, (), True), NOW, taken_back)
    with Store.open(simulated.desk.store.path, interval=Interval.QUARTER) as short:
        assert short.market.bars(SIM) == ()


def test_an_answer_crosses_the_pipe_as_it_is(simulated: LocalBackend) -> None:
    answer = ask(simulated, symbol=SIM, short=True, indicators=("sma20",))
    assert wire.unpack(ChartAnswer, wire.pack(answer)) == answer


def test_an_unknown_symbol_has_daily_bars_for_want_of_any_other(simulated: LocalBackend) -> None:
    answer = ask(simulated, symbol=Symbol("NONE"), short=True, indicators=("sma20",))
    assert (answer.short, answer.curves, answer.last) == (None, (), None)
    assert answer.note.startswith("daily bars: NONE: not simulated")


def test_a_choice_of_indicators_is_remembered_without_names_that_are_none(daily: LocalBackend) -> None:
    assert answer_chosen(daily.desk, AskChosen(), NOW, quietly).indicators == ()
    answer_chosen(daily.desk, AskChosen(("atr", "sma20", "gone")), NOW, quietly)
    assert answer_chosen(daily.desk, AskChosen(), NOW, quietly).indicators == ("sma20", "atr")
    daily.desk.store.runs.set_meta("chart-indicators", "no json")
    assert answer_chosen(daily.desk, AskChosen(), NOW, quietly).indicators == ()


class Silent:
    """A source that is asked over the network, and does not answer."""

    name = "yahoo"

    def history(self, symbol: Symbol, *asked: object) -> None:
        raise SourceOffline("yahoo: no network; asked again in 60 s")


def test_without_network_stored_short_bars_are_shown_with_how_old_they_are(simulated: LocalBackend) -> None:
    kept = ask(simulated, symbol=SIM, short=True).short
    simulated.desk.source = Silent()      # type: ignore[assignment]
    simulated.move_on(NOW + timedelta(days=3))
    answer = ask(simulated, symbol=SIM, short=True)
    assert answer.short == kept
    assert answer.note == "15m bars to 02-27 20:45 UTC: yahoo: no network; asked again in 60 s"


def test_without_network_and_stored_bars_daily_ones_are_shown(daily: LocalBackend) -> None:
    daily.desk.source = Silent()      # type: ignore[assignment]
    answer = ask(daily, short=True, indicators=("sma20",))
    assert (answer.short, answer.last) == (None, date(2026, 2, 27))
    assert answer.note == "daily bars: yahoo: no network"
