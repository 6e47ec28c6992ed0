"""Whatever stands in a CSV file: bars that a market could have made, or one line that says where the trouble is."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forecasting.data.sources.csv import CsvSource
from forecasting.domain.clock import FrozenClock
from forecasting.domain.market import BarSeries, Quote, Symbol, SymbolFailure
from tests.support.markets import CALENDARS

AAPL = Symbol("AAPL")
EVENING = datetime(2024, 1, 10, 22, 0, tzinfo=UTC)
NASTY = "\x1b[31m\x1b]52;c;aGk=\x07\u202e\x00,\"'\r\n\t;"

DATES = st.dates(date(2023, 12, 20), date(2024, 1, 20)).map(date.isoformat) | st.sampled_from(
    ["9999-12-31", "0001-01-01", "2024-02-30", "20240105", "2024-W01-3", "01/03/2024", "2024-01-04 00:00:00-05:00", ""]
)
NUMBERS = st.floats(0.01, 1e6).map(repr) | st.sampled_from(
    ["-5", "0", "1e308", "1e400", "-inf", "nan", "null", "", " 10 ", "1,234.5", "1_000", "0x10", "١٢", "ten", "9" * 400]
)
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]) | st.sampled_from(NASTY), max_size=10)
CELLS = st.one_of(NUMBERS, NUMBERS, DATES, TEXTS, st.just("x" * 140_000))  # over csv's limit
ROWS = st.tuples(DATES, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS) | st.lists(CELLS, max_size=9)
HEADERS = st.sampled_from(
    ["Date,Open,High,Low,Close,Adj Close,Volume"] * 5
    + ["Datetime,Open,High,Low,Close", "Date;Open;High;Low;Close", "date,date,open,high,low,close,close", "", "\x00"]
)
FILES = st.builds(
    lambda mark, header, rows, end: mark + end.join([header, *(",".join(row) for row in rows)]),
    st.sampled_from(["", "", "\ufeff", "\ufeff\ufeff"]), HEADERS, st.lists(ROWS, max_size=8),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\r\r\n"]),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("csv")


@settings(deadline=None, max_examples=60)
@given(FILES)
@example("Date,Open,High,Low,Close\n9999-12-31,10,11,9,10\n2024-01-04,10,11,9,10\n")
def test_any_file_gives_bars_of_a_market_or_a_line_about_the_file(folder: Path, text: str) -> None:
    (folder / "AAPL.csv").write_text(text, encoding="utf-8", newline="")
    source = CsvSource(folder, clock=FrozenClock(EVENING), calendars=CALENDARS)
    (quote,) = source.quotes([AAPL])
    series = source.history(AAPL)

    if isinstance(series, SymbolFailure):
        assert series.kind in ("csv", "no-data")
        assert series.message.isprintable()
        assert len(series.message) < 600
        assert "AAPL.csv" in series.message
        assert isinstance(quote, SymbolFailure) or "holds" in series.message
        return
    sessions = [bar.session for bar in series.bars]
    assert sessions == sorted(set(sessions))
    assert max(sessions) <= EVENING.date()
    assert all(n > 0 and math.isfinite(n) for b in series.bars for n in (b.open, b.high, b.low, b.close, b.adj_close))
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in series.bars)
    assert all(line.isprintable() for line in series.notes)
    assert isinstance(quote, Quote)
    assert quote.price == series.bars[-1].close


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 5), st.integers(1, 4), st.sampled_from(["ten", "1_000", "0x10", "\x1b[31m7", "12 €"]))
def test_a_cell_that_is_no_number_is_named_by_line_and_column(folder: Path, column: int, row: int, cell: str) -> None:
    names = ("Open", "High", "Low", "Close", "Adj Close", "Volume")
    day = date(2024, 1, 2)
    rows = [[f"{day + timedelta(days=i)}", "10", "11", "9", "10", "10", "100"] for i in range(4)]
    rows[row - 1][1 + column] = cell
    text = "\n".join(["Date," + ",".join(names), *(",".join(r) for r in rows)])
    (folder / "AAPL.csv").write_text(text, encoding="utf-8")
    answer = CsvSource(folder, clock=FrozenClock(EVENING), calendars=CALENDARS).history(AAPL)

    assert not isinstance(answer, BarSeries)
    assert re.match(rf"AAPL\.csv: line {row + 1}, column {names[column]}: found '", answer.message)
    assert answer.message.isprintable()
