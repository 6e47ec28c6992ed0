"""One object of Yahoo's quote answer, read with suspicion."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from forecasting.data.exchanges import major_unit
from forecasting.data.text import clean_text
from forecasting.domain.market import Quote, SessionState, Symbol
from forecasting.errors import DataError

_STATES = {
    "PREPRE": SessionState.CLOSED, "PRE": SessionState.PRE, "REGULAR": SessionState.OPEN,
    "POST": SessionState.POST, "POSTPOST": SessionState.CLOSED, "CLOSED": SessionState.CLOSED,
}  # fmt: skip


def by_symbol(answer: Any, symbols: Collection[Symbol]) -> dict[Symbol, Mapping[str, Any]]:
    """The quote objects of the `symbols` asked for; what has no symbol, or another one, is left out.

    Raises:
        DataError: If it is not a quote answer at all, or an error of Yahoo's alone.
    """
    asked = frozenset(symbols)
    response = answer.get("quoteResponse") if isinstance(answer, Mapping) else None
    response = response if isinstance(response, Mapping) else {}
    results = response.get("result")
    if not results and (error := response.get("error")):
        raise DataError(f"quotes: Yahoo says '{error_text(error)}'; it is asked again later")
    if not isinstance(results, list):
        shown = clean_text(str(answer), limit=40)
        raise DataError(f"quotes: no list of quotes in the answer ({shown}); it is asked again later")
    named = ((str(one.get("symbol")).upper(), one) for one in results if isinstance(one, Mapping))
    return {Symbol(name): one for name, one in named if name in asked}


def read_quote(symbol: Symbol, answer: Mapping[str, Any], source: str) -> Quote:
    """The newest price in `answer`: before and after the regular session the price made there, if there is one.

    Raises:
        DataError: If there is no finite price above zero, or no time with it.
    """
    currency, divisor = major_unit(answer.get("currency"))

    def price(field: str) -> float | None:
        value = number(answer.get(field))
        return value / divisor if value is not None and value > 0.0 else None

    volume = number(answer.get("regularMarketVolume"))
    state = _STATES.get(str(answer.get("marketState")))
    regular, previous = price("regularMarketPrice"), price("regularMarketPreviousClose")
    newest, made = regular, number(answer.get("regularMarketTime"))
    extended = {SessionState.PRE: "preMarket", SessionState.POST: "postMarket"}.get(state) if state else None
    if extended and (outside := price(f"{extended}Price")) and (moment := number(answer.get(f"{extended}Time"))):
        # Before the open the last regular price is the previous close; after the close it is not.
        previous = regular if state is SessionState.PRE else previous
        newest, made = outside, moment
    if newest is None:
        shown = clean_text(repr(answer.get("regularMarketPrice")), limit=30)
        raise DataError(f"{symbol}: Yahoo's price is {shown}, expected a number above 0; it is asked again later")
    return Quote(
        symbol=symbol,
        price=newest,
        time=_moment(symbol, made),
        previous_close=previous,
        currency=currency,
        source=source,
        open=price("regularMarketOpen"),
        high=price("regularMarketDayHigh"),
        low=price("regularMarketDayLow"),
        volume=volume if volume is not None and volume >= 0.0 else None,
        state=state,
        name=clean_text(str(answer.get("longName") or answer.get("shortName") or ""), limit=60) or None,
    )


def _moment(symbol: Symbol, seconds: float | None) -> datetime:
    if seconds is None or not 0.0 < seconds < 1e11:
        raise DataError(f"{symbol}: Yahoo's price has no time; it is asked again later")
    return datetime.fromtimestamp(seconds, tz=UTC)


def error_text(error: object) -> str:
    """What Yahoo says in the `error` of an answer."""
    said = error if isinstance(error, Mapping) else {"description": error}
    return clean_text(str(said.get("description") or said.get("code")), limit=100)


def number(value: object) -> float | None:
    """A finite number, or None; text is not a number even if it looks like one."""
    if type(value) not in (int, float):
        return None
    try:
        found = float(value)  # type: ignore[arg-type]
    except OverflowError:      # JSON knows integers without end
        return None
    return found if math.isfinite(found) else None
