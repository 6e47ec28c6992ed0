"""What can be said of a rule before it is run: what it looks at, and how many bars it takes."""

from __future__ import annotations

from forecasting.trading.rules.fields import FIELDS
from forecasting.trading.rules.syntax import All, Any, Condition, Cross, Field, ForBars, Then, walk


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


def is_of_closed_bars(condition: Condition) -> bool:
    """Whether it looks at figures that stay what they are until the next bar closes."""
    return any(isinstance(node, Field) and FIELDS[node.name].closed for node in walk(condition))


def moves_with_prices(condition: Condition) -> bool:
    """Whether a new price alone may make it come true."""
    return any(isinstance(node, Field) and FIELDS[node.name].moves for node in walk(condition))


def figures(condition: Condition) -> tuple[Field, ...]:
    """The numbers a rule looks at, in the order it names them: the first is shown when it fires."""
    return tuple(dict.fromkeys(n for n in walk(condition) if isinstance(n, Field) and not FIELDS[n.name].text))


def bars_held(condition: Condition) -> int:
    """How many bars before the present one it looks at itself, for how long something has held."""
    return sum(node.bars - 1 for node in walk(condition) if isinstance(node, ForBars))
