"""The tables that leave a store and come back: their columns, and what may stand in each.

A file's columns say which table it is, whatever its name.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from forecasting.data.exchanges import EXCHANGES
from forecasting.data.store.encoding import time_text
from forecasting.domain.decision import SignalKind
from forecasting.domain.forecast import Origin
from forecasting.domain.interval import Interval, parse_key
from forecasting.domain.market import parse_symbol
from forecasting.domain.transfer import What

Kind = Literal["text", "real", "integer", "hash"]
Row = tuple[Any, ...]
Rule = Callable[[Any], object]      # true or not

TEXT_LIMIT = 500
INTERVAL = "interval"
"""Column and meta key: whose bars these are. A store holds those of one interval; daily ones where it says nothing."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of one table."""

    name: str
    kind: Kind
    rule: Rule
    wanted: str               # what `rule` asks for, for the person whose row is refused
    optional: bool = False    # may be empty
    later: bool = False       # files of before it was thought of are without it; it is empty then


@dataclass(frozen=True, slots=True)
class Table:
    """One table, as it stands in a file."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]                     # no two rows agree in it
    select: str                              # the rows of a store; {where} takes a condition on `symbol`
    names: tuple[str, ...] = field(init=False)
    required: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(column.name for column in self.columns))
        object.__setattr__(self, "required", frozenset(column.name for column in self.columns if not column.later))

    @property
    def stored(self) -> tuple[str, ...]:
        """The columns that the store's own table has; the interval is the whole store's."""
        return tuple(name for name in self.names if name != INTERVAL)


def _is_key(value: str) -> bool:
    key = parse_key(value)
    return key.isoformat() == value and (not isinstance(key, datetime) or key.utcoffset() == timedelta())


def _is_time(value: str) -> bool:
    return time_text(datetime.fromisoformat(value)) == value


def _is_symbol(value: str) -> bool:
    return parse_symbol(value) == value


def _is_text(value: str) -> bool:
    """Printable means: no escape, control, format or bidi character."""
    return value.isprintable() and len(value) <= TEXT_LIMIT


def _is_figures(value: str) -> bool:
    told = json.loads(value)
    return _is_text(value) and isinstance(told, dict) and all(
        _is_text(name) and type(figure) in (int, float) and math.isfinite(figure) for name, figure in told.items()
    )


def _are_tags(value: str) -> bool:
    tags = json.loads(value)
    return _is_names(value) and tags == sorted(set(tags)) and all(t == t.lower() and t.split() == [t] for t in tags)


def _is_decimal(value: str) -> bool:
    """As a lot has them: up to 13 digits before the point and ten behind it."""
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -10 and abs(number) < 10**13 and str(number) == value


def _is_symbols(value: str) -> bool:
    return _is_names(value) and all(map(_is_symbol, json.loads(value)))


def _is_names(value: str) -> bool:
    names = json.loads(value)
    texts = isinstance(names, list) and all(isinstance(name, str) and _is_text(name) for name in names)
    return texts and json.dumps(names) == value


def _symbol(*, optional: bool = False) -> Column:
    return Column("symbol", "text", _is_symbol, "a ticker symbol, as NVDA or BRK-B", optional)


def _key(name: str) -> Column:
    return Column(name, "text", _is_key, "a day, as 2015-01-31, or the time in UTC at which a shorter bar opens")


def _time(name: str, *, optional: bool = False) -> Column:
    return Column(name, "text", _is_time, "a time in UTC, as 2015-01-31T21:00:00.000000+00:00", optional)


def _text(name: str, *, optional: bool = False) -> Column:
    return Column(name, "text", _is_text, f"at most {TEXT_LIMIT} printable characters", optional)


def _price(name: str) -> Column:
    return Column(name, "real", lambda v: math.isfinite(v) and v > 0.0, "a finite number above 0")


def _number(name: str, *, optional: bool = False) -> Column:
    return Column(name, "real", math.isfinite, "a finite number", optional)


def _amount(name: str, rule: Callable[[Decimal], bool]) -> Column:
    return Column(name, "text", lambda v: _is_decimal(v) and rule(Decimal(v)), "a number that a lot may have", True)


def _count(name: str, least: int, most: int) -> Column:
    return Column(name, "integer", lambda v: least <= v <= most, f"a whole number, {least} to {most}")


def _one_of(name: str, values: Mapping[str, object]) -> Column:
    return Column(name, "text", values.__contains__, "one of " + ", ".join(values))


def _exchange() -> Column:
    return Column("exchange", "text", EXCHANGES.__contains__, "an exchange tapecast knows, as XNYS or 24/7")


_ORIGINS = {origin.value: origin for origin in Origin}
_SIGNALS = {kind.value: kind for kind in SignalKind}
_ANY = 2**31
_LONGEST_COOLDOWN_S = 999_999 * 86_400.0
_RATIO = re.compile(r"[1-9][0-9]{0,5}:[1-9][0-9]{0,5}")
_HASH = Column("hash", "hash", lambda v: len(v) == 32, "64 hexadecimal digits")


_INTERVAL = Column(INTERVAL, "text", tuple(Interval).__contains__, "one of " + ", ".join(Interval))
_OF_THE_STORE = f"COALESCE((SELECT value FROM meta WHERE key = '{INTERVAL}'), '{Interval.DAY}') AS {INTERVAL}"


def _table(name: str, key: tuple[str, ...], columns: tuple[Column, ...], order: str) -> Table:
    names = ", ".join(_OF_THE_STORE if column is _INTERVAL else column.name for column in columns)
    return Table(name, columns, key, f"SELECT {names} FROM {name} {{where}} ORDER BY {order}")


INSTRUMENTS = _table("instruments", ("symbol",), (
    _symbol(), _text("name"), _exchange(), _text("currency"), _count("synthetic", 0, 1),
), "symbol")
BARS = _table("bars", ("symbol", "session"), (
    _symbol(), _key("session"), _price("open"), _price("high"), _price("low"), _price("close"), _price("adj_close"),
    Column("volume", "real", lambda v: 0.0 <= v < math.inf, "a finite number, 0 or above"), _INTERVAL,
), "symbol, session")
FORECASTS = _table("forecasts", ("id",), (
    _count("id", 1, _ANY), _symbol(), _text("model"), _one_of("origin", _ORIGINS), _key("as_of_session"), _HASH,
    Column("body", "text", str.isprintable, "the canonical text of one forecast"), _INTERVAL,
), "id")
OUTCOMES = _table("outcomes", ("id",), (
    _count("id", 1, _ANY), _count("entry_id", 1, _ANY), _symbol(), _text("model"), _one_of("origin", _ORIGINS),
    _count("horizon", 1, _ANY), _key("as_of_session"), _key("target_session"), _time("settled_at"), _number("actual"),
    _number("median"), _number("low_80"), _number("high_80"), _number("p_up"), _number("crps"), _HASH,
    _INTERVAL,
), "id")
SIGNALS = _table("signals", ("symbol", "kind", "session"), (
    _symbol(), _one_of("kind", _SIGNALS), _key("session"), _time("time"), _price("price"), _count("direction", -1, 1),
    _count("horizon", 1, _ANY), _text("reason"), _text("model_id", optional=True),
    _number("log_return", optional=True), _time("settled_at", optional=True),
    Column("strength", "real", lambda v: 0.0 <= v <= 1.0, "a number from 0 to 1", optional=True, later=True),
    Column("inputs", "text", _is_figures, "a JSON object of finite numbers", optional=True, later=True), _INTERVAL,
), "id")
ALERT_RULES = Table("alert_rules", (
    _count("id", 1, _ANY), _text("text"),
    Column("symbols", "text", _is_symbols, "a JSON list of ticker symbols"), _text("grp", optional=True),
    Column("sinks", "text", _is_names, "a JSON list of names"),
    Column("cooldown_s", "real", lambda v: 0.0 <= v <= _LONGEST_COOLDOWN_S, "a number of seconds"),
    Column("hysteresis", "real", lambda v: 0.0 <= v <= 0.5, "a number from 0 to 0.5"),
    _time("created_at"), _time("muted_until", optional=True),
), ("id",), (
    "SELECT id, text, symbols, grp, sinks, cooldown_s, hysteresis, created_at, muted_until FROM alert_rules"
    " WHERE removed_at IS NULL ORDER BY id"
))
WATCHLIST = Table("watchlist", (
    _count("list", 0, _ANY), _text("name"), Column("place", "integer", lambda v: v >= 0, "a whole number", True),
    _symbol(optional=True),
    Column("filter", "text", lambda v: v != "" and _is_text(v), "a condition", optional=True, later=True),
), ("list", "place"), (
    "SELECT g.position AS list, g.name AS name, s.position AS place, s.symbol AS symbol, f.filter AS filter"
    " FROM watch_groups g LEFT JOIN watch_filters f ON f.grp = g.position"
    " LEFT JOIN watch_symbols s ON s.grp = g.position {where} ORDER BY g.position, s.position"
))
HOLDINGS = _table("holdings", ("symbol",), (
    _symbol(), _text("alias"), Column("tags", "text", _are_tags, "a JSON list of tags in their order"), _text("note"),
), "symbol")
HOLDING_ENTRIES = _table("holding_entries", ("symbol", "place"), (
    _symbol(), _count("place", 0, _ANY),
    Column("day", "text", lambda v: date.fromisoformat(v).isoformat() == v, "a day, as 2015-01-31"),
    _amount("quantity", lambda v: v != 0), _amount("price", lambda v: v >= 0), _amount("fee", lambda v: v >= 0),
    Column("ratio", "text", _RATIO.fullmatch, "a ratio, as 10:1", optional=True),
), "symbol, place")

TABLES = (INSTRUMENTS, BARS, FORECASTS, OUTCOMES, SIGNALS, ALERT_RULES, WATCHLIST, HOLDINGS, HOLDING_ENTRIES)
"""In the order in which they are taken in: what is referred to comes first."""

KINDS: dict[What, tuple[Table, ...]] = {
    "bars": (INSTRUMENTS, BARS), "forecasts": (FORECASTS, OUTCOMES), "signals": (SIGNALS,),
    "alerts": (ALERT_RULES,), "watchlist": (WATCHLIST,), "holdings": (HOLDINGS, HOLDING_ENTRIES),
    "all": TABLES,
}
"""What a person may ask for."""


def table_of(columns: frozenset[str]) -> Table | None:
    """The table with just these columns, or all but later ones."""
    return next((table for table in TABLES if table.required <= columns <= frozenset(table.names)), None)
