from __future__ import annotations

import math
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.data.quality import RawBar
from forecasting.data.sources.csv import CsvSource, parse_csv
from forecasting.domain.clock import FrozenClock
from forecasting.domain.market import BarSeries, Quote, Symbol, SymbolFailure
from forecasting.errors import ConfigError, CsvError, SourceError
from tests.support.markets import CALENDARS

AAPL = Symbol("AAPL")
EVENING = datetime(2024, 1, 10, 22, 0, tzinfo=UTC)
HEADER = "Date,Open,High,Low,Close,Adj Close,Volume\n"
ROWS = (
    "2024-01-03,10,11,9,10.5,10.1,1000\n"
    "2024-01-04,10.5,12,10,11.5,11.1,1100\n"
    "2024-01-05,11.5,12,11,12,11.6,1200\n"
)
STOCKNET = Path(__file__).resolve().parents[4] / "../shared/data/stocknet"


def source(folder: Path, now: datetime = EVENING) -> CsvSource:
    return CsvSource(folder, clock=FrozenClock(now), calendars=CALENDARS)


def write(folder: Path, text: str, name: str = "AAPL.csv") -> None:
    (folder / name).write_bytes(text.encode())


def bars_of(answer: BarSeries | SymbolFailure) -> BarSeries:
    assert isinstance(answer, BarSeries), answer
    return answer


def message_of(answer: object) -> str:
    assert isinstance(answer, SymbolFailure), answer
    assert answer.kind == "csv"
    return answer.message


def test_yahoo_s_columns_are_read(tmp_path: Path) -> None:
    write(tmp_path, HEADER + ROWS)
    bar = bars_of(source(tmp_path).history(AAPL)).bars[0]
    assert (bar.session, bar.open, bar.high, bar.low, bar.close, bar.adj_close, bar.volume) == (
        date(2024, 1, 3), 10.0, 11.0, 9.0, 10.5, 10.1, 1000.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + HEADER + ROWS,
        (HEADER + ROWS).replace("\n", "\r\n"),
        (HEADER + ROWS).replace("2024-01-03", "2024-01-03 00:00:00-05:00"),
        (HEADER + ROWS).replace("Adj Close", "adj_close").replace("Open", " OPEN "),
        (HEADER + ROWS) + "\n\n",
    ],
    ids=["byte order mark", "CRLF", "date with time", "other spelling", "blank lines at the end"],
)
def test_harmless_variants_give_the_same_bars(tmp_path: Path, text: str) -> None:
    write(tmp_path, HEADER + ROWS, "PLAIN.csv")
    write(tmp_path, text)
    one = source(tmp_path)
    assert bars_of(one.history(AAPL)).bars == bars_of(one.history(Symbol("PLAIN"))).bars


def test_columns_may_come_in_any_order_and_adj_close_and_volume_may_be_missing(tmp_path: Path) -> None:
    write(tmp_path, "Close,Date,Low,High,Open\n10.5,2024-01-03,9,11,10\n")
    bar = bars_of(source(tmp_path).history(AAPL)).bars[0]
    assert (bar.open, bar.high, bar.low, bar.close, bar.adj_close, bar.volume) == (10.0, 11.0, 9.0, 10.5, 10.5, 0.0)


def test_null_cells_cost_the_row_and_are_noted(tmp_path: Path) -> None:
    write(tmp_path, HEADER + ROWS + "2024-01-08,null,null,null,null,null,null\n2024-01-09,12,13,11,12,11.7,\n")
    got = bars_of(source(tmp_path).history(AAPL))
    assert [b.session.day for b in got.bars] == [3, 4, 5, 9]
    assert got.notes == ("2024-01-08 missing price, dropped: no prices at all",)


def test_text_in_a_number_column_is_named_with_file_line_column_and_remedy(tmp_path: Path) -> None:
    write(tmp_path, HEADER + ROWS.replace("12,11,12", "12,a\x1b[31mbc,12"))
    write(tmp_path, HEADER + ROWS, "MSFT.csv")
    one = source(tmp_path)
    expected = "AAPL.csv: line 4, column Low: found 'abc', expected a number; correct or remove the line"
    assert message_of(one.history(AAPL)) == expected
    bad, good = one.quotes([AAPL, Symbol("MSFT")])
    assert message_of(bad) == expected
    assert isinstance(good, Quote)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "line 1 has no column Date, Open, High, Low, Close, found: nothing"),
        ("Date,Open,High,Low\n", "line 1 has no column Close"),
        (HEADER + "2024-01-03,10,11,9\n", "line 2 has 4 cells, the header has 7"),
        (HEADER + "03/01/2024,10,11,9,10,10,1\n", "line 2, column Date: found '03/01/2024', expected a date such as"),
        (HEADER + '2024-01-03,10,11,9,10,10,"1,234"\n', "line 2, column Volume: found '1,234', expected a number"),
        (HEADER + "2024-01-03,1_0,11,9,10,10,1\n", "line 2, column Open: found '1_0'"),
    ],
)
def test_a_file_that_is_no_price_file_says_where_and_why(tmp_path: Path, text: str, part: str) -> None:
    write(tmp_path, text)
    assert part in message_of(source(tmp_path).history(AAPL))


def test_a_binary_file_is_a_failure_of_its_symbol_alone(tmp_path: Path) -> None:
    (tmp_path / "AAPL.csv").write_bytes(b"\x89PNG\r\n\xff\xfe\x00")
    assert "not UTF-8" in message_of(source(tmp_path).history(AAPL))


def test_a_file_without_end_is_a_failure_of_its_symbol_and_not_read_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasting.data.sources.csv.MAX_BYTES", 1000)
    (tmp_path / "AAPL.csv").symlink_to("/dev/zero")
    assert "AAPL.csv: over 1,000 bytes" in message_of(source(tmp_path).history(AAPL))


def test_bars_after_the_clock_are_not_seen_and_the_quote_is_the_last_close_known_then(tmp_path: Path) -> None:
    write(tmp_path, HEADER + ROWS)
    noon = source(tmp_path, datetime(2024, 1, 5, 17, 0, tzinfo=UTC))
    assert [b.session.day for b in bars_of(noon.history(AAPL)).bars] == [3, 4]
    (quote,) = noon.quotes([AAPL])
    assert isinstance(quote, Quote)
    assert (quote.price, quote.previous_close, quote.time) == (11.5, 10.5, datetime(2024, 1, 4, 21, 0, tzinfo=UTC))


def test_what_the_file_knows_of_later_days_does_not_judge_an_earlier_one(tmp_path: Path) -> None:
    spike = "2024-01-08,40,40,40,40,40,1\n"
    write(tmp_path, HEADER + ROWS + spike + "2024-01-09,12,12,12,12,12,1\n")
    write(tmp_path, HEADER + ROWS + spike, "CUT.csv")
    then = source(tmp_path, datetime(2024, 1, 8, 22, 0, tzinfo=UTC))
    full, cut = bars_of(then.history(AAPL)), bars_of(then.history(Symbol("CUT")))
    assert (full.bars, full.notes) == (cut.bars, cut.notes)
    assert full.bars[-1].close == 40.0
    later = bars_of(source(tmp_path).history(AAPL))
    assert 40.0 not in [b.close for b in later.bars]


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    write(tmp_path, HEADER + ROWS)
    one = source(tmp_path)
    assert len(bars_of(one.history(AAPL)).bars) == 3
    write(tmp_path, HEADER + ROWS + "2024-01-08,12,13,11,12.5,12.1,1300\n")
    os.utime(tmp_path / "AAPL.csv", ns=(1, 1))
    assert len(bars_of(one.history(AAPL)).bars) == 4


def test_the_catalogue_is_the_folder_and_files_that_name_no_symbol_are_ignored(tmp_path: Path) -> None:
    for name in ("MSFT.csv", "brk.b.csv", "^GSPC.csv", "notes.txt", "not a symbol.csv"):
        write(tmp_path, HEADER + ROWS, name)
    assert source(tmp_path).catalogue() == ("BRK-B", "MSFT", "^GSPC")


def test_a_missing_or_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere: no such folder; give an existing one with --csv-dir"):
        source(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"no file named SYMBOL\.csv"):
        source(tmp_path)


def test_a_folder_that_goes_away_is_a_dead_source(tmp_path: Path) -> None:
    folder = tmp_path / "prices"
    folder.mkdir()
    write(folder, HEADER + ROWS)
    one = source(folder)
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(SourceError, match="prices"):
        one.quotes([AAPL])


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
RAW = st.builds(RawBar, st.dates(), NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.none() | NUMBERS)


@settings(deadline=None)
@given(st.lists(RAW, max_size=20))
def test_what_was_written_is_read_back(rows: list[RawBar]) -> None:
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
    assert parse_csv((HEADER + "\n".join(lines)).encode(), file="X.csv") == rows


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet="Dateopnhiglwcs,\"\n\r012-.x\x00", max_size=200).map(str.encode))
def test_any_bytes_give_rows_or_one_line_that_names_the_file(content: bytes) -> None:
    for data in (content, HEADER.encode() + content):
        try:
            complaint, rows = "X.csv: ", parse_csv(data, file="X.csv")
        except CsvError as error:
            complaint, rows = str(error), []
        assert complaint.startswith("X.csv: ")
        assert complaint.isprintable()
        assert all(isinstance(row.session, date) for row in rows)


@pytest.mark.skipif(not STOCKNET.is_dir(), reason="the real price folder is not here")
def test_a_real_folder_is_read_whole_and_its_one_crash_is_kept() -> None:
    one = source(STOCKNET, datetime(2017, 9, 1, 21, 0, tzinfo=UTC))
    histories = {symbol: bars_of(one.history(symbol)) for symbol in one.catalogue()}
    assert len(histories) == 88
    assert sum(len(h.bars) for h in histories.values()) > 100_000
    assert {symbol for symbol, h in histories.items() if h.notes} == {"AGFS", "PTR", "REX", "SNP"}
    assert "-48.9%" in histories[Symbol("AGFS")].notes[0]
    assert math.isclose(histories[AAPL].bars[-1].close, 164.050003)
