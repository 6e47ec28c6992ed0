"""Yahoo's answer to a search for symbols, read with suspicion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from forecasting.data.text import clean_text
from forecasting.domain.market import parse_symbol
from forecasting.domain.search import Match
from forecasting.errors import SymbolError


def read_search(answer: Any) -> tuple[Match, ...]:
    """The symbols in `answer`, in its order; what is written as no symbol can be is left out.

    Raises:
        LookupError, TypeError: If it is not a search answer at all.
    """
    return tuple(_matches(answer["quotes"]))


def _matches(rows: Any) -> Iterator[Match]:
    for row in rows:
        if not isinstance(row, Mapping) or not isinstance(text := row.get("symbol"), str):
            continue
        try:
            symbol = parse_symbol(text)
        except SymbolError:
            continue
        name = row.get("longname") or row.get("shortname") or ""
        place = " ".join(str(row[key]) for key in ("exchDisp", "typeDisp") if row.get(key))
        yield Match(symbol, clean_text(str(name), limit=60), clean_text(place, limit=30))
