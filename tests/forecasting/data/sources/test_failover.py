"""Who answers when the first source does not, and how that is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.data.sources.base import Streaming
from forecasting.data.sources.failover import FailoverSource, in_order
from forecasting.domain.clock import FrozenClock
from forecasting.domain.market import BarSeries, Quote, Symbol, SymbolFailure
from forecasting.domain.snapshot import Health
from forecasting.errors import SourceOffline
from tests.support.desk import recorded, write_csv
from tests.support.switched import Switched

AAA, BBB, CCC = (Symbol(s) for s in ("AAA", "BBB", "CCC"))
START = datetime(2015, 6, 1, 14, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Case:
    """yahoo knows AAA and BBB, csv knows BBB and CCC."""

    def __init__(self, folder: Path) -> None:
        self.clock = FrozenClock(START)
        series = recorded(("AAA", "BBB", "CCC"), date(2015, 1, 2), date(2015, 5, 29))
        self.yahoo = Switched("yahoo", write_csv(folder / "a", series[:2]), self.clock)
        self.csv = Switched("csv", write_csv(folder / "b", series[1:]), self.clock)
        self.source = FailoverSource((self.yahoo, self.csv), self.clock)

    def ask(self, *symbols: Symbol) -> list[str]:
        answers = self.source.quotes(symbols or (AAA, BBB, CCC))
        return [a.source if isinstance(a, Quote) else a.kind for a in answers]

    def later(self, minutes: int) -> None:
        self.clock.set(self.clock.now() + minutes * MINUTE)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_the_next_source_is_asked_only_for_what_the_first_does_not_know(case: Case) -> None:
    assert case.ask() == ["yahoo", "yahoo", "csv"]
    assert case.csv.asked == ["quotes CCC"]
    assert (case.source.health().health, case.source.health().message) == (Health.OK, "ok, csv for 1")
    assert case.ask(AAA, BBB) == ["yahoo", "yahoo"]
    assert case.csv.asked == ["quotes CCC"]
    assert case.source.health().message == "ok, csv for 1"       # of this refresh, which asked twice
    case.later(1)
    case.ask(AAA, BBB)
    assert case.source.health().message == "ok"
    case.later(1)
    case.ask(CCC)
    assert case.source.health().message == "ok, csv for 1"


def test_an_outage_says_since_when_and_who_answers_and_the_end_is_said_once(case: Case) -> None:
    case.ask()
    case.yahoo.down = True
    case.later(1)
    assert case.ask() == ["offline", "csv", "csv"]
    case.later(4)
    case.ask()
    health = case.source.health()
    assert (health.name, health.health, health.substitute) == ("yahoo", Health.LATE, "csv")
    assert (health.since, health.substitute_since) == (START + MINUTE, START + MINUTE)
    assert health.message == "yahoo: no answer within 8 s; csv answers meanwhile"
    case.yahoo.down = False
    case.later(1)
    assert case.ask() == ["yahoo", "yahoo", "csv"]
    assert (case.source.health().health, case.source.health().message) == (Health.OK, "back after 5 min")
    assert case.source.health().substitute is None
    case.later(1)
    case.ask(AAA)
    assert case.source.health().message == "ok"


def test_where_nobody_answers_the_first_sources_error_is_raised(case: Case) -> None:
    case.yahoo.down = case.csv.down = True
    with pytest.raises(SourceOffline, match="yahoo"):
        case.ask()
    with pytest.raises(SourceOffline, match="yahoo"):
        case.source.history(AAA)
    assert case.source.health().health is Health.FAILED


def test_a_source_that_is_up_and_knows_nothing_does_not_answer_in_anothers_place(case: Case) -> None:
    case.yahoo.down = True
    assert case.ask(AAA) == ["offline"]
    assert (case.source.health().health, case.source.health().substitute) == (Health.FAILED, None)


def test_a_failing_second_source_is_no_outage_of_the_first(case: Case) -> None:
    case.csv.down = True
    assert case.ask() == ["yahoo", "yahoo", "unknown-symbol"]
    assert case.source.health().health is Health.OK


def test_a_history_names_who_delivered_it(case: Case) -> None:
    def whose(symbol: Symbol) -> str:
        found = case.source.history(symbol)
        return found.source if isinstance(found, BarSeries) else found.kind

    assert [whose(s) for s in (AAA, BBB, CCC)] == ["yahoo", "yahoo", "csv"]
    case.yahoo.down = True
    assert [whose(s) for s in (AAA, BBB, CCC)] == ["offline", "csv", "csv"]
    failure = case.source.history(AAA)
    assert isinstance(failure, SymbolFailure)
    assert failure.message == "yahoo: no answer within 8 s"


def test_one_source_is_itself_and_only_a_streaming_first_one_streams(case: Case) -> None:
    assert in_order([case.yahoo], case.clock) is case.yahoo
    assert not isinstance(in_order([case.yahoo, case.csv], case.clock), Streaming)

    class Streamed(Switched):
        def stream(self, on_quote: object) -> str:
            return "its stream"

    first = Streamed("yahoo", case.yahoo._inner._folder, case.clock)
    both = in_order([first, case.csv], case.clock)
    assert isinstance(both, Streaming)
    assert both.stream(lambda quote: None) == "its stream"      # type: ignore[comparison-overlap]
    assert both.name == "yahoo"
