"""Edited lists go back into the file; everything else in it stays."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasting.config import Settings, default_file, lists_file, load, save_columns, save_lists, user_file
from forecasting.domain.market import Symbol
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import ConfigError

MINE = """\
# my settings
[source]
seed = 3   # lucky

[[list]]  # the important one
name = "Core"
symbols = [
    "AAPL",  # since 2012
    "brk.b",
]

[[list]]
symbols = ["SAP.DE"]
name = "EU"
"""


def group(name: str, *symbols: str) -> WatchGroup:
    return WatchGroup(name, tuple(map(Symbol, symbols)))


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(MINE, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))


def test_adding_a_symbol_changes_that_line_only(mine: Path) -> None:
    save_lists(mine, [group("Core", "AAPL", "BRK-B", "NVDA"), group("EU", "SAP.DE")])
    text = mine.read_text(encoding="utf-8")
    assert text == MINE.replace('    "brk.b",\n', '    "brk.b",\n    "NVDA",\n')


def test_removing_a_symbol_keeps_the_comments_of_the_others(mine: Path) -> None:
    save_lists(mine, [group("Core", "AAPL"), group("EU", "SAP.DE")])
    text = mine.read_text(encoding="utf-8")
    assert "# since 2012" in text
    assert "brk.b" not in text
    assert load(mine).groups() == (group("Core", "AAPL"), group("EU", "SAP.DE"))


def test_a_new_list_is_put_at_the_end_and_a_dropped_one_goes(mine: Path) -> None:
    save_lists(mine, [group("Core", "AAPL", "BRK-B"), group("Tech", "NVDA")])
    assert load(mine).groups() == (group("Core", "AAPL", "BRK-B"), group("Tech", "NVDA"))
    assert mine.read_text(encoding="utf-8").startswith("# my settings\n[source]\nseed = 3   # lucky\n")


def test_the_previous_content_is_kept_beside_it_and_the_mode_stays(mine: Path) -> None:
    mine.chmod(0o640)
    save_lists(mine, [group("Core", "AAPL")])
    backup = mine.with_name("config.toml.bak")
    assert backup.read_text(encoding="utf-8") == MINE
    assert [stat.S_IMODE(path.stat().st_mode) for path in (mine, backup)] == [0o640, 0o640]
    assert sorted(path.name for path in mine.parent.iterdir()) == ["config.toml", "config.toml.bak"]


@pytest.mark.parametrize("text", ["a = = 3", "[soruce]\n", "list = 3"])
def test_a_file_that_is_no_configuration_is_not_written_over(mine: Path, text: str) -> None:
    mine.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config\.toml:1"):
        save_lists(mine, [group("Core", "AAPL")])
    assert mine.read_text(encoding="utf-8") == text


def test_a_first_edit_makes_the_users_file_from_the_commented_default() -> None:
    for settings_ in (Settings(), load(default_file())):
        assert lists_file(settings_) == user_file()
    save_lists(user_file(), [group("Core", "NVDA")])
    text = user_file().read_text(encoding="utf-8")
    assert text.startswith(default_file().read_text(encoding="utf-8"))
    found = load(user_file())
    assert found.groups() == (group("Core", "NVDA"),)
    assert lists_file(found) == user_file()
    assert stat.S_IMODE(user_file().stat().st_mode) == 0o600


def test_a_file_that_was_deleted_meanwhile_is_made_again(mine: Path) -> None:
    before = load(mine)
    mine.unlink()
    assert lists_file(before) == mine
    save_lists(mine, [group("Core", "NVDA")])
    assert load(mine).groups() == (group("Core", "NVDA"),)


def test_a_linked_file_stays_a_link(mine: Path, tmp_path: Path) -> None:
    link = tmp_path / "dots" / "config.toml"
    link.parent.mkdir()
    link.symlink_to(mine)
    save_lists(link, [group("Core", "NVDA")])
    assert link.is_symlink()
    assert load(mine).groups() == (group("Core", "NVDA"),)


def test_windows_line_ends_stay(mine: Path) -> None:
    mine.write_bytes(b'[[list]]\r\nname = "Core"\r\nsymbols = ["AAPL"]\r\n# end\r\n')
    save_lists(mine, [group("Core", "AAPL", "NVDA")])
    assert mine.read_bytes() == b'[[list]]\r\nname = "Core"\r\nsymbols = ["AAPL", "NVDA"]\r\n# end\r\n'


def test_a_full_disk_is_one_line_and_leaves_neither_half_a_file_nor_a_spare_one(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match=r"not saved, cannot be written \(No space left on device\)"):
        save_lists(mine, [group("Core", "AAPL")])
    assert mine.read_text(encoding="utf-8") == MINE
    assert [path.name for path in mine.parent.iterdir()] == ["config.toml"]


_symbols = st.lists(st.sampled_from(["AAPL", "BRK-B", "NVDA", "^GSPC", "7203.T"]), unique=True, max_size=4)
_group = st.builds(lambda name, symbols: group(name, *symbols), st.sampled_from(["Core", "EU", "B ü"]), _symbols)
_groups = st.lists(_group, unique_by=lambda g: g.name, min_size=1, max_size=3)
_files = st.sampled_from([MINE, "", "list = [{name = 'EU', symbols = ['SAP.DE']}]\n", "[[list]]\nname = 'Core'\n"])


@given(_files, _groups, _groups)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_saved_is_what_is_read(
    tmp_path: Path, text: str, first: list[WatchGroup], then: list[WatchGroup]
) -> None:
    path = tmp_path / "any.toml"
    path.write_text(text, encoding="utf-8")
    for groups in (first, then):
        save_lists(path, groups)
        assert load(path).groups() == tuple(groups)
    assert ("# lucky" in path.read_text(encoding="utf-8")) == ("# lucky" in text)


def test_a_renamed_list_stays_in_its_place_with_its_comments(mine: Path) -> None:
    save_lists(mine, [group("Home", "AAPL", "BRK-B"), group("EU", "SAP.DE")])
    assert mine.read_text(encoding="utf-8") == MINE.replace('"Core"', '"Home"')


def test_a_smart_list_is_written_with_its_condition_and_changed_in_place(mine: Path) -> None:
    lists = [group("Core", "AAPL", "BRK-B"), group("EU", "SAP.DE"), WatchGroup("Buys", (), "signal == buy")]
    save_lists(mine, lists)
    assert load(mine).groups() == tuple(lists)
    lists[2] = WatchGroup("Buys", (), "rsi < 30")
    save_lists(mine, lists)
    assert mine.read_text(encoding="utf-8") == f'{MINE}[[list]]\nname = "Buys"\nfilter = "rsi < 30"\n'


def test_a_list_of_symbols_and_a_condition_is_refused_with_its_line(mine: Path) -> None:
    mine.write_text('[[list]]\nname = "Both"\nsymbols = ["AAPL"]\nfilter = "rsi < 30"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config\.toml:1: .*a list has symbols or a filter, not both"):
        load(mine)


def test_columns_are_written_beside_the_comments_and_go_again(mine: Path) -> None:
    mine.write_text(MINE + '\n[display]\nascii = true  # an old terminal\n', encoding="utf-8")
    save_columns(mine, ("symbol", "name", "rsi"))
    assert load(mine).display.columns == ("symbol", "name", "rsi")
    text = mine.read_text(encoding="utf-8")
    assert text.endswith('ascii = true  # an old terminal\ncolumns = ["symbol", "name", "rsi"]\n')
    save_columns(mine, ())
    assert mine.read_text(encoding="utf-8") == MINE + '\n[display]\nascii = true  # an old terminal\n'


def test_an_unknown_column_is_refused_with_the_nearest_one(mine: Path) -> None:
    mine.write_text('[display]\ncolumns = ["symbol", "vollume"]\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config\.toml:2: .*no column 'vollume'; did you mean 'volume'\?"):
        load(mine)
