"""Which rows are shown, and in which order."""

from __future__ import annotations

from tests.support.fake_engine import row
from tui.widgets.row_order import SORT_KEYS, SortOrder, arrange, named

ROWS = tuple(row(symbol) for symbol in ("NVDA", "AAPL", "BTC-USD", "BADSYM", "SAP.DE"))


def symbols(order: SortOrder, text: str = "") -> list[str]:
    return [str(each.symbol) for each in arrange(named(ROWS, text), order)]


def test_without_a_column_the_lists_own_order_stands() -> None:
    assert symbols(SortOrder()) == ["NVDA", "AAPL", "BTC-USD", "BADSYM", "SAP.DE"]


def test_rows_without_the_figure_come_last_either_way() -> None:
    assert symbols(SortOrder("last")) == ["AAPL", "NVDA", "SAP.DE", "BTC-USD", "BADSYM"]
    assert symbols(SortOrder("last", reverse=True)) == ["BTC-USD", "SAP.DE", "NVDA", "AAPL", "BADSYM"]


def test_equal_figures_keep_the_lists_order() -> None:
    assert symbols(SortOrder("age")) == ["NVDA", "AAPL", "BTC-USD", "SAP.DE", "BADSYM"]
    assert symbols(SortOrder("age", reverse=True)) == ["NVDA", "AAPL", "BTC-USD", "SAP.DE", "BADSYM"]


def test_the_filter_looks_at_symbol_and_name_without_regard_to_case() -> None:
    assert symbols(SortOrder(), "nvidia") == ["NVDA"]
    assert symbols(SortOrder(), " ap ") == ["AAPL", "SAP.DE"]
    assert symbols(SortOrder(), "zzz") == []


def test_columns_go_round_to_the_lists_own_order() -> None:
    order, seen = SortOrder(), []
    for _ in range(len(SORT_KEYS) + 1):
        order = order.next_column(SORT_KEYS)
        seen.append(order.column)
    assert seen == [*SORT_KEYS, None]
