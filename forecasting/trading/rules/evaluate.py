"""Running a rule over columns, one row per symbol: which rows does it fire for now.

Truth has three values: 1 true, 0 false, .5 unknown while a figure is missing; `and` is their least, `or` their greatest
(Kleene's logic). A state fires when it comes true, never when it is found true at the first look; a happening
(crosses, then) fires each time. What a rule remembers per symbol is plain JSON, so that it goes on after a restart as
if there had been none.

Whole columns are worked through at once, because a thousand rules over a hundred symbols have to fit between two key
presses and the screen's process has no numpy.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Protocol

from forecasting.domain.market import Symbol
from forecasting.trading.rules.fields import FIELDS
from forecasting.trading.rules.syntax import (
    Absolute,
    All,
    Any,
    Arithmetic,
    Compare,
    Condition,
    Cross,
    Expression,
    Field,
    ForBars,
    Number,
    Text,
    Then,
    Window,
    walk,
)

TRUE, UNKNOWN, FALSE = 1.0, 0.5, 0.0
Memory = list[float | int | str | None]
"""What one part of a rule remembers of one symbol; JSON carries it."""


class Frame(Protocol):
    """One look at the watchlist, or at a part of it: columns over the same N symbols."""

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """(N,)."""

    @property
    def rows(self) -> Sequence[int]:
        """Which rows of the rule's symbols these are, ascending, (N,)."""

    @property
    def times(self) -> Sequence[float]:
        """When each row's newest price was made, seconds since 1970, (N,)."""

    @property
    def bars(self) -> Sequence[str]:
        """Which bar each row is in, a text that changes from bar to bar, (N,); empty where there is nothing to see."""

    @property
    def closed(self) -> Sequence[str]:
        """The newest bar of each row that has closed, (N,): the one it is in, or the one before."""

    def numbers(self, field: Field) -> Sequence[float]:
        """A column of numbers, (N,), NaN where unknown."""

    def texts(self, field: Field) -> Sequence[str]:
        """A column of texts in small letters, (N,), empty where unknown."""


Column = Callable[[Frame], Sequence[float]]


class RuleWatch:
    """One rule over N symbols, and what it remembers of each."""

    def __init__(self, condition: Condition, symbols: Sequence[Symbol], *, hysteresis: float = 0.0) -> None:
        """Prepare.

        Args:
            condition: The rule.
            symbols: The rows that frames are of: all of them or some.
            hysteresis: How far a figure has to come back, as a share of what it is compared with, before the same
                comparison may come true anew.
        """
        self.symbols = tuple(symbols)
        builder = _Builder(len(self.symbols), hysteresis)
        self._pulse = builder.happening(condition)
        self._parts = builder.remembering

    def step(self, frame: Frame) -> list[int]:
        """The places in `frame` for which the rule fires now; frames come in the order of their data.

        Of rows that are not in the frame nothing is changed: they have not been looked at.
        """
        return [i for i, truth in enumerate(self._pulse.test(frame)) if truth == TRUE]

    def changed(self) -> list[int]:
        """Rows whose memory has changed since this was asked last."""
        rows = sorted(set().union(*(part.dirty for part in self._parts)))
        for part in self._parts:
            part.dirty.clear()
        return rows

    def memory(self, row: int) -> list[Memory]:
        """What is remembered of a row."""
        return [part.remembered(row) for part in self._parts]

    def restore(self, row: int, memory: Sequence[Memory]) -> bool:
        """Take up what `memory` gave; False, and nothing is changed, if it belongs to another rule."""
        if len(memory) != len(self._parts):
            return False
        for part, own in zip(self._parts, memory, strict=True):
            part.recall(row, own)
        return True


def is_event(condition: Condition) -> bool:
    """Whether it is true at moments (crossings, sequences) rather than for a while."""
    match condition:
        case Cross() | Then():
            return True
        case All(parts) | Any(parts):
            return any(is_event(p) for p in parts)
    return False


def bars_needed(condition: Condition) -> int:
    """Closed bars before the rule can say anything about a symbol."""
    needed = 1
    for node in walk(condition):
        if isinstance(node, Field):
            window = node.window.bars if node.window is not None and node.window.bars is not None else 0
            needed = max(needed, FIELDS[node.name].bars, window + (node.name != "average"))
    return needed + bars_held(condition) + any(isinstance(node, Cross) for node in walk(condition))


def _is_of_closed_bars(condition: Condition) -> bool:
    """Whether it looks at figures that stay what they are until the next bar closes."""
    return any(isinstance(node, Field) and FIELDS[node.name].closed for node in walk(condition))


def moves_with_prices(condition: Condition) -> bool:
    """Whether a new price alone may make it come true."""
    return any(isinstance(node, Field) and FIELDS[node.name].moves for node in walk(condition))


def figures(condition: Condition) -> tuple[Field, ...]:
    """The numbers a rule looks at, in the order it names them: the first is shown when it fires."""
    return tuple(dict.fromkeys(n for n in walk(condition) if isinstance(n, Field) and not FIELDS[n.name].text))


def matches(condition: Condition, frame: Frame, past: Sequence[Frame] = ()) -> list[bool]:
    """For which rows of `frame` a condition holds now; `past` is what was looked at before, of all of them or some."""
    state = _Builder(len(frame.symbols), 0.0).state(condition)
    for earlier in past:
        state.test(earlier)
    return [truth == TRUE for truth in state.test(frame)]


def bars_held(condition: Condition) -> int:
    """How many bars before the present one it looks at itself, for how long something has held."""
    return sum(node.bars - 1 for node in walk(condition) if isinstance(node, ForBars))


# Numbers.

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / b if b else math.nan,
}


def _column(expression: Expression) -> Column:
    match expression:
        case Number(value):
            return lambda frame: [value] * len(frame.symbols)
        case Field():
            return lambda frame: frame.numbers(expression)
        case Absolute(of):
            inner = _column(of)
            return lambda frame: list(map(abs, inner(frame)))
        case Arithmetic(op, left, right):
            a, b, combine = _column(left), _column(right), _ARITHMETIC[op]
            return lambda frame: list(map(combine, a(frame), b(frame)))
        case Text():
            raise TypeError("a text is no column of numbers")    # the parser lets none through


# Conditions.


class _Builder:
    """Turns conditions into tests over N rows, and keeps those that remember."""

    def __init__(self, n: int, slack: float) -> None:
        self._n, self._slack = n, slack
        self.remembering: list[_Remembering] = []

    def happening(self, condition: Condition) -> _Test:
        """The condition as something that is true at moments: a state at the moment it comes true."""
        return self.state(condition) if is_event(condition) else self._rising(self.state(condition))

    def state(self, condition: Condition) -> _Test:
        """The condition as it is now."""
        match condition:
            case Compare(op, left, right):
                return self._compare(op, left, right)
            case Cross(above, left, right):
                return self._rising(self._compare(">" if above else "<", left, right))
            case All(parts):
                return _Joined(min, [self.state(p) for p in parts])
            case Any(parts):
                states = tuple(p for p in parts if not is_event(p))
                events = [self.state(p) for p in parts if is_event(p)]
                if events and states:
                    events.append(self.happening(Any(states)))
                return _Joined(max, events or [self.state(p) for p in states])
            case ForBars(inner, bars):
                return self._kept(_ForBars(self.state(inner), bars, self._n, closed=_is_of_closed_bars(inner)))
            case Then(first, second, within):
                return self._kept(_Then(self.happening(first), self.happening(second), within, self._n))

    def _compare(self, op: str, left: Expression, right: Expression) -> _Test:
        if isinstance(left, Text):
            left, right = right, left
        if isinstance(left, Field) and FIELDS[left.name].text:
            return _SameText(left, right, equal=op == "==")
        if self._slack and op not in ("==", "!="):
            return self._kept(_Sticky(op, _column(left), _column(right), self._slack, self._n))
        return _Compare(op, _column(left), right.value if isinstance(right, Number) else _column(right))

    def _rising(self, condition: _Test) -> _Test:
        return self._kept(_Rising(condition, self._n))

    def _kept(self, part: _Remembering) -> _Test:
        self.remembering.append(part)
        return part


class _Test(Protocol):
    def test(self, frame: Frame) -> Sequence[float]:
        """Truth per row, (N,)."""


class _Remembering(_Test, Protocol):
    """A test with a memory of each row."""

    dirty: set[int]

    def remembered(self, row: int) -> Memory: ...

    def recall(self, row: int, memory: Memory) -> None: ...


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


class _Compare:
    def __init__(self, op: str, left: Column, right: Column | float) -> None:
        self._compare, self._left, self._right = _COMPARE[op], left, right

    def test(self, frame: Frame) -> Sequence[float]:
        left, right = self._left(frame), self._right if isinstance(self._right, float) else self._right(frame)
        compare = self._compare
        if isinstance(right, float):
            return [compare(a, right) if a == a else UNKNOWN for a in left]
        return [compare(a, b) if a == a and b == b else UNKNOWN for a, b in zip(left, right, strict=True)]


class _SameText:
    def __init__(self, left: Field, right: Expression, *, equal: bool) -> None:
        self._left, self._right, self._equal = left, right, equal
        self._same: Callable[[str, str], bool] = _among if FIELDS[left.name].several else operator.eq

    def test(self, frame: Frame) -> Sequence[float]:
        left = frame.texts(self._left)
        right = frame.texts(self._right) if isinstance(self._right, Field) else repeat(_word(self._right), len(left))
        same, equal = self._same, self._equal
        return [same(a, b) is equal if a and b else UNKNOWN for a, b in zip(left, right, strict=True)]


def _among(words: str, word: str) -> bool:
    return word in words.split()


def _word(expression: Expression) -> str:
    assert isinstance(expression, Text)
    return expression.value


class _Joined:
    """`and` with min, `or` with max."""

    def __init__(self, pick: Callable[[float, float], float], parts: Sequence[_Test]) -> None:
        self._pick, self._parts = pick, parts

    def test(self, frame: Frame) -> Sequence[float]:
        # Every part is asked, whatever the others say: each has to see every frame for its memory.
        truths = [part.test(frame) for part in self._parts]
        joined = truths[0]
        for truth in truths[1:]:
            joined = list(map(self._pick, joined, truth))
        return joined


class _Sticky:
    """A comparison that, once true, stays so until the figure has come back by the hysteresis (a Schmitt trigger)."""

    def __init__(self, op: str, left: Column, right: Column, slack: float, n: int) -> None:
        self._compare, self._left, self._right = _COMPARE[op], left, right
        self._slack = -slack if op[0] == ">" else slack
        self._holds = [False] * n
        self.dirty: set[int] = set()

    def test(self, frame: Frame) -> Sequence[float]:
        truths = []
        for i, a, b in zip(frame.rows, self._left(frame), self._right(frame), strict=True):
            if a != a or b != b:
                truths.append(UNKNOWN)
                continue
            truth = self._compare(a, b + self._slack * abs(b) if self._holds[i] else b)
            if truth is not self._holds[i]:
                self._holds[i] = truth
                self.dirty.add(i)
            truths.append(truth)
        return truths

    def remembered(self, row: int) -> Memory:
        return [int(self._holds[row])]

    def recall(self, row: int, memory: Memory) -> None:
        self._holds[row] = bool(memory[0])


class _Rising:
    """True at the moment a condition that was false comes true. What is unknown in between changes nothing."""

    def __init__(self, condition: _Test, n: int) -> None:
        self._condition = condition
        self._last: list[float] = [UNKNOWN] * n
        self.dirty: set[int] = set()

    def test(self, frame: Frame) -> Sequence[float]:
        now, rows = list(self._condition.test(frame)), frame.rows
        last = self._last if len(rows) == len(self._last) else [self._last[i] for i in rows]
        rose = [FALSE] * len(now)
        if now == last:
            return rose
        for at in [at for at, (a, b) in enumerate(zip(now, last, strict=True)) if a != b and a != UNKNOWN]:
            rose[at] = float(now[at] == TRUE and last[at] == FALSE)
            self._last[rows[at]] = now[at]
            self.dirty.add(rows[at])
        return rose

    def remembered(self, row: int) -> Memory:
        return [float(self._last[row])]

    def recall(self, row: int, memory: Memory) -> None:
        self._last[row] = float(memory[0] or 0.0)


class _ForBars:
    """True once the condition has held at the end of each of the bars before, and holds now.

    What is known at a bar's end stands: prices made after the close are of no bar. A condition on figures of closed
    bars counts these alone: while the next bar runs, they say again what they said before.
    """

    def __init__(self, condition: _Test, bars: int, n: int, *, closed: bool) -> None:
        self._condition, self._bars, self._closed = condition, bars, closed
        self._ended = [0] * n                     # bars in a row, up to the one before this, at whose end it held
        self._now: list[float] = [FALSE] * n      # at the newest look at this bar, or at its end
        self._bar = [""] * n
        self._over = [False] * n                  # whether this bar has been looked at since it closed
        self.dirty: set[int] = set()

    def test(self, frame: Frame) -> Sequence[float]:
        counted, truths = frame.closed if self._closed else frame.bars, []
        for i, truth, bar, closed in zip(
            frame.rows, self._condition.test(frame), counted, frame.closed, strict=True
        ):
            before = self._ended[i], self._now[i], self._bar[i], self._over[i]
            if bar and bar != self._bar[i]:
                self._ended[i] = self._ended[i] + 1 if self._now[i] == TRUE else 0
                self._bar[i], self._over[i] = bar, False
            if not self._over[i] or self._now[i] == UNKNOWN:
                self._now[i] = truth
            self._over[i] = bool(bar) and bar == closed
            if before != (self._ended[i], self._now[i], self._bar[i], self._over[i]):
                self.dirty.add(i)
            truths.append(self._now[i] if self._ended[i] >= self._bars - 1 else FALSE)
        return truths

    def remembered(self, row: int) -> Memory:
        return [self._ended[row], float(self._now[row]), self._bar[row], int(self._over[row])]

    def recall(self, row: int, memory: Memory) -> None:
        ended, now, bar, *over = memory      # versions before this did not keep the last
        self._ended[row], self._now[row], self._bar[row] = int(ended or 0), float(now or 0.0), str(bar or "")
        self._over[row] = bool(over and over[0])


class _Then:
    """True at the moment `second` happens, if `first` happened at an earlier look, and not too long ago."""

    def __init__(self, first: _Test, second: _Test, within: Window | None, n: int) -> None:
        self._first, self._second = first, second
        self._seconds = within.time.total_seconds() if within and within.time is not None else math.inf
        self._bars_allowed = within.bars if within and within.bars is not None else math.inf
        self._since = [math.nan] * n       # data time at which `first` happened; NaN: it has not
        self._bars = [0] * n               # bars begun since
        self._bar = [""] * n
        self.dirty: set[int] = set()

    def test(self, frame: Frame) -> Sequence[float]:
        truths = []
        looks = zip(
            frame.rows, self._first.test(frame), self._second.test(frame), frame.times, frame.bars, strict=True
        )
        for i, first, second, time, bar in looks:
            if (waiting := self._since[i] == self._since[i]) and bar and bar != self._bar[i]:
                self._bars[i] += 1
                self._bar[i] = bar
                self.dirty.add(i)
            if waiting and (time - self._since[i] > self._seconds or self._bars[i] > self._bars_allowed):
                waiting = self._forget(i)
            truths.append(float(waiting and second == TRUE))
            if truths[-1] == TRUE:
                self._forget(i)
            if first == TRUE:
                self._since[i], self._bars[i], self._bar[i] = time, 0, bar
                self.dirty.add(i)
        return truths

    def _forget(self, row: int) -> bool:
        self._since[row] = math.nan
        self.dirty.add(row)
        return False

    def remembered(self, row: int) -> Memory:
        since = self._since[row]
        return [since if since == since else None, self._bars[row], self._bar[row]]

    def recall(self, row: int, memory: Memory) -> None:
        since, bars, bar = memory
        self._since[row] = math.nan if since is None else float(since)
        self._bars[row], self._bar[row] = int(bars or 0), str(bar or "")
