"""`tapecast positions`: lots go in by hand or by file and come out as they went in."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.domain.market import Instrument, Quote, Symbol
from tests.support.command_line import Run
from tests.support.desk import recorded, write_csv

FILE = """\
symbol,date,quantity,price,fee,split,alias,tags,note
NVDA,2024-01-15,10,483.20,1.5,,my chips,core tech,"sell, above 300"
NVDA,2024-06-10,,,,10:1,,,
NVDA,2024-07-01,-40,120.10,0,,,,
SAP.DE,2024-02-01,5,160.00,0,,,,
^GSPC,,,,,,,,the market
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lots.csv"
    path.write_text(FILE)
    return path


def put_quotes(data: Path) -> None:
    with Store.open(data / "store.db") as store:
        for symbol, price, before, currency in (("NVDA", 180.0, 175.0, "USD"), ("SAP.DE", 240.0, 250.0, "EUR")):
            store.market.put_instruments([Instrument(Symbol(symbol), symbol, "XNYS", currency)])
            quote = Quote(Symbol(symbol), price, datetime(2026, 3, 4, 15, tzinfo=UTC), before, currency, "bank")
            store.market.put_quotes([quote])


def test_a_file_goes_in_and_comes_out_as_it_was_and_a_second_time_brings_nothing(run: Run, file: Path) -> None:
    taken = run("positions", "import", file, "--json")
    assert (taken.code, taken.json["new"], taken.json["known"]) == (0, 4, 0)
    assert run("positions", "export").out == FILE
    assert run("positions", "export", "--json").json == list(csv.DictReader(io.StringIO(FILE)))
    again = run("positions", "import", file)
    assert again.out == "0 lots new, 4 known already, 3 symbols\n"
    assert run("positions", "export", "--csv").out == FILE


def test_a_dry_run_says_what_it_would_do_and_does_nothing(run: Run, file: Path) -> None:
    told = run("positions", "import", file, "--dry-run")
    assert (told.code, told.out) == (0, "4 lots would be new, 0 known already, 3 symbols\n")
    assert run("positions", "export", "--json").json == []


def test_every_line_that_cannot_be_read_is_named_and_nothing_is_taken_in(run: Run, file: Path) -> None:
    file.write_text(
        FILE + "NVDA,15/01/2024,1,1\n../x,2024-01-15,1,1\nNVDA,2024-01-15,1 @ 5,1\nNVDA,2024-01-15,1,\n"
        "NVDA,2024-01-15,1,1,0,2:1\n^GSPC,2024-01-15,1,1\nNVDA,2024-01-15,1,1,0,,,<b>\nA,,,,,,,,,x\n"
    )
    told = run("positions", "import", file)
    assert told.code == 1
    lines = [line.removeprefix(f"{file}:") for line in told.err.splitlines()]
    assert [line[:30] for line in lines[:8]] == [
        "7: '15/01/2024' is no day; wri", "8: '../x' is no ticker symbol:", "9: quantity: '1 @ 5' is more t",
        "10: a price, as 183.20 is want", "11: a split has neither quanti", "12: ^GSPC is an index, and nob",
        "13: '<b>' is no tag; up to 20 ", "14: more cells than columns; p",
    ]
    assert lines[8].endswith("nothing was taken in; mend these lines and try again")
    assert [e["line"] for e in run("positions", "import", file, "--json").json["errors"]] == list(range(7, 15))
    assert run("positions", "export", "--json").json == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"symbol,day\n", ":1: unknown column 'day'; the columns are symbol, date,"),
        (b"date,price\n", ":1: no column symbol"),
        (b"", ":1: no column symbol"),
        (b"symbol\n\xff\n", "byte 7 is no UTF-8"),
        (b'symbol,note\nNVDA,"open\n', "nothing was taken in"),
        (b"symbol\x1b[31m\n", ":1: unknown column 'symbol'"),
    ],
)
def test_a_file_that_is_none_is_one_line(run: Run, file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    told = run("positions", "import", file)
    assert told.code == 1
    assert said in told.err
    assert len(told.err.splitlines()) == 1
    assert "\x1b" not in told.err


def test_a_file_without_end_is_told_and_not_read_to_it(run: Run) -> None:
    told = run("positions", "import", "/dev/zero")
    assert (told.code, told.err.splitlines()) == (1, ["tapecast: /dev/zero: over 10,000,000 bytes; split the file"])


def test_the_list_is_priced_from_the_store_and_currencies_are_not_added_up(run: Run, file: Path, data: Path) -> None:
    run("positions", "import", file)
    put_quotes(data)
    told = run("positions", "--json").json
    held = {row["symbol"]: row for row in told["positions"]}
    nvda = held["NVDA"]["position"]
    assert (nvda["quantity"], nvda["average_cost"]) == (60.0, pytest.approx(48.335))
    assert nvda["pnl"] == pytest.approx(60 * (180 - 48.335))
    assert nvda["realised"] == pytest.approx(40 * (120.10 - 48.335))
    assert (nvda["day_pnl"], nvda["currency"]) == (300.0, "USD")
    assert (held["NVDA"]["alias"], held["NVDA"]["tags"]) == ("my chips", ["core", "tech"])
    assert (held["^GSPC"]["position"], held["^GSPC"]["note"]) == (None, "the market")
    assert told["portfolio"]["total"] is None
    assert {p["currency"]: p["value"] for p in told["portfolio"]["per_currency"]} == {"USD": 10_800.0, "EUR": 1200.0}
    plain = run("positions", "list").out
    assert "NVDA               60      48.34     180.00     10,800.00 USD    +7,899.90 +272.4%     +300.00" in plain
    assert "no one sum" in plain
    figures = list(csv.DictReader(io.StringIO(run("positions", "--csv").out)))
    assert {row["symbol"]: row["value"] for row in figures} == {"NVDA": "10800.0", "SAP.DE": "1200.0", "^GSPC": ""}


def test_lots_are_added_by_hand_and_a_bad_one_is_said(run: Run) -> None:
    added = run("positions", "add", "nvda", "2024-01-15 10 @ 183.20 fee 1", "2024-03-01 -4 @ 201")
    assert added.out == "NVDA  2024-01-15 10 @ 183.20 fee 1\nNVDA  2024-03-01 -4 @ 201\n"
    wrong = run("positions", "add", "NVDA", "2024-01-15 ten @ 5")
    assert (wrong.code, wrong.err) == (2, "tapecast: line 1: 'ten' stands where a quantity, as 10 or -4, or: split 10:1"
                                          " is wanted\n")
    assert len(run("positions", "export", "--json").json) == 2


def test_where_nothing_was_written_down_the_list_is_empty_and_makes_no_store(run: Run, data: Path) -> None:
    assert run("positions", "--json").json["positions"] == []
    assert not (data / "store.db").exists()


def test_print_tells_what_is_held_behind_the_rest_of_its_row(run: Run, tmp_path: Path) -> None:
    series = recorded(("AAA", "BBB"), date(2014, 6, 2), date(2015, 3, 31), seed=3)
    folder = write_csv(tmp_path / "csv", series)
    run("positions", "add", "AAA", "2014-06-03 10 @ 50", "2015-03-31 5 @ 50", "--csv-dir", folder)
    first, second = run("print", "--csv-dir", folder, "--as-of", "2015-03-20", "--json").json["rows"]
    assert first["position"]["quantity"] == 10.0                  # what was bought later was not held then
    assert first["position"]["value"] == pytest.approx(10 * first["last"])
    assert set(first) - set(second) == {"alias", "tags", "note", "position", "lots"}
    told = run("print", "--csv-dir", folder, "--as-of", "2015-03-20", "--json").json
    assert told["portfolio"] == {"total": None, "per_currency": [], "left_out": ["AAA (no currency)"]}


def test_a_file_with_semicolons_is_read_and_no_currencies_are_claimed_where_nothing_is_priced(
    run: Run, tmp_path: Path
) -> None:
    lots = tmp_path / "lots.csv"
    lots.write_bytes("\ufeffquantity;symbol;date;price\r\n10;NVDA;2024-01-15;183.20\r\n".encode())
    assert run("positions", "import", str(lots))[:2] == (0, "1 lots new, 0 known already, 1 symbols\n")
    out = run("positions")[1]
    assert "without NVDA (no price)" in out
    assert "several currencies" not in out
