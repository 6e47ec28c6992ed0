"""Whom alert rules are about: symbols by name, those of a list, those on a smart list now, or all that is watched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from forecasting.domain.decision import AlertRule
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import SymbolRow
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import RuleError
from forecasting.service.filters import with_members

NOBODY: frozenset[Symbol] = frozenset()


class Audience:
    """The lists as they were at one look at the market; who is on a smart one is found out once, and if it is asked."""

    def __init__(self, groups: Sequence[WatchGroup], rows: Sequence[SymbolRow], now: datetime) -> None:
        """Take up the lists, every watched row, and the moment they are of."""
        self._groups = {group.name: group for group in groups}
        self._rows, self._now = rows, now
        self._watched = tuple(row.symbol for row in rows)
        self._listed: dict[str, frozenset[Symbol]] = {}
        self.problems: dict[str, str] = {}      # smart lists whose condition cannot be read, and why: they are empty

    def about(self, rule: AlertRule) -> tuple[Symbol, ...]:
        """The symbols a rule is about; for a smart list all those that may come onto it."""
        if rule.symbols:
            return rule.symbols
        if rule.group is None:
            return self._watched
        group = self._groups.get(rule.group)
        return () if group is None else self._watched if group.smart else group.symbols

    def among(self, rule: AlertRule) -> frozenset[Symbol] | None:
        """Those of `about` who are on the rule's smart list now; None where it is about no such list: all of them."""
        if rule.group is None:
            return None
        found = self._listed.get(rule.group)
        if found is None and (group := self._groups.get(rule.group)) is not None and group.smart:
            found = self._listed[group.name] = self._on(group)
        return found

    def _on(self, group: WatchGroup) -> frozenset[Symbol]:
        try:
            return frozenset(with_members(group, self._rows, self._now).symbols)
        except RuleError as error:
            self.problems[group.name] = str(error)
            return NOBODY
