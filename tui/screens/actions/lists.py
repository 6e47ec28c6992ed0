"""Keys that concern lists: which one, which of its rows in which order, and what is on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from textual.widgets import Input

from forecasting.domain.market import Symbol
from tui.screens.stage import Stage
from tui.widgets.columns import COLUMNS

if TYPE_CHECKING:
    from forecasting.domain.search import Matches
    from tui.screens.sifted import SiftedView


class ListActions(Stage):
    """Filter, order, add and remove."""

    def action_cycle_list(self, steps: int) -> None:
        """The next watchlist, round and round."""
        self.place.cycle_list(steps)
        self.show()

    def action_filter(self) -> None:
        """Ask for the text to filter by."""
        box = self.query_one("#filter", Input)
        box.display = True
        box.value = self.place.filter_text
        box.focus()

    def action_sift(self) -> None:
        """Ask a view of records for the words to show them by."""
        cast("SiftedView", self.view).ask_filter()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        if event.input.id == "filter" and event.input.display:
            self.set_filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go back to the rows; one that cannot be read stays to be mended."""
        if self.place.filter_problem is None:
            self.close_filter()
            self.show()

    def set_filter(self, text: str) -> None:
        """Show only rows that fulfil it; "": all."""
        self.place.filter_text = text
        self.show()

    def close_filter(self) -> None:
        """Back to the rows; the filter stays in force."""
        self.query_one("#filter", Input).display = False
        self.set_focus(None)

    def action_sort(self) -> None:
        """Sort by the next column."""
        keys = self.engine.columns.keys or [column.key for column in COLUMNS]
        self.place.order = self.place.order.next_column(keys)
        self.show()

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.place.order = self.place.order.turned()
        self.show()

    def action_add(self) -> None:
        """Ask for a symbol; the engine says whether it can be one."""
        from tui.dialogs.add_symbol import AddSymbol

        if (refusal := self._not_added_to()) is not None:
            self.tell(refusal)
            return
        group = self._adds_to()

        def add(text: str) -> tuple[Symbol, ...]:
            return self.engine.lists.add_text(group, text)

        def find(text: str, then: Callable[[Matches], None]) -> None:
            from forecasting.domain.search import AskMatches, Matches  # not needed for the first paint

            engine = self.engine
            # What cannot be found is no loss: what is typed can be added as it is.
            self.fetch("matches", lambda: engine.inquire(AskMatches(text), lambda step: None), then,
                       lambda error: then(Matches(text, (), str(error))))

        def added(symbols: tuple[Symbol, ...] | None) -> None:
            if symbols:
                self.undoable(self._undo_list)
                self.place.symbol = symbols[0]
                self.catch_up()

        self.app.push_screen(AddSymbol(group, add, find), added)

    def action_columns(self) -> None:
        """Choose and order the columns, or sort by one of them."""
        from tui.dialogs.columns import ChosenColumns, Columns

        before = self.engine.columns.keys

        def restore() -> str:
            self.engine.columns.choose(before)
            return "columns as before"

        def chosen(wanted: ChosenColumns | None) -> None:
            if wanted is None:
                return
            if wanted.keys != before and self.ask(lambda: self.engine.columns.choose(wanted.keys)):
                self.undoable(restore)
            self.place.order = wanted.order
            self.show()

        self.app.push_screen(Columns(before, self.place.order, self.glyphs), chosen)

    def action_lists(self) -> None:
        """Make, rename, reorder and delete lists, and put the symbol on others."""
        from tui.dialogs.lists import Lists

        def changed() -> None:
            self.undoable(self._undo_list)
            self.catch_up()

        def chosen(name: str | None) -> None:
            if name is not None:
                self.place.show_list(name)
                self.show()

        def rules(name: str) -> int:
            return sum(status.rule.group == name for status in self.place.snapshot.rules)

        place = self.place
        dialog = Lists(lambda: self.engine.lists, place.group, place.symbol, changed, self.action_undo, rules,
                       masked=self.masked)
        self.app.push_screen(dialog, chosen)

    def _undo_list(self) -> str | None:
        """Take back the newest change of the lists; an edit of the settings may have made the engine anew since."""
        return self.engine.lists.undo()

    def _not_added_to(self) -> str | None:
        """Why nothing can be put on the list on screen; None where it can."""
        group = self.place.group
        if group is None or group.filter is None:
            return None
        return f"*{group.name} is a smart list: what fulfils {group.filter} is on it by itself; [ leads to the others"

    def _adds_to(self) -> str:
        """The list that what is added goes to: the one on screen, or from the tab of everything the first."""
        own = [group.name for group in self.place.snapshot.groups if not group.smart]
        return self.place.group_name if self.place.own_group or not own else own[0]

    def action_remove(self) -> None:
        """Take the selected symbol off the list; off all lists where it was chosen among all that is watched."""
        symbol, group = self.place.symbol, self.place.group_name
        if symbol is None:
            return
        neighbour = self.place.after_removal()
        if self.ask(lambda: self.engine.lists.remove(group, symbol)):
            self.undoable(self._undo_list)
            self.choose(neighbour)
            self.catch_up()
            self.notify(f"{symbol} is off the list; its history stays. u undoes.", markup=False)
