from collections.abc import Sequence

import pytest

from forecasting.domain.market import Symbol
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import ConfigError, SymbolError
from forecasting.service.watchlist import Watchlist

CORE = WatchGroup("Core", (Symbol("AAPL"), Symbol("MSFT")))
TECH = WatchGroup("Tech", (Symbol("NVDA"), Symbol("AAPL")))


@pytest.fixture
def saved() -> list[tuple[WatchGroup, ...]]:
    return []


@pytest.fixture
def watchlist(saved: list[tuple[WatchGroup, ...]]) -> Watchlist:
    return Watchlist((CORE, TECH), lambda groups: saved.append(tuple(groups)))


def test_every_symbol_is_watched_once_in_order_of_first_appearance(watchlist: Watchlist) -> None:
    assert watchlist.symbols == ("AAPL", "MSFT", "NVDA")


def test_adding_writes_the_lists_down_at_once(watchlist: Watchlist, saved: list[tuple[WatchGroup, ...]]) -> None:
    assert watchlist.add("Core", " brk.b ") == "BRK-B"
    assert saved[-1][0].symbols == ("AAPL", "MSFT", "BRK-B")


def test_undo_brings_a_removed_symbol_back_to_its_place(watchlist: Watchlist) -> None:
    watchlist.remove("Core", Symbol("AAPL"))
    watchlist.add("Core", "TSLA")
    assert watchlist.undo() == "added TSLA to Core"
    assert watchlist.undo() == "removed AAPL from Core"
    assert watchlist.groups == (CORE, TECH)
    assert watchlist.undo() is None


@pytest.mark.parametrize(
    ("group", "text", "says"), [("Core", "a b", "no ticker"), ("Core", "aapl", "already"), ("X", "A", "no list")]
)
def test_what_cannot_be_added_is_said_and_changes_nothing(
    watchlist: Watchlist, saved: list[tuple[WatchGroup, ...]], group: str, text: str, says: str
) -> None:
    with pytest.raises(SymbolError, match=says):
        watchlist.add(group, text)
    assert (watchlist.groups, saved) == ((CORE, TECH), [])


def test_a_list_that_cannot_be_written_stays_as_it_was() -> None:
    def refuse(groups: Sequence[WatchGroup]) -> None:
        raise ConfigError("disk full")

    watchlist = Watchlist((CORE,), refuse)
    with pytest.raises(ConfigError):
        watchlist.add("Core", "TSLA")
    assert watchlist.groups == (CORE,)
    assert watchlist.undo() is None


def test_a_catalogue_is_adopted_only_where_nothing_is_watched(watchlist: Watchlist) -> None:
    assert not watchlist.adopt((Symbol("IBM"),))
    empty = Watchlist((), lambda groups: None)
    assert empty.adopt((Symbol("IBM"), Symbol("GE")))
    assert empty.symbols == ("IBM", "GE")
