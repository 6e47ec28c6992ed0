"""A folder of `SYMBOL.csv` files with Yahoo's columns, as a source.

Columns by name, in any order: Date, Open, High, Low, Close, and if there Adj Close and Volume. Only sessions that have
closed by the clock are seen, so a folder read as of a date equals the same folder cut off at that date. The newest
closed bar's close stands for the quote.

A file with Datetime in the place of Date holds bars shorter than a session, each named by the time it opens, with its
offset from UTC, as Yahoo's intraday downloads are. How long they are, the rows tell by their distances; a file is never
read as another interval than it holds.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from forecasting.data.calendars import Calendars
from forecasting.data.exchanges import exchange_of
from forecasting.data.quality import RawBar, clean_bars, closed_by
from forecasting.data.sources.base import clip, healthy, last_close_quote
from forecasting.data.text import clean_text
from forecasting.domain.clock import Clock
from forecasting.domain.interval import Interval, day_of
from forecasting.domain.market import BarSeries, Instrument, Quote, Symbol, SymbolFailure, parse_symbol
from forecasting.domain.sessions import SessionTable, in_slots
from forecasting.domain.snapshot import SourceHealth
from forecasting.errors import ConfigError, CsvError, SourceError, SymbolError

MAX_BYTES = 200_000_000
"""Some twenty years of minutes; more would be no file of one symbol, and might fill the memory."""
_REQUIRED = ("date", "open", "high", "low", "close")
_NO_NUMBER = frozenset({"", "null", "nan", "none", "n/a", "na", "-"})


@dataclass(slots=True)
class _File:
    """One parsed file, good until the file on disk changes, and its newest clean view."""

    stamp: tuple[int, int]                    # modification time in ns, size
    rows: list[RawBar] | CsvError
    interval: Interval = Interval.DAY
    newest: date | None = None                # newest closed session in `series`
    series: BarSeries | None = None


class _Columns(NamedTuple):
    """The header's names, and where each figure stands; without an Adj Close the Close stands for it."""

    names: tuple[str, ...]
    date: int
    open: int
    high: int
    low: int
    close: int
    adj_close: int
    volume: int | None


class CsvSource:
    """Bars from a folder of CSV files."""

    name = "csv"

    def __init__(self, folder: Path, *, clock: Clock, calendars: Calendars) -> None:
        """Read from `folder`.

        Raises:
            ConfigError: If the folder is missing or holds no file named after a symbol.
        """
        if not folder.is_dir():
            raise ConfigError(f"CSV folder {folder}: no such folder; give an existing one with --csv-dir")
        self._folder, self._clock, self._calendars = folder, clock, calendars
        self._files: dict[Symbol, _File] = {}
        if not self.catalogue():
            raise ConfigError(f"CSV folder {folder}: no file named SYMBOL.csv in it; give another with --csv-dir")

    def catalogue(self) -> tuple[Symbol, ...]:
        """The symbols the folder has a file for, by name."""
        return tuple(sorted(self._paths()))

    def quotes(self, symbols: Sequence[Symbol]) -> list[Quote | SymbolFailure]:
        """The close of each symbol's newest closed session, timed at that close."""
        paths = self._paths()
        return [self._quote(symbol, paths) for symbol in symbols]

    def history(
        self, symbol: Symbol, interval: Interval = Interval.DAY, start: date | None = None, end: date | None = None
    ) -> BarSeries | SymbolFailure:
        """Closed bars of one symbol; a file that cannot be read is a failure naming line and column."""
        series = self._closed(symbol, self._paths())
        if isinstance(series, SymbolFailure):
            return series
        if series.interval is not interval:
            found, asked = f"{self._paths().get(symbol, symbol)} holds {series.interval} bars", f"asked for {interval}"
            remedy = f"give --interval {series.interval} or another folder"
            return SymbolFailure(symbol, CsvError.kind, f"{symbol}: {found}, {asked}, {remedy}")
        return clip(series, start, end)

    def health(self) -> SourceHealth:
        """Fine as long as the folder is there."""
        return healthy(self.name)

    def _paths(self) -> dict[Symbol, Path]:
        try:
            return {
                symbol: path
                for path in sorted(self._folder.iterdir())
                if path.suffix.lower() == ".csv" and (symbol := _symbol_of(path)) is not None
            }
        except OSError as error:
            raise SourceError(f"CSV folder {self._folder}: {error.strerror}; give another with --csv-dir") from error

    def _quote(self, symbol: Symbol, paths: dict[Symbol, Path]) -> Quote | SymbolFailure:
        series = self._closed(symbol, paths)
        if isinstance(series, SymbolFailure):
            return series
        newest = day_of(series.bars[-1].session)
        return last_close_quote(series, self._table(symbol, newest, newest, series.interval), self.name)

    def _closed(self, symbol: Symbol, paths: dict[Symbol, Path]) -> BarSeries | SymbolFailure:
        """All bars of `symbol` whose session has closed, at least one."""
        path = paths.get(symbol)
        if path is None:
            message = f"{symbol}: no {symbol}.csv in {self._folder}; add the file or remove the symbol"
            return SymbolFailure(symbol, "unknown-symbol", message)
        try:
            file = self._load(symbol, path)
        except OSError as error:
            return SymbolFailure(symbol, CsvError.kind, f"{path}: {error.strerror}; make the file readable")
        if isinstance(file.rows, CsvError):
            return SymbolFailure(symbol, file.rows.kind, str(file.rows))
        now = self._clock.now()
        series = self._clean(symbol, file, file.rows, now)
        if not series.bars:
            message = f"{symbol}: no usable closed bar until {now.date()} in {path} ({len(file.rows)} rows)"
            return SymbolFailure(symbol, "no-data", f"{message}; take a later date or check the file")
        return series

    def _load(self, symbol: Symbol, path: Path) -> _File:
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        known = self._files.get(symbol)
        if known is None or known.stamp != stamp:
            rows: list[RawBar] | CsvError
            interval = Interval.DAY
            try:
                rows = parse_csv(read_csv(path), file=path.name)
                interval = interval_of(rows, file=path.name)
            except CsvError as error:
                rows = error
            known = self._files[symbol] = _File(stamp, rows, interval)
        return known

    def _clean(self, symbol: Symbol, file: _File, rows: list[RawBar], now: datetime) -> BarSeries:
        """Quality is judged on the closed rows alone: what the file knows of later sessions must not show."""
        first = min((day_of(row.session) for row in rows), default=now.date())
        table = self._table(symbol, min(first, now.date()), now.date(), file.interval)
        is_closed = closed_by(table, now)
        closed = [row for row in rows if is_closed(row.session)]
        newest = max((row.session for row in closed), default=file.interval.first_key(date.min))
        if file.series is None or file.newest != newest:
            instrument = Instrument(symbol, symbol, table.exchange, currency="")
            file.series, _ = clean_bars(instrument, closed, newest=newest, table=table, interval=file.interval)
            file.newest = newest
        return file.series

    def _table(self, symbol: Symbol, first: date, last: date, interval: Interval) -> SessionTable:
        if interval is not Interval.DAY:      # a session may carry another date than UTC's at its open
            first, last = first - timedelta(days=1), last + timedelta(days=1)
        return in_slots(self._calendars.sessions(exchange_of(symbol), first, last), interval)


def read_csv(path: Path) -> bytes:
    """The content of a file of bars.

    Raises:
        CsvError: If it is longer than any such file.
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise CsvError(f"{path.name}: over {MAX_BYTES:,} bytes, so no file of bars; name another folder or split it")
    return content


def parse_csv(content: bytes, *, file: str, parse_date: Callable[[str], date] | None = None) -> list[RawBar]:
    """The rows of a CSV file with Yahoo's columns, unjudged; empty cells and `null` become None.

    Args:
        content: The file; UTF-8 with or without a byte order mark, any line ends.
        file: Its name, for messages.
        parse_date: How to read the Date column; by default ISO dates, with or without a time after them; ISO times
            with their offset where the column is called Datetime.

    Raises:
        CsvError: Naming file, line, column, what was found and what to do.
    """
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        header = next(reader, [])
        pick = _columns(header, file)
        to_date = parse_date or (_iso_time if header and _plain(header[pick.date]) == "datetime" else _iso_date)
        return [_row(cells, len(header), pick, to_date, file, reader.line_num) for cells in reader if cells]
    except UnicodeDecodeError as error:
        raise CsvError(f"{file}: byte {error.start} is not UTF-8 text; save the file as UTF-8 CSV") from error
    except csv.Error as error:
        raise CsvError(f"{file}: line {reader.line_num}: {error}; save the file as plain CSV") from error


def _columns(header: list[str], file: str) -> _Columns:
    at = {_plain(name): i for i, name in enumerate(header)}
    at |= {"date": at["datetime"]} if "datetime" in at and "date" not in at else {}
    if missing := [name.capitalize() for name in _REQUIRED if name not in at]:
        found = clean_text(", ".join(header), limit=80) or "nothing"
        raise CsvError(
            f"{file}: line 1 has no column {', '.join(missing)}, found: {found}; "
            "the header must name Date, Open, High, Low, Close"
        )
    date_, open_, high, low, close = (at[name] for name in _REQUIRED)
    names = tuple(clean_text(name, limit=40) for name in header)
    return _Columns(names, date_, open_, high, low, close, at.get("adjclose", close), at.get("volume"))


def _row(
    cells: list[str], width: int, pick: _Columns, to_date: Callable[[str], date], file: str, line: int
) -> RawBar:
    if len(cells) != width:
        raise CsvError(
            f"{file}: line {line} has {len(cells)} cells, the header has {width}; correct or remove the line"
        )
    column = pick.date
    try:
        session = to_date(cells[column])
        opened, high, low, close, adj_close = (
            _number(cells[column := i]) for i in (pick.open, pick.high, pick.low, pick.close, pick.adj_close)
        )
        volume = None if pick.volume is None else _number(cells[column := pick.volume])
    except ValueError:
        wanted = "a number" if column != pick.date else (
            "a time with its offset such as 2024-05-31 09:30:00-04:00" if to_date is _iso_time
            else "a date such as 2024-05-31"
        )
        raise CsvError(
            f"{file}: line {line}, column {pick.names[column]}: found '{clean_text(cells[column], limit=40)}', "
            f"expected {wanted}; correct or remove the line"
        ) from None
    return RawBar(session, opened, high, low, close, adj_close, volume)


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        if cell.strip().lower() in _NO_NUMBER:
            return None
        raise
    if "_" in cell:    # Python reads 1_000, no other program does
        raise ValueError(cell)
    return value


def _plain(name: str) -> str:
    """A column's name without case, blanks and signs."""
    return "".join(c for c in name.lower() if c.isalpha())


def _iso_date(cell: str) -> date:
    return date.fromisoformat(cell.strip()[:10])


def _iso_time(cell: str) -> datetime:
    moment = datetime.fromisoformat(cell.strip())
    if moment.tzinfo is None or not date.min < moment.date() < date.max:     # the ends of time have no UTC
        raise ValueError(cell)
    return moment.astimezone(UTC)


def interval_of(rows: Sequence[RawBar], *, file: str) -> Interval:
    """How long the rows' bars are: the distance that most neighbours have.

    Raises:
        CsvError: If it is none of those there are.
    """
    if not rows or not isinstance(rows[0].session, datetime):
        return Interval.DAY
    keys = sorted({row.session for row in rows})
    apart = Counter(b - a for a, b in pairwise(keys))
    common = apart.most_common(1)[0][0] if apart else timedelta()
    for interval in Interval:
        if interval.step == common:
            return interval
    known = ", ".join(i for i in Interval if i.step)
    raise CsvError(f"{file}: its rows are {common} apart, expected one of {known}; save it again at one of these")


def _symbol_of(path: Path) -> Symbol | None:
    try:
        return parse_symbol(path.stem)
    except SymbolError:
        return None
