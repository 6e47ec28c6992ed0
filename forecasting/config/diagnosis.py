"""Turns what tomllib and pydantic found wrong into one line: file, line number, key, what was found, what to do."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from forecasting.config.alerts import SinkSettings
from forecasting.config.reading import key_of
from forecasting.config.section import Section
from forecasting.config.settings import ListSettings, Written
from forecasting.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_HEADER = re.compile(r"""\s*(\[\[?)\s*([\w."'-]+)\s*\]""")
_KEY = re.compile(r"""\s*([\w."'-]+)\s*=""")
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)")
_PLAIN = {
    "tuple_type": "should be an array, [..]",
    "dict_type": "should be a table",
    "dataclass_type": "should be a table",
    "path_type": "should be the name of a folder, in quotes",
    "string_type": "should be text, in quotes",
    "int_type": "should be a whole number, without quotes",
    "float_type": "should be a number, without quotes",
    "bool_type": "should be true or false, without quotes",
}
"""pydantic's words where they speak of Python rather than of TOML."""

_TABLES: dict[int | str, type[Section]] = {"list": ListSettings, "sink": SinkSettings}
"""What stands in arrays of tables."""


def printable(value: object, limit: int = 200) -> str:
    """`value` as text that cannot move a terminal's cursor, shortened to `limit` characters."""
    text = "".join(c if c.isprintable() else "?" for c in str(value))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def syntax_error(error: Exception, text: str, path: Path) -> ConfigError:
    """The error for text that is not TOML."""
    what = str(error)
    where = ""
    if place := _PLACE.search(what):
        what = what[: place.start()]
        where = f":{place[1]}:{place[2]}" if place[1] else f":{max(len(text.splitlines()), 1)}"
    elif isinstance(error, RecursionError):
        what = "brackets nested too deeply"
    elif not isinstance(error, tomllib.TOMLDecodeError):
        what = "a number with too many digits"
    return ConfigError(f"{printable(path)}{where}: not TOML: {printable(what)}; correct it, the file was left as it is")


def validation_error(error: ValidationError, text: str, path: Path) -> ConfigError:
    """The error for TOML that is no configuration: its first problem in the order of the file."""
    problems = sorted(
        ((_line_of(problem["loc"], text), _describe(problem)) for problem in error.errors(include_url=False)),
        key=lambda item: item[0] or 0,
    )
    line, message = problems[0]
    where = f":{line}" if line else ""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return ConfigError(f"{printable(path)}{where}: {message}{more}")


def _describe(problem: ErrorDetails) -> str:
    loc = problem["loc"]
    key = _dotted(loc)
    if problem["type"] == "unexpected_keyword_argument":
        return f"unknown key '{key}'; {_nearest(loc)}"
    if problem["type"] == "missing":
        return f"'{key}' is missing; add it"
    if problem["type"] == "value_error":
        return f"{key}: {printable(problem['msg'].removeprefix('Value error, '))}"
    what = _PLAIN.get(problem["type"]) or problem["msg"].removeprefix("Input ")
    if loc[0] == "sink":      # what stands in a sink may be a secret, and messages go to logs and screens
        return f"{key}: {printable(what)}"
    return f"{key} = {_toml(problem['input'])}: {printable(what)}{_remedy(loc)}"


def _toml(value: object) -> str:
    return printable(json.dumps(value, ensure_ascii=False, default=str), 60)


def _dotted(loc: tuple[int | str, ...]) -> str:
    """('list', 1, 'symbols', 2) -> list[2].symbols[3], counted as people do."""
    parts = (f"[{part + 1}]" if isinstance(part, int) else f".{printable(part, 40)}" for part in loc)
    return "".join(parts).removeprefix(".")


def _keys_of(model: type[Section]) -> list[str]:
    return [key_of(field) for field in fields(model)]


def _table(loc: tuple[int | str, ...]) -> type[Section]:
    """The model of the table in which the last key of `loc` stands."""
    if len(loc) < 2:
        return Written
    if loc[0] in _TABLES:
        return _TABLES[loc[0]]
    section = type(getattr(Written(), str(loc[0]), None))
    return section if issubclass(section, Section) else Written


def _nearest(loc: tuple[int | str, ...]) -> str:
    known = _keys_of(_table(loc))
    near = difflib.get_close_matches(str(loc[-1]), known, n=1, cutoff=0.5)
    return f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(sorted(known))}"


def _remedy(loc: tuple[int | str, ...]) -> str:
    default = next((field.default for field in fields(_table(loc)) if field.name == loc[-1]), None)
    plain = isinstance(default, (str, int, float))
    return f"; the default is {_toml(default)}" if plain else ""


def _line_of(loc: tuple[int | str, ...], text: str) -> int | None:
    """The line that sets `loc`, or the nearest line above it that can be found; None if there is none.

    A search rather than a parser: it knows table headers, array-of-table headers and keys, plain, quoted or dotted.
    """
    wanted = tuple(str(part) for part in loc if not isinstance(part, int))
    index = next((part for part in loc if isinstance(part, int)), 0)
    table: tuple[str, ...] = ()
    best, depth, seen, in_scope = None, 0, -1, True
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            table = _split(header[2])
            if header[1] == "[[" and table == wanted[:1]:
                seen += 1
            in_scope = header[1] == "[" or seen == index
            full = table
        elif key := _KEY.match(line):
            full = table + _split(key[1])
        else:
            continue
        if in_scope and len(full) > depth and full == wanted[: len(full)]:
            best, depth = number, len(full)
    return best


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"' ") for part in dotted.split("."))
