"""The one table of keys: bindings, footer, help and palette are all made from it.

An override names an entry by its id. What cannot be (an unknown id, a key somebody else has in the same view, a key a
terminal or multiplexer needs) is reported and left at its default; it is never fatal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches

from textual.binding import Binding
from textual.keys import Keys

from forecasting.frozen import dataclass

VIEWS = ("watch", "chart", "accuracy", "signals", "backtest", "models", "health")
_ALL = frozenset(VIEWS)
_LISTS = frozenset({"watch", "chart", "accuracy"})
_CHARTS = frozenset({"watch", "chart"})
_CHART = frozenset({"chart"})
_WATCH = frozenset({"watch"})
_SIGNALS = frozenset({"signals"})
_ACCURACY = frozenset({"accuracy"})
_MODELS = frozenset({"models"})
_HEALTH = frozenset({"health"})
_BACKTEST = frozenset({"backtest"})


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One thing a person can ask for."""

    id: str
    keys: tuple[str, ...]            # Textual key names; "g g" is g pressed twice
    action: str
    label: str
    tooltip: str
    where: frozenset[str] = _ALL     # views it applies to
    footer: bool = False

    @property
    def above_all(self) -> bool:
        """Whether the app itself does it, also while a dialog has the keys."""
        return self.action.startswith("app.")


def _entry(
    id_: str, keys: str, action: str, label: str, tooltip: str, where: frozenset[str] = _ALL, *, footer: bool = False
) -> KeyEntry:
    return KeyEntry(id_, tuple(keys.split(",")), action, label, tooltip, where, footer)


KEYMAP: tuple[KeyEntry, ...] = (
    _entry("down", "j,down", "move(1)", "down", "Next row; in the chart, next symbol"),
    _entry("up", "k,up", "move(-1)", "up", "Previous row; in the chart, previous symbol"),
    _entry("open", "enter", "open", "open", "Open the chart of the selected symbol", _WATCH | _SIGNALS, footer=True),
    _entry("filter", "slash", "filter", "filter",
           "Show only rows with a text in symbol or name, or where a condition holds", _WATCH, footer=True),
    _entry("run", "enter", "run_backtest", "run", "Run the backtest, anew where it has been run; each run is a trial",
           _BACKTEST, footer=True),
    _entry("strategy", "s", "backtest_strategy(1)", "strategy", "Next strategy of the run", _BACKTEST, footer=True),
    _entry("former-strategy", "S", "backtest_strategy(-1)", "former strategy", "Previous strategy", _BACKTEST),
    _entry("cheaper", "comma", "backtest_cost(-1)", "cheaper", "Cheaper trades", _BACKTEST, footer=True),
    _entry("dearer", "full_stop", "backtest_cost(1)", "dearer", "Dearer trades; the curves follow at once", _BACKTEST,
           footer=True),
    _entry("longer-span", "d", "backtest_span(1)", "longer", "A longer span of sessions", _BACKTEST, footer=True),
    _entry("shorter-span", "D", "backtest_span(-1)", "shorter", "A shorter span of sessions", _BACKTEST),
    _entry("subject", "c", "backtest_subject", "list", "The selected symbol alone, or the whole list", _BACKTEST,
           footer=True),
    _entry("followed", "f", "backtest_followed", "forecasts",
           "Follow the recorded forecasts, or those of a model fitted anew, walk-forward", _BACKTEST, footer=True),
    _entry("add", "a", "add", "add", "Add a symbol to this list", footer=True),
    _entry("alert", "A", "new_alert", "alert", "New alert on the selected symbol, its list, or all that is watched",
           footer=True),
    _entry("acknowledge", "space", "acknowledge", "seen",
           "Acknowledge the alerts of the selected row, or all where it has none; in Signals, the selected one",
           footer=True),
    _entry("remove", "x", "remove", "remove", "Take the selected symbol off this list; its history stays", _LISTS,
           footer=True),
    _entry("remove-rule", "x", "remove_rule", "remove", "Remove the selected alert rule; what it said stays", _SIGNALS,
           footer=True),
    _entry("edit", "e", "edit_symbol", "edit", "Alias, tags, note and lots of the selected symbol", _LISTS),
    _entry("copy", "y", "copy_row", "copy", "Copy the selected symbol's row to the terminal's clipboard (OSC 52)"),
    _entry("page", "o", "open_page", "page", "Open the selected symbol's page at Yahoo; over SSH, show its address"),
    _entry("privacy", "P", "privacy", "privacy", "Hide all amounts of money, or show them again; percentages stay"),
    _entry("cancel-run", "x", "cancel_backtest", "cancel", "Take back the run under way", _BACKTEST, footer=True),
    _entry("cancel-work", "x", "cancel_work", "stop", "Stop the long jobs that run; the models at work stay",
           _MODELS | _HEALTH, footer=True),
    _entry("train", "T", "train", "train", "Train the ensemble now, due or not", _MODELS, footer=True),
    _entry("sift", "slash", "sift", "filter", "Show only the records, or lines of the log, that hold certain words",
           _SIGNALS | _HEALTH, footer=True),
    _entry("log-level", "v", "log_level", "level", "Show only graver lines of the log", _HEALTH, footer=True),
    _entry("undo", "u", "undo", "undo", "Take back the newest add, remove or edit"),
    _entry("mute", "m", "mute", "mute",
           "Mute the rules of the selected symbol, or the selected rule, for 8 hours; or hear them again"),
    _entry("shorter", "comma", "timeframe(-1)", "shorter", "Shorter timeframe", _CHARTS, footer=True),
    _entry("longer", "full_stop", "timeframe(1)", "longer", "Longer timeframe", _CHARTS, footer=True),
    _entry("zoom-in", "K", "zoom(1)", "closer", "Closer: fewer bars", _CHART),
    _entry("zoom-out", "J", "zoom(-1)", "farther", "Farther: more bars", _CHART),
    _entry("pan-back", "H", "pan(-1)", "earlier", "Earlier bars", _CHART),
    _entry("pan-on", "L", "pan(1)", "later", "Later bars; Esc leads back to the newest", _CHART),
    _entry("readout-back", "shift+left,ctrl+left", "page_sideways(-1)", "page back", "The readout a page of bars back",
           _CHART),
    _entry("readout-on", "shift+right,ctrl+right", "page_sideways(1)", "page on", "The readout a page of bars on",
           _CHART),
    _entry("candles", "c", "toggle_option('candles')", "candles", "Candles or line", _CHARTS),
    _entry("indicators", "i", "toggle_option('indicators')", "indicators", "RSI and MACD on or off", _CHARTS),
    _entry("volume", "v", "toggle_option('volume')", "volume", "Volume on or off", _CHART),
    _entry("further-indicators", "I", "further_indicators", "indicators", "Choose further indicators", _CHART,
           footer=True),
    _entry("scale", "D", "toggle_option('log')", "log", "Prices by decades, on a logarithmic scale; or linear", _CHART),
    _entry("past-forecasts", "F", "past_forecasts", "past",
           "Forecasts made 1, 5 or 10 bars before, laid over what came of them; or none", _CHART, footer=True),
    _entry("forecast", "f", "toggle_option('forecast')", "fan", "Forecast fan on or off", _CHARTS, footer=True),
    _entry("nearer", "comma", "horizon(-1)", "nearer", "Forecasts less far ahead", _ACCURACY, footer=True),
    _entry("further", "full_stop", "horizon(1)", "further", "Forecasts further ahead: 1, 5, 10 sessions", _ACCURACY,
           footer=True),
    _entry("scope", "s", "scope", "all", "The record of the selected symbol, or of all", _ACCURACY, footer=True),
    _entry("origin", "b", "origin", "live", "Live forecasts, or backfill; never added up", _ACCURACY, footer=True),
    _entry("forecaster", "f", "forecaster", "model", "The record of the next model", _ACCURACY, footer=True),
    _entry("watch", "1", "view('watch')", "Watch", "The watchlist"),
    _entry("chart", "2", "view('chart')", "Chart", "One symbol's chart", footer=True),
    _entry("accuracy", "3", "view('accuracy')", "Accuracy", "How good the forecasts have been", footer=True),
    _entry("signals", "4", "view('signals')", "Signals", "Alerts, their rules, and what came of signals", footer=True),
    _entry("backtest", "5", "view('backtest')", "Backtest", "What following the forecasts would have earned",
           footer=True),
    _entry("models", "6", "view('models')", "Models", "Training, versions, drift, and why a band is this wide",
           footer=True),
    _entry("health", "exclamation_mark", "view('health')", "health", "Source, jobs and notices"),
    _entry("next-view", "tab", "cycle_view(1)", "next view", "Next view"),
    _entry("previous-view", "shift+tab", "cycle_view(-1)", "previous view", "Previous view"),
    _entry("previous-list", "left_square_bracket", "cycle_list(-1)", "previous list", "Previous watchlist"),
    _entry("next-list", "right_square_bracket", "cycle_list(1)", "next list", "Next watchlist"),
    _entry("lists", "L", "lists", "lists",
           "Make, rename, reorder and delete lists; copy or move the selected symbol to another", _WATCH),
    _entry("next-symbol", "n", "step(1)", "next", "Next match or symbol"),
    _entry("previous-symbol", "N", "step(-1)", "previous", "Previous match or symbol"),
    _entry("sort", "s", "sort", "sort", "Sort by the next column; after the last, the list's own order", _WATCH),
    _entry("reverse", "S", "reverse", "reverse", "Turn the sort round", _WATCH),
    _entry("columns", "C", "columns", "columns", "Choose and order the columns, or sort by any", _WATCH),
    _entry("compare", "w", "compare", "compare", "The list's symbols in one chart, each 100 at the start", _WATCH),
    _entry("correlations", "W", "correlations", "correlations", "How the returns of the list go together", _WATCH),
    _entry("top", "home,g g", "edge(-1)", "top", "First row"),
    _entry("bottom", "G,end", "edge(1)", "bottom", "Last row"),
    _entry("page-down", "ctrl+d,pagedown", "page(1)", "page down", "One page down"),
    _entry("page-up", "ctrl+u,pageup", "page(-1)", "page up", "One page up"),
    _entry("left", "h,left", "sideways(-1)", "left",
           "Columns to the left; in the chart, the readout one bar back; in views with parts, the part before"),
    _entry("right", "l,right", "sideways(1)", "right",
           "Columns to the right; in the chart, the readout one bar on; in views with parts, the next part"),
    _entry("refresh", "r", "refresh_now", "refresh", "Ask the source now, within its budget"),
    _entry("refresh-all", "R", "refresh_everything", "refresh all",
           "Ask the source again for everything, histories too, within its budget; says what it costs"),
    _entry("pause", "p", "pause", "pause", "Stop or resume polling; a replay stands still too", footer=True),
    _entry("slower", "minus", "speed(-1)", "slower", "Slower replay"),
    _entry("faster", "plus", "speed(1)", "faster", "Faster replay"),
    _entry("jump", "greater_than_sign", "jump(1)", "jump", "Replay: skip to the next session"),
    _entry("theme", "t", "theme", "theme", "Next theme"),
    _entry("bare", "z", "bare", "bare", "Table only, without panes and lines"),
    _entry("screenshot", "Y", "screenshot", "screenshot", "Keep a picture of the screen as an SVG file"),
    _entry("palette", "colon,ctrl+p", "palette", "commands", "Find a command by name"),
    _entry("help", "question_mark,f1", "help", "help", "Keys of this view, searchable", footer=True),
    _entry("close", "escape", "close_layer", "close", "Close the top layer or the filter; never quits"),
    _entry("back", "q", "back", "back", "Back; in the watch view, quit", footer=True),
    _entry("suspend", "ctrl+z", "app.suspend_process", "suspend", "Back to the shell; its `fg` returns here"),
    _entry("quit", "ctrl+c", "app.quit", "quit", "Quit"),
)

_RESERVED = {"ctrl+s", "ctrl+q", "ctrl+a", "ctrl+b"}
_SHOWN = {
    "slash": "/", "comma": ",", "full_stop": ".", "exclamation_mark": "!", "left_square_bracket": "[",
    "right_square_bracket": "]", "minus": "-", "plus": "+", "greater_than_sign": ">", "colon": ":",
    "question_mark": "?", "enter": "Enter", "escape": "Esc", "down": "Down", "up": "Up", "left": "Left",
    "right": "Right",
    "tab": "Tab", "shift+tab": "S-Tab", "home": "Home", "end": "End", "pagedown": "PgDn", "pageup": "PgUp", "f1": "F1",
    "g g": "gg", "space": "Space",
}
_NAMED = {shown: name for name, shown in _SHOWN.items() if len(shown) == 1}
_KEYS = {key.value for key in Keys if not key.value.startswith("<")} | set(_SHOWN)


def shown_key(key: str) -> str:
    """A key as a person writes it: slash -> /, ctrl+d -> ^d."""
    for modifier, mark in (("ctrl+", "^"), ("shift+", "S-")):
        if key.startswith(modifier) and key not in _SHOWN:
            return mark + shown_key(key.removeprefix(modifier))
    return _SHOWN.get(key, key)


def key_names(text: str) -> tuple[str, ...]:
    """Textual's names of the keys in a comma-separated list: "/, f2" -> ("slash", "f2"). A lone comma is a key."""
    parts = [text] if text == "," else [part.strip() for part in text.split(",")]
    return tuple(_NAMED.get(part, part) for part in parts if part)


def resolve(overrides: Mapping[str, str], keymap: Iterable[KeyEntry] = KEYMAP) -> tuple[
    tuple[KeyEntry, ...], tuple[str, ...]
]:
    """Apply overrides (entry id -> keys); returns the key map in force and one line for each that was refused."""
    entries = {entry.id: entry for entry in keymap}
    refused: list[str] = []
    for id_, text in overrides.items():
        keys = key_names(text)
        if problem := _problem(id_, keys, entries):
            refused.append(f"key for '{id_}': {problem}")
        else:
            entries[id_] = replace(entries[id_], keys=keys)
    return tuple(entries.values()), tuple(refused)


def _problem(id_: str, keys: tuple[str, ...], entries: Mapping[str, KeyEntry]) -> str | None:
    if id_ not in entries:
        near = get_close_matches(id_, entries, 1)
        return "no such action" + (f"; did you mean '{near[0]}'?" if near else "")
    if not keys:
        return "no key given; the default stays"
    for key in keys:
        if key in _RESERVED or key.startswith(("alt+", "ctrl+shift+")):
            return f"{shown_key(key)} belongs to the terminal or a multiplexer; the default stays"
        if not all(map(_is_key, key.split())):
            near = get_close_matches(key.lower(), _KEYS, 1)
            return f"no key is called '{key}'" + (f", perhaps '{near[0]}'" if near else "") + "; the default stays"
        for other in entries.values():
            if other.id != id_ and other.where & entries[id_].where and key in other.keys:
                return f"{shown_key(key)} is taken by '{other.id}'; the default stays"
    return None


def _is_key(key: str) -> bool:
    """Whether a terminal can send a key of this name: "x", "f2", "ctrl+d", "number_sign"."""
    base = key.removeprefix("ctrl+").removeprefix("shift+")
    if len(base) == 1 or base in _KEYS:
        return True
    try:
        unicodedata.lookup(base.replace("_", " "))
    except KeyError:
        return False
    return True


def bindings(keymap: Iterable[KeyEntry] = KEYMAP) -> list[Binding]:
    """Textual bindings of a key map. Of "g g" the first key is bound; the screen waits for the second."""
    found = []
    for entry in keymap:
        for number, key in enumerate(entry.keys):
            first, _, second = key.partition(" ")
            action = f"chord('{key}', '{entry.id}')" if second else entry.action
            id_ = entry.id if number == 0 else f"{entry.id}.{number}"
            found.append(Binding(first, action, entry.label, show=False, tooltip=entry.tooltip, id=id_,
                                 priority=entry.above_all))
    return found


def entries_for(view: str, keymap: Iterable[KeyEntry]) -> tuple[KeyEntry, ...]:
    """The entries that apply in a view, in the table's order."""
    return tuple(entry for entry in keymap if view in entry.where)


def footer_for(view: str, keymap: Iterable[KeyEntry]) -> tuple[KeyEntry, ...]:
    """What the footer of a view names: what is done here and hardly elsewhere first, since what is last may not fit.

    The watch view, where everything starts, keeps the table's order.
    """
    shown = [entry for entry in entries_for(view, keymap) if entry.footer and entry.id != view]
    return tuple(shown if view == "watch" else sorted(shown, key=lambda entry: len(entry.where) > 2))
