"""Keys that concern what a person holds and has written down, and who else may see the amounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.domain.holding import Holding
from tui.screens.stage import Stage

if TYPE_CHECKING:
    from tui.dialogs.edit_symbol import Written


class HoldingActions(Stage):
    """Alias, tags, note and lots of the selected symbol; the privacy mask."""

    def action_edit_symbol(self) -> None:
        """Ask what is to be written down about the selected symbol."""
        read: list[Holding] = []
        symbol = self.subject()
        if symbol is None or not self.ask(lambda: read.append(self.engine.holdings.of(symbol))):
            return
        from tui.dialogs.edit_symbol import EditSymbol

        (before,), row = read, self.place.snapshot.row(symbol)

        def save(written: Written) -> Holding:
            return self.engine.holdings.edit(
                symbol, alias=written.alias, tags=written.tags, note=written.note, lots=written.lots
            )

        def take_back() -> str:
            self.engine.holdings.write([before])
            return f"what is written down about {symbol} is as it was"

        def saved(after: Holding | None) -> None:
            if after is None:
                return
            if after != before:
                self.undoable(take_back)
            self.done(lambda: told(before, after))

        self.app.push_screen(EditSymbol(
            before, row.name if row else "", row.currency if row else "", save, latest=self.engine.holdings.latest,
            masked=self.masked,
        ), saved)

    def action_privacy(self) -> None:
        """Hide all amounts, or show them again."""
        self.masked = not self.masked
        self.show()


def told(before: Holding, after: Holding) -> str:
    """What an edit has changed, without amounts."""
    changed = [
        name for name, old, new in (
            ("alias", before.alias, after.alias), ("tags", before.tags, after.tags), ("note", before.note, after.note),
            ("lots", before.entries, after.entries),
        ) if old != new
    ]
    return f"{after.symbol}: {', '.join(changed)} changed. u undoes." if changed else f"{after.symbol}: nothing changed"
