"""What a person does with alerts: rules are added, muted and removed, alerts acknowledged. For screen and command line.

Everything goes through the store, so that whoever evaluates the rules (this app, or a daemon beside it) follows at its
next look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from forecasting.data.store.alerts import Alerts
from forecasting.data.text import clean_text
from forecasting.domain.decision import MAX_RULES, Alert, AlertRule
from forecasting.domain.market import Symbol
from forecasting.errors import ConfigError

COOLDOWN = timedelta(minutes=15)
"""Of a new rule, unless something else is asked for."""


class AlertDesk:
    """Rules and alerts of one store."""

    def __init__(self, alerts: Alerts, now: Callable[[], datetime]) -> None:
        self._alerts = alerts
        self._now = now

    def add(
        self, text: str, *, symbols: Sequence[Symbol] = (), group: str | None = None, sinks: Sequence[str] = (),
        cooldown: timedelta = COOLDOWN, hysteresis: float = 0.0,
    ) -> AlertRule:
        """Put a rule in force; it fires from its second look on.

        Raises:
            RuleError: If the rule cannot be read.
            ConfigError: If it is for symbols and a list at once, or there are too many.
        """
        from forecasting.trading.rules.parser import parse_rule  # not needed for the first paint
        from forecasting.trading.rules.tokens import MAX_LENGTH

        text = clean_text(text, limit=MAX_LENGTH + 1)      # quoted words may hold anything; one more is too long still
        parse_rule(text)
        if symbols and group is not None:
            raise ConfigError("an alert is for symbols or for a list, not both; add one of each")
        if len(self._alerts.rules()) >= MAX_RULES:
            raise ConfigError(f"there are {MAX_RULES} alerts already; remove some first")
        return self._alerts.add(AlertRule(
            id=0, text=text, symbols=tuple(dict.fromkeys(symbols)), group=group, sinks=tuple(sinks),
            cooldown_s=cooldown.total_seconds(), hysteresis=hysteresis, created_at=self._now(),
        ))

    def rules(self) -> tuple[AlertRule, ...]:
        """The rules in force, oldest first."""
        return self._alerts.rules()

    def remove(self, rule_id: int) -> None:
        """Take a rule out of force; what it said stays.

        Raises:
            ConfigError: If there is none of that number.
        """
        self._known(rule_id, self._alerts.remove(rule_id, self._now()))

    def restore(self, rule_id: int) -> None:
        """Put a removed rule in force again; it starts from a new baseline.

        Raises:
            ConfigError: If no removed rule has that number.
        """
        self._known(rule_id, self._alerts.restore(rule_id))

    def mute(self, rule_id: int, duration: timedelta | None) -> None:
        """Deliver nothing of a rule for so long; None: deliver again. It goes on being evaluated and recorded.

        Raises:
            ConfigError: If there is none of that number.
        """
        self._known(rule_id, self._alerts.mute(rule_id, None if duration is None else self._now() + duration))

    def acknowledge(self, ids: Iterable[int] | None = None) -> int:
        """Note that a person has seen these alerts, or all; returns how many had not been."""
        return self._alerts.acknowledge([a.id for a in self.unseen()] if ids is None else ids, self._now())

    def fired(self, ids: Sequence[int]) -> None:
        """Make sure that there are alerts of these numbers.

        Raises:
            ConfigError: If one is not.
        """
        if unknown := sorted(set(ids) - self._alerts.known(ids)):
            raise ConfigError(f"no alert {unknown[0]} has fired; `tapecast alerts history` names those that have")

    def in_force(self, ids: Sequence[int]) -> None:
        """Make sure that there are rules of these numbers.

        Raises:
            ConfigError: If one is not.
        """
        rules = {rule.id for rule in self._alerts.rules()}
        for rule_id in ids:
            self._known(rule_id, rule_id in rules)

    def history(self, *, since: datetime | None = None, limit: int | None = None) -> tuple[Alert, ...]:
        """Alerts, newest first."""
        return self._alerts.history(since=since, limit=limit)

    def unseen(self) -> tuple[Alert, ...]:
        """Alerts nobody has acknowledged, newest first."""
        return self._alerts.history(unseen=True)

    @staticmethod
    def _known(rule_id: int, found: bool) -> None:
        if not found:
            raise ConfigError(f"no alert has the number {rule_id}; `tapecast alerts list` names them")
