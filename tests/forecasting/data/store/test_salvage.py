"""Saving what can be read of a damaged store: what is next to the damage stays, and no ledger row enters unproven."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.data.store.backup import back_up
from forecasting.data.store.examination import examine, reading
from forecasting.data.store.salvage import salvage
from forecasting.domain.forecast import Origin
from forecasting.errors import StoreError
from tests.support.filled_store import rows
from tests.support.store import AMD, MONDAY, NVDA, close_of, forecast, outcome, series, weekdays

NOW = datetime(2026, 3, 2, 21, tzinfo=UTC)
PAGE = 4096


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Bars of two symbols on several pages each, and a ledger of 40 forecasts, a page each."""
    path = tmp_path / "store.db"
    with Store.open(path) as made:
        for symbol in (NVDA, AMD):
            made.market.put_bars(series(symbol, n=300))
        for day in islice(weekdays(MONDAY), 40):
            (entry,) = made.ledger.append([forecast(session=day)], Origin.BACKFILL, at=close_of(day))
            made.ledger.settle([outcome(entry)])
    return path


def spoil(path: Path, marker: bytes) -> None:
    """Overwrite the page on which `marker` last stands."""
    content = bytearray(path.read_bytes())
    page = content.rindex(marker) // PAGE * PAGE
    content[page : page + PAGE] = b"\xaa" * PAGE
    path.write_bytes(content)


def body_of(path: Path, entry: int) -> bytes:
    """Text that stands in one ledger entry and nowhere else."""
    said = forecast(session=next(islice(weekdays(MONDAY), entry - 1, None)))
    return f'"as_of_session":"{said.as_of_session}"'.encode()


def edit(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as raw, raw:
        for trigger in ("forecasts_stay", "outcomes_stay", "forecasts_last", "outcomes_last"):
            raw.execute(f"DROP TRIGGER {trigger}")
        raw.execute(sql)


def test_a_damaged_page_costs_the_bars_on_it_and_no_others(store: Path, tmp_path: Path) -> None:
    everything = set(rows(store, "bars"))
    spoil(store, b"NVDA2026-09-01")
    content = store.read_bytes()
    saved = salvage(store, tmp_path / "new.db", NOW)
    kept = set(rows(tmp_path / "new.db", "bars"))
    assert kept < everything
    assert 0 < len(everything - kept) < 100
    assert {row[0] for row in everything - kept} == {"NVDA"}
    assert rows(tmp_path / "new.db", "bars")[0][0] == "AMD"
    assert (saved.rows["forecasts"], saved.rows["outcomes"], saved.lost) == (40, 40, {})
    assert store.read_bytes() == content
    assert examine(tmp_path / "new.db").ok


def test_the_chain_ends_before_a_row_that_nobody_has(store: Path, tmp_path: Path) -> None:
    spoil(store, body_of(store, 25))
    saved = salvage(store, tmp_path / "new.db", NOW)
    kept = saved.rows["forecasts"]
    assert kept < 25
    assert saved.lost["forecasts"] == 40 - kept
    assert saved.rows["outcomes"] == kept                     # none without its forecast
    assert saved.rows["pending"] == 9 * kept
    assert examine(tmp_path / "new.db").ok


def test_a_row_that_is_lost_is_taken_from_a_copy_that_has_it(store: Path, tmp_path: Path) -> None:
    with reading(store) as source:
        back_up(source, tmp_path / "copy.db")
    with Store.open(store) as later:
        later.ledger.append([forecast(AMD)], Origin.BACKFILL, at=close_of(MONDAY))
    everything = rows(store, "forecasts"), rows(store, "outcomes")
    spoil(store, body_of(store, 25))
    (tmp_path / "torn.db").write_bytes(b"no copy at all" * 400)
    saved = salvage(store, tmp_path / "new.db", NOW, [tmp_path / "torn.db", tmp_path / "copy.db"])
    assert (saved.lost, saved.rows["forecasts"]) == ({}, 41)
    assert (rows(tmp_path / "new.db", "forecasts"), rows(tmp_path / "new.db", "outcomes")) == everything


@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        ("UPDATE forecasts SET body = replace(body, '0.5', '0.6') WHERE id = 30", (29, 29)),
        ("UPDATE forecasts SET body = x'00ff' WHERE id = 30", (29, 29)),
        ("UPDATE outcomes SET crps = 0.0 WHERE id = 12", (40, 11)),
        ("UPDATE outcomes SET crps = x'00' WHERE id = 12", (40, 11)),
        ("DELETE FROM outcomes WHERE id = 12", (40, 11)),
    ],
)
def test_what_was_edited_does_not_enter_the_new_ledger(
    store: Path, tmp_path: Path, sql: str, kept: tuple[int, int]
) -> None:
    edit(store, sql)
    saved = salvage(store, tmp_path / "new.db", NOW)
    assert (saved.rows["forecasts"], saved.rows["outcomes"]) == kept
    with Store.open(tmp_path / "new.db") as new:
        assert new.ledger.verify() == kept[0]


def test_bars_whose_instrument_is_lost_get_one_that_says_no_more_than_the_symbol(store: Path, tmp_path: Path) -> None:
    edit(store, "DELETE FROM instruments WHERE symbol = 'AMD'")
    salvage(store, tmp_path / "new.db", NOW)
    with Store.open(tmp_path / "new.db") as new:
        made = new.market.instruments()[AMD]
        assert (made.name, made.exchange, made.currency) == ("AMD", "XNYS", "")
        assert len(new.market.bars(AMD)) == 300


@pytest.mark.parametrize("ruin", [lambda path: path.write_bytes(b"\xaa" * 8192), lambda path: path.unlink()])
def test_nothing_to_read_is_one_clear_line(store: Path, tmp_path: Path, ruin: Callable[[Path], None]) -> None:
    ruin(store)
    with pytest.raises(StoreError, match=r"store\.db"):
        salvage(store, tmp_path / "new.db", NOW)
    assert not (tmp_path / "new.db").exists()
