"""The key map: complete, free of conflicts, and safe to override."""

from __future__ import annotations

from itertools import combinations

import pytest

from tui.keymap import KEYMAP, VIEWS, bindings, entries_for, footer_for, key_names, resolve, shown_key


def test_no_two_entries_of_one_view_share_a_key() -> None:
    for view in VIEWS:
        for one, other in combinations(entries_for(view, KEYMAP), 2):
            assert not set(one.keys) & set(other.keys), f"{view}: {one.id} and {other.id}"


def test_nothing_is_bound_that_terminals_or_multiplexers_need() -> None:
    for entry in KEYMAP:
        for key in entry.keys:
            assert key not in {"ctrl+s", "ctrl+q", "ctrl+a", "ctrl+b"}
            assert not key.startswith(("alt+", "ctrl+shift+"))
        assert not all(key.startswith("f") and key[1:].isdigit() for key in entry.keys), "an F-key as the only way"


def test_every_entry_has_an_id_of_its_own_and_explains_itself() -> None:
    assert len({entry.id for entry in KEYMAP}) == len(KEYMAP)
    assert all(entry.label and entry.tooltip and entry.where <= set(VIEWS) for entry in KEYMAP)


def test_an_override_replaces_the_keys_of_its_entry() -> None:
    entries, refused = resolve({"add": "f2, X", "filter": "/"})
    by_id = {entry.id: entry for entry in entries}
    assert by_id["add"].keys == ("f2", "X")
    assert by_id["filter"].keys == ("slash",)
    assert refused == ()


def test_overrides_that_cannot_be_are_told_and_leave_the_default() -> None:
    entries, refused = resolve({"ad": "b", "add": "x", "undo": "ctrl+s", "help": "", "quit": "alt+q"})
    assert {entry.id: entry.keys for entry in entries} == {entry.id: entry.keys for entry in KEYMAP}
    assert refused == (
        "key for 'ad': no such action; did you mean 'add'?",
        "key for 'add': x is taken by 'remove'; the default stays",
        "key for 'undo': ^s belongs to the terminal or a multiplexer; the default stays",
        "key for 'help': no key given; the default stays",
        "key for 'quit': alt+q belongs to the terminal or a multiplexer; the default stays",
    )


@pytest.mark.parametrize(("key", "told"), [
    ("zz", "no key is called 'zz'; the default stays"),
    ("Enter", "no key is called 'Enter', perhaps 'enter'; the default stays"),
    ("g zz", "no key is called 'g zz'; the default stays"),
])
def test_a_key_no_terminal_sends_is_told_and_leaves_the_default(key: str, told: str) -> None:
    entries, refused = resolve({"add": key})
    assert refused == (f"key for 'add': {told}",)
    assert entries == KEYMAP


@pytest.mark.parametrize("key", ["#", "ö", "number_sign", "f12", "ctrl+e", "shift+up", "g e", "E"])
def test_a_key_a_terminal_sends_is_taken(key: str) -> None:
    assert resolve({"add": key})[1] == ()


def test_a_key_may_mean_two_things_in_views_that_never_meet() -> None:
    entries, refused = resolve({"volume": "s"})       # sort is a key of the watch view, volume of the chart
    assert refused == ()
    assert next(entry for entry in entries if entry.id == "volume").keys == ("s",)


def test_a_chord_binds_its_first_key() -> None:
    chord = next(binding for binding in bindings() if binding.action.startswith("chord"))
    assert (chord.key, chord.action) == ("g", "chord('g g', 'top')")


def test_keys_are_shown_as_people_write_them() -> None:
    written = {"slash": "/", "ctrl+d": "^d", "g g": "gg", "shift+tab": "S-Tab", "j": "j", "shift+left": "S-Left"}
    assert {key: shown_key(key) for key in written} == written
    assert key_names(",") == ("comma",)
    assert key_names("/, f2") == ("slash", "f2")


def test_a_footer_begins_with_what_its_view_alone_can_do_and_ends_with_help_and_the_way_back() -> None:
    first = {view: [entry.id for entry in footer_for(view, KEYMAP)][:3] for view in VIEWS}
    assert first["chart"] == ["shorter", "longer", "further-indicators"]
    assert first["accuracy"] == ["nearer", "further", "scope"]
    assert first["backtest"] == ["run", "strategy", "cheaper"]
    assert first["models"] == ["cancel-work", "train", "add"]
    for view in VIEWS:
        shown = [entry.id for entry in footer_for(view, KEYMAP)]
        assert shown[-2:] == ["help", "back"]
        assert view not in shown
