"""What a person has written down about symbols: other names, tags, notes, lots and splits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from forecasting.data.store.database import Database
from forecasting.domain.holding import Entry, Holding, Lot, Split
from forecasting.domain.market import Symbol


class Holdings:
    """Reads and writes them; those of one symbol always all at once. Beside the lists, for every interval the same."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: tuple[list[Any], dict[Symbol, Holding]] = ([], {})

    def all(self) -> dict[Symbol, Holding]:
        """Every symbol about which anything is written down; as long as nothing changes, the same values."""
        rows = self._database.rows(_ALL)
        read, known = self._read
        if rows != read:
            known = {Symbol(s): _holding(Symbol(s), list(group)) for s, group in groupby(rows, key=itemgetter(0))}
            self._read = rows, known
        return known

    def save(self, holdings: Iterable[Holding]) -> None:
        """Replace what is written down about these symbols; an empty holding takes its symbol out."""
        kept = tuple(holdings)
        self.change(lambda before: kept)

    def change(self, make: Callable[[Mapping[Symbol, Holding]], Iterable[Holding]]) -> tuple[Holding, ...]:
        """Replace what is written down about some symbols by what `make` makes of all; gives what it made.

        One transaction: what `make` is shown is what stands until its work is written, whoever else writes. What it
        raises changes nothing.
        """
        with self._database.transaction(durable=True) as connection:
            made = tuple(make(self.all()))
            for holding in made:
                connection.execute("DELETE FROM holdings WHERE symbol = ?", (holding.symbol,))
                connection.execute("DELETE FROM holding_entries WHERE symbol = ?", (holding.symbol,))
                if not holding.empty:
                    connection.execute(
                        "INSERT INTO holdings VALUES (?, ?, ?, ?)",
                        (holding.symbol, holding.alias, json.dumps(holding.tags), holding.note),
                    )
                connection.executemany(
                    "INSERT INTO holding_entries VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [(holding.symbol, place, *_row(entry)) for place, entry in enumerate(holding.entries)],
                )
        return made


# Either table may have lost rows to a damaged page.
_ALL = (
    "SELECT s.symbol, h.alias, h.tags, h.note, e.day, e.quantity, e.price, e.fee, e.ratio"
    " FROM (SELECT symbol FROM holdings UNION SELECT symbol FROM holding_entries) s"
    " LEFT JOIN holdings h USING (symbol) LEFT JOIN holding_entries e USING (symbol) ORDER BY s.symbol, e.place"
)


def _row(entry: Entry) -> tuple[str | None, ...]:
    if isinstance(entry, Split):
        return entry.day.isoformat(), None, None, None, f"{entry.new}:{entry.old}"
    return entry.day.isoformat(), str(entry.quantity), str(entry.price), str(entry.fee), None


def _holding(symbol: Symbol, rows: list[Any]) -> Holding:
    _, alias, tags, note, *_ = rows[0]
    entries = tuple(_entry(*row[4:]) for row in rows if row[4] is not None)
    return Holding(symbol, alias or "", tuple(json.loads(tags or "[]")), note or "", entries)


def _entry(day: str, quantity: str, price: str, fee: str, ratio: str | None) -> Entry:
    if ratio is not None:
        new, old = ratio.split(":")
        return Split(date.fromisoformat(day), int(new), int(old))
    return Lot(date.fromisoformat(day), Decimal(quantity), Decimal(price), Decimal(fee))
