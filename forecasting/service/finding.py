"""Symbols by a part of their name: among what the store knows, what the source can name, and by its own search."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from forecasting.data.sources.base import Searching
from forecasting.domain.market import Symbol
from forecasting.domain.search import SHOWN, AskMatches, Match, Matches
from forecasting.errors import DataError, SourceError
from forecasting.service.backend import OnStep
from forecasting.service.desk import Desk

LEAST = 2
"""Letters the source is asked about; one letter is everything."""


def find(desk: Desk, question: AskMatches, now: datetime, on_step: OnStep) -> Matches:
    """Known symbols first, nearest first, then what the source's search says in its own order."""
    text = " ".join(question.text.split())
    instruments = desk.store.market.instruments()
    known = [Match(symbol, one.name, one.exchange) for symbol, one in instruments.items()]
    known += [Match(symbol, "") for symbol in desk.source.catalogue() if symbol not in instruments]
    found, note = _nearest(known, text), ""
    if isinstance(desk.source, Searching) and len(text) >= LEAST:
        try:
            found += desk.source.search(text)
        except (SourceError, DataError) as error:
            note = str(error)
    once: dict[Symbol, Match] = {}
    for match in found:
        once.setdefault(match.symbol, match)
    return Matches(question.text, tuple(once.values())[:SHOWN], note)


def _nearest(known: Iterable[Match], text: str) -> list[Match]:
    """Those with `text` in symbol or name: the symbol itself, then those that begin with it, then the others."""
    needle = text.casefold()

    def rank(match: Match) -> tuple[int, str]:
        symbol, name = match.symbol.casefold(), match.name.casefold()
        begins = symbol.startswith(needle) or any(word.startswith(needle) for word in name.split())
        return 0 if symbol == needle else 1 if begins else 2, symbol

    return sorted((m for m in known if needle and needle in f"{m.symbol} {m.name}".casefold()), key=rank)
