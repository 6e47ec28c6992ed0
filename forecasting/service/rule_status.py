"""How the alert rules in force are doing: when each fired last, and what it still waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from forecasting.data.store import Store
from forecasting.domain.decision import MAX_RULES, AlertRule, RuleStatus
from forecasting.domain.market import Symbol
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import RuleError


def rule_statuses(
    store: Store, groups: Sequence[WatchGroup], symbols: Sequence[Symbol], *, readiness: bool
) -> tuple[RuleStatus, ...]:
    """The rules in force, oldest first.

    Args:
        store: Where rules and bars are kept.
        groups: The lists as they stand.
        symbols: All that is watched.
        readiness: Whether to look for what they wait for; it needs the parser, which the first paint does without.
    """
    rules = store.alerts.rules()
    if not rules:
        return ()
    fired = store.alerts.last_fired()
    if not readiness:
        return tuple(RuleStatus(rule, fired.get(rule.id), None) for rule in rules)
    most = max((needs for rule in rules if isinstance(needs := _needs(rule.text), int)), default=0)
    lists = {group.name: group.symbols for group in groups}
    bars = store.market.bars_known(symbols, most)
    return tuple(RuleStatus(rule, fired.get(rule.id), _waits(rule, lists, bars)) for rule in rules)


def _waits(rule: AlertRule, lists: Mapping[str, tuple[Symbol, ...]], bars: Mapping[Symbol, int]) -> str | None:
    needs = _needs(rule.text)
    if isinstance(needs, str):
        return needs
    if rule.group is not None and rule.group not in lists:
        return f"there is no list '{rule.group}'"
    about = rule.symbols or (tuple(bars) if rule.group is None else lists[rule.group])
    if unwatched := [s for s in about if s not in bars]:
        return f"{unwatched[0]} is in no list"
    lacking = [s for s in about if bars[s] < needs]
    if not lacking:
        return None
    whose = "" if len(about) == 1 else f"{lacking[0]} "
    return f"needs {needs} bars, {whose}has {bars[lacking[0]]}" + (f" (+{len(lacking) - 1})" if lacking[1:] else "")


@lru_cache(maxsize=MAX_RULES)
def _needs(text: str) -> int | str:
    """How many bars a rule needs, or why it cannot be read."""
    from forecasting.trading.rules.parser import parse_rule
    from forecasting.trading.rules.traits import bars_needed

    try:
        return bars_needed(parse_rule(text))
    except RuleError as error:
        return str(error)
