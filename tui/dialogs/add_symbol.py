"""Asks for symbols to add, finds them by name, and stays open until the engine takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, Label

from forecasting.domain.market import Symbol
from forecasting.domain.search import Match, Matches
from forecasting.errors import TapecastError
from tui import format as fmt
from tui.themes import palette
from tui.widgets.menu import Menu

PAUSE_S = 0.3
"""Seconds that nothing more is typed before the worker is asked."""
LINES = 8
HELP = "Enter adds, arrows choose, Esc closes"


class AddSymbol(ModalScreen[tuple[Symbol, ...] | None]):
    """Gives the symbols that were added, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "close", show=False),
        Binding("down", "move(1)", show=False), Binding("up", "move(-1)", show=False),
    ]

    def __init__(
        self, group: str, add: Callable[[str], tuple[Symbol, ...]],
        find: Callable[[str, Callable[[Matches], None]], None] = lambda text, then: None,
    ) -> None:
        """Make it.

        Args:
            group: The list.
            add: Adds what was typed or chosen, or raises a `TapecastError` that says why not.
            find: Asks which symbols may be meant; calls back on the loop, or not at all.
        """
        super().__init__()
        self._group, self._add, self._find = group, add, find
        self._matches: tuple[Match, ...] = ()
        self._typing: Timer | None = None

    def compose(self) -> ComposeResult:
        """One line to type in, what may be meant, and one line for what is wrong."""
        with Vertical(classes="dialog"):
            yield Label(f"Add symbols to {self._group}", classes="dialog-title", markup=False)
            yield Input(placeholder="toyota, or one or more of NVDA, ^GSPC, SAP.DE, BTC-USD", max_length=200)
            yield Menu(id="matches", most=LINES)
            yield Label(HELP, id="said", markup=False)

    def on_mount(self) -> None:
        """Nothing is found yet."""
        self._show(())

    def on_input_changed(self) -> None:
        """Ask what may be meant, once the typing rests."""
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(PAUSE_S, self._look)
        self._show(tuple(match for match in self._matches if self._fits(match)))

    def action_move(self, steps: int) -> None:
        """Another match."""
        self.query_one(Menu).move(steps)

    def on_menu_clicked(self, event: Menu.Clicked) -> None:
        """A click adds."""
        self.query_one(Menu).show(self.query_one(Menu).rows, event.row)
        self._submit()

    def on_input_submitted(self) -> None:
        """Add it, or say why not."""
        self._submit()

    @property
    def _text(self) -> str:
        return self.query_one(Input).value.strip()

    @property
    def _one(self) -> bool:
        """Whether a single name or symbol is typed, and not a row of symbols."""
        return "," not in self._text and not (" " in self._text and self._text.isupper())

    def _fits(self, match: Match) -> bool:
        return self._text.casefold() in f"{match.symbol} {match.name}".casefold()

    def _look(self) -> None:
        self._typing = None
        if self._text and self._one:
            asked = self._text

            def found(matches: Matches) -> None:
                if self.is_attached and asked == self._text:
                    self._show(matches.found)
                    if matches.note:
                        self._say(matches.note)

            self._find(asked, found)
        else:
            self._show(())

    def _show(self, matches: tuple[Match, ...]) -> None:
        """The matches, and behind or, where it looks like a symbol, before them what is typed."""
        typed = [Match(Symbol(self._text), "as typed")] if self._text else []
        exact = [m for m in matches if m.symbol == self._text.upper()]
        others = [m for m in matches if m not in exact]
        if exact:
            self._rows = [*exact, *others]
        else:
            self._rows = [*typed, *others] if self._text.isupper() or not self._one else [*others, *typed]
        self._matches = matches
        menu, colours = self.query_one(Menu), palette(self.app.theme_variables)
        menu.display = bool(matches)
        menu.show([_row(match, colours.muted) for match in self._rows], 0)

    def _submit(self) -> None:
        chosen = self._rows[self.query_one(Menu).at] if self._rows else None
        try:
            self.dismiss(self._add(chosen.symbol if chosen is not None else self._text))
        except TapecastError as error:
            self._say(str(error))

    def _say(self, text: str) -> None:
        said = self.query_one("#said", Label)
        said.update(text)
        said.add_class("wrong")


def _row(match: Match, muted: str) -> Text:
    text = Text(fmt.clip(match.symbol, 12).ljust(13)).append(fmt.clip(match.name, 28).ljust(29))
    return text.append(match.place, muted)
