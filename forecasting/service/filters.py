"""The watchlist's filter: part of a name, or a condition over the table's figures (`last > 100 and signal == buy`)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from forecasting.domain.holding import Position
from forecasting.domain.snapshot import FORECAST_SHOWN, SymbolRow
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import RuleError
from forecasting.service.rule_facts import kinds_of, opinions_of, tags_of
from forecasting.trading.rules.evaluate import matches
from forecasting.trading.rules.facts import POSITION
from forecasting.trading.rules.fields import FIELDS
from forecasting.trading.rules.parser import nearest, parse_filter
from forecasting.trading.rules.syntax import Condition, Field, fields_of
from forecasting.trading.rules.tokens import tokens

_LOOKS_LIKE_A_CONDITION = re.compile(r"[<>=!()]|&&|\|\||\bcrosses\b", re.IGNORECASE)

Figure = float | None


def _band(price: bool, side: str) -> Callable[[SymbolRow, datetime], Figure]:
    def read(row: SymbolRow, now: datetime) -> Figure:
        percent: Figure = getattr(row, side)
        if percent is None or not price:
            return percent
        return None if row.forecast_close is None else row.forecast_close * (1.0 + percent / 100.0)

    return read


def _held(read: Callable[[Position], Figure]) -> Callable[[SymbolRow, datetime], Figure]:
    return lambda row, now: None if row.position is None else read(row.position)


_NUMBERS: dict[str, Callable[[SymbolRow, datetime], Figure]] = {
    "last": lambda row, now: row.last,
    "change_pct": lambda row, now: row.change_pct,
    "rsi": lambda row, now: row.rsi,
    "skill": lambda row, now: _percent(row.record.skill) if row.record else None,
    "coverage": lambda row, now: _percent(row.record.coverage_80) if row.record else None,
    "hit_rate": lambda row, now: _percent(row.record.hit_rate) if row.record else None,
    "age": lambda row, now: (now - row.data_time).total_seconds() if row.data_time else None,
    f"p_up_{FORECAST_SHOWN}d": lambda row, now: row.p_up,
    **{
        f"{name}_{FORECAST_SHOWN}d{suffix}": _band(not suffix, side)
        for name, side in (("forecast", "forecast_pct"), ("band_low", "low_80_pct"), ("band_high", "high_80_pct"))
        for suffix in ("", "_pct")
    },
    **{name: _held(read) for name, read in POSITION.items()},
}
_TEXTS: dict[str, Callable[[SymbolRow], str]] = {
    "symbol": lambda row: row.symbol,
    "name": lambda row: row.name,
    "currency": lambda row: row.currency,
    "state": lambda row: row.state.value,
    "signal": lambda row: opinions_of(row.signals),
    "signal_kind": lambda row: kinds_of(row.signals),
    "tag": tags_of,
}
KNOWN = (*_NUMBERS, *_TEXTS)
"""Fields the table knows, for completion."""
ASKED_BY_RULES = tuple(dict.fromkeys((*KNOWN, *FIELDS)))
"""Fields a rule may ask for, for completion: those of the table first."""


def is_condition(text: str) -> bool:
    """Whether a filter's text is a condition rather than part of a name."""
    return _LOOKS_LIKE_A_CONDITION.search(text) is not None


def fulfilling(rows: Sequence[SymbolRow], text: str, now: datetime) -> list[SymbolRow]:
    """The rows of which the condition is known to hold.

    Raises:
        RuleError: If it cannot be read, or asks for what the table does not know.
    """
    holds = matches(_condition(text), _RowsFrame(rows, now))
    return [row for row, holding in zip(rows, holds, strict=True) if holding]


def with_members(group: WatchGroup, rows: Sequence[SymbolRow], now: datetime) -> WatchGroup:
    """A smart list with who is on it now; another list as it is.

    Raises:
        RuleError: As `fulfilling`.
    """
    if group.filter is None:
        return group
    return replace(group, symbols=tuple(row.symbol for row in fulfilling(rows, group.filter, now)))


def completion(text: str, fields: Iterable[str] = KNOWN) -> str | None:
    """`text` with its last word completed, to one of `fields` or to what the text field before it can be; else None."""
    names = fields
    found = re.search(r"(?<![\w.'\"])[A-Za-z_][\w.]*$", text)
    said = re.search(r"\b(\w+)\s*[=!]=?\s*([A-Za-z][\w-]*)$", text)
    if said is not None and (spec := FIELDS.get(said[1].lower())) is not None and spec.text:
        names, found = sorted(spec.words), re.search(r"[\w-]+$", text)
    if found is None:
        return None
    word = found[0].lower()
    whole = next((name for name in names if name.startswith(word) and name != word), None)
    return None if whole is None else text + whole[len(word):]


def check_condition(text: str) -> None:
    """Look whether `text` is a condition the table can tell.

    Raises:
        RuleError: If it is not; says where and why.
    """
    _condition(text)


@lru_cache(maxsize=16)      # the filter that is typed, and those of smart lists
def _condition(text: str) -> Condition:
    condition = parse_filter(text, KNOWN)
    for field in sorted(fields_of(condition), key=str):
        if field.window is not None or field.name not in KNOWN:
            at = next(word.at for word in tokens(text) if word.kind == "name" and word.value.lower() == field.name)
            raise RuleError(text, at, _unknown(field))
    return condition


def _unknown(field: Field) -> str:
    if field.name in KNOWN:
        return f"the table does not know {field.name} over a stretch; leave out ({field.window})"
    near = nearest(field.name, KNOWN)
    return f"the table does not know {field.name}; " + (
        f"did you mean {near}?" if near else f"it knows {', '.join(KNOWN[:4])}, .."
    )


class _RowsFrame:
    """A snapshot's rows as columns. See `evaluate.Frame`; a filter asks for neither times nor bars."""

    rows: Sequence[int] = ()
    times: Sequence[float] = ()
    bars: Sequence[str] = ()
    closed: Sequence[str] = ()

    def __init__(self, rows: Sequence[SymbolRow], now: datetime) -> None:
        self.symbols = tuple(row.symbol for row in rows)
        self._rows, self._now = rows, now

    def numbers(self, field: Field) -> list[float]:
        read = _NUMBERS[field.name]
        return [math.nan if (value := read(row, self._now)) is None else value for row in self._rows]

    def texts(self, field: Field) -> list[str]:
        return [_TEXTS[field.name](row).lower() for row in self._rows]


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100.0
