"""Finding a symbol by what a person remembers of it."""

from __future__ import annotations

from forecasting.domain.market import Symbol
from forecasting.domain.question import Question
from forecasting.frozen import dataclass

SHOWN = 12
"""More matches than this are no help."""


@dataclass(frozen=True, slots=True)
class Match:
    """One symbol that may be meant."""

    symbol: Symbol
    name: str          # "" where nobody said
    place: str = ""    # exchange and kind, as the source says them


@dataclass(frozen=True, slots=True)
class Matches:
    """What was found for a text."""

    text: str
    found: tuple[Match, ...]
    note: str = ""     # why the source was not asked, or has not answered


@dataclass(frozen=True, slots=True)
class AskMatches(Question[Matches]):
    """Which symbols may be meant by a part of a name or symbol?"""

    text: str
