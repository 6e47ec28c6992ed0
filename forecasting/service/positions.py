"""`tapecast positions`: what is held, as stored prices make it; lots added, read from a CSV file and written to one.

A file's columns: symbol, date, quantity, price, fee (may be empty), split (as 10:1, then neither of the three before),
alias, tags, note. What is exported is read back as it was; what the store holds already is left as it is.

Exit codes: 0 fine; 1 lines of a file cannot be read, and nothing was taken in; 2 usage or configuration.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from forecasting.config import Settings
from forecasting.data.store import Store
from forecasting.data.text import clean_text
from forecasting.data.transfer.lists import delimiter_of
from forecasting.domain.holding import Holding, Split, in_order
from forecasting.domain.market import Symbol, parse_symbol
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.errors import CsvError, HoldingError, TapecastError
from forecasting.service.headless import Answer
from forecasting.service.held_rows import plain, portfolio
from forecasting.service.holding_lines import line_of, read_lines
from forecasting.service.holdings import ALIAS_LIMIT, NOTE_LIMIT, HoldingsDesk, read_tags
from forecasting.service.places import folder, place
from forecasting.service.snapshots import SnapshotReader, Status

COLUMNS = ("symbol", "date", "quantity", "price", "fee", "split", "alias", "tags", "note")
MAX_BYTES = 10_000_000
_TOLD = 20      # of a file's bad lines


def listed(settings: Settings) -> Answer:
    """Every symbol that something is written down about, with its position at the newest stored price."""
    now = datetime.now(UTC)
    path = folder(settings, demo=False) / "store.db"
    if not path.is_file():
        return Answer({"as_of": now.isoformat(), "positions": [], "portfolio": None}, (), 0)
    with Store.open(path, interval=settings.source.interval) as store:
        symbols = tuple(store.holdings.all())
        source = SourceHealth(settings.source.name, Health.OK, "ok")
        snapshot = SnapshotReader(store, settings.display.currency).read(
            1, Status(now, (), symbols, source, (), None, (), None)
        )
        notes = store.notices
    value = {
        "as_of": now.isoformat(),
        "positions": [
            {"symbol": row.symbol, "last": row.last, "data_time": row.data_time.isoformat() if row.data_time else None,
             "state": row.state.value, **plain(row)}
            for row in snapshot.rows
        ],
        "portfolio": portfolio(snapshot),
    }
    return Answer(value, notes, 0)


def added(settings: Settings, symbol: Symbol, lots: str) -> Answer:
    """Write down more lots of a symbol.

    Raises:
        HoldingError: If a line cannot be read.
    """
    with _desk(settings) as desk:
        holding = desk.add(symbol, lots)
    return Answer({"symbol": symbol, "lots": [line_of(e) for e in holding.entries]}, (), 0)


def exported(settings: Settings) -> Answer:
    """Everything that is written down, a row per lot; a symbol without lots has a row for what else there is."""
    with _desk(settings) as desk:
        rows = [row for holding in desk.all().values() for row in _rows(holding)]
    return Answer(rows, (), 0)


def csv_text(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows as a file that `imported` reads."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _rows(holding: Holding) -> Iterator[dict[str, str]]:
    about = {"alias": holding.alias, "tags": " ".join(holding.tags), "note": holding.note}
    blank = dict.fromkeys(COLUMNS, "") | {"symbol": str(holding.symbol)}
    for at, entry in enumerate(holding.entries):
        row = blank | {"date": entry.day.isoformat()} | (about if at == 0 else {})
        if isinstance(entry, Split):
            yield row | {"split": f"{entry.new}:{entry.old}"}
        else:
            yield row | {"quantity": f"{entry.quantity:f}", "price": f"{entry.price:f}", "fee": f"{entry.fee:f}"}
    if not holding.entries:
        yield blank | about


def imported(settings: Settings, path: Path, *, dry_run: bool) -> Answer:
    """Take the lots of a file in: all, or, if a line cannot be read, none.

    Args:
        settings: Whose store.
        path: A CSV file.
        dry_run: Say what would be taken in, and leave the store alone.

    Raises:
        CsvError: If the file cannot be read, or its columns are not known.
    """
    with _desk(settings) as desk:
        found, wrong = _read(path, desk.latest)
        if not wrong:
            try:
                new, changed = desk.take_in(found, dry_run=dry_run)
            except HoldingError as error:
                raise CsvError(f"{path}: {error.what}; nothing was taken in") from error
    if wrong:
        notes = tuple(f"{path}:{line}: {what}" for line, what in wrong[:_TOLD])
        more = (f"and {len(wrong) - _TOLD} lines more",) if len(wrong) > _TOLD else ()
        value: dict[str, Any] = {"ok": False, "errors": [{"line": line, "message": what} for line, what in wrong]}
        return Answer(value, (*notes, *more, f"{path}: nothing was taken in; mend these lines and try again"), 1)
    lots = sum(len(h.entries) for h in found.values())
    value = {"ok": True, "dry_run": dry_run, "symbols": sorted(found), "new": new, "known": lots - new,
             "changed": list(changed)}
    return Answer(value, (), 0)


def _read(path: Path, latest: date) -> tuple[dict[Symbol, Holding], list[tuple[int, str]]]:
    """What a file says of each symbol, and its lines that cannot be read."""
    text = _text(path)
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True, delimiter=delimiter_of(text))
    found: dict[Symbol, Holding] = {}
    wrong: list[tuple[int, str]] = []
    try:
        _check_columns(path, reader.fieldnames or ())
        for row in reader:
            try:
                holding = _holding(row, latest)
                before = found.get(holding.symbol, Holding(holding.symbol))
                entries = in_order((*before.entries, *holding.entries))
                found[holding.symbol] = Holding(
                    holding.symbol, holding.alias or before.alias, tuple(sorted({*before.tags, *holding.tags})),
                    holding.note or before.note, entries,
                )
            except HoldingError as error:
                wrong.append((reader.line_num, error.what))
            except TapecastError as error:
                wrong.append((reader.line_num, str(error)))
    except csv.Error as error:
        raise CsvError(f"{path}:{reader.line_num}: {error}; nothing was taken in") from error
    return found, wrong


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CsvError(f"{path}: {error.strerror}; name a CSV file") from error
    if len(data) > MAX_BYTES:
        raise CsvError(f"{path}: over {MAX_BYTES:,} bytes; split the file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CsvError(f"{path}: byte {error.start} is no UTF-8; save the file as CSV in UTF-8") from error


def _check_columns(path: Path, names: Sequence[str]) -> None:
    unknown = [clean_text(name, limit=30) for name in names if name not in COLUMNS]
    if unknown or "symbol" not in names or len(set(names)) != len(names):
        what = f"unknown column '{unknown[0]}'" if unknown else "no column symbol, or a column twice"
        raise CsvError(f"{path}:1: {what}; the columns are {', '.join(COLUMNS)}")


def _holding(row: Mapping[str, Any], latest: date) -> Holding:
    """One line of a file."""
    if "" in row:
        raise HoldingError(0, 0, "more cells than columns; put quotes around what has a comma in it")
    cell = {name: str(row.get(name) or "").strip() for name in COLUMNS}
    symbol = parse_symbol(cell["symbol"])
    traded = ("date", "quantity", "price", "fee", "split")
    if spaced := next((name for name in traded if re.search(r"[\s@]", cell[name])), None):
        raise HoldingError(0, 0, f"{spaced}: '{clean_text(cell[spaced], limit=30)}' is more than one value")
    line = ""
    if cell["split"]:
        if cell["quantity"] or cell["price"]:
            raise HoldingError(0, 0, "a split has neither quantity nor price; write two lines")
        line = f"{cell['date']} split {cell['split']}"
    elif cell["date"] or cell["quantity"] or cell["price"] or cell["fee"]:
        line = f"{cell['date']} {cell['quantity']} @ {cell['price']}" + (f" fee {cell['fee']}" if cell["fee"] else "")
    return Holding(
        symbol, clean_text(cell["alias"], limit=ALIAS_LIMIT), read_tags(cell["tags"]),
        clean_text(cell["note"], limit=NOTE_LIMIT), HoldingsDesk.allowed(symbol, read_lines(line, latest=latest)),
    )


@contextmanager
def _desk(settings: Settings) -> Iterator[HoldingsDesk]:
    with Store.open(place(settings, demo=False).store) as store:
        yield HoldingsDesk(store.holdings, lambda: datetime.now(UTC))
