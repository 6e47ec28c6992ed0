"""Asks for a symbol to add, and stays open until the engine takes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from forecasting.domain.market import Symbol
from forecasting.errors import TapecastError


class AddSymbol(ModalScreen[Symbol | None]):
    """Gives the symbol that was added, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "close", show=False)]

    def __init__(self, group: str, add: Callable[[str], Symbol]) -> None:
        super().__init__()
        self._group = group
        self._add = add

    def compose(self) -> ComposeResult:
        """One line to type in, one line for what is wrong with it."""
        with Vertical(classes="dialog"):
            yield Label(f"Add a symbol to {self._group}", classes="dialog-title", markup=False)
            yield Input(placeholder="NVDA, ^GSPC, BRK-B, SAP.DE, BTC-USD", max_length=40)
            yield Label("Enter adds, Esc closes", id="said", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Add it, or say why not."""
        try:
            self.dismiss(self._add(event.value))
        except TapecastError as error:
            said = self.query_one("#said", Label)
            said.update(str(error))
            said.add_class("wrong")
