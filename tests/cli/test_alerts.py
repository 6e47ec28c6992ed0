"""`tapecast alerts backtest`: its contract, and what is said of a rule that cannot be read."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import talib

from tests.support.bars import STOCKNET
from tests.support.command_line import Run


@pytest.mark.skipif(not STOCKNET.exists(), reason="the real bars are not beside this checkout")
def test_backtest_prints_what_pandas_and_talib_say(run: Run) -> None:
    result = run(
        "--csv-dir", STOCKNET, "alerts", "backtest", "rsi crosses above 30", "--symbol", "aapl",
        "--from", "2013-01-01", "--to", "2016-12-31", "--json",
    )

    frame = pd.read_csv(STOCKNET / "AAPL.csv", parse_dates=["Date"])
    adj = frame["Adj Close"]
    rsi = pd.Series(talib.RSI(adj.to_numpy(), 14))
    crosses = (rsi > 30) & (rsi.shift(1) <= 30) & frame["Date"].between("2013-01-01", "2016-12-31")
    at = np.flatnonzero(crosses)
    rows = json.loads(result.out)
    assert result.code == 0
    assert [r["data_time"][:10] for r in rows] == [d.date().isoformat() for d in frame["Date"][at]]
    assert len(rows) >= 5
    for row, i in zip(rows, at, strict=True):
        assert row.keys() == {"symbol", "data_time", "value", "return_1d", "return_5d"}
        np.testing.assert_allclose(
            [row["value"], row["return_1d"], row["return_5d"]],
            [rsi[i], adj[i + 1] / adj[i] - 1, adj[i + 5] / adj[i] - 1], rtol=1e-9,
        )  # fmt: skip
    assert "any bar of the same symbols and span" in result.err


def test_a_rule_that_cannot_be_read_is_pointed_at_before_anything_is_fetched(run: Run, tmp_path: Path) -> None:
    result = run("--csv-dir", tmp_path, "alerts", "backtest", "last > 3 and rssi < 30")

    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines() == [
        "last > 3 and rssi < 30",
        "             ^",
        "tapecast: no field 'rssi'; did you mean rsi? (at 14: rssi < 30)",
    ]


def test_what_the_past_does_not_know_is_said(run: Run, tmp_path: Path) -> None:
    days = pd.bdate_range(date(2015, 1, 5), periods=5)
    prices = dict.fromkeys(("Open", "High", "Low", "Close", "Adj Close"), 10.0)
    frame = pd.DataFrame({"Date": days, **prices, "Volume": 1})
    frame.to_csv(tmp_path / "ABC.csv", index=False)

    result = run("--csv-dir", tmp_path, "alerts", "backtest", "rsi < 30 and skill > 0", "--json")

    assert json.loads(result.out) == []
    assert "ABC: the rule needs 15 bars, there are 5" in result.err
    assert "ABC: skill is not known of the past" in result.err
