"""Where a person is: lists, everything, and lists that a condition makes."""

from __future__ import annotations

from dataclasses import replace

from forecasting.domain.market import Symbol
from forecasting.domain.watchlist import WatchGroup, tabs
from tests.support.fake_engine import snapshot
from tui.screens.place import Place
from tui.widgets.row_order import SortOrder

NVDA, AAPL, SAP, TSM = map(Symbol, ("NVDA", "AAPL", "SAP.DE", "TSM"))
CORE, TECH = WatchGroup("Core", (NVDA, AAPL)), WatchGroup("Tech", (TSM, NVDA, SAP))
BUYS = WatchGroup("Buys", (), "signal == buy")


def shown(place: Place) -> list[str]:
    return [str(row.symbol) for row in place.rows()]


def test_all_is_a_tab_of_its_own_where_more_than_one_list_has_symbols() -> None:
    assert [group.title for group in tabs((CORE, BUYS))] == ["Core", "*Buys"]
    assert [group.title for group in tabs((CORE, TECH, BUYS))] == ["Core", "Tech", "All", "*Buys"]
    own = WatchGroup("All", (SAP,))
    assert tabs((CORE, own)) == (CORE, own)


def test_all_shows_every_watched_symbol_once() -> None:
    place = Place(snapshot((CORE, TECH)))
    place.cycle_list(-1)
    assert (place.group_name, shown(place)) == ("All", ["NVDA", "AAPL", "TSM", "SAP.DE"])
    assert place.own_group is None


def test_a_smart_list_holds_what_fulfils_its_condition_in_each_snapshot() -> None:
    place = Place(snapshot((CORE, TECH, BUYS)))
    place.show_list("Buys")
    assert shown(place) == ["NVDA", "SAP.DE"]
    signal = next(row.signal for row in place.snapshot.rows if row.symbol == NVDA)
    rows = tuple(replace(row, signal=signal if row.symbol == TSM else row.signal) for row in place.snapshot.rows)
    place.snapshot = replace(place.snapshot, rows=rows, version=2)
    assert shown(place) == ["NVDA", "TSM", "SAP.DE"]      # in the order of the lists


def test_a_smart_list_is_filtered_and_sorted_as_any_other() -> None:
    place = Place(snapshot((CORE, TECH, BUYS)))
    place.show_list("Buys")
    place.order = SortOrder("symbol", reverse=True)
    assert shown(place) == ["SAP.DE", "NVDA"]
    place.filter_text = "nvidia"
    assert shown(place) == ["NVDA"]


def test_a_condition_that_cannot_be_read_is_said_and_shows_nothing() -> None:
    place = Place(snapshot((CORE, WatchGroup("Odd", (), "rsi <"))))
    place.show_list("Odd")
    assert shown(place) == []
    assert str(place.list_problem).startswith("*Odd: ")
    place.show_list("Core")
    assert shown(place) == ["NVDA", "AAPL"]
    assert str(place.list_problem) == "None"


def test_the_rows_are_the_same_object_while_nothing_changes() -> None:
    place = Place(snapshot((CORE, TECH, BUYS)))
    for name in ("All", "Buys"):
        place.show_list(name)
        assert place.rows() is place.rows()
