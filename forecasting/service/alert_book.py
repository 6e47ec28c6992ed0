"""The alert rules at work: they look at every closed bar once and at every refresh, and say when they come true.

What a rule remembers and what it says are written down together, so a restart, at any moment, neither loses an alert
nor raises it twice. Bars that closed while nobody watched are looked at in their order, and what they bring is late.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from forecasting.data.store import Store
from forecasting.data.store.alerts import Remembered
from forecasting.domain.decision import Alert, AlertRule
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Snapshot
from forecasting.errors import RuleError, StoreError
from forecasting.service.rule_facts import FactsReader
from forecasting.trading.rules.evaluate import RuleWatch, bars_needed, figures
from forecasting.trading.rules.facts import FactsFrame, SymbolFacts, reads_forecasts
from forecasting.trading.rules.parser import parse_rule
from forecasting.trading.rules.syntax import Condition, Field

log = logging.getLogger(__name__)

UNWATCHED = timedelta(minutes=30)
"""After so long without a look, what is found is late; in a replay, whose sessions pass in seconds, after longer."""

CONTEXT = 60        # closed bars kept beyond what the rules need: how far back a catch-up reaches
_FIGURES = 4        # at most, in a reason


@dataclass(slots=True)
class _Working:
    """One rule over its symbols, and when each fired last."""

    rule: AlertRule
    condition: Condition
    watch: RuleWatch
    fired_at: dict[Symbol, float] = field(default_factory=dict)


class AlertBook:
    """Rules, evaluated. One thread at a time."""

    def __init__(self, store: Store, *, unwatched: timedelta = UNWATCHED) -> None:
        self._store = store
        self._unwatched = unwatched
        self._facts = FactsReader(store)
        self._working: dict[int, _Working] = {}
        self._unread: dict[int, str] = {}           # rules that cannot be read, and why
        self._looked: datetime | None = None        # of this process

    @property
    def problems(self) -> tuple[str, ...]:
        """Rules that say nothing because they cannot be read, one line each."""
        return tuple(f"alert {id_} is silent: {why}" for id_, why in self._unread.items())

    def look(self, snapshot: Snapshot) -> tuple[Alert, ...]:
        """Evaluate every rule on what is new; returns what fired, recorded, oldest first.

        Raises:
            StoreError: If it cannot be recorded; nothing has fired then, and the next look sees the same again.
        """
        self._take_up(snapshot)
        if not self._working:
            return ()
        self._facts.refresh(snapshot, CONTEXT + max(bars_needed(w.condition) for w in self._working.values()))
        late = self._looked is None or snapshot.now - self._looked > self._unwatched
        alerts: list[Alert] = []
        for facts in self._steps(snapshot):
            alerts += self._step(facts, snapshot.now, late=late)
        memory = [m for w in self._working.values() for m in _changed(w)]
        newest, seen = self._facts.newest(), self._store.alerts.looked_at()
        bars = {s: session for s, session in newest.items() if seen.get(s) != session}
        try:
            recorded = self._store.alerts.record(alerts, memory, bars) if alerts or memory or bars else ()
        except StoreError:
            self._working.clear()      # what is not on record has not been seen: the next look sees it again
            raise
        self._looked = snapshot.now
        return recorded

    # Rules.

    def _take_up(self, snapshot: Snapshot) -> None:
        """Follow the rules and lists as they are now; what has changed starts from what it remembers."""
        rules = {rule.id: rule for rule in self._store.alerts.rules()}
        stale = [
            rule for rule in rules.values()
            if rule.id not in self._unread
            and ((w := self._working.get(rule.id)) is None or w.rule != rule
                 or w.watch.symbols != _symbols(rule, snapshot))
        ]
        self._working = {id_: w for id_, w in self._working.items() if id_ in rules}
        self._unread = {id_: why for id_, why in self._unread.items() if id_ in rules}
        memory = self._store.alerts.memory() if stale else {}
        for rule in stale:
            try:
                self._working[rule.id] = _started(rule, _symbols(rule, snapshot), memory)
            except RuleError as error:
                self._unread[rule.id] = str(error)
                self._working.pop(rule.id, None)

    # Looking.

    def _steps(self, snapshot: Snapshot) -> list[dict[Symbol, SymbolFacts]]:
        """What there is to look at, in order: each bar that closed since, then the present."""
        symbols = [row.symbol for row in snapshot.rows]
        wanted = any(reads_forecasts(w.condition) for w in self._working.values())
        forecasts = self._store.ledger.latest(symbols) if wanted else {}
        quotes = self._store.market.quotes()
        present: dict[Symbol, SymbolFacts] = {}
        for row in snapshot.rows:
            told = {model: e.forecast for model, e in forecasts.get(row.symbol, {}).items()}
            if (facts := self._facts.now(row, snapshot.now, quotes.get(row.symbol), told)) is not None:
                present[row.symbol] = facts
        return [*self._facts.missed(self._store.alerts.looked_at()), present]

    def _step(self, facts: Mapping[Symbol, SymbolFacts], now: datetime, *, late: bool) -> list[Alert]:
        frames: dict[tuple[Symbol, ...], FactsFrame] = {}
        alerts: list[Alert] = []
        for working in self._working.values():
            symbols = working.watch.symbols
            if (frame := frames.get(symbols)) is None:
                frame = frames[symbols] = FactsFrame([facts.get(s) or _nothing(s) for s in symbols])
            for row in working.watch.step(frame):
                time, last = frame.times[row], working.fired_at.get(symbols[row])
                if last is None or time - last >= working.rule.cooldown_s:
                    working.fired_at[symbols[row]] = time
                    alerts.append(_alert(working, frame, row, now, late=late))
        return alerts


def _symbols(rule: AlertRule, snapshot: Snapshot) -> tuple[Symbol, ...]:
    """What a rule is about now."""
    if rule.symbols:
        return rule.symbols
    if rule.group is not None:
        return next((group.symbols for group in snapshot.groups if group.name == rule.group), ())
    return tuple(row.symbol for row in snapshot.rows)


def _started(
    rule: AlertRule, symbols: tuple[Symbol, ...], memory: Mapping[tuple[int, Symbol], Remembered]
) -> _Working:
    """A rule with what it remembers; a symbol it does not remember gives its baseline at the first look."""
    condition = parse_rule(rule.text)
    working = _Working(rule, condition, RuleWatch(condition, symbols, hysteresis=rule.hysteresis))
    for row, symbol in enumerate(symbols):
        if (kept := memory.get((rule.id, symbol))) is None:
            continue
        if not working.watch.restore(row, json.loads(kept.body)):
            log.warning("alert %d: what it remembers of %s is of another rule and is dropped", rule.id, symbol)
        if kept.fired_at is not None:
            working.fired_at[symbol] = kept.fired_at
    return working


def _changed(working: _Working) -> list[Remembered]:
    watch = working.watch
    return [
        Remembered(working.rule.id, s, json.dumps(watch.memory(row)), working.fired_at.get(s))
        for row in watch.changed()
        for s in (watch.symbols[row],)
    ]


def _alert(working: _Working, frame: FactsFrame, row: int, now: datetime, *, late: bool) -> Alert:
    rule = working.rule
    seen = {f: frame.numbers(f)[row] for f in figures(working.condition)}
    value = next(iter(seen.values()), math.nan)
    said = ", ".join([f"{_name(f)} {v:.5g}" for f, v in seen.items() if not math.isnan(v)][:_FIGURES])
    return Alert(
        id=0, rule_id=rule.id, rule=rule.text, symbol=frame.symbols[row], fired_at=now,
        data_time=datetime.fromtimestamp(frame.times[row], UTC), late=late,
        value=None if math.isnan(value) else value, reason=f"{rule.text}: {said}" if said else rule.text,
    )


def _name(field: Field) -> str:
    return field.name if field.window is None else f"{field.name}({field.window})"


def _nothing(symbol: Symbol) -> SymbolFacts:
    """A symbol of which nothing is known yet."""
    return SymbolFacts(symbol, 0.0, (), -1)
