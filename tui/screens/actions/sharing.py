"""Keys that take something out of the app: a row to the clipboard, a symbol's page to a browser."""

from __future__ import annotations

import os

from forecasting.domain.snapshot import SymbolRow
from tui import format as fmt
from tui.messages import Copied
from tui.screens.stage import Stage
from tui.widgets import holding_cells as held


class SharingActions(Stage):
    """Copy and open."""

    def action_copy_row(self) -> None:
        """Copy the selected symbol's row; without amounts where these are hidden."""
        from forecasting.service.clipboard import row_text

        symbol = self.subject()
        row = None if symbol is None else self.place.snapshot.row(symbol)
        if row is None:
            self.tell("there is no row to copy")
            return
        cells = cells_of(row, masked=self.masked)
        self._copy(row_text(cells), f"{row.symbol}: {len(cells)} fields" + (", no amounts" if self.masked else ""))

    def action_open_page(self) -> None:
        """Open the selected symbol's page at Yahoo, or show its address where no browser is at hand."""
        from tui.browser import open_page, opener, page_of

        symbol = self.subject()
        if symbol is None:
            return
        if (row := self.place.snapshot.row(symbol)) is not None and row.synthetic:
            self.tell(f"{symbol} is made up, and has no page")
            return
        address, program = page_of(symbol), opener(os.environ)
        if program is not None and open_page(address, program):
            self.tell(f"opened {address}")
            return
        from tui.dialogs.show_address import ShowAddress

        self.app.push_screen(ShowAddress(address, lambda text: self._copy(text, text)))

    def _copy(self, text: str, what: str) -> None:
        from forecasting.service.clipboard import sequences

        for sequence in sequences(text, os.environ):
            self.app.post_message(Copied(sequence))
        self.tell(f"copied {what}; a terminal may have to be told to allow it (OSC 52)")


def cells_of(row: SymbolRow, *, masked: bool) -> list[str]:
    """A row as plain cells: symbol, name, price and its time, change, forecast, signal, and what is held."""
    def figure(value: float | None) -> str:
        return "" if value is None else f"{value:.2f}"

    cells = [
        str(row.symbol), row.alias, "" if row.last is None else fmt.price(row.last, row.currency, row.symbol),
        row.currency, "" if row.data_time is None else row.data_time.isoformat(timespec="seconds"), row.state.value,
        figure(row.change_pct), figure(row.forecast_pct), figure(row.low_80_pct), figure(row.high_80_pct),
        fmt.opinion(row.signal.signal) if row.signal else "",
    ]
    position = row.position
    if position is None:
        return cells
    if masked:
        return [*cells, figure(position.pnl_pct)]
    return [
        *cells, held.quantity(position.quantity).replace(",", ""), figure(position.average), figure(position.value),
        figure(position.pnl), figure(position.pnl_pct), figure(position.day_pnl), figure(position.realised),
    ]
