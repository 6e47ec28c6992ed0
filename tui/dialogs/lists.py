"""The lists themselves: make, rename, reorder, delete them, and put the selected symbol on others."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from forecasting.domain.market import Symbol
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import TapecastError
from forecasting.service.watchlist import Watchlist
from tui import format as fmt
from tui.privacy import veil
from tui.themes import palette
from tui.widgets.menu import Menu
from tui.widgets.words import Words

NAME_WIDTH = 18
KEYS = """\
Enter show   n new   f smart   r rename   e condition   x delete
J K move it down, up   c copy, m move {symbol} here   u undo   Esc close"""


class Lists(ModalScreen[str | None]):
    """Gives the name of the list to show, or None. Whatever is changed is changed at once, and can be undone."""

    AUTO_FOCUS = ""      # the keys are the dialog's, until something is asked
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", show=False), Binding("q", "close", show=False),
        Binding("j,down", "move(1)", show=False), Binding("k,up", "move(-1)", show=False),
        Binding("J,shift+down", "shift(1)", show=False), Binding("K,shift+up", "shift(-1)", show=False),
        Binding("enter", "choose", show=False), Binding("n", "new", show=False), Binding("f", "new_smart", show=False),
        Binding("r", "rename", show=False), Binding("e", "refilter", show=False), Binding("x", "delete", show=False),
        Binding("c", "copy", show=False), Binding("m", "bring", show=False), Binding("u", "undo", show=False),
    ]

    def __init__(
        self, lists: Callable[[], Watchlist], here: WatchGroup | None, symbol: Symbol | None,
        changed: Callable[[], None], undo: Callable[[], None], rules: Callable[[str], int] = lambda name: 0,
        *, masked: bool = False,
    ) -> None:
        """Make the dialog.

        Args:
            lists: Gives what is changed; an edit of the settings makes it anew.
            here: The list on screen.
            symbol: Under the cursor.
            changed: Called after each change.
            undo: Takes the newest change back, and tells so.
            rules: How many alert rules are about the list of a name.
            masked: Whether amounts are hidden; a condition that is edited is shown all the same.
        """
        super().__init__()
        self._whose, self._here, self._symbol = lists, here, symbol
        self._changed, self._undo, self._rules, self._masked = changed, undo, rules, masked
        self._then: Callable[[str], object] | None = None      # what is done with what is typed

    def compose(self) -> ComposeResult:
        """The lists, a line to type in while something is asked, what is wrong, and the keys."""
        with Vertical(classes="dialog rule"):
            yield Label("Lists", classes="dialog-title", markup=False)
            yield Menu(id="menu")
            yield Words(id="asked")
            yield Input(max_length=500)
            yield Words(id="said")
            yield Label(KEYS.format(symbol=self._symbol or "the symbol"), id="keys-here", markup=False)

    def on_mount(self) -> None:
        """Begin on the list on screen."""
        names = [group.name for group in self._lists.groups]
        self._ask(None)
        self._show(names.index(self._here.name) if self._here is not None and self._here.name in names else 0)

    def _show(self, at: int | None = None) -> None:
        colours = palette(self.app.theme_variables)
        rows = []
        for group in self._lists.groups:
            text = Text(fmt.clip(group.title, NAME_WIDTH - 1).ljust(NAME_WIDTH))
            count = len(group.symbols)
            condition = veil(group.filter) if group.filter and self._masked else group.filter
            text.append(condition or f"{count} symbol{'' if count == 1 else 's'}", colours.muted)
            if self._symbol is not None and self._symbol in group.symbols:
                text.append(f"   has {self._symbol}", colours.muted)
            rows.append(text)
        self.query_one(Menu).show(rows, at)

    @property
    def _lists(self) -> Watchlist:
        return self._whose()

    @property
    def _at(self) -> WatchGroup:
        return self._lists.groups[self.query_one(Menu).at]

    # -- asking ----------------------------------------------------------------------------------------------------

    def _ask(self, what: str | None, then: Callable[[str], object] | None = None, value: str = "") -> None:
        """Ask for a line, or stop asking."""
        box, asked = self.query_one(Input), self.query_one("#asked", Words)
        self._then = then
        box.display = asked.display = what is not None
        asked.say(Text(what or ""), layout=True)
        box.value = value
        self.query_one("#said", Words).say(Text())
        self.set_focus(box if what is not None else None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do what was asked for; what is refused stays to be mended."""
        if self._then is not None:
            self._then(event.value)

    def action_close(self) -> None:
        """Stop asking; close where nothing is asked."""
        if self._then is not None:
            self._ask(None)
        else:
            self.dismiss(None)

    # -- doing -----------------------------------------------------------------------------------------------------

    def _do(self, act: Callable[[], object], at: Callable[[], int] | None = None) -> bool:
        """Change something; False, and say why, where it is refused."""
        before = self._lists.groups
        try:
            act()
        except TapecastError as error:
            self.query_one("#said", Words).say(Text(str(error), palette(self.app.theme_variables).error))
            return False
        self._ask(None)
        if self._lists.groups != before:
            self._changed()
        self._show(at() if at is not None else None)
        return True

    def _last(self) -> int:
        return len(self._lists.groups) - 1

    def action_move(self, steps: int) -> None:
        """Another list."""
        self.query_one(Menu).move(steps)

    def on_menu_clicked(self, event: Menu.Clicked) -> None:
        """A click chooses; a second one shows the list."""
        if event.row == self.query_one(Menu).at:
            self.action_choose()
        else:
            self._show(event.row)

    def action_choose(self) -> None:
        """Show the list."""
        self.dismiss(self._at.name)

    def action_new(self) -> None:
        """Ask for the name of a new list."""
        self._ask("Name of the new list", lambda name: self._do(lambda: self._lists.create(name), self._last))

    def action_new_smart(self) -> None:
        """Ask for the name of a new smart list, then for its condition."""
        def named(name: str) -> None:
            self._ask(f"What is on {name.strip()}: signal == buy, for example",
                      lambda text: self._do(lambda: self._lists.create(name, text), self._last))

        self._ask("Name of the new smart list", named)

    def action_rename(self) -> None:
        """Ask for another name."""
        old = self._at.name
        self._ask(f"New name of {old}", lambda name: self._do(lambda: self._lists.rename(old, name)), old)

    def action_refilter(self) -> None:
        """Ask for another condition."""
        group = self._at
        self._ask(f"What is on {group.name}", lambda text: self._do(lambda: self._lists.refilter(group.name, text)),
                  group.filter or "")

    def action_delete(self) -> None:
        """Take the list away."""
        name = self._at.name
        if self._do(lambda: self._lists.delete(name)) and self._rules(name):
            text = f"alert rules are about {name}: they rest until a list is called so; u undoes"
            self.query_one("#said", Words).say(Text(text, palette(self.app.theme_variables).warning))

    def action_shift(self, steps: int) -> None:
        """Move the list among the others."""
        name = self._at.name
        self._do(lambda: self._lists.shift(name, steps), lambda: self._lists.groups.index(self._lists.named(name)))

    def action_copy(self) -> None:
        """Put the symbol on this list as well."""
        symbol, to = self._symbol, self._at.name
        if symbol is not None:
            self._do(lambda: self._lists.copy(symbol, to))

    def action_bring(self) -> None:
        """Take the symbol from the list on screen to this one."""
        symbol, here, to = self._symbol, self._here, self._at.name
        if symbol is not None and here is not None:
            self._do(lambda: self._lists.move(symbol, here.name, to))

    def action_undo(self) -> None:
        """Take back the newest change."""
        self._undo()
        self._show()
