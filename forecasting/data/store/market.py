"""What the market said: instruments, bars, last quotes, failures, sessions and indicators.

Bars are facts that may be corrected: a later answer of the source replaces an earlier one. Prices must be numbers; NaN
is refused with `StoreError` (SQLite would keep it as NULL, and every such column is NOT NULL).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from forecasting.data.store.database import Database
from forecasting.data.store.encoding import json_list, time_text, until_text
from forecasting.domain.interval import Interval, parse_key
from forecasting.domain.market import (
    Bar,
    BarSeries,
    IndicatorRow,
    Instrument,
    Quote,
    SessionState,
    Symbol,
    SymbolFailure,
)
from forecasting.domain.sessions import Session, SessionTable

_NEWEST_LAST = "SELECT * FROM ({}) ORDER BY session"


class Market:
    """Reads and writes market facts."""

    def __init__(self, database: Database, interval: Interval = Interval.DAY) -> None:
        self._database = database
        self._interval = interval

    # Instruments

    def put_instruments(self, instruments: Iterable[Instrument]) -> None:
        """Add instruments, or replace what is known of them."""
        with self._database.transaction() as connection:
            connection.executemany(_PUT_INSTRUMENT, map(_instrument_row, instruments))

    def instruments(self) -> dict[Symbol, Instrument]:
        """Every known instrument."""
        rows = self._database.rows("SELECT symbol, name, exchange, currency, synthetic FROM instruments")
        return {row[0]: Instrument(Symbol(row[0]), row[1], row[2], row[3], bool(row[4])) for row in rows}

    # Bars

    def put_bars(self, series: BarSeries, *, replace: bool = False) -> int:
        """Add closed bars, or correct those that differ; the instrument is put with them.

        Args:
            series: Bars of closed sessions. The store cannot tell a running one: cut it off before.
            replace: Swap the symbol's whole history for `series`, as after a new adjustment. Its indicators, made from
                the old adjusted closes, go with the old history.

        Returns:
            How many bars are new or differ from what was there.

        Raises:
            ValueError: If the bars are not of the store's interval.
            StoreError: If they could not be kept; the old history stands then.
        """
        wrong = next((b.session for b in series.bars if not self._interval.names(b.session)), None)
        if series.interval is not self._interval or wrong is not None:
            found = f"interval '{series.interval}'" if wrong is None else f"a bar named {wrong}"
            raise ValueError(f"the store keeps '{self._interval}' bars, got {found}")
        symbol = series.symbol
        rows = [
            (symbol, b.session.isoformat(), b.open, b.high, b.low, b.close, b.adj_close, b.volume) for b in series.bars
        ]
        with self._database.transaction() as connection:
            connection.execute(_PUT_INSTRUMENT, _instrument_row(series.instrument))
            if replace:
                connection.execute("DELETE FROM indicators WHERE symbol = ?", (symbol,))
                connection.execute("DELETE FROM bars WHERE symbol = ?", (symbol,))
            before = connection.total_changes
            connection.executemany(_PUT_BAR, rows)
            return connection.total_changes - before

    def bars(self, symbol: Symbol, *, until: date | None = None, limit: int | None = None) -> tuple[Bar, ...]:
        """Bars ascending, up to session `until` inclusive; with `limit` the newest so many of them."""
        rows = self._database.rows(
            _NEWEST_LAST.format(
                "SELECT session, open, high, low, close, adj_close, volume FROM bars"
                " WHERE symbol = ? AND session <= ? ORDER BY session DESC LIMIT ?"
            ),
            (symbol, until_text(until), -1 if limit is None else limit),
        )
        return tuple(Bar(parse_key(row[0]), *row[1:]) for row in rows)

    def bars_stamp(self, symbol: Symbol) -> tuple[object, ...]:
        """Changes with the symbol's bars or indicators: how many there are, their newest, and what they add up to."""
        bars = self._database.row(
            "SELECT COUNT(*), MAX(session), TOTAL(open), TOTAL(high), TOTAL(low), TOTAL(close), TOTAL(adj_close),"
            " TOTAL(volume) FROM bars WHERE symbol = ?", (symbol,),
        )
        rows = self._database.row(
            "SELECT COUNT(*), MAX(session), TOTAL(rsi), TOTAL(macd), TOTAL(macd_signal) FROM indicators"
            " WHERE symbol = ?", (symbol,),
        )
        return (*(bars or ()), *(rows or ()))

    def series(self, symbol: Symbol, *, until: date | None = None) -> BarSeries | None:
        """The instrument with its bars up to `until`; None where the symbol has no bars."""
        bars = self.bars(symbol, until=until)
        return BarSeries(self.instruments()[symbol], bars, self._interval) if bars else None

    def last_sessions(self, symbols: Iterable[Symbol] | None = None) -> dict[Symbol, date]:
        """The newest bar's session of each symbol (of all, if None); symbols without bars are left out."""
        wanted = self.instruments() if symbols is None else symbols
        rows = self._database.rows(
            "SELECT s.value, (SELECT MAX(session) FROM bars WHERE symbol = s.value) FROM json_each(?) s",
            (json_list(wanted),),
        )
        return {Symbol(symbol): parse_key(session) for symbol, session in rows if session is not None}

    def bars_known(self, symbols: Iterable[Symbol], most: int) -> dict[Symbol, int]:
        """How many bars there are of each symbol; counted up to `most`."""
        rows = self._database.rows(
            "SELECT s.value, (SELECT COUNT(*) FROM (SELECT 1 FROM bars WHERE symbol = s.value LIMIT ?))"
            " FROM json_each(?) s", (most, json_list(symbols)),
        )
        return {Symbol(s): count for s, count in rows}

    def adjusted_closes(self, symbol: Symbol, *, since: date | None = None) -> dict[date, float]:
        """Adjusted closes by session, from `since` on, ascending; for those who need no more of a bar."""
        rows = self._database.rows(
            "SELECT session, adj_close FROM bars WHERE symbol = ? AND session >= ? ORDER BY session",
            (symbol, "" if since is None else since.isoformat()),
        )
        return {parse_key(session): close for session, close in rows}

    def recent_closes(
        self, symbols: Iterable[Symbol], count: int, until: date | None = None
    ) -> dict[Symbol, tuple[float, ...]]:
        """The newest `count` adjusted closes of each symbol, ascending; symbols without bars are left out."""
        rows = self._database.rows(
            # The inner query finds the oldest session wanted; a shorter history has none, and '' lets all through.
            "SELECT b.symbol, b.adj_close FROM json_each(:symbols) s JOIN bars b ON b.symbol = s.value"
            " AND b.session <= :until AND b.session >= COALESCE((SELECT session FROM bars WHERE symbol = s.value"
            " AND session <= :until ORDER BY session DESC LIMIT 1 OFFSET :count - 1), '')"
            " ORDER BY b.symbol, b.session",
            {"symbols": json_list(symbols), "until": until_text(until), "count": count},
        )
        return {Symbol(s): tuple(close for _, close in group) for s, group in groupby(rows, key=itemgetter(0))}

    def ranges(self, symbols: Iterable[Symbol], since: date) -> dict[Symbol, tuple[float, float]]:
        """The lowest low and the highest high of each symbol's bars from `since` on; symbols without are left out."""
        rows = self._database.rows(
            "SELECT b.symbol, MIN(b.low), MAX(b.high) FROM json_each(?) s JOIN bars b ON b.symbol = s.value"
            " AND b.session >= ? GROUP BY b.symbol",
            (json_list(symbols), since.isoformat()),
        )
        return {Symbol(symbol): (low, high) for symbol, low, high in rows}

    # Quotes

    def put_quotes(self, quotes: Iterable[Quote]) -> None:
        """Keep the newest quote of each symbol: an older one never replaces a newer one.

        A symbol that was quoted has no failure any more.
        """
        rows = [
            (q.symbol, q.price, time_text(q.time), q.previous_close, q.currency, q.source, q.open, q.high, q.low,
             q.volume, q.state, q.name)
            for q in quotes
        ]
        with self._database.transaction() as connection:
            connection.executemany(_PUT_QUOTE, rows)
            connection.executemany("DELETE FROM failures WHERE symbol = ?", [row[:1] for row in rows])

    def quotes(self) -> dict[Symbol, Quote]:
        """The last known quote of every symbol."""
        rows = self._database.rows(
            "SELECT symbol, price, time, previous_close, currency, source, open, high, low, volume, state, name"
            " FROM quotes"
        )
        return {row[0]: _quote(row) for row in rows}

    def drop_quotes(self, symbols: Iterable[Symbol]) -> None:
        """Forget the quotes of `symbols`: they were none."""
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM quotes WHERE symbol = ?", [(symbol,) for symbol in symbols])

    def put_failures(self, failures: Iterable[SymbolFailure], at: datetime) -> None:
        """Keep the newest failure of each symbol, until a quote of it comes."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO failures VALUES (?, ?, ?, ?) ON CONFLICT (symbol) DO UPDATE"
                " SET kind = excluded.kind, message = excluded.message, at = excluded.at",
                [(f.symbol, f.kind, f.message, time_text(at)) for f in failures],
            )

    def failures(self) -> dict[Symbol, SymbolFailure]:
        """What is wrong with each symbol that failed and has not been quoted since."""
        rows = self._database.rows("SELECT symbol, kind, message FROM failures")
        return {row[0]: SymbolFailure(*row) for row in rows}

    # Sessions

    def put_sessions(self, table: SessionTable) -> None:
        """Replace the exchange's sessions within the span of `table`; earlier and later ones stay."""
        rows = [
            (table.exchange, s.session.isoformat(), time_text(s.open), time_text(s.close),
             *(map(time_text, s.pause) if s.pause else (None, None)))
            for s in table.sessions
        ]
        if not rows:
            return
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM sessions WHERE exchange = ? AND session BETWEEN ? AND ?",
                (table.exchange, rows[0][1], rows[-1][1]),
            )
            connection.executemany("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)", rows)

    def sessions(self, exchange: str, *, since: date = date.min) -> SessionTable:
        """The known sessions of one exchange, from one day on; an empty table if there are none."""
        rows = self._database.rows(
            "SELECT session, open, close, rests, goes_on FROM sessions"
            " WHERE exchange = ? AND session >= ? ORDER BY session", (exchange, since.isoformat())
        )
        day, moment = date.fromisoformat, datetime.fromisoformat
        return SessionTable(
            exchange,
            tuple(
                Session(day(s), moment(o), moment(c), None if rests is None else (moment(rests), moment(goes_on)))
                for s, o, c, rests, goes_on in rows
            ),
        )

    def exchanges(self) -> tuple[str, ...]:
        """The exchanges whose sessions are known."""
        return tuple(row[0] for row in self._database.rows("SELECT DISTINCT exchange FROM sessions ORDER BY exchange"))

    # Indicators

    def put_indicators(self, symbol: Symbol, rows: Iterable[IndicatorRow]) -> None:
        """Add or replace one symbol's indicator rows."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO indicators VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (symbol, r.session.isoformat(), r.close, r.rsi, r.macd, r.macd_signal, r.macd_hist)
                    for r in rows
                ],
            )

    def indicators(
        self, symbol: Symbol, *, limit: int | None = None, until: date | None = None
    ) -> tuple[IndicatorRow, ...]:
        """Indicator rows ascending, up to session `until` inclusive; with `limit` the newest so many."""
        rows = self._database.rows(
            _NEWEST_LAST.format(
                "SELECT session, close, rsi, macd, macd_signal, macd_hist FROM indicators"
                " WHERE symbol = ? AND session <= ? ORDER BY session DESC LIMIT ?"
            ),
            (symbol, until_text(until), -1 if limit is None else limit),
        )
        return tuple(_indicator(row) for row in rows)

    def latest_indicators(self, symbols: Iterable[Symbol]) -> dict[Symbol, IndicatorRow]:
        """The newest indicator row of each symbol that has one."""
        rows = self._database.rows(
            "SELECT i.symbol, i.session, i.close, i.rsi, i.macd, i.macd_signal, i.macd_hist"
            " FROM json_each(?) s JOIN indicators i ON i.symbol = s.value"
            " AND i.session = (SELECT MAX(session) FROM indicators WHERE symbol = s.value)",
            (json_list(symbols),),
        )
        return {row[0]: _indicator(row[1:]) for row in rows}


_PUT_INSTRUMENT = (
    "INSERT INTO instruments VALUES (?, ?, ?, ?, ?) ON CONFLICT (symbol) DO UPDATE SET"
    " name = excluded.name, exchange = excluded.exchange, currency = excluded.currency, synthetic = excluded.synthetic"
)
# The WHERE leaves equal bars alone, so that the count of changes means something and nothing is written for nothing.
_PUT_BAR = (
    "INSERT INTO bars VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (symbol, session) DO UPDATE SET"
    " open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,"
    " adj_close = excluded.adj_close, volume = excluded.volume"
    " WHERE (open, high, low, close, adj_close, volume) <> (excluded.open, excluded.high, excluded.low,"
    " excluded.close, excluded.adj_close, excluded.volume)"
)
_PUT_QUOTE = (
    "INSERT INTO quotes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (symbol) DO UPDATE SET"
    " price = excluded.price, time = excluded.time, previous_close = excluded.previous_close,"
    " currency = excluded.currency, source = excluded.source, open = excluded.open, high = excluded.high,"
    " low = excluded.low, volume = excluded.volume, state = excluded.state, name = excluded.name"
    " WHERE excluded.time >= quotes.time"
)


def _instrument_row(instrument: Instrument) -> tuple[str, str, str, str, bool]:
    return instrument.symbol, instrument.name, instrument.exchange, instrument.currency, instrument.synthetic


def _quote(row: Sequence[Any]) -> Quote:
    symbol, price, time, previous_close, currency, source, opened, high, low, volume, state, name = row
    return Quote(
        Symbol(symbol), price, datetime.fromisoformat(time), previous_close, currency, source, opened, high, low,
        volume, None if state is None else SessionState(state), name,
    )


def _indicator(row: Sequence[Any]) -> IndicatorRow:
    return IndicatorRow(parse_key(row[0]), *row[1:])
