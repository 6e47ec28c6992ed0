"""The pane beside the table. Its charts are imported and made after the first paint, which need not wait for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical

from tui.screens.view import Scene

if TYPE_CHECKING:
    from tui.widgets.symbol_plots import SymbolPlots


class SymbolPane(Vertical):
    """Holds the place of the symbol's plots until they are there."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._scene: Scene | None = None
        self._plots: SymbolPlots | None = None

    def on_mount(self) -> None:
        """Leave the first paint to the table."""
        self.call_after_refresh(self._fill)

    def show(self, scene: Scene) -> None:
        """Show the scene's symbol, now or as soon as there are plots."""
        self._scene = scene
        if self._plots is not None:
            self._plots.show(scene)

    async def _fill(self) -> None:
        if not self.is_attached:       # the app has been ended before its charts came
            return
        from tui.widgets.symbol_plots import SymbolPlots

        plots = SymbolPlots()
        await self.mount(plots)
        self._plots = plots
        self.call_after_refresh(self._show_last)

    def _show_last(self) -> None:
        if self._scene is not None:
            self.show(self._scene)
