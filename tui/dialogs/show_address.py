"""Shows a web address, where no browser can be opened: to be selected, or copied with y."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label


class ShowAddress(ModalScreen[None]):
    """An address on a line of its own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,o", "dismiss", "close", show=False),
        Binding("y", "copy", "copy", show=False),
    ]

    def __init__(self, address: str, copy: Callable[[str], None]) -> None:
        super().__init__()
        self._address, self._copy = address, copy

    def compose(self) -> ComposeResult:
        """The address, and what can be done with it."""
        with Vertical(classes="dialog"):
            yield Label("No browser opens from here; the page is", classes="dialog-title", markup=False)
            yield Label(self._address, id="address", markup=False)
            yield Label("y copies it, Esc closes", id="said", markup=False)

    def action_copy(self) -> None:
        """Copy it and close."""
        self._copy(self._address)
        self.dismiss(None)
