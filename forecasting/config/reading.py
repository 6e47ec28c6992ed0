"""Reads a table of config.toml whose every value is plainly right.

What it does not know for right it refuses without a word, and pydantic is asked (`checking`), which takes everything
that is taken here and says what is wrong with the rest. So a start with a good file pays a millisecond in place of
pydantic's import.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from enum import Enum
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from forecasting.config.secrets import Secret
from forecasting.config.section import Section

S = TypeVar("S", bound=Section)


def read(kind: type[S], table: Mapping[str, Any]) -> S:
    """The section that `table` says.

    Raises:
        ValueError: If there is any doubt about it; it does not say which.
        OverflowError: If a number is larger than any.
    """
    hints, known = get_type_hints(kind, include_extras=True), {key_of(f): f for f in fields(kind)}
    if not isinstance(table, dict) or not table.keys() <= known.keys():
        raise ValueError("no table of these keys")
    if any(f.default is f.default_factory is MISSING and key not in table for key, f in known.items()):
        raise ValueError("a key is missing")
    return kind(**{known[key].name: _value(hints[known[key].name], value) for key, value in table.items()})


def key_of(field: Any) -> str:
    """What a section's field is called in config.toml."""
    return str(field.metadata.get("validation_alias", field.name))


def _value(hint: Any, given: Any) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        value = _value(inner[0], given)
        for rule in hint.__metadata__:
            value = rule.apply(value)
        return value
    if type(None) in inner:
        return _value(inner[0], given)      # what may be left out: TOML cannot say None
    if origin is Literal:
        return _sure(given, isinstance(given, str) and given in inner)
    if origin is tuple:
        return tuple(_value(inner[0], each) for each in _sure(given, type(given) is list))
    if origin is dict:
        return {key: _value(inner[1], each) for key, each in _sure(given, type(given) is dict).items()}
    if issubclass(hint, Section):
        return read(hint, given)
    if hint is float:
        number = float(_sure(given, type(given) in (float, int)))
        return _sure(number, isfinite(number))
    if hint in (Path, Secret) or issubclass(hint, Enum):
        return hint(_sure(given, type(given) is str))
    return _sure(given, type(given) is hint)


def _sure(value: Any, right: bool) -> Any:
    if not right:
        raise ValueError("not plainly right")
    return value
