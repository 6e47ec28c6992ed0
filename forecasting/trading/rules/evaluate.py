"""Running a rule over columns, one row per symbol: which rows does it fire for now.

A state fires when it comes true, never when it is found true at the first look; a happening (crosses, then) fires each
time. What a rule remembers per symbol is plain JSON, so that it goes on after a restart as if there had been none.

Whole columns are worked through at once, because a thousand rules over a hundred symbols have to fit between two key
presses and the screen's process has no numpy.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence

from forecasting.domain.market import Symbol
from forecasting.trading.rules import truth
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
)
from forecasting.trading.rules.traits import is_event, is_of_closed_bars
from forecasting.trading.rules.truth import TRUE, Column, Frame, Memory


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
        return [at for at, found in enumerate(self._pulse.test(frame)) if found == TRUE]

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


def matches(condition: Condition, frame: Frame, past: Sequence[Frame] = ()) -> list[bool]:
    """For which rows of `frame` a condition holds now; `past` is what was looked at before, of all of them or some."""
    state = _Builder(len(frame.symbols), 0.0).state(condition)
    for earlier in past:
        state.test(earlier)
    return [found == TRUE for found in state.test(frame)]


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
        self.remembering: list[truth.Remembering] = []

    def happening(self, condition: Condition) -> truth.Test:
        """The condition as something that is true at moments: a state at the moment it comes true."""
        return self.state(condition) if is_event(condition) else self._rising(self.state(condition))

    def state(self, condition: Condition) -> truth.Test:
        """The condition as it is now."""
        match condition:
            case Compare(op, left, right):
                return self._compare(op, left, right)
            case Cross(above, left, right):
                return self._rising(self._compare(">" if above else "<", left, right))
            case All(parts):
                return truth.Joined(min, [self.state(p) for p in parts])
            case Any(parts):
                states = tuple(p for p in parts if not is_event(p))
                events = [self.state(p) for p in parts if is_event(p)]
                if events and states:
                    events.append(self.happening(Any(states)))
                return truth.Joined(max, events or [self.state(p) for p in states])
            case ForBars(inner, bars):
                return self._kept(truth.ForBars(self.state(inner), bars, self._n, closed=is_of_closed_bars(inner)))
            case Then(first, second, within):
                return self._kept(truth.Then(self.happening(first), self.happening(second), within, self._n))

    def _compare(self, op: str, left: Expression, right: Expression) -> truth.Test:
        if isinstance(left, Text):
            left, right = right, left
        if isinstance(left, Field) and FIELDS[left.name].text:
            return truth.SameText(left, right, equal=op == "==")
        if self._slack and op not in ("==", "!="):
            return self._kept(truth.Sticky(op, _column(left), _column(right), self._slack, self._n))
        return truth.Compare(op, _column(left), right.value if isinstance(right, Number) else _column(right))

    def _rising(self, condition: truth.Test) -> truth.Test:
        return self._kept(truth.Rising(condition, self._n))

    def _kept(self, part: truth.Remembering) -> truth.Test:
        self.remembering.append(part)
        return part
