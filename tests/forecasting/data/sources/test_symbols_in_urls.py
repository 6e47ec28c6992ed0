"""What reaches Yahoo's server for a symbol is that symbol, as one segment of the path and one word of the query."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forecasting.data.sources.yahoo import YahooSource
from forecasting.domain.clock import FrozenClock
from forecasting.domain.market import SymbolFailure, parse_symbol
from forecasting.errors import SymbolError
from tests.support.fake_yahoo import FakeYahoo, routed
from tests.support.markets import CALENDARS

NOW = FrozenClock(datetime(2026, 3, 6, 22, 0, tzinfo=UTC))
TEXTS = st.from_regex(r"[A-Z0-9^][A-Z0-9.^=\-]{0,14}", fullmatch=True) | st.text("AZ09^.=-/?#%&:@ é\x1b", max_size=16)


@pytest.fixture(scope="module")
def far() -> Iterator[FakeYahoo]:
    with pytest.MonkeyPatch.context() as monkeypatch, FakeYahoo({}) as yahoo, routed(monkeypatch, yahoo):
        yield yahoo


@pytest.fixture(scope="module")
def source(far: FakeYahoo, tmp_path_factory: pytest.TempPathFactory) -> YahooSource:
    cache: Path = tmp_path_factory.mktemp("yf")
    return YahooSource(cache_dir=cache, clock=NOW, wall=NOW, calendars=CALENDARS, per_second=1e6)


@settings(deadline=None, max_examples=60)
@given(TEXTS)
@example("^GSPC")
@example("EURUSD=X")
@example("../v7/finance")
@example("AAPL?range=max")
@example("AAPL#x")
@example("AAPL%2F..")
@example("AAPL&symbols=X")
def test_a_symbol_asks_for_itself_or_is_none(far: FakeYahoo, source: YahooSource, text: str) -> None:
    try:
        symbol = parse_symbol(text)
    except SymbolError:
        return
    far.log.clear()
    assert isinstance(source.history(symbol), SymbolFailure)     # this Yahoo knows nobody
    assert isinstance(source.quotes([symbol])[0], SymbolFailure)

    asked = [(request.endpoint, request.symbols) for request in far.log if request.endpoint in ("chart", "quote")]
    assert asked == [("chart", (symbol,)), ("quote", (symbol,))]
    assert {request.endpoint for request in far.log} <= {"chart", "quote", "cookie", "crumb"}
