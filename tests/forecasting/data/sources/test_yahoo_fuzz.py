"""Whatever JSON comes for a quote or a chart: a price, bars or a failure, and never anything else."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasting.data.sources.yahoo import YahooSource
from forecasting.domain.clock import FrozenClock
from forecasting.domain.market import BarSeries, Quote, Symbol, SymbolFailure
from forecasting.errors import SourceError
from tests.support.fake_yahoo import CRUMB, FakeSymbol, FakeYahoo, weekday_bars
from tests.support.markets import CALENDARS
from tests.support.yahoo_faults import HOSTILE

AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")
LAST = date(2026, 3, 6)
EVENING = datetime(2026, 3, 6, 22, 0, tzinfo=UTC)

STRANGE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just(HOSTILE), st.just(10**400),
    st.sampled_from(["NaN", "1,234.5", "AAPL", "GBp", "../..", "UTC\x00", "REGULAR"]),
    st.sampled_from([[], {}, [None], [[1.0]], {"x": []}]),
)
Place = tuple[str | int, ...]
T = TypeVar("T")


def places(value: object, path: Place = ()) -> list[Place]:
    """Every place in a JSON value, itself included."""
    below: list[Place] = []
    match value:
        case dict():
            below = [p for key, one in value.items() for p in places(one, (*path, key))]
        case list():
            below = [p for i, one in enumerate(value) for p in places(one, (*path, i))]
    return [path, *below]


def put(value: Any, path: Place, strange: object) -> Any:
    """`value` with `strange` at one place."""
    if not path:
        return strange
    copy = value.copy()
    copy[path[0]] = put(value[path[0]], path[1:], strange)
    return copy


def spoilt(whole: object) -> st.SearchStrategy[Any]:
    """`whole` with one to three strange values somewhere in it, or something else altogether."""
    changes = st.lists(st.tuples(st.sampled_from(places(whole)), STRANGE), min_size=1, max_size=3)

    def apply(made: list[tuple[Place, object]]) -> Any:
        value = whole
        for path, strange in made:
            try:
                value = put(value, path, strange)
            except (LookupError, TypeError, AttributeError):      # the place went with an earlier change
                continue
        return value

    return st.one_of(changes.map(apply), st.recursive(STRANGE, lambda inner: st.lists(inner, max_size=3)))


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any], YahooSource]:
    """A source whose next answer is the JSON that is given, as it would come off the wire."""
    clock = FrozenClock(EVENING)
    folder = tmp_path_factory.mktemp("cache")

    def answering(value: Any) -> YahooSource:
        source = YahooSource(cache_dir=Path(folder), clock=clock, wall=clock, calendars=CALENDARS)
        text = json.dumps(value)      # NaN and Infinity included, as Yahoo's own would be
        source._client.get_json = lambda url, **params: json.loads(text)  # type: ignore[method-assign]
        return source

    return answering


def good_answers() -> tuple[dict[str, Any], dict[str, Any]]:
    """A quote answer and a chart answer without fault."""
    with FakeYahoo({s: FakeSymbol(weekday_bars(LAST, 6)) for s in (AAPL, MSFT)}) as fake:
        _, quotes = fake.quote({"crumb": [CRUMB], "symbols": ["AAPL,MSFT"]})
        _, chart = fake.chart(AAPL, {})
    return quotes, chart


def outcome(call: Callable[[], T]) -> T | SourceError:
    try:
        return call()
    except SourceError as error:
        return error


QUOTES, CHART = good_answers()
FEW = settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(answer=spoilt(QUOTES))
def test_any_quote_answer_becomes_prices_failures_or_a_source_in_trouble(
    ask: Callable[[Any], YahooSource], answer: Any
) -> None:
    found = outcome(lambda: ask(answer).quotes([AAPL, MSFT]))
    if isinstance(found, SourceError):
        assert str(found).isprintable()
        return
    assert [one.symbol for one in found] == [AAPL, MSFT]
    for one in found:
        if isinstance(one, SymbolFailure):
            assert one.message.isprintable()
            continue
        assert isinstance(one, Quote)
        assert math.isfinite(one.price)
        assert one.price > 0.0
        assert one.time <= EVENING
        assert all(p is None or (math.isfinite(p) and p >= 0.0) for p in (one.previous_close, one.high, one.volume))
        assert (one.name or "").isprintable()
        assert one.currency.isalpha() or one.currency == ""


@FEW
@given(answer=spoilt(CHART))
def test_any_chart_answer_becomes_bars_that_can_be_trusted_or_a_failure(
    ask: Callable[[Any], YahooSource], answer: Any
) -> None:
    found = outcome(lambda: ask(answer).history(AAPL))
    if isinstance(found, SourceError | SymbolFailure):
        assert str(found).isprintable()
        return
    assert isinstance(found, BarSeries)
    sessions = [bar.session for bar in found.bars]
    assert sessions == sorted(set(sessions))
    assert all(session <= LAST for session in sessions)
    assert all(0.0 < b.low <= min(b.open, b.close) <= max(b.open, b.close) <= b.high < math.inf for b in found.bars)
    assert all(b.adj_close > 0.0 and math.isfinite(b.adj_close) and b.volume >= 0.0 for b in found.bars)
    assert found.instrument.name.isprintable()
    assert all(note.isprintable() for note in found.notes)
