"""The lists a person watches: add, remove, undo, and written down at once.

Lists in config.toml are the truth where it has any, and are edited there; otherwise the store keeps them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from forecasting.domain.market import Symbol, parse_symbol
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import SymbolError

DEFAULT_LIST = "Watch"


class Watchlist:
    """Ordered groups of symbols. Thread-safe."""

    def __init__(
        self, groups: Sequence[WatchGroup], save: Callable[[Sequence[WatchGroup]], None],
        load: Callable[[], Sequence[WatchGroup] | None] = lambda: None,
    ) -> None:
        """Start with `groups`; `load` gives the lists as they are written down, or None where nothing has changed."""
        self._groups = tuple(groups) or (WatchGroup(DEFAULT_LIST, ()),)
        self._save = save
        self._load = load
        self._lock = threading.RLock()
        self._undo: list[tuple[str, tuple[WatchGroup, ...]]] = []

    @property
    def groups(self) -> tuple[WatchGroup, ...]:
        """The lists as they stand."""
        return self._groups

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Every watched symbol once, in order of first appearance."""
        return tuple(dict.fromkeys(s for g in self._groups for s in g.symbols))

    def reread(self) -> bool:
        """Take up what somebody else has written down; whether that was anything.

        Raises:
            TapecastError: If it cannot be read; the lists stay as they were.
        """
        with self._lock:
            groups = self._load()
            if not groups or tuple(groups) == self._groups:
                return False
            self._groups = tuple(groups)
            self._undo.clear()      # it would take back what somebody else did
            return True

    def adopt(self, symbols: Sequence[Symbol]) -> bool:
        """Take a source's own catalogue as the first list where nothing is watched yet; whether it was taken."""
        with self._lock:
            if self.symbols or not symbols:
                return False
            first = self._groups[0]
            self._groups = (WatchGroup(first.name, tuple(symbols)), *self._groups[1:])
            self._save(self._groups)
            return True

    def add(self, group: str, text: str) -> Symbol:
        """Add what a person typed to the list called `group`.

        Raises:
            SymbolError: If the text cannot be a symbol, or the list has it already.
            ConfigError: If the lists cannot be written; they stay as they were.
        """
        symbol = parse_symbol(text)
        with self._lock:
            target = self._find(group)
            if symbol in target.symbols:
                raise SymbolError(f"{symbol} is in list '{group}' already")
            self._change(f"added {symbol} to {group}", target, target.with_symbol(symbol))
        return symbol

    def remove(self, group: str, symbol: Symbol) -> None:
        """Take `symbol` off the list called `group`.

        Raises:
            ConfigError: If the lists cannot be written; they stay as they were.
        """
        with self._lock:
            target = self._find(group)
            self._change(f"removed {symbol} from {group}", target, target.without(symbol))

    def undo(self) -> str | None:
        """Take back the newest change; says which, or None if there is none."""
        with self._lock:
            if not self._undo:
                return None
            what, before = self._undo[-1]
            self._save(before)
            self._undo.pop()
            self._groups = before
            return what

    def _find(self, name: str) -> WatchGroup:
        found = next((g for g in self._groups if g.name == name), None)
        if found is None:
            raise SymbolError(f"there is no list '{name}'; lists: {', '.join(g.name for g in self._groups)}")
        return found

    def _change(self, what: str, old: WatchGroup, new: WatchGroup) -> None:
        changed = tuple(new if g is old else g for g in self._groups)
        self._save(changed)
        self._undo.append((what, self._groups))
        self._groups = changed
