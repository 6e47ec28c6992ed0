"""Keys that concern alerts and their rules."""

from __future__ import annotations

from forecasting.domain.decision import AlertRule
from tui.screens import alerting
from tui.screens.stage import Stage


class AlertActions(Stage):
    """New rules, and what is done with rules and alerts that are there."""

    def action_new_alert(self) -> None:
        """Ask for a rule on the selected symbol, its list, or all."""
        from tui.dialogs.new_alert import Draft, NewAlert  # brings the parser along

        symbol, detail = self.subject(), self.detail

        def add(draft: Draft) -> AlertRule:
            return self.engine.alerts.add(draft.text, symbols=draft.symbols, group=draft.group, cooldown=draft.cooldown)

        def added(rule: AlertRule | None) -> None:
            if rule is not None:
                self.done(lambda: alerting.added(rule))

        name = self.place.group_name
        group = next((g for g in self.place.snapshot.groups if g.name == name), None)
        bars = len(detail.bars) if detail is not None and detail.symbol == symbol else None
        self.app.push_screen(NewAlert(symbol, group, add, self.glyphs, bars), added)

    def action_acknowledge(self) -> None:
        """Note that the chosen alert, or those of the selected row, have been seen."""
        desk, chosen, symbol = self.engine.alerts, self.view.chosen, self.place.symbol
        self.done(lambda: alerting.acknowledge(desk, chosen) if chosen else alerting.acknowledge_of(desk, symbol))

    def action_mute(self) -> None:
        """Mute the chosen rule, or those of the selected row, or let them speak again."""
        desk, rules, now = self.engine.alerts, self.place.snapshot.rules, self.now()
        chosen, symbol = self.view.chosen, self.place.symbol
        if chosen is not None:
            self.done(lambda: alerting.mute(desk, rules, chosen, now))
        elif symbol is not None:
            self.done(lambda: alerting.mute_of(desk, rules, symbol, now))

    def action_remove_rule(self) -> None:
        """Take the chosen rule out of force."""
        rule, desk = self.view.chosen, self.engine.alerts
        if not isinstance(rule, AlertRule):
            self.notify("choose a rule to remove: h and l lead to Rules", markup=False)
        elif self.ask(lambda: desk.remove(rule.id)):
            self.undoable(lambda: alerting.restore(self.engine.alerts, rule))
            self.done(lambda: f"rule {rule.id} is removed; what it said stays. u undoes.")
