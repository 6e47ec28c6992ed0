"""Asks for symbols to add, finds them by name, and stays open until the engine takes them.

Enter on a word that may be a name waits for what the search finds: one match is added, of several one is chosen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, Label

from forecasting.domain.market import Symbol, parse_symbol
from forecasting.domain.search import Match, Matches
from forecasting.errors import SymbolError, TapecastError
from tui import format as fmt
from tui.themes import palette
from tui.widgets.menu import Menu

PAUSE_S = 0.3
"""Seconds that nothing more is typed before the worker is asked."""
PATIENCE_S = 5.0
"""Seconds that Enter waits for what is found; a worker that starts needs three."""
LINES = 8
_MARKED = re.compile(r"\^.+|\w{1,6}[.=-][A-Za-z]{1,3}")      # ^gspc, sap.de, brk-b, btc-usd, es=f; not coca-cola
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
        self._patience: Timer | None = None      # runs while Enter waits
        self._answered = ""                      # the text that the search has answered, or has had its time for

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
        self._stop_waiting()
        self._say(HELP, wrong=False)
        self._show(tuple(match for match in self._matches if self._fits(match)))

    def action_move(self, steps: int) -> None:
        """Another match."""
        self.query_one(Menu).move(steps)

    def on_menu_clicked(self, event: Menu.Clicked) -> None:
        """A click adds."""
        self.query_one(Menu).show(self.query_one(Menu).rows, event.row)
        self._submit()

    def on_input_submitted(self) -> None:
        """Add it, or say why not; a word that may be a name waits for what is found."""
        if self._answered == self._text or not self._may_be_a_name:
            self._submit()
        elif self._patience is None:
            self._patience = self.set_timer(PATIENCE_S, self._take_too_long)
            self._say(f"looking for {self._text} ..", wrong=False)
            if self._typing is not None:
                self._typing.stop()
                self._look()

    @property
    def _text(self) -> str:
        return self.query_one(Input).value.strip()

    @property
    def _one(self) -> bool:
        """Whether a single name or symbol is typed, and not a row of symbols."""
        return "," not in self._text and not (" " in self._text and self._text.isupper())

    @property
    def _may_be_a_name(self) -> bool:
        """Whether it is not plainly a symbol: not in capitals, nor with a mark that symbols have."""
        return self._one and not self._text.isupper() and not _MARKED.fullmatch(self._text)

    def _fits(self, match: Match) -> bool:
        return self._text.casefold() in f"{match.symbol} {match.name}".casefold()

    def _look(self) -> None:
        self._typing = None
        if not (self._text and self._one):
            self._show(())
            return
        asked = self._text

        def found(matches: Matches) -> None:
            if self.is_attached and asked == self._text:
                self._take(matches)

        self._find(asked, found)

    def _take(self, matches: Matches) -> None:
        """Show what was found; add it where Enter has waited for it and it leaves no choice."""
        self._answered = self._text
        waited = self._stop_waiting()
        self._show(matches.found)
        first = self._rows[0].symbol
        if waited and (len(matches.found) == 1 or (matches.found and first == self._text.upper())):
            self._submit()
        elif waited and matches.found:
            self._say(f"{len(matches.found)} may be meant; Enter adds {first}, arrows choose", wrong=False)
        elif waited:
            self._say(f"{matches.note or 'nothing is found'}; {_may_be_added(self._text)}")
        elif matches.note:
            self._say(matches.note)

    def _take_too_long(self) -> None:
        """Wait no longer; what is found later is shown all the same."""
        self._take(Matches(self._text, self._matches, f"no answer within {PATIENCE_S:g} s"))

    def _stop_waiting(self) -> bool:
        """Whether Enter has waited."""
        waiting, self._patience = self._patience, None
        if waiting is not None:
            waiting.stop()
        return waiting is not None

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

    def _say(self, text: str, *, wrong: bool = True) -> None:
        said = self.query_one("#said", Label)
        said.update(text)
        said.set_class(wrong, "wrong")


def _may_be_added(text: str) -> str:
    """What Enter does with a text that nothing was found for."""
    try:
        return f"Enter adds {parse_symbol(text)} as it is"
    except SymbolError as error:
        return str(error)


def _row(match: Match, muted: str) -> Text:
    text = Text(fmt.clip(match.symbol, 12).ljust(13)).append(fmt.clip(match.name, 28).ljust(29))
    return text.append(match.place, muted)
