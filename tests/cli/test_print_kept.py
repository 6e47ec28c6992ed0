"""`tapecast print` and `chart` over files: the forecasts the app shows of the same bars, or which others, and why."""

from __future__ import annotations

import csv
import io
import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from forecasting.config import load
from forecasting.data.store import Store
from forecasting.domain.forecast import Origin
from forecasting.service.places import place
from tests.support.command_line import Run
from tests.support.desk import recorded, write_csv
from tests.support.store import forecast

SERIES = recorded(("AAA", "BBB"), date(2014, 6, 2), date(2015, 9, 30), seed=3)
LAST = SERIES[0].bars[-1].session
LOW = math.expm1(-0.02) * 100      # of the 10 % quantile 5 ahead, see `forecast`


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("csv"), SERIES)


def keep(data: Path, folder: Path, *symbols: str, **changes: Any) -> None:
    """What the app would have kept of these files, had its ensemble spoken about the newest bar."""
    settings = load(None).overridden(source="csv", csv_dir=folder, data_dir=data)
    with Store.open(place(settings, demo=False).store) as store:
        for one in SERIES:
            store.market.put_bars(one)
        made = [forecast(symbol, "ensemble", LAST, **changes) for symbol in symbols]
        store.ledger.append(made, Origin.LIVE, at=made[0].issued_at + timedelta(minutes=1))


def said(run: Run, *words: object) -> tuple[list[tuple[str, float]], str]:
    result = run("print", "--json", *words)
    assert result.code == 0
    return [(r["forecast"]["model"], r["forecast"]["low_80_pct"]) for r in result.json["rows"]], result.err


def test_what_the_app_has_said_of_the_same_bars_is_printed(run: Run, folder: Path, data: Path) -> None:
    keep(data, folder, "AAA", "BBB")
    rows, err = said(run, "--csv-dir", folder)
    assert [(model, round(low, 6)) for model, low in rows] == [("ensemble", round(LOW, 6))] * 2
    assert err == ""
    table = list(csv.DictReader(io.StringIO(run("print", "--csv", "--csv-dir", folder).out)))
    assert [row["model"] for row in table] == ["ensemble", "ensemble"]
    assert "ensemble ahead" in run("chart", "AAA", "--csv-dir", folder, "--svg", "-").out


def test_whom_the_app_has_not_spoken_about_is_named_with_the_model_shown(run: Run, folder: Path, data: Path) -> None:
    keep(data, folder, "AAA")
    rows, err = said(run, "--csv-dir", folder)
    assert [model for model, _ in rows] == ["ensemble", "har-t"]
    assert err.startswith("BBB: har-t shown, the app has kept no ensemble forecast of the newest bar; run the app")
    assert err.count("\n") == 1


def test_without_the_apps_store_every_row_says_why_another_model_is_shown(run: Run, folder: Path, data: Path) -> None:
    result = run("print", "--json", "--csv-dir", folder)
    assert {row["forecast"]["model_note"] for row in result.json["rows"]} == {"ensemble not trained yet; har-t shown"}
    assert result.err.startswith("AAA, BBB: har-t shown, ")
    assert not list(data.rglob("store.db"))


def test_what_was_said_of_other_bars_is_not_printed(run: Run, folder: Path, data: Path, tmp_path: Path) -> None:
    keep(data, folder, "AAA", "BBB")
    again = folder / "AAA.csv"
    before = again.read_text()
    try:
        again.write_text(before[:before.rstrip().rindex("\n") + 1])      # a session less than the app has seen
        rows, err = said(run, "--csv-dir", folder)
    finally:
        again.write_text(before)
    assert [model for model, _ in rows] == ["har-t", "ensemble"]
    assert err.startswith("AAA: har-t shown")


def test_on_a_past_day_nothing_is_known_of_what_the_app_has_kept(run: Run, folder: Path, data: Path) -> None:
    keep(data, folder, "AAA", "BBB")
    rows, err = said(run, "--csv-dir", folder, "--as-of", LAST)
    assert {model for model, _ in rows} == {"har-t"}
    assert "what the app keeps is not looked at for a past day" in err
