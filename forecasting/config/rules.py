"""What a value of config.toml has to be beyond its type: said once, in its annotation, and read twice.

`reading` follows these rules by itself; pydantic, which words what is wrong, is told them in its own terms. Nothing
here imports it: that takes 90 ms, and the first paint would wait for them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, cast

from forecasting.frozen import dataclass

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Of a number, or of a text's length; they are called what pydantic calls them."""

    ge: int | float | None = None
    gt: int | float | None = None
    le: int | float | None = None
    lt: int | float | None = None
    multiple_of: int | None = None
    min_length: int | None = None
    max_length: int | None = None

    def _set(self) -> dict[str, Any]:
        return {f.name: bound for f in fields(self) if (bound := getattr(self, f.name)) is not None}

    def apply(self, value: Any) -> Any:
        """`value`, if it is within; else a ValueError."""
        if any(not _HOLDS[name](value, bound) for name, bound in self._set().items()):
            raise ValueError("out of bounds")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return cast("CoreSchema", {**handler(source), **self._set()})


_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
    "multiple_of": lambda value, of: value % of == 0,
    "min_length": lambda value, bound: len(value) >= bound,
    "max_length": lambda value, bound: len(value) <= bound,
}


@dataclass(frozen=True, slots=True)
class Checked:
    """Taken through a function that gives the value to keep, or raises a ValueError that says what is wrong."""

    function: Callable[[Any], Any]

    def apply(self, value: Any) -> Any:
        """What the function makes of it."""
        return self.function(value)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self.function, handler(source))


@dataclass(frozen=True, slots=True)
class _AsInToml:
    def apply(self, value: Any) -> Any:
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return cast("CoreSchema", {**handler(source), "strict": False})


AS_IN_TOML = _AsInToml()
"""TOML has arrays and texts only: a tuple may come as a list, and a path or a name of a few as a text."""
