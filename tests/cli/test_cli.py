"""The command line as scripts use it: standard output, standard error, exit codes."""

from __future__ import annotations

import math
from datetime import date, datetime
from pathlib import Path

import pytest

from forecasting.domain.forecast import LEVELS
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.errors import SourceOffline
from tests.support.bars import STOCKNET
from tests.support.command_line import Run
from tests.support.desk import recorded, write_csv
from tests.support.markets import CALENDARS

SERIES = recorded(("AAA", "BBB", "CCC"), date(2014, 6, 2), date(2015, 9, 30), seed=3)
CUT = date(2015, 7, 31)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("csv"), SERIES)


def test_print_has_a_row_per_file_of_the_folder(run: Run, folder: Path) -> None:
    result = run("print", "--csv-dir", folder, "--as-of", "2015-09-30", "--json")
    assert result.code == 0
    assert result.json["source"] == "csv"
    rows = result.json["rows"]
    assert [r["symbol"] for r in rows] == ["AAA", "BBB", "CCC"]
    keys = {"symbol", "last", "currency", "change_pct", "data_time", "age_s", "state", "signal", "forecast", "error"}
    assert set(rows[0]) == keys | {"price", "display_price", "display_currency", "source"}
    assert rows[0]["price"] == rows[0]["display_price"] == rows[0]["last"]
    bars = SERIES[0].bars
    assert rows[0]["last"] == pytest.approx(bars[-1].close)
    assert rows[0]["change_pct"] == pytest.approx((bars[-1].close / bars[-2].close - 1) * 100)
    assert rows[0]["data_time"] == "2015-09-30T20:00:00+00:00"
    assert (rows[0]["state"], rows[0]["error"]) == ("CLS", None)
    assert rows[0]["age_s"] == pytest.approx(4 * 3600 - 1)
    assert rows[0]["forecast"]["low_80_pct"] < rows[0]["forecast"]["median_pct"] < rows[0]["forecast"]["high_80_pct"]


def test_a_file_with_text_in_a_number_column_keeps_its_row_and_names_the_place(run: Run, tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "csv", SERIES)
    lines = (folder / "BBB.csv").read_text().splitlines()
    lines[7] = lines[7].replace(lines[7].split(",")[4], "about fifty")
    (folder / "BBB.csv").write_text("\n".join(lines))
    result = run("print", "--csv-dir", folder, "--as-of", "2015-09-30", "--json")
    assert result.code == 1
    rows = {r["symbol"]: r for r in result.json["rows"]}
    assert rows["AAA"]["error"] is None
    assert rows["BBB"]["last"] is None
    message = rows["BBB"]["error"]["message"]
    assert "BBB.csv" in message
    assert "line 8" in message
    assert "about fifty" in message
    assert "BBB.csv" in result.err


def test_forecast_speaks_in_quantiles_of_sessions_to_come(run: Run, folder: Path) -> None:
    result = run("forecast", "bbb", "--csv-dir", folder, "--as-of", CUT, "--json")
    assert result.code == 0
    (forecast,) = result.json
    assert (forecast["symbol"], forecast["as_of"]) == ("BBB", "2015-07-31T20:00:00+00:00")
    assert forecast["train_end"] < "2015-07-31"
    sessions = CALENDARS.sessions("XNYS", CUT, date(2015, 8, 31)).after(CUT, 10)
    assert [datetime.fromisoformat(h["target_time"]) for h in forecast["horizons"]] == [s.close for s in sessions]
    for horizon in forecast["horizons"]:
        assert horizon["levels"] == list(LEVELS)
        assert horizon["log_returns"] == sorted(horizon["log_returns"])
        assert 0.0 <= horizon["p_up"] <= 1.0
        last = next(b.close for b in SERIES[1].bars if b.session == CUT)
        assert horizon["prices"][10] == pytest.approx(last * math.exp(horizon["log_returns"][10]))


def test_as_of_equals_a_folder_cut_off_at_that_day_training_included(run: Run, folder: Path, tmp_path: Path) -> None:
    cut = write_csv(tmp_path / "cut", SERIES, until=CUT)
    whole = run("forecast", "AAA", "CCC", "--csv-dir", folder, "--as-of", CUT, "--json").json
    assert whole == run("forecast", "AAA", "CCC", "--csv-dir", cut, "--as-of", CUT, "--json").json
    untold = run("forecast", "AAA", "CCC", "--csv-dir", cut, "--json").json
    assert [f["horizons"] for f in whole] == [f["horizons"] for f in untold]


def test_too_few_bars_end_with_4_and_say_so(run: Run, tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "short", SERIES, until=date(2014, 6, 5))
    result = run("forecast", "AAA", "--csv-dir", folder, "--as-of", "2014-06-05", "--json")
    assert result.code == 4
    assert result.json[0]["error"]["kind"] == "not-enough-history"
    assert "AAA" in result.err


def test_an_unknown_symbol_ends_with_1_beside_a_known_one(run: Run, folder: Path) -> None:
    result = run("forecast", "AAA", "NOPE", "--csv-dir", folder, "--as-of", CUT, "--json", "--model", "har-t")
    assert result.code == 1
    assert [f["symbol"] for f in result.json] == ["AAA", "NOPE"]
    assert result.json[0]["model"] == "har-t"
    assert result.json[1]["error"]["message"]


def test_indicators_have_a_row_per_bar_and_null_in_warm_up(run: Run, folder: Path) -> None:
    result = run("--source", "csv", "--csv-dir", folder, "indicators", "AAA", "--json")
    assert result.code == 0
    rows = result.json
    assert [r["time"] for r in rows] == [b.session.isoformat() for b in SERIES[0].bars]
    assert all(r["rsi"] is None for r in rows[:14])
    assert rows[14]["rsi"] is not None
    assert rows[32]["macd_signal"] is None
    assert rows[33]["macd_hist"] == pytest.approx(rows[33]["macd"] - rows[33]["macd_signal"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("print", "--csv-dir", "/nowhere/at/all"), "no such folder"),
        (("print", "--source", "csv"), "--csv-dir"),
        (("print", "--config", "/nowhere.toml"), "/nowhere.toml"),
        (("forecast", "A B", "--source", "simulated"), "no ticker symbol"),
        (("print", "--as-of", "yesterday"), "no date"),
        (("--demo", "print"), "leave"),
        (("--as-of", "2015-01-05"), "--as-of"),
        (("frobnicate",), "No such command"),
    ],
)
def test_wrong_use_ends_with_2_and_one_clear_line(run: Run, words: tuple[str, ...], says: str) -> None:
    result = run(*words)
    assert result.code == 2
    assert result.out == ""
    assert says in result.err


def test_a_wrong_key_names_file_line_and_nearest_key(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text('[source]\nname = "yahoo"\ncsv_dri = "x"\n')
    result = run("print", "--config", config)
    assert result.code == 2
    assert f"{config}:3" in result.err
    assert "csv_dir" in result.err


class Dead:
    name = "dead"

    def catalogue(self) -> tuple[Symbol, ...]:
        return (Symbol("AAA"),)

    def quotes(self, symbols: object) -> list[object]:
        raise SourceOffline("dead: no answer within 8 s; tried again at the next refresh")

    def health(self) -> SourceHealth:
        return SourceHealth("dead", Health.OK, "ok")


def test_an_unreachable_source_ends_with_3_and_keeps_the_rows(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasting.service.local.open_source", lambda *args, **kwargs: Dead())
    result = run("print", "--source", "simulated", "--json")
    assert result.code == 3
    (row,) = result.json["rows"]
    assert (row["symbol"], row["last"]) == ("AAA", None)
    assert row["error"]["kind"] == "source"
    assert result.err.splitlines() == ["dead: no answer within 8 s; tried again at the next refresh"]


def test_simulated_tickers_need_neither_network_nor_files(run: Run) -> None:
    result = run("print", "--source", "simulated", "--json")
    assert result.code == 0
    assert len(result.json["rows"]) == 12
    assert all(r["last"] > 0 for r in result.json["rows"])


def test_plain_text_is_for_people(run: Run, folder: Path) -> None:
    printed = run("print", "--csv-dir", folder, "--as-of", "2015-09-30").out
    assert printed.splitlines()[0].split()[:3] == ["SYMBOL", "LAST", "CHG%"]
    spoken = run("forecast", "AAA", "--csv-dir", folder, "--as-of", CUT, "--model", "ewma-t").out
    assert "80%" in spoken
    assert len(spoken.splitlines()) == 11
    assert run("indicators", "AAA", "--csv-dir", folder).out.count("\n") == len(SERIES[0].bars) + 1


@pytest.mark.skipif(not STOCKNET.exists(), reason="the real bars are not beside this checkout")
def test_real_bars_are_read_as_they_come(run: Run) -> None:
    rows = run("indicators", "AAPL", "--csv-dir", STOCKNET, "--json").json
    assert len(rows) == 1258
    assert rows[-1]["time"] == "2017-09-01"
    assert rows[-1]["close"] == pytest.approx(164.050003)
