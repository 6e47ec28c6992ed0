from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forecasting.config import load
from forecasting.data.store import Store
from forecasting.domain.decision import AlertRule
from forecasting.domain.interval import Interval
from forecasting.domain.market import Symbol
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import ConfigError, RuleError, SymbolError
from forecasting.service.opened import watchlist as in_force
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


def test_a_list_that_somebody_has_emptied_is_not_filled_from_the_catalogue() -> None:
    written: list[Sequence[WatchGroup]] = []
    made_empty = Watchlist((WatchGroup("Core", ()),), written.append)
    assert not made_empty.adopt((Symbol("IBM"),))
    assert (made_empty.symbols, written) == ((), [])
    emptied = Watchlist((), lambda groups: None)
    assert emptied.adopt((Symbol("IBM"),))
    emptied.remove(emptied.groups[0].name, Symbol("IBM"))
    assert not emptied.adopt((Symbol("IBM"),))


def test_every_change_of_the_lists_can_be_undone_and_is_told(watchlist: Watchlist) -> None:
    told: list[int] = []
    watchlist.changed = lambda: told.append(len(watchlist.groups))
    watchlist.create("Buys", "signal == buy")
    watchlist.rename("Tech", "Chips")
    watchlist.shift("Buys", -2)
    watchlist.move(Symbol("MSFT"), "Core", "Chips")
    watchlist.copy(Symbol("NVDA"), "Core")
    watchlist.refilter("Buys", "rsi < 30")
    watchlist.delete("Core")
    assert watchlist.groups == (
        WatchGroup("Buys", (), "rsi < 30"), WatchGroup("Chips", (Symbol("NVDA"), Symbol("AAPL"), Symbol("MSFT"))),
    )
    undone = []
    while (what := watchlist.undo()) is not None:
        undone.append(what)
    assert undone == [
        "deleted list Core", "changed the condition of Buys", "added NVDA to Core", "moved MSFT from Core to Chips",
        "moved list Buys", "renamed Tech to Chips", "made list Buys",
    ]
    assert watchlist.groups == (CORE, TECH)
    assert len(told) == 14


def test_several_symbols_at_once_are_one_change(watchlist: Watchlist) -> None:
    assert watchlist.add_all("Core", [Symbol("TSLA"), Symbol("AAPL"), Symbol("IBM")]) == ("TSLA", "IBM")
    assert watchlist.undo() == "added TSLA, IBM to Core"


def test_from_everything_a_symbol_goes_off_all_its_lists(watchlist: Watchlist) -> None:
    watchlist.remove("All", Symbol("AAPL"))
    assert [group.symbols for group in watchlist.groups] == [("MSFT",), ("NVDA",)]
    assert watchlist.undo() == "removed AAPL from Core and Tech"


def test_nothing_is_put_on_a_smart_list_by_hand(watchlist: Watchlist) -> None:
    watchlist.create("Buys", "signal == buy")
    with pytest.raises(SymbolError, match="'Buys' is a smart list: what fulfils signal == buy is on it, by itself"):
        watchlist.add("Buys", "IBM")


def test_a_condition_that_cannot_be_read_makes_no_list(watchlist: Watchlist) -> None:
    with pytest.raises(RuleError):
        watchlist.create("Odd", "rsi <")
    assert watchlist.groups == (CORE, TECH)


@pytest.mark.parametrize(
    ("name", "says"), [("", "1 to 40 printable"), ("a\x1b[2J", "printable"), ("Core", "already"), ("All", "tab of all")]
)
def test_a_name_that_cannot_be_is_refused(watchlist: Watchlist, name: str, says: str) -> None:
    with pytest.raises(SymbolError, match=says):
        watchlist.create(name)


def test_a_condition_that_an_edit_of_the_file_has_broken_is_told_with_the_file(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[[list]]\nname = "Mine"\nsymbols = ["NVDA"]\n')
    with Store.open(tmp_path / "store.db") as store:
        lists = in_force(load(config), store, demo=False)
        assert not lists.reread()
        config.write_text('[[list]]\nname = "Mine"\nsymbols = ["NVDA"]\n[[list]]\nname = "Cheap"\nfilter = "last <"\n')
        for _ in range(2):      # at every look, until it is mended
            with pytest.raises(ConfigError, match=rf"^{config}: filter of a list: .*"):
                lists.reread()
    assert [group.name for group in lists.groups] == ["Mine"]


def test_the_lists_of_a_file_that_is_gone_stay_and_are_followed_when_it_is_back(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[[list]]\nname = "Mine"\nsymbols = ["NVDA"]\n')
    with Store.open(tmp_path / "store.db") as store:
        lists = in_force(load(config), store, demo=False)
        config.unlink()
        assert (lists.reread(), lists.symbols) == (False, ("NVDA",))
        config.write_text('[[list]]\nname = "Mine"\nsymbols = ["AMD"]\n')
        assert (lists.reread(), lists.symbols) == (True, ("AMD",))


@pytest.mark.parametrize("interval", [Interval.DAY, Interval.QUARTER])
@pytest.mark.parametrize("config_file", [False, True])
def test_alert_rules_follow_a_renamed_list_and_come_back_with_it(
    tmp_path: Path, interval: Interval, config_file: bool
) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[[list]]\nname = "Mine"\nsymbols = ["NVDA"]\n' if config_file else "")
    with Store.open(tmp_path / "store.db", interval=interval) as store:
        store.watchlist.save([WatchGroup("Mine", (Symbol("NVDA"),))])
        store.alerts.add(AlertRule(0, "last > 1", (), "Mine", (), 0.0, 0.0, datetime(2026, 3, 2, tzinfo=UTC)))
        lists = in_force(load(config), store, demo=False)
        lists.rename("Mine", "Yours")
        lists.add("Yours", "AMD")
        assert [rule.group for rule in store.alerts.rules()] == ["Yours"]
        assert in_force(load(config), store, demo=False).groups == lists.groups
        lists.undo()
        assert (lists.undo(), lists.groups) == ("renamed Mine to Yours", (WatchGroup("Mine", (Symbol("NVDA"),)),))
        assert [rule.group for rule in store.alerts.rules()] == ["Mine"]
