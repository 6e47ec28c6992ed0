"""What is held, priced: positions and the portfolio they add up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from forecasting.domain.holding import Books, Holding, Position, books
from forecasting.domain.market import SessionState, Symbol
from forecasting.domain.money import find_rate
from forecasting.domain.portfolio import Portfolio, add_up
from forecasting.domain.sessions import SessionTable
from forecasting.service.view import Facts


class Bookkeeper:
    """Prices what is held. Keeps the books of a holding until it or the day changes: a tick then costs a product."""

    def __init__(self, display_currency: str | None = None) -> None:
        self._display_currency = display_currency
        self._kept: dict[Symbol, tuple[Holding, date, Books]] = {}

    def positions(self, facts: Facts, now: datetime) -> dict[Symbol, Position]:
        """What is held of every symbol that has lots, at the newest price that `facts` know."""
        return {s: self._position(holding, facts, now) for s, holding in facts.holdings.items() if holding.entries}

    def _position(self, holding: Holding, facts: Facts, now: datetime) -> Position:
        symbol = holding.symbol
        quote, instrument, wanted = facts.quotes.get(symbol), facts.instruments.get(symbol), self._display_currency
        currency = quote.currency if quote else instrument.currency if instrument else ""
        rate = None if wanted is None else find_rate(facts.quotes, currency, wanted, now)
        if quote is None:
            return self._books(holding, now.date()).position(None, None, currency, rate)
        kept = self._books(holding, day_of_price(quote.time, facts.table(symbol)))
        return kept.position(quote.price, quote.previous_close, currency, rate)

    def _books(self, holding: Holding, day: date) -> Books:
        known = self._kept.get(holding.symbol)
        if known is not None and known[0] is holding and known[1] == day:
            return known[2]
        made = books(holding.entries, day)
        self._kept[holding.symbol] = holding, day, made
        return made

    def portfolio(self, positions: Mapping[Symbol, Position], watched: Sequence[Symbol]) -> Portfolio | None:
        """The positions in watched symbols added up, those in others named: nobody asks for their prices."""
        known = set(watched)
        made = add_up({s: p for s, p in positions.items() if s in known}, self._display_currency)
        others = tuple(f"{s} (not watched)" for s, p in positions.items() if s not in known and p.quantity)
        if made is None:
            return Portfolio(None, (), others) if others else None
        return replace(made, left_out=(*made.left_out, *others))


def day_of_price(time: datetime, table: SessionTable | None) -> date:
    """The exchange's date of a price: that of the session it was made in, before, or after."""
    if table is None or not table.sessions:
        return time.date()
    before_open = table.state(time) is SessionState.PRE
    session = table.next_open(time) if before_open else table.last_opened(time)
    return time.date() if session is None else session.session
