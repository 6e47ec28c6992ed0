"""Asks what a person wants to write down about a symbol: another name, tags, a note, and lots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static, TextArea

from forecasting.domain.holding import Holding, account
from forecasting.errors import HoldingError, TapecastError
from forecasting.service.holding_lines import EXAMPLE, read_lines, write_lines
from forecasting.service.holdings import ALIAS_LIMIT, NOTE_LIMIT
from tui import format as fmt
from tui.themes import palette
from tui.widgets.holding_cells import amount, quantity
from tui.widgets.words import Words

HELP = "Enter saves (after lots: Tab Enter, or ^o), Esc closes"
HIDDEN = "The lots are hidden with all amounts; they stay as they are. Esc, then P shows them."


@dataclass(frozen=True, slots=True)
class Written:
    """What a person has typed."""

    alias: str
    tags: str
    note: str
    lots: str | None      # None: they were hidden, and stay


class Save(Static, can_focus=True):
    """The end of the dialog: Enter here saves too."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "press", show=False)]

    class Pressed(Message):
        """Save."""

    def __init__(self) -> None:
        super().__init__("[ Save ]", id="save", markup=False)

    def action_press(self) -> None:
        """Save."""
        self.post_message(self.Pressed())

    def on_click(self) -> None:
        """Save."""
        self.action_press()


class EditSymbol(ModalScreen[Holding | None]):
    """Gives what is written down then, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "close", show=False),
        Binding("ctrl+o", "save", "save", show=False),
    ]

    def __init__(
        self, before: Holding, name: str, currency: str, save: Callable[[Written], Holding], *, latest: date,
        masked: bool,
    ) -> None:
        """Make the dialog.

        Args:
            before: What is written down so far.
            name: The instrument's own name.
            currency: Of its prices; "" where nobody knows.
            save: Writes it down, or raises a `TapecastError` that says why not.
            latest: The last day that a lot may be of.
            masked: Whether amounts are hidden.
        """
        super().__init__()
        self._before, self._called, self._currency, self._save = before, name, currency, save
        self._latest, self._masked = latest, masked

    def compose(self) -> ComposeResult:
        """A line for each of the three texts, lines for the lots, and what they come to or what is wrong with them."""
        before = self._before
        with Vertical(classes="dialog holding"):
            yield Label(f"{before.symbol}  {fmt.clip(self._called, 50)}", classes="dialog-title", markup=False)
            for name, value, limit, hint in (
                ("alias", before.alias, ALIAS_LIMIT, "shown in place of the name"),
                ("tags", " ".join(before.tags), 240, "core growth   a filter finds them: tag == core"),
                ("note", before.note, NOTE_LIMIT, ""),
            ):
                with Horizontal(classes="field"):
                    yield Label(f"{name.capitalize()} ", markup=False)
                    yield Input(value, placeholder=hint, max_length=limit, id=name, select_on_focus=False)
            if self._masked:
                yield Label(HIDDEN, id="lots-hidden", markup=False)
            else:
                money = f"in {self._currency}" if self._currency else "in the currency of its price"
                yield Label(f"Lots, prices {money}; sold: -4 @ 201; a split: 2024-06-10 split 10:1", markup=False)
                yield TextArea(
                    write_lines(before.entries), id="lots", tab_behavior="focus", highlight_cursor_line=False,
                    show_line_numbers=True, placeholder=EXAMPLE,
                )
            yield Words(id="said")
            with Horizontal(classes="field"):
                yield Save()
                yield Label(HELP, id="keys-here", markup=False)

    def on_mount(self) -> None:
        """Begin with the lots, which change most, where they can be seen."""
        self.query_one("#alias" if self._masked else "#lots").focus()
        self._come_to()

    def on_text_area_changed(self) -> None:
        """Say what the lots come to."""
        self._come_to()

    def on_input_submitted(self) -> None:
        """Enter saves."""
        self.action_save()

    def on_save_pressed(self) -> None:
        """So does the end of the dialog."""
        self.action_save()

    def action_save(self) -> None:
        """Write it down, or say why not, at the place."""
        lots = None if self._masked else self.query_one(TextArea).text
        alias, tags, note = (self.query_one(f"#{name}", Input).value for name in ("alias", "tags", "note"))
        try:
            self.dismiss(self._save(Written(alias, tags, note, lots)))
        except HoldingError as error:
            self._say(Text(str(error), palette(self.app.theme_variables).error))
            area = self.query_one(TextArea)
            area.move_cursor((error.line, error.at))
            area.focus()
        except TapecastError as error:
            self._say(Text(str(error), palette(self.app.theme_variables).error))

    def _come_to(self) -> None:
        """What the lots come to, or which line cannot be read yet."""
        if self._masked:
            return
        colours, lots = palette(self.app.theme_variables), self.query_one(TextArea).text
        try:
            made = account(read_lines(lots, latest=self._latest))
        except HoldingError as error:
            self._say(Text(str(error), colours.warning))
            return
        parts = ["nothing is held"]
        if made.quantity:
            average = fmt.price(float(made.cost / made.quantity), self._currency)
            parts = [f"{quantity(float(made.quantity))} held at {average} on average, fees included"]
        if made.realised:
            parts.append(f"{amount(float(made.realised), self._currency, sign=True)} realised, first in first out")
        self._say(Text("; ".join(parts), colours.muted))

    def _say(self, text: Text) -> None:
        self.query_one("#said", Words).say(text, layout=True)
