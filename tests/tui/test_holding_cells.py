"""What is held, as cells and lines: figures in the shown currency, none that is not known, none at all when hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forecasting.domain.holding import Holding, Position
from forecasting.domain.market import RowState, Symbol
from forecasting.domain.money import Rate
from forecasting.domain.portfolio import add_up
from forecasting.domain.snapshot import SymbolRow
from forecasting.domain.watchlist import WatchGroup
from tests.support.fake_engine import NOW, row, snapshot
from tests.support.tui import COLOURS
from tui.format import ASCII, UNICODE
from tui.widgets.columns import BY_KEY, HELD
from tui.widgets.holding_cells import amount, portfolio_line, quantity, symbol_line
from tui.widgets.row_order import SortOrder, arrange
from tui.widgets.watch_cells import cell

NVDA, SAP = Symbol("NVDA"), Symbol("SAP.DE")
EUR = Rate("EUR", "USD", 1.25, NOW)


def held(symbol: Symbol, position: Position | None, *tags: str) -> SymbolRow:
    return replace(row(symbol), holding=Holding(symbol, "", tags, "a note"), position=position)


LONG = held(NVDA, Position(10.0, 1500.0, 12.5, 1831.7, 331.7, -20.0, "USD"), "core", "tech")
SHORT = held(SAP, Position(-4.0, -1000.0, 0.0, -960.0, 40.0, None, "EUR", EUR))
CLOSED = held(Symbol("TSM"), Position(0.0, 0.0, -55.0, 0.0, 0.0, 0.0, "USD"))


def cells(shown: SymbolRow, *, home: str | None = None, masked: bool = False, ascii_only: bool = False) -> list[str]:
    glyphs = ASCII if ascii_only else UNICODE
    return [cell(shown, column, NOW, COLOURS, glyphs, home, masked=masked).plain.strip() for column in HELD]


def test_the_columns_show_what_is_held_in_the_currency_that_is_shown() -> None:
    assert cells(LONG) == ["10", "150.00", "1,831.70", "▲+331.70", "▲+22.1%", "▼-20.00", "core tech"]
    assert cells(SHORT) == ["-4", "312.50", "-1,200.00", "▲+50.00", "▲+4.0%", "-", ""]
    assert cells(LONG, home="EUR")[1:4] == ["$150.00", "$1,831.70", "▲+$331.70"]
    assert cells(LONG, home="EUR", ascii_only=True)[2:4] == ["USD1,832", "^+USD331.70"]
    assert cells(row("NVDA")) == cells(CLOSED) == ["-"] * 6 + [""]


def test_behind_the_mask_amounts_are_stars_of_one_length_and_percentages_stay() -> None:
    assert cells(LONG, masked=True) == ["***", "***", "***", "***", "▲+22.1%", "***", "core tech"]
    assert cells(row("NVDA"), masked=True) == ["-"] * 6 + [""]


def test_no_cell_is_wider_than_its_column() -> None:
    huge = held(NVDA, Position(1e11, 2.5e15, 1e14, 3e15, 5e14, -5e14, "KRW"), *(f"tag-{i}" for i in range(9)))
    for glyphs in (UNICODE, ASCII):
        for home in (None, "USD"):
            for column in HELD:
                assert cell(huge, column, NOW, COLOURS, glyphs, home).cell_len == column.width


@pytest.mark.parametrize(
    ("value", "currency", "room", "shown"),
    [
        (12_345.6, "USD", 12, "12,345.60"), (12_345.6, "USD", 8, "12,346"), (1_234_567.0, "USD", 8, "1.2M"),
        (-12_345.6, "USD", 8, "-12,346"), (2871.4, "JPY", 12, "2,871"), (5e9, "USD", 8, "5.0B"), (None, "USD", 8, "-"),
        (0.0, "USD", 8, "0.00"), (-0.001, "USD", 8, "0.00"), (float("nan"), "USD", 8, "-"),
        (123_456.0, "USD", 6, "123.5k"),
    ],
)
def test_an_amount_gives_up_decimals_before_digits(value: float | None, currency: str, room: int, shown: str) -> None:
    assert amount(value, currency, room=room) == shown


def test_a_quantity_has_the_decimals_it_has() -> None:
    assert [quantity(n) for n in (10.0, 0.5, -1250.0, 1 / 3, 0.0)] == ["10", "0.5", "-1,250", "0.333333", "0"]


def test_rows_are_sorted_by_what_is_shown_and_those_without_come_last() -> None:
    rows = (row("AAPL"), SHORT, LONG)
    assert [r.symbol for r in arrange(rows, SortOrder("value"))] == ["SAP.DE", "NVDA", "AAPL"]
    assert [r.symbol for r in arrange(rows, SortOrder("pnl", reverse=True))] == ["NVDA", "SAP.DE", "AAPL"]
    assert set(BY_KEY) >= {column.key for column in HELD}


# The lines.


def line(width: int, *rows: SymbolRow, masked: bool = False, currency: str | None = "USD") -> str:
    base = snapshot((WatchGroup("Core", tuple(r.symbol for r in rows)),))
    positions = {r.symbol: r.position for r in rows if r.position is not None}
    shown = replace(base, rows=rows, portfolio=add_up(positions, currency))
    return portfolio_line(shown, width, COLOURS, UNICODE, masked=masked).plain


def test_the_portfolio_is_one_line_that_gives_up_what_is_needed_least() -> None:
    assert line(200, LONG, SHORT) == (
        "Held 631.70 USD   day ▼-20.00 (-1.1%)   P&L ▲+381.70 (+13.9%)   realised ▲+12.50   as traded -960.00 EUR +"
        " 1,831.70 USD   without SAP.DE (its day: no previous close)"
    )
    assert line(70, LONG, SHORT) == "Held 631.70 USD   day ▼-20.00 (-1.1%)   P&L ▲+381.70 (+13.9%)"
    assert line(20, LONG, SHORT) == "Held 631.70 USD"
    assert all(len(line(width, LONG, SHORT)) <= width for width in range(1, 200))


def test_without_one_currency_there_is_no_sum_and_a_word_about_it() -> None:
    told = line(160, LONG, SHORT, currency=None)
    assert told.startswith("no one sum: set [display] currency   Held -960.00 EUR + 1,831.70 USD")


def test_a_price_that_is_stale_is_named() -> None:
    stale = replace(LONG, state=RowState.STALE)
    assert line(160, stale).endswith("without a fresh price of NVDA")


def test_the_line_of_the_symbol_shows_both_currencies_and_hides_both() -> None:
    def shown(of: SymbolRow, masked: bool = False) -> str:
        return symbol_line(of, 160, COLOURS, UNICODE, masked=masked).plain

    worth = "worth -960.00 EUR = -1,200.00 USD"
    assert shown(SHORT) == f"SAP.DE   -4 @ 250.00   {worth}   P&L ▲+40.00 (+4.0%)   day -   a note"
    assert shown(SHORT, masked=True) == "SAP.DE   *** @ ***   worth *** EUR   P&L ▲*** (+4.0%)   day ***   a note"
    assert shown(CLOSED) == "TSM   nothing held now   realised ▼-55.00   a note"
    assert all(symbol_line(LONG, w, COLOURS, UNICODE, masked=False).cell_len <= w for w in range(1, 160))
