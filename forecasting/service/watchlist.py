"""The lists a person watches: every change can be undone, and is written down at once.

Lists in config.toml are the truth where it has any, and are edited there; otherwise the store keeps them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from forecasting.domain.market import Symbol, parse_symbol
from forecasting.domain.watchlist import ALL, NAME_LIMIT, WatchGroup, watched
from forecasting.errors import SymbolError

DEFAULT_LIST = "Watch"
_Renamed = tuple[str, str] | None      # a list's name before and after


class Watchlist:
    """Ordered groups of symbols. Thread-safe.

    What changes them raises a SymbolError where it cannot be, a RuleError where a condition cannot be read, or a
    ConfigError where the lists cannot be written; they stay as they were then.
    """

    def __init__(
        self, groups: Sequence[WatchGroup], save: Callable[[Sequence[WatchGroup]], None],
        load: Callable[[], Sequence[WatchGroup] | None] = lambda: None,
        save_renamed: Callable[[Sequence[WatchGroup], str, str], None] | None = None,
    ) -> None:
        """Start with these lists.

        Args:
            groups: The lists.
            save: Writes them down.
            load: Gives them as they are written down, or None where nothing has changed.
            save_renamed: Writes them down where one has another name (old, new), with what goes by that name.
        """
        self.changed: Callable[[], None] = lambda: None      # called after each change made here
        self._groups = tuple(groups) or (WatchGroup(DEFAULT_LIST, ()),)
        self._unmade = not groups      # nobody has made a list yet; one that was made and is empty is meant to be
        self._save = save
        self._save_renamed = save_renamed or (lambda groups, old, new: save(groups))
        self._load = load
        self._lock = threading.RLock()
        self._undo: list[tuple[str, tuple[WatchGroup, ...], _Renamed]] = []

    @property
    def groups(self) -> tuple[WatchGroup, ...]:
        """The lists as they stand."""
        return self._groups

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Every watched symbol once, in order of first appearance."""
        return watched(self._groups)

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
            self._unmade = False
            self._undo.clear()      # it would take back what somebody else did
            return True

    def adopt(self, symbols: Sequence[Symbol]) -> bool:
        """Take a source's own catalogue as the first list where nobody has made one yet; whether it was taken."""
        with self._lock:
            place = next((i for i, group in enumerate(self._groups) if not group.smart), None)
            if not self._unmade or self.symbols or not symbols or place is None:
                return False
            filled = replace(self._groups[place], symbols=tuple(symbols))
            groups = (*self._groups[:place], filled, *self._groups[place + 1:])
            self._save(groups)
            self._groups = groups
            return True

    def inherit(self, former: Watchlist) -> None:
        """Go on from lists that end: what could be undone there can be here, unless somebody has edited them since."""
        with self._lock:
            if self._groups == former.groups:
                self._undo = list(former._undo)

    # What is on a list.

    def add(self, group: str, text: str) -> Symbol:
        """Add what a person typed to the list called `group`."""
        symbol = parse_symbol(text)
        with self._lock:
            if symbol in self._plain(group).symbols:
                raise SymbolError(f"{symbol} is in list '{group}' already")
            self.add_all(group, [symbol])
        return symbol

    def add_text(self, group: str, text: str) -> tuple[Symbol, ...]:
        """Add what a person typed, several symbols with blanks or commas between them; all of them or none."""
        words = text.replace(",", " ").split()
        if len(words) < 2:
            return (self.add(group, text),)
        if not (added := self.add_all(group, _parsed(words))):
            raise SymbolError(f"all of these are in list '{group}' already")
        return added

    def add_all(self, group: str, symbols: Sequence[Symbol]) -> tuple[Symbol, ...]:
        """Add several as one change; gives those that were not there yet."""
        with self._lock:
            target = self._plain(group)
            fresh = tuple(symbol for symbol in dict.fromkeys(symbols) if symbol not in target.symbols)
            if fresh:
                new = replace(target, symbols=(*target.symbols, *fresh))
                self._replace(f"added {', '.join(fresh)} to {group}", {group: new})
            return fresh

    def remove(self, group: str, symbol: Symbol) -> None:
        """Take `symbol` off the list called `group`; off every list where that is the tab of all of them."""
        with self._lock:
            if group == ALL and all(g.name != ALL for g in self._groups):
                having = [g for g in self._groups if symbol in g.symbols]
            else:
                having = [self._plain(group)]
            names = " and ".join(g.name for g in having)
            self._replace(f"removed {symbol} from {names}", {g.name: g.without(symbol) for g in having})

    def copy(self, symbol: Symbol, to: str) -> None:
        """Put `symbol` on the list called `to` as well."""
        self.add(to, symbol)

    def move(self, symbol: Symbol, group: str, to: str) -> None:
        """Take `symbol` from one list to another."""
        with self._lock:
            source, target = self._plain(group), self._plain(to)
            if source is target:
                raise SymbolError(f"{symbol} is in list '{to}' already")
            moved = {group: source.without(symbol), to: target.with_symbol(symbol)}
            self._replace(f"moved {symbol} from {group} to {to}", moved)

    # The lists themselves.

    def create(self, name: str, condition: str | None = None) -> WatchGroup:
        """A new list behind the others: an empty one, or a smart one of what fulfils `condition`."""
        with self._lock:
            made = WatchGroup(self._new_name(name), (), condition)
            check_filter(made)
            self._change(f"made list {made.name}", (*self._groups, made))
            return made

    def rename(self, name: str, to: str) -> str:
        """Give a list, and what goes by its name, another one; gives it as it was taken."""
        with self._lock:
            old, new = self.named(name), self._new_name(to, but=name)
            groups = tuple(replace(g, name=new) if g is old else g for g in self._groups)
            self._change(f"renamed {name} to {new}", groups, (name, new))
            return new

    def refilter(self, name: str, condition: str) -> None:
        """Give a smart list another condition."""
        with self._lock:
            old = self.named(name)
            if not old.smart:
                raise SymbolError(f"'{name}' is a list of symbols; make a new list for a condition")
            new = replace(old, filter=condition)
            check_filter(new)
            self._replace(f"changed the condition of {name}", {name: new})

    def delete(self, name: str) -> None:
        """Take a whole list away; what is known of its symbols stays."""
        with self._lock:
            old = self.named(name)
            rest = tuple(group for group in self._groups if group is not old)
            if all(group.smart for group in rest):
                raise SymbolError(f"'{name}' is the only list with symbols of its own; make another one first")
            self._change(f"deleted list {name}", rest)

    def shift(self, name: str, steps: int) -> None:
        """Move a list among the others, stopping at the ends."""
        with self._lock:
            group = self.named(name)
            rest = [g for g in self._groups if g is not group]
            rest.insert(max(0, min(self._groups.index(group) + steps, len(rest))), group)
            self._change(f"moved list {name}", tuple(rest))

    def take(self, what: str, groups: Sequence[WatchGroup]) -> None:
        """Put `groups` in the place of all lists, as one change called `what`."""
        with self._lock:
            for group in groups:
                check_filter(group)
            self._change(what, tuple(groups))

    def undo(self) -> str | None:
        """Take back the newest change; says which, or None if there is none."""
        with self._lock:
            if not self._undo:
                return None
            what, before, renamed = self._undo[-1]
            self._write(before, renamed and (renamed[1], renamed[0]))
            self._undo.pop()
            self._groups = before
        self.changed()
        return what

    def named(self, name: str) -> WatchGroup:
        """The list called so."""
        found = next((g for g in self._groups if g.name == name), None)
        if found is None:
            raise SymbolError(f"there is no list '{name}'; lists: {', '.join(g.name for g in self._groups)}")
        return found

    def _plain(self, name: str) -> WatchGroup:
        """The list called so, which must have symbols of its own."""
        found = self.named(name)
        if found.smart:
            raise SymbolError(f"'{name}' is a smart list: what fulfils {found.filter} is on it, by itself")
        return found

    def _new_name(self, text: str, but: str | None = None) -> str:
        name = text.strip()
        if not name or not name.isprintable() or len(name) > NAME_LIMIT:
            raise SymbolError(f"a list's name is 1 to {NAME_LIMIT} printable characters")
        if name == ALL and but != ALL:
            raise SymbolError(f"'{ALL}' is the tab of all that is watched; choose another name")
        if name != but and any(group.name == name for group in self._groups):
            raise SymbolError(f"there is a list '{name}' already")
        return name

    def _replace(self, what: str, new: dict[str, WatchGroup]) -> None:
        """Change some of the lists, each named as it was."""
        self._change(what, tuple(new.get(group.name, group) for group in self._groups))

    def _change(self, what: str, groups: tuple[WatchGroup, ...], renamed: _Renamed = None) -> None:
        if groups == self._groups:
            return
        self._write(groups, renamed)
        self._undo.append((what, self._groups, renamed))
        self._groups = groups
        self._unmade = False
        self.changed()

    def _write(self, groups: tuple[WatchGroup, ...], renamed: _Renamed) -> None:
        if renamed is None:
            self._save(groups)
        else:
            self._save_renamed(groups, *renamed)


def _parsed(words: Sequence[str]) -> list[Symbol]:
    """The symbols that are meant; what is wrong with those that can be none, a line each, is raised."""
    symbols, wrong = [], []
    for word in words:
        try:
            symbols.append(parse_symbol(word))
        except SymbolError as error:
            wrong.append(str(error))
    if wrong:
        raise SymbolError("\n".join(wrong))
    return symbols


def check_filter(group: WatchGroup) -> None:
    """Look whether a smart list's condition can be read.

    Raises:
        RuleError: If it cannot.
    """
    if group.filter is not None:
        from forecasting.service.filters import check_condition  # not needed for the first paint

        check_condition(group.filter)
