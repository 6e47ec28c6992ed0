"""`tapecast print --json` before a Yahoo with every fault: it stays up, keeps its rows and says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from forecasting.data.sources.yahoo import YahooSource
from forecasting.errors import StoreUnwritable
from tests.support.command_line import Result, Run
from tests.support.fake_yahoo import SERVER_FAULTS, FakeSymbol, FakeYahoo, last_weekday, routed, weekday_bars
from tests.support.yahoo_faults import CONTENT_FAULTS

SYMBOLS = ("AAPL", "MSFT", "VOD.L")


@pytest.fixture(scope="module")
def served() -> Iterator[FakeYahoo]:
    symbols = {s: FakeSymbol(weekday_bars(last_weekday(), 30)) for s in SYMBOLS}
    symbols["VOD.L"] = FakeSymbol(weekday_bars(last_weekday(), 30), currency="GBp", timezone="Europe/London")
    with FakeYahoo(symbols) as fake:
        yield fake


@pytest.fixture
def fake(served: FakeYahoo, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeYahoo]:
    served.forget()
    assert YahooSource.__init__.__kwdefaults__ is not None
    monkeypatch.setitem(YahooSource.__init__.__kwdefaults__, "cap_s", 0.3)
    monkeypatch.setitem(YahooSource.__init__.__kwdefaults__, "per_second", 1e3)
    with routed(monkeypatch, served):
        yield served
        served.forget()


@pytest.fixture
def printed(run: Run, tmp_path: Path, fake: FakeYahoo) -> Run:
    """Prints the three symbols' rows over the source before `fake`."""
    config = tmp_path / "three.toml"
    config.write_text(f"[[list]]\nname = 'Three'\nsymbols = {list(SYMBOLS)}\n")

    def call(*words: object) -> Result:
        return run("print", "--json", "--source", "yahoo", "--config", config, *words)

    return call


def checked(result: Result) -> dict[str, dict[str, object]]:
    """The rows by symbol, one each, whatever happened; and nothing that could move a cursor."""
    rows = {row["symbol"]: row for row in result.json["rows"]}
    assert tuple(rows) == SYMBOLS
    assert all(line.isprintable() for line in (*result.out.splitlines(), *result.err.splitlines()))
    assert all(row["last"] is None or row["last"] > 0 for row in rows.values()), "a missing price is never 0"
    return rows


def test_bars_that_end_on_the_last_weekday_never_lie_ahead_whatever_the_day_and_hour() -> None:
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    moments = [monday + timedelta(days=d, seconds=s) for d in range(7) for s in (0, 86_399)]
    assert [f"{moment:%a}-{last_weekday(moment):%a}" for moment in moments[::2]] == [
        "Mon-Fri", "Tue-Mon", "Wed-Tue", "Thu-Wed", "Fri-Thu", "Sat-Fri", "Sun-Fri",
    ]
    assert all(datetime.combine(last_weekday(moment), time(21), UTC) < moment for moment in moments)


def test_without_a_fault_every_row_has_its_price(printed: Run) -> None:
    result = printed()
    assert (result.code, result.err) == (0, "")
    assert {s: row["last"] for s, row in checked(result).items()} == {"AAPL": 114.5, "MSFT": 114.5, "VOD.L": 1.145}


@pytest.mark.parametrize("fault", [f for f in SERVER_FAULTS if f not in ("slow", "empty")])
def test_a_fault_of_the_server_ends_with_3_a_row_per_symbol_and_one_line(
    printed: Run, fake: FakeYahoo, fault: str
) -> None:
    fake.faults["*"] = fault
    result = printed()
    rows = checked(result)
    assert result.code == 3
    assert len(result.err.splitlines()) == 1
    assert result.err.startswith("yahoo: ")
    assert {row["error"]["kind"] for row in rows.values()} == {"source"}      # type: ignore[index]
    assert fake.total <= (3 if fault != "consent" else 18)


@pytest.mark.parametrize("fault", CONTENT_FAULTS)
def test_odd_content_of_one_symbol_spoils_no_other_row(printed: Run, fake: FakeYahoo, fault: str) -> None:
    fake.faults["*"], fake.spoilt = fault, frozenset({"AAPL"})
    result = printed()
    rows = checked(result)
    assert result.code in (0, 1)
    assert [rows[s]["error"] for s in SYMBOLS[1:]] == [None, None]
    assert [rows[s]["last"] for s in SYMBOLS[1:]] == [114.5, 1.145]
    assert (result.code == 1) == (rows["AAPL"]["error"] is not None)


def test_what_is_stored_is_shown_while_yahoo_is_silent_and_comes_back_with_it(printed: Run, fake: FakeYahoo) -> None:
    printed()
    fake.faults["*"] = "reset"
    silent = printed()
    assert (silent.code, checked(silent)["AAPL"]["last"]) == (3, 114.5)
    fake.faults.clear()
    assert printed().code == 0


def test_who_answers_in_yahoo_s_place_is_told_once(run: Run, fake: FakeYahoo, tmp_path: Path) -> None:
    (tmp_path / "AAPL.csv").write_text(
        "Date,Open,High,Low,Close,Adj Close,Volume\n2026-03-05,9,9,9,9,9,1\n2026-03-06,9,9,9,9,9,1\n"
    )
    config = tmp_path / "order.toml"
    source = f"[source]\norder = ['yahoo', 'csv']\ncsv_dir = '{tmp_path}'\n"
    config.write_text(f"{source}[[list]]\nname = 'One'\nsymbols = ['AAPL']\n")
    fake.faults["*"] = "500"
    result = run("print", "--json", "--config", config)
    assert [row["source"] for row in result.json["rows"]] == ["csv"]
    assert result.err == "yahoo: query1.finance.yahoo.com: server error (HTTP 500); csv answers meanwhile\n"


def test_what_is_stored_is_shown_while_the_disk_takes_nothing(
    printed: Run, fake: FakeYahoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed()

    def full(*_: object) -> None:
        raise StoreUnwritable("the disk is full: nothing new is kept in store.db; free some space")

    monkeypatch.setattr("forecasting.service.local.tick", full)
    result = printed()
    rows = checked(result)
    assert (result.code, result.err) == (1, "the disk is full: nothing new is kept in store.db; free some space\n")
    assert [row["last"] for row in rows.values()] == [114.5, 114.5, 1.145]
    assert {row["error"]["kind"] for row in rows.values()} == {"store-unwritable"}      # type: ignore[index]


def test_charts_in_trouble_cost_the_forecast_and_not_the_price(printed: Run, fake: FakeYahoo) -> None:
    fake.faults["chart"] = "500"
    result = printed()
    rows = checked(result)
    assert result.code == 1
    assert rows["AAPL"]["last"] == 114.5
    assert "server error (HTTP 500)" in rows["MSFT"]["error"]["message"]      # type: ignore[index]
    assert fake.requests["chart"] <= 2


def test_a_currency_that_changed_is_not_shown_as_if_it_had_not(printed: Run, fake: FakeYahoo) -> None:
    printed()
    fake.faults["quote"], fake.spoilt = "wrong-currency", frozenset({"VOD.L"})
    result = printed()
    row = checked(result)["VOD.L"]
    assert (result.code, row["last"], row["currency"]) == (1, 1.145, "GBP")
    assert "price came in EUR, stored bars are in GBP" in row["error"]["message"]      # type: ignore[index]


def test_an_unknown_symbol_costs_no_request_of_its_own_and_is_tried_ever_more_rarely(
    printed: Run, fake: FakeYahoo, tmp_path: Path
) -> None:
    (tmp_path / "four.toml").write_text("[[list]]\nname = 'Four'\nsymbols = ['AAPL', 'NOPE']\n")
    first = printed("--config", tmp_path / "four.toml")
    assert first.code == 1
    assert fake.requests == {"cookie": 1, "crumb": 1, "quote": 1, "chart": 1}
    assert "NOPE: Yahoo has no quote for it; next try " in first.err
    printed("--config", tmp_path / "four.toml")
    assert [r.symbols for r in fake.log if r.endpoint == "quote"] == [("AAPL", "NOPE"), ("AAPL",)], "kept across starts"


def test_doctor_names_who_is_in_quarantine_and_which_rows_were_not_believed(
    printed: Run, run: Run, fake: FakeYahoo, tmp_path: Path
) -> None:
    config = tmp_path / "odd.toml"
    config.write_text("[[list]]\nname = 'Odd'\nsymbols = ['AAPL', 'MSFT', 'NOPE']\n")
    fake.faults["chart"], fake.spoilt = "negative", frozenset({"AAPL"})
    printed("--config", config)
    checks = run("doctor", "--source", "yahoo", "--config", config, "--json").checks
    assert checks["quarantine"]["found"].startswith("1 asked for rarely: NOPE: Yahoo has no quote for it; next try ")
    assert "(quote, failed once since " in checks["quarantine"]["found"]
    newest = fake.symbols["AAPL"].bars[-1]["session"]
    assert f"AAPL: {newest} price is not above zero, dropped: O H L C adj " in checks["rows"]["found"]
    assert [checks[name]["status"] for name in ("quarantine", "rows", "source")] == ["warning", "warning", "ok"]
