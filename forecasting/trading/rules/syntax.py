"""What a rule is made of: numbers and texts in, conditions out. Values only; `parser` makes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """How far back: a number of bars, or a stretch of time."""

    bars: int | None = None
    time: timedelta | None = None

    def __str__(self) -> str:
        if self.bars is not None:
            return f"{self.bars} bars"
        seconds = 0 if self.time is None else int(self.time.total_seconds())
        unit, size = next((u, s) for u, s in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)) if seconds % s == 0)
        return f"{seconds // size}{unit}"


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A word or quoted text; compared without regard to case."""

    value: str


@dataclass(frozen=True, slots=True)
class Field:
    """A named column, over a window where it takes one."""

    name: str
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left op right` of numbers, op one of + - * /."""

    op: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Absolute:
    """The size of a number without its sign."""

    of: Expression


Expression = Number | Text | Field | Arithmetic | Absolute


@dataclass(frozen=True, slots=True)
class Compare:
    """`left op right`, op one of < <= > >= == !=; false while either side is unknown."""

    op: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Cross:
    """An event: `left` was on the other side of `right`, or on it, and is beyond it now."""

    above: bool
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class All:
    """`and`."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """`or`."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class ForBars:
    """The condition has held at `bars` bars in a row, the running one included."""

    condition: Condition
    bars: int


@dataclass(frozen=True, slots=True)
class Then:
    """An event: `second` comes true after `first` came true, not later than `within` where that is said."""

    first: Condition
    second: Condition
    within: Window | None


Condition = Compare | Cross | All | Any | ForBars | Then
Node = Expression | Condition


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    for spec in fields(node):
        value = getattr(node, spec.name)
        for child in value if isinstance(value, tuple) else (value,):
            if is_dataclass(child) and not isinstance(child, (Window, type)):
                yield from walk(child)  # type: ignore[arg-type]  # every other dataclass in a node is a node


def fields_of(node: Node) -> frozenset[Field]:
    """The columns a rule reads."""
    return frozenset(n for n in walk(node) if isinstance(n, Field))
