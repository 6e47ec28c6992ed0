"""What the cells of one row say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from forecasting.domain.forecast import Origin
from forecasting.domain.interval import Interval
from forecasting.domain.market import RowState
from forecasting.domain.money import Rate
from tests.support.fake_engine import NOW, record, row
from tests.support.tui import COLOURS
from tui.format import ASCII, UNICODE, Glyphs
from tui.themes import Palette
from tui.widgets.columns import COLUMNS, FURTHER, columns_for
from tui.widgets.watch_cells import cell, header, home_currency, skill


def texts(symbol: str, glyphs: Glyphs = UNICODE, colours: Palette = COLOURS) -> dict[str, str]:
    return {c.key: cell(row(symbol), c, NOW, colours, glyphs).plain.strip() for c in COLUMNS}


def test_a_live_row_tells_price_change_forecast_band_skill_signal_and_age() -> None:
    assert texts("NVDA") == {
        "symbol": "NVDA", "last": "183.17", "change": "▲+1.8%", "spark": "▅▄▃▁▆▇█", "forecast": "▲+2.2%",
        "band": "-2.3..+7.0", "skill": "+3.1", "signal": "BUY 2d", "age": "LIVE",
    }


def last(symbol: str, home: str | None, **changes: Any) -> str:
    return cell(replace(row(symbol), **changes), COLUMNS[1], NOW, COLOURS, UNICODE, home).plain


def test_a_currency_stands_where_it_is_not_the_lists() -> None:
    euro = replace(row("SAP.DE"), currency="EUR")
    assert home_currency([row("NVDA"), row("AAPL")]) is None
    assert home_currency([row("NVDA"), row("AAPL"), euro]) == "USD"
    assert home_currency([row("NVDA"), replace(row("^GSPC"), currency="EUR"), row("BADSYM")]) is None
    assert last("NVDA", None) == "  183.17 "
    assert last("NVDA", "USD") == "  183.17 "
    assert last("SAP.DE", "USD", currency="EUR", last=240.1) == " €240.10 "
    assert last("7203.T", "USD", last=2871.5) == " ¥2871.5 "
    assert last("NVDA", "EUR", currency="HKD", last=385.2) == "HK$385.2 "
    assert last("NVDA", "EUR", currency="CHF", last=1102.4) == " CHF1102 "
    assert last("BADSYM", "USD") == "       - "


def test_a_converted_price_is_shown_in_the_currency_wanted() -> None:
    rate = Rate("USD", "EUR", 0.5, NOW)
    assert last("NVDA", None, last=200.0, rate=rate) == "  100.00 "
    assert home_currency([replace(row("NVDA"), rate=rate), replace(row("SAP.DE"), currency="EUR")]) is None
    assert last("NVDA", "USD", last=200.0, rate=rate) == " €100.00 "


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


def test_an_unseen_alert_stands_in_the_gap_and_cuts_no_symbol() -> None:
    made_up = replace(row("KOMA"), symbol=type(row("KOMA").symbol)("SYN-ALFA"))
    shown = cell(made_up, COLUMNS[0], NOW, COLOURS, UNICODE, alerted=True)
    assert (shown.plain, shown.cell_len) == ("SYN-ALFA~●", 10)
    assert cell(row("NVDA"), COLUMNS[0], NOW, COLOURS, ASCII, alerted=True).plain == "NVDA     *"


def test_columns_are_dropped_from_the_least_needed_and_price_and_change_stay() -> None:
    assert [c.key for c in columns_for(79)] == [c.key for c in COLUMNS]
    assert " ".join(c.key for c in columns_for(78)) == "symbol last change forecast band skill signal age"
    assert " ".join(c.key for c in columns_for(62)) == "symbol last change forecast band skill age"
    assert [c.key for c in columns_for(5)] == ["symbol", "last", "change"]


def test_ascii_rows_are_ascii() -> None:
    assert all(text.isascii() for text in texts("NVDA", ASCII).values())


def test_headers_count_bars_where_these_are_no_days() -> None:
    def words(interval: Interval) -> set[str]:
        return {header(c, None, False, UNICODE, interval).plain.strip() for c in COLUMNS}

    assert words(Interval.DAY) - words(Interval.FIVE) == {"20d", "FCST 5d"}
    assert words(Interval.FIVE) - words(Interval.DAY) == {"20 bars", "FCST +5"}


def further(symbol: str, glyphs: Glyphs = UNICODE, **changes: Any) -> dict[str, str]:
    changed = replace(row(symbol), **changes)
    return {c.key: cell(changed, c, NOW, COLOURS, glyphs).plain.rstrip() for c in FURTHER}


def test_columns_to_be_chosen_show_their_figures_with_interval_and_n() -> None:
    shown = further(
        "NVDA", last=150.0, year_low=100.0, year_high=200.0, volume=45_200_000.0, day_low=148.5, day_high=151.25,
        rsi=61.4, macd_hist=-0.4213, p_up=0.573,
    )
    assert {key: text.strip() for key, text in shown.items()} == {
        "name": "NVIDIA Corporation", "currency": "USD", "volume": "45.2M", "day": "148.50-151.25",
        "year": "────•─────", "rsi": "61", "macd": "▼-0.421", "p_up": "57%", "coverage": "78% [71..85] n126",
        "hits": "52%✗ [43..61] n126",
        "source": "yahoo", "state": "OPEN",
    }


def test_a_row_that_has_failed_leaves_them_empty_not_zero() -> None:
    shown = {key: text.strip() for key, text in further("BADSYM").items()}
    assert set(shown.values()) == {"", "-"}
    assert {key for key, text in shown.items() if not text} == {"name", "currency"}


def test_the_place_in_the_year_stays_on_its_track() -> None:
    year = {"year_low": 100.0, "year_high": 200.0}
    ends = [further("NVDA", ASCII, last=last, **year)["year"] for last in (90.0, 100.0, 205.0)]
    assert ends == ["o---------", "o---------", "---------o"]


def test_chosen_columns_are_as_wide_as_they_are_and_the_symbol_comes_first() -> None:
    assert [c.key for c in columns_for(20, ("rsi", "symbol", "name"))] == ["symbol", "rsi", "name"]
