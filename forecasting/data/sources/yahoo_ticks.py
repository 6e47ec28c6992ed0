"""One message of Yahoo's stream, read with suspicion.

A message is JSON with a protobuf inside. proto3 leaves zeros out, so a field that reads 0 may not have been sent at
all: it is taken as unknown, except for the session, where 0 is the word for "before the open". Nothing of its text is
used but the symbol, which must be one that was asked for, and the currency.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Set
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from forecasting.data.exchanges import major_unit
from forecasting.domain.market import Quote, SessionState, Symbol

if TYPE_CHECKING:
    from yfinance.pricing_pb2 import PricingData

TOO_OLD = timedelta(minutes=20)     # free prices of some exchanges are a quarter of an hour late
TOO_EARLY = timedelta(minutes=1)    # clocks differ a little; more than that, and one bad tick would silence a symbol

SOURCE = "yahoo stream"
_STATES = {0: SessionState.PRE, 1: SessionState.OPEN, 2: SessionState.POST, 3: SessionState.POST}


class Unreadable(ValueError):
    """A message that is no price and cannot be anything else."""


class TickReader:
    """From messages to quotes; remembers how new the newest price of each symbol was."""

    def __init__(self, units: Mapping[Symbol, tuple[str, float]]) -> None:
        """Prepare.

        Args:
            units: Currency and divisor of each symbol as polling knows them; read anew with each message. Yahoo's
                stream often leaves the currency out, and a price in pence must not pass for one in pounds.
        """
        self._units = units
        self._newest: dict[Symbol, float] = {}

    def read(self, message: str | bytes, wanted: Set[Symbol], now: datetime) -> Quote | None:
        """The price in `message`; None if it is nothing to go by, or not about prices.

        Not to go by: a symbol nobody asked for; a price that is not finite and above 0; a time before the newest one
        seen, more than `TOO_OLD` ago or more than `TOO_EARLY` ahead; an unknown or a wrong currency.

        Raises:
            Unreadable: If it is not a message of Yahoo's.
        """
        pricing = _decode(message)
        if pricing is None:
            return None
        symbol = Symbol(pricing.id)
        unit = self._unit(symbol, pricing.currency)
        if symbol not in wanted or unit is None or _positive(pricing.price) is None:
            return None
        made = pricing.time / 1000.0
        clock = now.timestamp()
        latest = clock + TOO_EARLY.total_seconds()
        seen = self._newest.get(symbol, 0.0)
        # What was seen counts no more once the machine's clock has been set back behind it.
        oldest = max(clock - TOO_OLD.total_seconds(), seen if seen <= latest else 0.0)
        if not oldest <= made <= latest:
            return None
        self._newest[symbol] = made
        return _quote(symbol, pricing, unit, datetime.fromtimestamp(min(made, clock), UTC))

    def _unit(self, symbol: Symbol, said: str) -> tuple[str, float] | None:
        """Currency and divisor: the poll's, unless the tick contradicts it; the tick's where no poll has answered."""
        polled = self._units.get(symbol)
        if not said:
            return polled
        found = major_unit(said)
        return found if polled in (None, ("", 1.0), found) else None


def _quote(symbol: Symbol, pricing: PricingData, unit: tuple[str, float], made: datetime) -> Quote:
    currency, divisor = unit

    def price(value: float) -> float | None:
        known = _positive(value)
        return None if known is None else known / divisor

    state = _STATES.get(pricing.market_hours)
    newest = price(pricing.price)
    assert newest is not None
    previous = price(pricing.previous_close)
    # After hours a change counts from that day's close, which is not the previous one.
    if previous is None and pricing.change and state in (SessionState.PRE, SessionState.OPEN):
        previous = price(pricing.price - pricing.change)
    return Quote(
        symbol=symbol,
        price=newest,
        time=made,
        previous_close=previous,
        currency=currency,
        source=SOURCE,
        open=price(pricing.open_price),
        high=price(pricing.day_high),
        low=price(pricing.day_low),
        volume=float(pricing.day_volume) if pricing.day_volume > 0 else None,
        state=state,
    )


def _decode(message: str | bytes) -> PricingData | None:
    """The protobuf of a pricing message; None for a message of another type."""
    from google.protobuf.message import DecodeError
    from yfinance.pricing_pb2 import PricingData

    try:
        outer: Any = json.loads(message)
        if not isinstance(outer, dict):
            raise Unreadable("not an object")
        if outer.get("type") != "pricing":
            return None
        pricing: PricingData = PricingData.FromString(base64.b64decode(outer["message"], validate=True))
    except (ValueError, TypeError, KeyError, RecursionError, DecodeError) as error:
        raise Unreadable(type(error).__name__) from error
    return pricing


def _positive(value: float) -> float | None:
    """The shortest number that is the same 32-bit float; None unless finite and above 0."""
    return float(f"{value:.7g}") if math.isfinite(value) and value > 0.0 else None
