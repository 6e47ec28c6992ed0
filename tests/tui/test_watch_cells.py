"""What the cells of one row say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from forecasting.domain.forecast import Origin
from forecasting.domain.market import RowState
from tests.support.fake_engine import NOW, record, row
from tests.support.tui import COLOURS
from tui.format import ASCII, UNICODE, Glyphs
from tui.themes import Palette
from tui.widgets.watch_cells import COLUMNS, RAIL, cell, columns_for, skill


def texts(symbol: str, glyphs: Glyphs = UNICODE, colours: Palette = COLOURS) -> dict[str, str]:
    return {c.key: cell(row(symbol), c, NOW, colours, glyphs).plain.strip() for c in COLUMNS}


def test_a_live_row_tells_price_change_forecast_band_skill_signal_and_age() -> None:
    assert texts("NVDA") == {
        "symbol": "NVDA", "last": "183.17", "change": "▲+1.8%", "spark": "▅▄▃▁▆▇█", "forecast": "▲+2.2%",
        "band": "-2.3..+7.0", "skill": "+3.1", "signal": "BUY 2d", "age": "LIVE",
    }


def test_a_failed_row_shows_nothing_it_does_not_know() -> None:
    assert texts("BADSYM") == {
        "symbol": "BADSYM", "last": "-", "change": "-", "spark": "", "forecast": "-", "band": "no model", "skill": "-",
        "signal": "-", "age": "ERR",
    }


def test_states_stand_where_an_age_would_mislead_and_synthetic_symbols_are_marked() -> None:
    assert texts("TSM")["age"] == "STALE"
    assert texts("7203.T")["age"] == "CLS"
    assert texts("KOMA")["symbol"] == "KOMA~"


def test_an_age_grows_with_the_clock_and_not_with_the_price() -> None:
    later = cell(row("NVDA"), COLUMNS[-1], NOW + timedelta(minutes=7), COLOURS, UNICODE)
    assert later.plain.strip() == "7m"
    closed = replace(row("NVDA"), state=RowState.AH)
    assert cell(closed, COLUMNS[-1], NOW, COLOURS, UNICODE).plain.strip() == "AH"


def test_skill_is_crossed_unless_its_interval_lies_above_zero_and_backfill_is_named() -> None:
    proven = record("NVDA", "lstm", 5, Origin.LIVE, 2_500, 0.02)
    assert skill(proven, COLOURS, UNICODE).plain == "+2.0"
    assert skill(replace(proven, skill_low=-0.001), COLOURS, UNICODE).plain == "+2.0✗"
    assert skill(replace(proven, origin=Origin.BACKFILL), COLOURS, UNICODE).plain == "+2.0b"
    assert skill(replace(proven, skill=None), COLOURS, UNICODE).plain == "-"
    assert skill(None, COLOURS, UNICODE).plain == "-"


def test_every_cell_fills_its_column_and_leaves_a_gap() -> None:
    for symbol in ("NVDA", "BADSYM", "BTC-USD", "KOMA"):
        for column in COLUMNS:
            plain = cell(row(symbol), column, NOW, COLOURS, UNICODE).plain
            assert len(plain) == column.width, (symbol, column.key)
            assert plain.endswith(" ")
    made_up = replace(row("KOMA"), symbol=type(row("KOMA").symbol)("ABCDEFGHIJKLMNO"))
    assert cell(made_up, COLUMNS[0], NOW, COLOURS, UNICODE).plain == "ABCDEFG…~ "
    long = replace(row("NVDA"), symbol=type(row("NVDA").symbol)("ABCDEFGHIJKLMNO"))
    assert cell(long, COLUMNS[0], NOW, COLOURS, UNICODE).plain == "ABCDEFGH… "


def test_columns_are_dropped_from_the_least_needed_and_the_rail_stays() -> None:
    assert [c.key for c in columns_for(79)] == [c.key for c in COLUMNS]
    assert " ".join(c.key for c in columns_for(78)) == "symbol last change forecast band skill signal age"
    assert " ".join(c.key for c in columns_for(62)) == "symbol last change forecast band skill age"
    assert [c.key for c in columns_for(5)] == [c.key for c in COLUMNS[:RAIL]]


def test_ascii_rows_are_ascii() -> None:
    assert all(text.isascii() for text in texts("NVDA", ASCII).values())
