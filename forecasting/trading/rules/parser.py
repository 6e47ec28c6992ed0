"""From text to a rule, or to an error that points at the place.

    rule        = sequence
    sequence    = either { "then" either [ "within" window ] }
    either      = both { "or" both }
    both        = held { "and" held }
    held        = negation [ "for" count "bars" ]
    negation    = "not" negation | comparison
    comparison  = sum { ("<" | "<=" | ">" | ">=" | "==" | "!=") sum }  |  sum "crosses" ("above" | "below") sum
    sum         = product { ("+" | "-") product }
    product     = factor { ("*" | "/") factor }
    factor      = "-" factor | number | text | field [ "(" window ")" ] | "abs" "(" sum ")" | "(" sequence ")"
    window      = count "bars" | count ("s" | "m" | "h" | "d")

A word that is no field is a text (`signal == buy`), where it is compared with a field of texts; anywhere else it is
a misspelt field. Words and fields are the same in capitals. A dash between letters belongs to the word (`BRK-B`),
unless fields stand on both sides of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import NoReturn, TypeGuard, get_args

from forecasting.data.text import clean_text
from forecasting.errors import RuleError
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
    Node,
    Number,
    Text,
    Then,
    Window,
    fields_of,
    walk,
)
from forecasting.trading.rules.tokens import Token, tokens

MAX_DEPTH = 40
MAX_BARS = 1000
MAX_TIME = timedelta(days=366)

_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "day": 86_400, "days": 86_400}
_SOME = "last, change_pct, volume, rsi, macd, forecast_5d, p_up_5d, signal, age"     # fields, for who has none
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_NEGATED = dict(zip(_COMPARISONS, (">=", ">", "<=", "<", "!=", "=="), strict=True))


def parse_rule(text: str) -> Condition:
    """The rule that `text` says.

    Raises:
        RuleError: If it says none; with the place and the remedy.
    """
    return _Parser(text).rule()


def parse_filter(text: str, known: Iterable[str] = FIELDS) -> Condition:
    """A condition on the present alone: what a filter shows must not depend on when it was typed.

    Args:
        text: As it was typed.
        known: Fields to propose in the place of a misspelt one.

    Raises:
        RuleError: As `parse_rule`, and on crossings, `for N bars` and `then`.
    """
    condition = _Parser(text, known).rule()
    if any(isinstance(node, (Cross, ForBars, Then)) for node in walk(condition)):
        raise RuleError(text, 0, "a filter asks what is, not what happens: leave out crosses, for .. bars and then")
    return condition


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The field that a word which is none most likely means: it begins it, ends it behind a dot, or is much like it."""
    names = tuple(known)
    part = next((name for name in names if name.startswith(word) or name.endswith(f".{word}")), None)
    return part or next(iter(difflib.get_close_matches(word, names, n=1, cutoff=0.6)), None)


class _Parser:
    """Recursive descent over the grammar above; numbers and conditions share it, and are told apart where they meet."""

    def __init__(self, text: str, known: Iterable[str] = FIELDS) -> None:
        self._text = text
        self._known = known
        self._tokens = tokens(text)
        self._next = 0
        self._depth = 0

    def rule(self) -> Condition:
        if self._peek.kind == "end":
            self._fail("the rule is empty; for example: rsi crosses above 30")
        at = self._peek.at
        node = self._sequence()
        if self._peek.kind != "end":
            self._fail(f"{self._shown()} is one word too many; join conditions with and, or")
        condition = self._condition(node, at)
        if not fields_of(condition):
            self._fail("nothing here ever changes; compare a field, for example last > 100", at)
        return condition

    # One method per line of the grammar.

    def _sequence(self) -> Node:
        at = self._peek.at
        node = self._either()
        while self._take("then"):
            first, second_at = self._condition(node, at), self._peek.at
            second = self._condition(self._either(), second_at)
            node = Then(first, second, self._window() if self._take("within") else None)
        return node

    def _either(self) -> Node:
        return self._joined("or", Any, lambda: self._joined("and", All, self._held))

    def _joined(self, word: str, make: type[All] | type[Any], part: Callable[[], Node]) -> Node:
        at = self._peek.at
        node = part()
        if self._peek.value != word or self._peek.kind != "word":
            return node
        parts = [self._condition(node, at)]
        while self._take(word):
            at = self._peek.at
            parts.append(self._condition(part(), at))
        return make(tuple(parts))

    def _held(self) -> Node:
        at = self._peek.at
        node = self._negation()
        if self._take("for"):
            condition = self._condition(node, at)
            if any(isinstance(n, (Cross, Then)) for n in walk(condition)):
                self._fail("a crossing is over in a moment and cannot hold for bars; say what holds, as rsi < 30", at)
            bars = self._count(MAX_BARS)
            if not (self._take("bars") or self._take("bar")):
                self._fail("for how many what? Write for 3 bars")
            node = ForBars(condition, bars)
        return node

    def _negation(self) -> Node:
        if not self._take("not"):
            return self._comparison()
        at = self._peek.at
        return self._negated(self._condition(self._deeper(self._negation), at), at)

    def _comparison(self) -> Node:
        at = self._peek.at
        left = self._sum()
        if self._take("crosses"):
            above = self._take("above")
            if not above and not self._take("below"):
                self._fail("crosses above or crosses below?")
            crossed_at = self._peek.at
            return Cross(above, self._number(left, at), self._number(self._sum(), crossed_at))
        parts: list[Condition] = []
        while self._peek.kind == "op" and self._peek.value in _COMPARISONS:
            op, right_at = self._advance().value, self._peek.at
            right = self._sum()
            parts.append(self._compared(op, left, at, right, right_at))
            left, at = right, right_at
        if not parts:
            return left
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _sum(self) -> Node:
        return self._folded(("+", "-"), lambda: self._folded(("*", "/"), self._factor))

    def _folded(self, ops: tuple[str, ...], part: Callable[[], Node]) -> Node:
        at = self._peek.at
        node: Node = part()
        while self._peek.kind == "op" and self._peek.value in ops:
            op, left, right_at = self._advance().value, self._number(node, at), self._peek.at
            node = Arithmetic(op, left, self._number(part(), right_at))
        return node

    def _factor(self) -> Node:
        token = self._peek
        if self._take("-"):
            positive = self._number(self._deeper(self._factor), token.at)
            return Number(-positive.value) if isinstance(positive, Number) else Arithmetic("*", Number(-1.0), positive)
        if self._take("("):
            return self._closed(self._deeper(self._sequence))
        if self._take("abs"):
            if not self._take("("):
                self._fail("abs needs brackets: abs(change_pct)")
            return Absolute(self._number(self._closed(self._deeper(self._sum)), token.at))
        match token.kind:
            case "number":
                return Number(self._value(self._advance()))
            case "text":
                return Text(clean_text(self._advance().value[1:-1], limit=100).lower())
            case "name":
                return self._field(self._advance())
        self._fail(f"a number or a field is wanted here, not {self._shown()}")

    def _field(self, token: Token) -> Node:
        name = token.value.lower()
        spec = FIELDS.get(name)
        if spec is None:
            return Text(name)       # a text, or a misspelt field: whoever uses it knows
        if self._peek.kind != "op" or self._peek.value != "(":
            if not spec.plain:
                self._fail(f"{name} of what stretch? Write {name}(20 bars)", token.at)
            return Field(name)
        if not spec.windowed:
            self._fail(f"{name} takes no stretch in brackets")
        self._advance()
        at = self._peek.at
        window = self._window()
        if window.time is not None and not spec.timed:
            self._fail(f"{name} counts bars: {name}(20 bars)", at)
        self._closed(Number(0.0))
        return Field(name, window)

    def _window(self) -> Window:
        at = self._peek.at
        count = self._count(10_000_000)
        unit = self._advance().value.lower()
        if unit in ("bar", "bars"):
            if not 1 <= count <= MAX_BARS:
                self._fail(f"between 1 and {MAX_BARS} bars", at)
            return Window(bars=count)
        if unit not in _SECONDS:
            self._fail("a stretch is written 5 bars, 90s, 30m, 2h or 3d", at)
        time = timedelta(seconds=count * _SECONDS[unit])
        if not timedelta(0) < time <= MAX_TIME:
            self._fail(f"between one second and {MAX_TIME.days} days", at)
        return Window(time=time)

    # What is checked where parts meet.

    def _compared(self, op: str, left: Node, at: int, right: Node, right_at: int) -> Compare:
        if not (isinstance(left, Text) or isinstance(right, Text) or _is_text(left) or _is_text(right)):
            return Compare(op, self._number(left, at), self._number(right, right_at))
        for side, other, place in ((left, right, at), (right, left, right_at)):
            if isinstance(side, Text) and not _is_text(other):
                self._unknown(side, place)
            if not isinstance(side, Text) and not _is_text(side):
                quotes = "; what begins with a digit stands in quotes" if isinstance(side, Number) else ""
                self._fail(f"texts are compared with texts, for example signal == buy{quotes}", place)
            if isinstance(side, Text) and isinstance(other, Field):
                self._said(side, other, place)
        if op not in ("==", "!="):
            self._fail(f"texts are equal or not, == or !=; {op} is for numbers", right_at)
        assert _is_expression(left)
        assert _is_expression(right)
        return Compare(op, left, right)

    def _said(self, word: Text, field: Field, at: int) -> None:
        """A word that the field can be: another one would be waited for in vain."""
        words = FIELDS[field.name].words
        if words and word.value not in words:
            near = difflib.get_close_matches(word.value, sorted(words), n=1, cutoff=0.5)
            shown = clean_text(word.value, limit=30)
            hint = f"did you mean {near[0]}?" if near else f"it is one of {', '.join(sorted(words))}"
            self._fail(f"{field.name} is never '{shown}'; {hint}", at)

    def _number(self, node: Node, at: int) -> Expression:
        if isinstance(node, Text):
            self._unknown(node, at)
        if _is_text(node):
            self._fail("this field holds texts; a number is wanted", at)
        if not _is_expression(node):
            self._fail("a number is wanted here, not a condition", at)
        return node

    def _condition(self, node: Node, at: int) -> Condition:
        if isinstance(node, Text):
            self._unknown(node, at)
        if _is_expression(node):
            self._fail("compare it with something, for example > 100", at)
        return node  # type: ignore[return-value]  # what is no expression is a condition

    def _negated(self, condition: Condition, at: int) -> Condition:
        """The opposite, with `not` moved down to the comparisons: what is unknown is neither, so stays false."""
        match condition:
            case Compare(op, left, right):
                return Compare(_NEGATED[op], left, right)
            case All(parts):
                return Any(tuple(self._negated(p, at) for p in parts))
            case Any(parts):
                return All(tuple(self._negated(p, at) for p in parts))
        self._fail("not goes with comparisons; the opposite of a happening is nearly always so", at)

    def _unknown(self, word: Text, at: int) -> NoReturn:
        near = nearest(word.value, self._known)
        shown = clean_text(word.value, limit=30)
        self._fail(f"no field '{shown}'; " + (f"did you mean {near}?" if near else f"there are {_SOME}, .."), at)

    # Tokens.

    @property
    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _advance(self) -> Token:
        token = self._peek
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _take(self, value: str) -> bool:
        """Step over `value` if it is a keyword or operator and stands next."""
        if self._peek.kind in ("op", "word") and self._peek.value == value:
            self._advance()
            return True
        return False

    def _closed(self, node: Node) -> Node:
        if not self._take(")"):
            self._fail("a bracket is not closed")
        return node

    def _deeper(self, part: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail(f"more than {MAX_DEPTH} brackets within each other")
        node = part()
        self._depth -= 1
        return node

    def _count(self, most: int) -> int:
        token = self._advance()
        if token.kind != "number" or not token.value.isdecimal() or not 1 <= int(token.value) <= most:
            self._fail(f"a whole number from 1 to {most} is wanted here", token.at)
        return int(token.value)

    def _value(self, token: Token) -> float:
        value = float(token.value)
        if value == float("inf"):
            self._fail("this number is too large", token.at)
        return value

    def _shown(self) -> str:
        return "the end" if self._peek.kind == "end" else f"'{clean_text(self._peek.value, limit=30)}'"

    def _fail(self, message: str, at: int | None = None) -> NoReturn:
        raise RuleError(self._text, self._peek.at if at is None else at, message)


def _is_expression(node: Node) -> TypeGuard[Expression]:
    return isinstance(node, get_args(Expression))


def _is_text(node: Node) -> bool:
    return isinstance(node, Field) and FIELDS[node.name].text
