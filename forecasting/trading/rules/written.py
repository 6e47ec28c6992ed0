"""A rule written out: what the parser has understood, as text that means the same, with every bracket it needs."""

from __future__ import annotations

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


def written(condition: Condition) -> str:
    """`condition` as a rule's text; parts of parts stand in brackets, also where the grammar could do without."""
    match condition:
        case Compare(op, left, right):
            return f"{_figure(left)} {op} {_figure(right)}"
        case Cross(above, left, right):
            return f"{_figure(left)} crosses {'above' if above else 'below'} {_figure(right)}"
        case All(parts):
            return " and ".join(map(_part, parts))
        case Any(parts):
            return " or ".join(map(_part, parts))
        case ForBars(held, bars):
            return f"{_part(held)} for {bars} bars"
        case Then(first, second, within):
            end = "" if within is None else f" within {within}"
            return f"{_part(first)} then {_part(second)}{end}"


def _part(condition: Condition) -> str:
    text = written(condition)
    return text if isinstance(condition, (Compare, Cross)) else f"({text})"


def _figure(expression: Expression) -> str:
    match expression:
        case Number(value):
            return f"{value:.15g}"
        case Text(value):
            return f'"{value}"' if '"' not in value else f"'{value}'"
        case Field(name, window):
            return name if window is None else f"{name}({window})"
        case Absolute(of):
            return f"abs({_figure(of)})"
        case Arithmetic(op, left, right):
            return f"{_operand(left)} {op} {_operand(right)}"


def _operand(expression: Expression) -> str:
    text = _figure(expression)
    return f"({text})" if isinstance(expression, Arithmetic) else text
