"""Conditions at work: the truth of each row now, and what of the past that depends on.

Truth has three values: 1 true, 0 false, .5 unknown while a figure is missing; `and` is their least, `or` their greatest
(Kleene's logic). What a test remembers of a row is plain JSON.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Protocol

from forecasting.domain.market import Symbol
from forecasting.trading.rules.fields import FIELDS
from forecasting.trading.rules.syntax import Expression, Field, Text, Window

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


class Test(Protocol):
    """A condition over columns."""

    def test(self, frame: Frame) -> Sequence[float]:
        """Truth per row, (N,)."""


class Remembering(Test, Protocol):
    """A test with a memory of each row."""

    dirty: set[int]

    def remembered(self, row: int) -> Memory:
        """What is remembered of a row."""

    def recall(self, row: int, memory: Memory) -> None:
        """Take up what `remembered` gave."""


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


class Compare:
    """A comparison of numbers."""

    def __init__(self, op: str, left: Column, right: Column | float) -> None:
        self._compare, self._left, self._right = _COMPARE[op], left, right

    def test(self, frame: Frame) -> Sequence[float]:
        left, right = self._left(frame), self._right if isinstance(self._right, float) else self._right(frame)
        compare = self._compare
        if isinstance(right, float):
            return [compare(a, right) if a == a else UNKNOWN for a in left]
        return [compare(a, b) if a == a and b == b else UNKNOWN for a, b in zip(left, right, strict=True)]


class SameText:
    """A comparison of words; of several words in one column any may be meant."""

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


class Joined:
    """`and` with min, `or` with max."""

    def __init__(self, pick: Callable[[float, float], float], parts: Sequence[Test]) -> None:
        self._pick, self._parts = pick, parts

    def test(self, frame: Frame) -> Sequence[float]:
        # Every part is asked, whatever the others say: each has to see every frame for its memory.
        truths = [part.test(frame) for part in self._parts]
        joined = truths[0]
        for truth in truths[1:]:
            joined = list(map(self._pick, joined, truth))
        return joined


class Sticky:
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


class Rising:
    """True at the moment a condition that was false comes true. What is unknown in between changes nothing."""

    def __init__(self, condition: Test, n: int) -> None:
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


class ForBars:
    """True once the condition has held at the end of each of the bars before, and holds now.

    What is known at a bar's end stands: prices made after the close are of no bar. A condition on figures of closed
    bars counts these alone: while the next bar runs, they say again what they said before.
    """

    def __init__(self, condition: Test, bars: int, n: int, *, closed: bool) -> None:
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


class Then:
    """True at the moment `second` happens, if `first` happened at an earlier look, and not too long ago."""

    def __init__(self, first: Test, second: Test, within: Window | None, n: int) -> None:
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
