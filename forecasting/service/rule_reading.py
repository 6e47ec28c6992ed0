"""How a rule is understood, said while it is typed."""

from __future__ import annotations

from dataclasses import dataclass

from forecasting.trading.rules.parser import parse_rule
from forecasting.trading.rules.traits import bars_needed, is_event
from forecasting.trading.rules.written import written


@dataclass(frozen=True, slots=True)
class Reading:
    """What a rule says, and what it needs before it can say it."""

    text: str          # the rule with every bracket it needs
    each_time: bool    # it fires each time it happens; otherwise when it comes true
    bars: int          # closed bars it needs of a symbol


def read_rule(text: str) -> Reading:
    """How `text` is understood.

    Raises:
        RuleError: If it cannot be; with the place and the remedy.
    """
    condition = parse_rule(text)
    return Reading(written(condition), is_event(condition), bars_needed(condition))
