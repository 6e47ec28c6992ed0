"""Where a person is: which list, which rows of it in which order, and the symbol under the cursor. No widgets."""

from __future__ import annotations

from dataclasses import replace

from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Snapshot, SymbolRow
from forecasting.domain.watchlist import WatchGroup, tabs
from forecasting.errors import RuleError
from tui.widgets.row_order import SortOrder, arrange, named


class Place:
    """A place in the newest snapshot; it outlives the snapshots."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.symbol: Symbol | None = None
        self.order = SortOrder()
        self.filter_text = ""
        self.filter_problem: str | None = None      # of the newest filter; the rows are then unfiltered
        self.list_problem: str | None = None        # why a smart list's condition cannot be read; it is then empty
        self._group_name = snapshot.groups[0].name if snapshot.groups else ""
        self._arranged: tuple[tuple[object, ...], tuple[SymbolRow, ...]] | None = None
        self._tab = 0                               # where the list stands among the others
        self._shown: tuple[Snapshot, str, WatchGroup | None] | None = None

    @property
    def tabs(self) -> tuple[WatchGroup, ...]:
        """The lists to choose from."""
        return tabs(self.snapshot.groups)

    @property
    def group(self) -> WatchGroup | None:
        """The list, a smart one with who is on it now; where it is gone or has another name, what is in its place.

        The same object as long as nothing has changed.
        """
        if self._shown is None or self._shown[0] is not self.snapshot or self._shown[1] != self._group_name:
            self._shown = (self.snapshot, self._group_name, self._read_group())
        return self._shown[2]

    def _read_group(self) -> WatchGroup | None:
        self.list_problem = None
        lists = self.tabs
        here = next((i for i, g in enumerate(lists) if g.name == self._group_name), min(self._tab, len(lists) - 1))
        group, self._tab = (lists[here], here) if lists else (None, 0)
        if group is None or group.filter is None:
            return group
        from forecasting.service.filters import with_members  # not needed for the first paint

        try:
            return with_members(group, self.snapshot.rows, self.snapshot.now)
        except RuleError as error:
            self.list_problem = f"*{group.name}: {error}"
            return group

    @property
    def group_name(self) -> str:
        """The list's name; the first symbol ever added makes a list where there is none."""
        return self.group.name if self.group else self._group_name or "Watch"

    @property
    def own_group(self) -> WatchGroup | None:
        """The list, where it has symbols of its own: not a smart one, nor the tab of everything."""
        return next((g for g in self.snapshot.groups if g.name == self.group_name and not g.smart), None)

    def cycle_list(self, steps: int) -> None:
        """Go to another list, round and round."""
        names = [group.name for group in self.tabs]
        if names:
            self.show_list(names[(names.index(self.group_name) + steps) % len(names)])

    def show_list(self, name: str) -> None:
        """Go to the list called `name`."""
        self._group_name = name

    def go_to(self, symbol: Symbol) -> bool:
        """Put the cursor on `symbol`, in another list where it is not in this one; False where it is in none."""
        lists = [g for g in (self.group, *self.snapshot.groups) if g is not None and symbol in g.symbols]
        if lists:
            self._group_name, self.symbol = lists[0].name, symbol
            if all(row.symbol != symbol for row in self.rows()):
                self.filter_text = ""
        return bool(lists)

    def rows(self) -> tuple[SymbolRow, ...]:
        """The list's rows, filtered and sorted; the same tuple as long as nothing has changed."""
        facts = (self.snapshot, self.group, self.order, self.filter_text)
        if self._arranged is None or any(a is not b for a, b in zip(facts, self._arranged[0], strict=True)):
            by_symbol = {row.symbol: row for row in self.snapshot.rows}
            listed = self.group.symbols if self.group else ()
            rows = self._filtered([by_symbol[s] for s in listed if s in by_symbol])
            self._arranged = (facts, arrange(rows, self.order))
        return self._arranged[1]

    def _filtered(self, rows: list[SymbolRow]) -> list[SymbolRow]:
        self.filter_problem = None
        if not self.filter_text.strip():
            return rows
        from forecasting.service.filters import fulfilling, is_condition  # not needed for the first paint

        if not is_condition(self.filter_text):
            return named(rows, self.filter_text)
        try:
            return fulfilling(rows, self.filter_text, self.snapshot.now)
        except RuleError as error:
            self.filter_problem = str(error)
            return rows

    def stepped(self, steps: int) -> Symbol | None:
        """The symbol `steps` rows further down, stopping at the ends; None in an empty list."""
        symbols = [row.symbol for row in self.rows()]
        if not symbols:
            return None
        here = symbols.index(self.symbol) if self.symbol in symbols else 0
        return symbols[max(0, min(here + steps, len(symbols) - 1))]

    def after_removal(self) -> Symbol | None:
        """Where the cursor goes when its row is taken away: the next row, else the one before, else nowhere."""
        neighbours = (self.stepped(1), self.stepped(-1))
        return next((symbol for symbol in neighbours if symbol != self.symbol), None)

    def facts(self) -> SymbolRow | None:
        """The symbol's row without what every tick changes; while it is equal, charts of closed bars are as well."""
        row = None if self.symbol is None else self.snapshot.row(self.symbol)
        if row is None:
            return None
        quiet = replace(row, last=None, change_pct=None, data_time=None, position=None)
        return replace(quiet, volume=None, day_low=None, day_high=None)
