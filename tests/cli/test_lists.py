"""`tapecast lists`: out into a file, in from one, and nothing half taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecasting.data.store import Store
from forecasting.domain.market import Symbol
from forecasting.domain.watchlist import WatchGroup
from tests.support.command_line import Run

NVDA, AAPL, SAP = map(Symbol, ("NVDA", "AAPL", "SAP.DE"))
LISTS = (WatchGroup("Core", (NVDA, AAPL)), WatchGroup("EU, old", (SAP,)), WatchGroup("Buys", (), "signal == buy"))


@pytest.fixture
def store(data: Path) -> Path:
    """The store of the simulated source, with lists."""
    path = data / "simulated" / "store.db"
    path.parent.mkdir(parents=True)
    with Store.open(path) as opened:
        opened.watchlist.save(LISTS)
    return path


def kept(path: Path) -> tuple[WatchGroup, ...]:
    with Store.open(path) as opened:
        return opened.watchlist.groups()


def lists(run: Run, *words: str) -> tuple[int, str, str]:
    return run("--source", "simulated", "lists", *words)


def test_lists_are_shown_with_what_is_on_them(run: Run, store: Path) -> None:
    assert lists(run)[1] == "Core: NVDA AAPL\nEU, old: SAP.DE\n*Buys: signal == buy\n"


@pytest.mark.parametrize("name", ["lists.csv", "lists.json"])
def test_what_was_exported_comes_back_the_same(run: Run, store: Path, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    assert lists(run, "export", str(file))[0] == 0
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    with Store.open(store) as opened:
        opened.watchlist.save(())
    code, out, _ = lists(run, "import", str(file))
    assert (code, out) == (0, "Core: 2 new: NVDA AAPL\nEU, old: 1 new: SAP.DE\nBuys: 0 new\n")
    assert [group for group in kept(store) if group.name != "Watch"] == list(LISTS)
    assert lists(run, "export", str(file))[0] == 1      # never written over


def test_one_list_goes_to_standard_output_a_symbol_a_line(run: Run, store: Path) -> None:
    assert lists(run, "export", "--list", "Core", "--format", "text")[1] == "# Core\nNVDA\nAAPL\n"
    code, out, err = lists(run, "export", "--format", "text")
    assert (code, out) == (1, "")
    assert "text holds one list of symbols; name it with --list, or ask for csv or json" in err


def test_text_joins_a_list_of_its_name_and_keeps_what_is_there(run: Run, store: Path, tmp_path: Path) -> None:
    file = tmp_path / "Core.txt"
    file.write_text("# mine\nnvda, brk.b\n\nTSM # chips\n", encoding="utf-8")
    assert lists(run, "import", str(file))[1] == "Core: 2 new: BRK-B TSM\n"
    assert kept(store)[0].symbols == ("NVDA", "AAPL", "BRK-B", "TSM")
    assert lists(run, "import", str(file), "--replace")[1] == "Core: 0 new\n"
    assert kept(store)[0].symbols == ("NVDA", "BRK-B", "TSM")
    assert lists(run, "import", str(file), "--list", "New")[1] == "New: 3 new: NVDA BRK-B TSM\n"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.txt", "NVDA\n\na b!c\n", "a.txt:3: 'b!c' is no ticker symbol"),
        ("a.txt", "\x1b[2Jx\n", "is no ticker symbol"),
        ("a.csv", "list,symbol\nNew,NVDA\nNew,N V\n", "a.csv:3: 'N V' is no ticker symbol"),
        ("a.csv", "list,symbol\nNew,NVDA,x\n", "a.csv:2: 3 cells where the header has 2"),
        ("a.csv", "ticker\nNVDA\n", "a.csv:1: the columns are list, symbol, filter"),
        ("a.csv", "list,symbol,filter\nNew,NVDA,\nNew,,rsi < 30\n", "a.csv:3: list 'New' has symbols and a filter"),
        ("a.csv", "list,symbol,filter\nNew,,rsi <\n", "list 'New':"),
        ("a.json", '{"lists": [\n{"name": "x"\n', "a.json:3: cannot be read as JSON"),
        ("a.json", '{"lists": [{"name": "New", "symbols": ["NVDA", "?"]}]}', "a.json, list 1: '?' is no ticker"),
        ("a.json", '{"lists": [{"name": "New", "symbol": []}]}', "a.json, list 1: a list is"),
        ("a.json", '{"lists": [{"name": "New", "symbols": ["NVDA", 3, null]}]}', "list 1: symbols is a list of texts"),
        ("a.json", "[]", 'a.json: has no {"lists": [..]}'),
        ("a.txt", "", "a.txt: holds no list"),
        ("a.csv", "list,symbol\nAll,NVDA\n", "'All' is the tab of all that is watched"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_nothing_is_taken(
    run: Run, store: Path, tmp_path: Path, name: str, text: str, says: str
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    code, out, err = lists(run, "import", str(file))
    assert (code, out) == (1, "")
    assert says in err
    assert err.strip().endswith("nothing was taken in")
    assert kept(store) == LISTS


@pytest.mark.parametrize(
    "text",
    ["\ufefflist;symbol;filter\r\nNew;NVDA;\r\nNew;tsm;\r\n", "symbol\tlist\nNVDA\tNew\nTSM\tNew\n",
     "symbol\nNVDA\nTSM\n", "symbol\rNVDA\rTSM\r"],
)
def test_csv_of_other_countries_spreadsheets_is_read(run: Run, store: Path, tmp_path: Path, text: str) -> None:
    file = tmp_path / "New.csv"
    file.write_bytes(text.encode())
    assert lists(run, "import", str(file))[:2] == (0, "New: 2 new: NVDA TSM\n")


def test_a_missing_file_is_named(run: Run, store: Path, tmp_path: Path) -> None:
    code, _, err = lists(run, "import", str(tmp_path / "none.csv"))
    assert code == 1
    assert "none.csv: No such file or directory; nothing was taken in" in err
