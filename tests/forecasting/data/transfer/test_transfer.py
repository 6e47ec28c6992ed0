"""Export and import: what leaves comes back row for row, and what contradicts the store changes nothing."""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import math
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.data.store import Store
from forecasting.data.transfer import formats
from forecasting.data.transfer.entering import take_in
from forecasting.data.transfer.formats import BATCH, read, write
from forecasting.data.transfer.leaving import export
from forecasting.data.transfer.tables import BARS, INSTRUMENTS, KINDS, SIGNALS, TABLES, WATCHLIST, Table
from forecasting.domain.forecast import Origin
from forecasting.domain.holding import Holding, Lot, in_order
from forecasting.domain.interval import Interval
from forecasting.domain.market import Symbol
from forecasting.domain.transfer import FORMATS, Format
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import DataError
from tests.support.filled_store import FACTS, fill, rows
from tests.support.store import AMD, MONDAY, NVDA, close_of, forecast, outcome, series

needs_pyarrow = pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="pyarrow is not installed")
every_format = pytest.mark.parametrize(
    "format_", [pytest.param(f, marks=needs_pyarrow) if f == "parquet" else f for f in FORMATS]
)
EVERY = {
    "instruments": 3, "bars": 40, "forecasts": 6, "outcomes": 12, "signals": 2, "alert_rules": 2, "watchlist": 4,
    "holdings": 2, "holding_entries": 3,
}  # fmt: skip
Edit = Callable[[list[list[str]]], None]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    fill(path)
    return path


@pytest.fixture
def folder(store: Path, tmp_path: Path) -> Path:
    """The filled store as CSV files."""
    export(store, tmp_path / "out", "csv", TABLES)
    return tmp_path / "out"


def edit(file: Path, change: Edit) -> None:
    with open(file, newline="") as before:
        table = list(csv.reader(before))
    change(table)
    with open(file, "w", newline="") as after:
        csv.writer(after, lineterminator="\n").writerows(table)


def facts(path: Path) -> dict[str, list[Any]]:
    return {table: rows(path, table) for table in FACTS}


@every_format
def test_what_leaves_a_store_comes_back_row_for_row(store: Path, tmp_path: Path, format_: Format) -> None:
    written = export(store, tmp_path / "out", format_, TABLES)
    assert sum(count for told in written.values() for count in told.values()) == 3 + 40 + 6 + 12 + 2 + 2 + 4 + 2 + 3
    assert {oct(file.stat().st_mode & 0o777) for file in written} == {"0o600"}
    taken = take_in(tmp_path / "new.db", tmp_path / "out")
    assert taken.new == EVERY
    assert facts(tmp_path / "new.db") == facts(store)
    with Store.open(tmp_path / "new.db") as new:
        assert new.ledger.verify() == 6
        new.ledger.append([forecast(model="lstm")], Origin.BACKFILL, at=close_of(MONDAY))
        assert new.ledger.verify() == 7


@every_format
def test_the_same_import_again_changes_nothing(store: Path, tmp_path: Path, format_: Format) -> None:
    export(store, tmp_path / "out", format_, TABLES)
    before = facts(store)
    taken = take_in(store, tmp_path / "out")
    assert set(taken.new.values()) == {0}
    assert taken.known == EVERY
    assert facts(store) == before


def test_every_column_of_the_tables_that_leave_does_leave(store: Path) -> None:
    for table in (t for t in TABLES if t is not WATCHLIST):
        with closing(sqlite3.connect(store)) as raw:
            columns = {row[1] for row in raw.execute(f"PRAGMA table_info({table.name})")}
        kept = {"signals": {"id"}, "alert_rules": {"removed_at"}}      # a rule that was removed is no rule any more
        assert set(table.stored) == columns - kept.get(table.name, set())


def test_json_lines_hold_all_tables_in_one_file(store: Path, tmp_path: Path) -> None:
    export(store, tmp_path / "all.jsonl", "json", TABLES)
    take_in(tmp_path / "new.db", tmp_path / "all.jsonl")
    assert facts(tmp_path / "new.db") == facts(store)


def test_a_csv_file_holds_one_table_and_says_so(store: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a csv file holds one table, instruments and bars were asked for"):
        export(store, tmp_path / "bars.csv", "csv", KINDS["bars"])
    assert export(store, tmp_path / "watch.csv", "csv", KINDS["watchlist"])[tmp_path / "watch.csv"] == {"watchlist": 4}


def test_an_export_never_writes_over_a_file(store: Path, folder: Path) -> None:
    before = (folder / "bars.csv").read_bytes()
    with pytest.raises(DataError, match="is there already and is not written over"):
        export(store, folder, "csv", (BARS,))
    assert (folder / "bars.csv").read_bytes() == before


def test_one_symbols_bars_can_be_moved_alone(store: Path, tmp_path: Path) -> None:
    export(store, tmp_path / "nvda", "csv", KINDS["bars"], NVDA)
    taken = take_in(tmp_path / "new.db", tmp_path / "nvda")
    assert (taken.new, taken.with_new_bars) == ({"instruments": 1, "bars": 20}, (NVDA,))


def test_a_longer_ledger_continues_a_shorter_one_and_a_shorter_one_changes_nothing(store: Path, tmp_path: Path) -> None:
    export(store, tmp_path / "short", "csv", KINDS["forecasts"])
    with Store.open(store) as longer:
        (entry,) = longer.ledger.append([forecast(model="lstm")], Origin.BACKFILL, at=close_of(MONDAY))
        longer.ledger.settle([outcome(entry, 3)])
    export(store, tmp_path / "long", "csv", KINDS["forecasts"])
    take_in(tmp_path / "new.db", tmp_path / "short")
    assert take_in(tmp_path / "new.db", tmp_path / "long").new == {"forecasts": 1, "outcomes": 1}
    assert facts(tmp_path / "new.db")["pending"] == facts(store)["pending"]
    assert take_in(store, tmp_path / "short").new == {"forecasts": 0, "outcomes": 0}


def test_a_signal_is_scored_by_an_import_and_never_unscored(store: Path, folder: Path, tmp_path: Path) -> None:
    take_in(tmp_path / "new.db", folder)
    with Store.open(store) as scored:
        scored.signals.settle(2, -0.02, close_of(MONDAY))
    export(store, tmp_path / "later", "csv", KINDS["signals"])
    assert take_in(tmp_path / "new.db", tmp_path / "later").new == {"signals": 1}
    assert take_in(tmp_path / "new.db", folder / "signals.csv").new == {"signals": 0}
    assert rows(tmp_path / "new.db", "signals") == rows(store, "signals")


def test_rules_that_are_in_force_are_known_and_removed_ones_come_back_with_their_mute(
    store: Path, folder: Path
) -> None:
    with Store.open(store) as opened:
        before = opened.alerts.rules()
        opened.alerts.remove(2, close_of(MONDAY))
    assert take_in(store, folder / "alert_rules.csv").new == {"alert_rules": 1}
    with Store.open(store) as opened:
        kept, again = opened.alerts.rules()
    assert (kept, again) == (before[0], replace(before[1], id=3))
    assert again.muted_until is not None


def test_lists_of_one_name_become_one(folder: Path, tmp_path: Path) -> None:
    with Store.open(tmp_path / "new.db") as new:
        new.watchlist.save([WatchGroup("Mine", (Symbol("SAP.DE"),)), WatchGroup('Core, "best"', (AMD,))])
    take_in(tmp_path / "new.db", folder / "watchlist.csv")
    with Store.open(tmp_path / "new.db") as new:
        assert new.watchlist.groups() == (
            WatchGroup("Mine", (Symbol("SAP.DE"),)), WatchGroup('Core, "best"', (AMD, NVDA)), WatchGroup("Later", ()),
            WatchGroup("Buys", (), "signal == buy and last > 1"),
        )


@pytest.mark.parametrize("own", [WatchGroup("Buys", (AMD,)), WatchGroup("Buys", (), "signal == sell")])
def test_a_smart_list_never_takes_the_place_of_another_kind_of_list(
    folder: Path, tmp_path: Path, own: WatchGroup
) -> None:
    with Store.open(tmp_path / "new.db") as new:
        new.watchlist.save([WatchGroup("Mine", (AMD,)), own])
    with pytest.raises(DataError, match=r"watchlist.csv:5: list Buys is smart, of signal == buy and last > 1 here"):
        take_in(tmp_path / "new.db", folder / "watchlist.csv")
    with Store.open(tmp_path / "new.db") as new:
        assert new.watchlist.groups() == (WatchGroup("Mine", (AMD,)), own)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["7,Twice,,,last > 1", "8,Twice,0,AMD,"], "two lists of different kinds are called Twice; rename one"),
        (["7,Odd,0,AMD,last > 1"], "watchlist.csv:2: a smart list has a condition and no symbols of its own"),
    ],
)
def test_a_list_is_smart_or_has_symbols(tmp_path: Path, lines: list[str], said: str) -> None:
    (tmp_path / "watchlist.csv").write_text("\n".join([",".join(WATCHLIST.names), *lines]) + "\n")
    with pytest.raises(DataError, match=said):
        take_in(tmp_path / "new.db", tmp_path / "watchlist.csv")


@every_format
def test_what_was_exported_before_a_column_was_thought_of_is_taken_in_without_it(
    store: Path, tmp_path: Path, format_: Format
) -> None:
    def older(table: Table) -> Table:
        columns = tuple(column for column in table.columns if not column.later)
        select = "SELECT " + ", ".join(c.name for c in columns) + f" FROM ({table.select.format(where='')})"
        return Table(table.name, columns, table.key, select)

    tables = [older(table) for table in (SIGNALS, WATCHLIST)]
    assert [set(now.names) - set(t.names) for now, t in zip((SIGNALS, WATCHLIST), tables, strict=True)] == [
        {"strength", "inputs"}, {"filter"},
    ]
    export(store, tmp_path / "out", format_, tables)
    take_in(tmp_path / "new.db", tmp_path / "out")
    with Store.open(tmp_path / "new.db") as new, Store.open(store) as old:
        assert new.signals.recent(9) == old.signals.recent(9)
        assert [group.name for group in new.watchlist.groups()] == [group.name for group in old.watchlist.groups()]


def test_what_is_held_is_joined_with_what_the_store_knows(folder: Path, tmp_path: Path) -> None:
    first, extra = Lot(MONDAY, Decimal(5), Decimal(100)), Lot(MONDAY + timedelta(days=1), Decimal(-1), Decimal(120))
    with Store.open(tmp_path / "new.db") as new:
        new.holdings.save([Holding(NVDA, "mine", ("best",), "", (first, extra))])
    for _ in range(2):      # again, nothing is doubled
        take_in(tmp_path / "new.db", folder)
    with Store.open(tmp_path / "new.db") as new, Store.open(folder.parent / "store.db") as old:
        joined = (first, extra, *old.holdings.all()[NVDA].entries)      # two equal lots of one day are two
        assert new.holdings.all()[NVDA] == Holding(NVDA, "mine", ("ai", "best", "core"), "a note", in_order(joined))


BAD_CELLS = [
    ("bars", "close", "abc", r"bars.csv:5: close is 'abc', not a finite number above 0; mend or remove the row"),
    ("bars", "close", "inf", "close is 'inf', not a finite number above 0"),
    ("bars", "close", "-1", "close is '-1'"),
    ("bars", "close", "", "close is 'None'"),
    ("bars", "low", "1e6", r"bars.csv:5: high .* and low 1e\+06 of .* do not hold open"),
    ("bars", "session", "2026-3-5", "session is '2026-3-5', not a day, as 2015-01-31"),
    ("bars", "symbol", "../x", "symbol is '../x', not a ticker symbol"),
    ("bars", "symbol", "nvda", "symbol is 'nvda'"),
    ("bars", "volume", "nan", "volume is 'nan'"),
    ("instruments", "name", "evil\x1b]52;c;x\x07", r"name is 'evil\?\]52;c;x\?', not at most 500 printable characters"),
    ("instruments", "name", "n" * 501, "name is 'nnnn"),
    ("instruments", "exchange", "MOON", "exchange is 'MOON', not an exchange tapecast knows"),
    ("instruments", "synthetic", "2", "synthetic is '2', not a whole number, 0 to 1"),
    ("signals", "kind", "hunch", "kind is 'hunch', not one of rsi-oversold"),
    ("signals", "settled_at", "yesterday", "settled_at is 'yesterday', not a time in UTC"),
    ("forecasts", "hash", "zz", "hash is 'zz', not 64 hexadecimal digits"),
    ("forecasts", "body", "{}", r"forecasts.csv:5: forecast 4 is not as tapecast writes it"),
    ("forecasts", "model", "oracle", "forecast 4 is not as tapecast writes it .its columns say something else"),
    ("holdings", "tags", '["B", "a"]', "tags is '.*', not a JSON list of tags in their order"),
    ("holding_entries", "day", "2026-3-2", "day is '2026-3-2', not a day"),
    ("holding_entries", "ratio", "10:0", "ratio is '10:0', not a ratio, as 10:1"),
    ("holding_entries", "quantity", "nan", "quantity is 'nan', not a number that a lot may have"),
    ("holding_entries", "quantity", "1e99", "quantity is '1e99'"),
    ("holding_entries", "price", "ten", "price is 'ten'"),
    ("holding_entries", "fee", "1", "a lot has quantity, price and fee, a split a ratio alone"),
    ("outcomes", "crps", "0.0", r"outcomes.csv:5: outcome 4 was edited, its hash does not hold"),
    ("outcomes", "id", "9", "outcome 9 where 4 belongs; a ledger is taken in whole and in order"),
]


@pytest.mark.parametrize(("table", "column", "cell", "said"), BAD_CELLS)
def test_a_bad_cell_is_named_by_file_and_line_and_nothing_is_taken_in(
    folder: Path, tmp_path: Path, table: str, column: str, cell: str, said: str
) -> None:
    line = min(4, len((folder / f"{table}.csv").read_text().splitlines()) - 1)

    def spoil(lines: list[list[str]]) -> None:
        lines[line][lines[0].index(column)] = cell

    edit(folder / f"{table}.csv", spoil)
    with pytest.raises(DataError, match=said) as raised:
        take_in(tmp_path / "new.db", folder)
    assert str(raised.value).isprintable()
    assert all(found == [] for found in facts(tmp_path / "new.db").values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("symbol,what\nNVDA,1\n", "no table of tapecast has the columns symbol, what"),
        ("", r"no table of tapecast has the columns \(none\)"),
        (",".join(BARS.names) + "\nNVDA,1\n", "bars.csv:2: 2 cells, the header has 9"),
        (",".join(BARS.names) + "\n" + "\"" * 3, "cannot be read as CSV"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bars.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        take_in(tmp_path / "new.db", tmp_path / "bars.csv")


@pytest.mark.parametrize("line", ["{", "[]", "1", '{"table": "bars"}', '{"table": ["x"]}', '"' + "[" * 5000, "\x00"])
def test_a_line_that_is_no_row_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "x.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match=r"x.jsonl:1: .*; mend or remove the line"):
        take_in(tmp_path / "new.db", tmp_path / "x.jsonl")


@given(st.binary(max_size=200), st.sampled_from([".csv", ".jsonl"]))
def test_any_bytes_are_no_rows_of_ours(tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str) -> None:
    file = tmp_path_factory.mktemp("any") / f"x{suffix}"
    file.write_bytes(data)
    with contextlib.suppress(DataError):
        assert list(read(file)) == []


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read as CSV"):
        take_in(tmp_path / "new.db", tmp_path / "x.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"holds no .csv, .jsonl or .parquet file"):
        take_in(tmp_path / "new.db", tmp_path / "empty")


def test_the_same_row_twice_in_a_file_is_refused(folder: Path, tmp_path: Path) -> None:
    edit(folder / "bars.csv", lambda lines: lines.append(lines[1]))
    with pytest.raises(DataError, match=r"bars.csv:42: a second row for AMD 2026-03-02; remove one of them"):
        take_in(tmp_path / "new.db", folder)


def test_bars_adjusted_otherwise_are_refused_and_the_stores_stand(folder: Path, store: Path) -> None:
    with Store.open(store) as own:
        own.market.put_bars(series(AMD, n=25), replace=True)
    edit(folder / "bars.csv", lambda lines: lines[7].__setitem__(6, "12.5"))
    before = facts(store)
    with pytest.raises(DataError, match=r"bars.csv:8: AMD 2026-03-10 .* 12.5 here, .* 53.0 in the store"):
        take_in(store, folder)
    assert facts(store) == before


def test_bars_of_another_interval_are_refused_or_claim_an_empty_store(
    store: Path, folder: Path, tmp_path: Path
) -> None:
    def hours(lines: list[list[str]]) -> None:
        for line in lines[1:]:
            line[1], line[8] = f"{line[1]}T14:30:00+00:00", "1h"

    edit(folder / "bars.csv", hours)
    (tmp_path / "hours").mkdir()
    for name in ("bars.csv", "instruments.csv"):
        (folder / name).rename(tmp_path / "hours" / name)
    with pytest.raises(DataError, match=r"bars.csv:2: of 1h bars, the store holds 1d; name the store of 1h bars with"):
        take_in(store, tmp_path / "hours")
    taken = take_in(tmp_path / "store-1h.db", tmp_path / "hours")
    assert (taken.new["bars"], taken.interval) == (40, Interval.HOUR)
    with Store.open(tmp_path / "store.db", interval=Interval.HOUR) as hourly:
        assert len(hourly.market.bars(NVDA)) == 20
    edit(tmp_path / "hours" / "bars.csv", lambda lines: lines[3].__setitem__(8, "1d"))
    with pytest.raises(DataError, match=r"bars.csv:4: session is 2026-03-04T14:30:00\+00:00, which names no bar of 1d"):
        take_in(tmp_path / "new.db", tmp_path / "hours")


def test_bars_of_an_unknown_instrument_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"bars.csv:2: bars of AMD, whose exchange and currency nobody knows"):
        take_in(tmp_path / "new.db", folder / "bars.csv")


def test_another_ledger_is_refused_by_its_first_row_that_differs(folder: Path, tmp_path: Path) -> None:
    with Store.open(tmp_path / "other.db") as other:
        other.ledger.append([forecast("SAP.DE")], Origin.BACKFILL, at=close_of(MONDAY))
    before = facts(tmp_path / "other.db")
    with pytest.raises(DataError, match=r"forecasts.csv:2: .* these are two ledgers, which cannot become one"):
        take_in(tmp_path / "other.db", folder)
    assert facts(tmp_path / "other.db") == before


def test_outcomes_without_their_forecasts_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"outcomes.csv:2: no forecast waits for this outcome of forecast 1, horizon 1"):
        take_in(tmp_path / "new.db", folder / "outcomes.csv")


def test_a_part_of_the_ledger_leaves_and_cannot_come_back(store: Path, tmp_path: Path) -> None:
    export(store, tmp_path / "part", "csv", KINDS["forecasts"], AMD)
    with pytest.raises(DataError, match=r"forecasts.csv:2: forecast 2 where 1 belongs; .* export it without --symbol"):
        take_in(tmp_path / "new.db", tmp_path / "part")


def test_parquet_without_pyarrow_is_one_clear_line(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(formats, "import_module", absent)
    with pytest.raises(DataError, match=r"Parquet needs pyarrow; run: python -m pip install 'tapecast\[parquet\]'"):
        export(store, tmp_path / "out", "parquet", TABLES)
    assert not list((tmp_path / "out").iterdir())


@needs_pyarrow
def test_a_parquet_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bars.parquet").write_bytes(b"PAR1" + bytes(100) + b"PAR1")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        take_in(tmp_path / "new.db", tmp_path / "bars.parquet")


@needs_pyarrow
def test_more_rows_than_a_batch_keep_their_order(tmp_path: Path) -> None:
    made = [(f"S{i}", f"name {i}", "XNYS", "USD", 0) for i in range(BATCH + 5)]
    assert write(tmp_path / "i.parquet", "parquet", [(INSTRUMENTS, made)]) == {"instruments": BATCH + 5}
    assert [found.cells for found in read(tmp_path / "i.parquet")] == made


@every_format
@given(values=st.lists(st.floats(allow_nan=False), min_size=1, max_size=6))
def test_a_float_comes_back_to_its_last_bit(
    tmp_path_factory: pytest.TempPathFactory, format_: Format, values: list[float]
) -> None:
    file = tmp_path_factory.mktemp("floats") / f"x{'.jsonl' if format_ == 'json' else f'.{format_}'}"
    made = [("NVDA", f"{i}", v, v, v, v, v, v, "1d") for i, v in enumerate(values)]
    write(file, format_, [(BARS, made)])
    back = [float(found.cells[2]) for found in read(file)]
    assert back == values
    assert [math.copysign(1, v) for v in back] == [math.copysign(1, v) for v in values]
