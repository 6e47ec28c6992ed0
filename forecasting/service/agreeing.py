"""Whether quotes speak of the same money and the same units as the bars that are stored.

A source may send pence for pounds, one currency for another, or a misprint; on the morning of a split it is the stored
bars that are of yesterday's shares. Which of the two is wrong only the history tells, asked for anew: `judge` names the
symbols of which it should be, and once bars have come `judge_again` has the last word. At most once an hour and symbol,
whoever asks, so that a source that errs for long is not asked for histories all the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from forecasting.data.exchanges import has_minor_unit
from forecasting.data.quality import JUMP
from forecasting.domain.market import Instrument, Quote, Symbol, SymbolFailure
from forecasting.domain.quarantine import Asked
from forecasting.errors import DataError
from forecasting.service.desk import Desk

BEYOND = 10.0
"""So many times its newest close, or so small a part of it, no price is believed for its own sake."""

_ANEW = timedelta(hours=1)


def judge(desk: Desk, told: Sequence[Quote | SymbolFailure]) -> list[Quote | SymbolFailure]:
    """What a source has told, with a failure in the place of each quote that contradicts stored bars.

    `desk.doubted` becomes the quotes for whose sake the bars are to be asked for again.
    """
    known = desk.store.market.instruments()
    closes = {s: newest for s, (newest,) in desk.store.market.recent_closes([a.symbol for a in told], 1).items()}
    answers = [agreeing(a, known.get(a.symbol), closes.get(a.symbol)) if isinstance(a, Quote) else a for a in told]
    contradicted = (
        quote for quote, answer in zip(told, answers, strict=True)
        if isinstance(quote, Quote) and quote.symbol in closes
        and (isinstance(answer, SymbolFailure) or _starts_elsewhere(quote, closes[quote.symbol]))
    )
    desk.doubted = {quote.symbol: quote for quote in contradicted if _may_ask(desk, quote.symbol)}
    return answers


def judge_again(
    desk: Desk, failures: Sequence[SymbolFailure], new: Sequence[Symbol]
) -> tuple[SymbolFailure, ...]:
    """The failures of quotes now that bars have come, which bear out some that were doubted and contradict others.

    Args:
        desk: Whose store holds the bars.
        failures: Of the quotes, before there were these bars.
        new: Symbols with bars that were not stored before.
    """
    market = desk.store.market
    stored = market.quotes() if new else {}
    quotes = {**{s: stored[s] for s in new if s in stored}, **desk.doubted}
    if not quotes:
        return tuple(failures)
    answers = judge(desk, tuple(quotes.values()))
    desk.doubted = {}
    good = {a.symbol: a for a in answers if isinstance(a, Quote)}
    market.put_quotes(good.values())
    desk.store.quarantine.lift(good, Asked.QUOTE)
    before = {f.symbol for f in failures}
    bad = [a for a in answers if isinstance(a, SymbolFailure) and a.symbol not in before]
    market.drop_quotes(f.symbol for f in bad)
    market.put_failures(bad, desk.clock.now())
    return (*(f for f in failures if f.symbol not in good), *bad)


def note_doubt(desk: Desk, symbol: Symbol) -> None:
    """Note that bars of `symbol` have been asked for again."""
    desk.store.runs.set_meta(_key(symbol), desk.clock.now().isoformat())


def agreeing(quote: Quote, known: Instrument | None, close: float | None) -> Quote | SymbolFailure:
    """The quote in the money of the stored bars, or why it cannot be a price of what they are of.

    Args:
        quote: As the source gave it.
        known: What is stored of the symbol; None before its first bars.
        close: Its newest stored close; None before its first bars.
    """
    if known is not None and known.currency:
        if (failure := other_money(quote.symbol, "price", quote.currency, known.currency)) is not None:
            return failure
        quote = replace(quote, currency=known.currency)
    if close is None or _is_near(quote.price, close) or _moved_so_far(quote, close):
        return quote
    what = f"the price {quote.price:.6g} is {quote.price / close:.3g} times the last close {close:.6g}"
    return SymbolFailure(quote.symbol, DataError.kind, f"{quote.symbol}: {what}; it is asked for again")


def other_money(symbol: Symbol, what: str, found: str, known: str) -> SymbolFailure | None:
    """A failure if `found` is not the currency that is `known`; not said is the same, unless it may mean pence."""
    if not known or found == known or (not found and not has_minor_unit(known)):
        return None
    said = f"in {found}" if found else "without a currency"
    message = f"{symbol}: the {what} came {said}, stored bars are in {known}; it is asked for again"
    return SymbolFailure(symbol, DataError.kind, message)


def _is_near(price: float, close: float) -> bool:
    return 1.0 / BEYOND < price / close < BEYOND


def _moved_so_far(quote: Quote, close: float) -> bool:
    """Whether the answer holds together: it starts from our close, and its day's range reaches to its price."""
    starts_here = quote.previous_close is not None and _is_near(quote.previous_close, close)
    return starts_here and quote.low is not None and quote.high is not None and quote.low <= quote.price <= quote.high


def _starts_elsewhere(quote: Quote, close: float) -> bool:
    """Whether the close the quote starts from is further from ours than a session's move without a split."""
    return quote.previous_close is not None and abs(quote.previous_close / close - 1.0) > JUMP


def _may_ask(desk: Desk, symbol: Symbol) -> bool:
    before = desk.store.runs.get_meta(_key(symbol))
    # Noted ahead of now is no obstacle: the clock was set back.
    return before is None or not timedelta() <= desk.clock.now() - datetime.fromisoformat(before) < _ANEW


def _key(symbol: Symbol) -> str:
    return f"doubted/{symbol}"
