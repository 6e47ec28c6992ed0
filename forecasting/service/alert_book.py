"""The alert rules at work: they look at every closed bar once and at every price, and say when they come true.

What a rule remembers and what it says are written down together, so a restart, at any moment, neither loses an alert
nor raises it twice. Bars that closed while nobody watched are looked at in their order, and what they bring is late.
Prices come from polls and streams; both see one state, which never goes back to an older price.

A rule about a smart list remembers every watched symbol and looks at those that are on the list at the newest poll:
who comes onto it gives a baseline first, and who comes back goes on from what was seen of it last.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from forecasting.data.store import Store
from forecasting.data.store.alerts import Remembered
from forecasting.domain.decision import Alert, AlertRule
from forecasting.domain.forecast import Forecast
from forecasting.domain.market import Quote, Symbol
from forecasting.domain.snapshot import Snapshot
from forecasting.errors import RuleError, StoreError
from forecasting.service.audience import Audience
from forecasting.service.rule_facts import FactsReader
from forecasting.trading.rules.evaluate import RuleWatch
from forecasting.trading.rules.facts import FactsFrame, SymbolFacts, meets_forecasts, reads_forecasts
from forecasting.trading.rules.parser import parse_rule
from forecasting.trading.rules.syntax import Condition, Field
from forecasting.trading.rules.traits import bars_needed, figures, moves_with_prices

log = logging.getLogger(__name__)

UNWATCHED = timedelta(minutes=30)
"""After so long without a look, what is found is late; in a replay, whose sessions pass in seconds, after longer."""

FOLLOWED = timedelta(seconds=2)
"""How often the rules are read anew while prices stream in; each poll does so too."""

CONTEXT = 60        # closed bars kept beyond what the rules need: how far back a catch-up reaches
_FIGURES = 4        # at most, in a reason


@dataclass(slots=True)
class _Working:
    """One rule over its symbols, and when each fired last."""

    rule: AlertRule
    condition: Condition
    watch: RuleWatch
    moves: bool                                                   # with every new price
    meets: bool                                                   # prices with forecasts made before them
    known: set[Symbol] = field(default_factory=set)               # that have their baseline
    fired_at: dict[Symbol, float] = field(default_factory=dict)

    def may_fire(self, symbol: Symbol, time: float) -> bool:
        """Whether the cooldown is over; one price fires once, whatever came to be known before it meanwhile."""
        last = self.fired_at.get(symbol)
        return last is None or (time - last >= self.rule.cooldown_s and (time > last or not self.moves))


class AlertBook:
    """Rules, evaluated. One thread at a time."""

    def __init__(self, store: Store, *, unwatched: timedelta = UNWATCHED) -> None:
        self._store = store
        self._unwatched = unwatched
        self._facts = FactsReader(store)
        self._working: dict[int, _Working] = {}
        self._unread: dict[int, str] = {}           # rules that cannot be read, and why
        self._audience = Audience((), (), datetime.fromtimestamp(0, UTC))      # of the newest look, as the next two
        self._quotes: Mapping[Symbol, Quote] = {}
        self._forecasts: Mapping[Symbol, Mapping[str, Forecast]] = {}
        self._looked: datetime | None = None        # by this book
        self._inherited: datetime | None = None     # looked at by the one before it
        self._ticked: datetime | None = None        # when streamed prices were looked at last
        self._followed: datetime | None = None      # when the rules were read last
        self._seen: dict[Symbol, float] = {}        # when the newest price looked at was made
        self._since: dict[Symbol, float] = {}       # from which price on each was watched without a gap

    @property
    def problems(self) -> tuple[str, ...]:
        """Rules that say nothing because they, or their smart list, cannot be read, one line each."""
        return (
            *(f"alert {id_} is silent: {why}" for id_, why in self._unread.items()),
            *(f"alerts for *{name} are silent: {why}" for name, why in self._audience.problems.items()),
        )

    @property
    def looked(self) -> datetime | None:
        """When the newest look was, be it that of a book before this one."""
        return self._looked or self._inherited

    def inherit(self, looked: datetime | None) -> None:
        """Go on where a book before this one has stopped: what came since it looked is not late for that."""
        self._inherited = looked

    def look(self, snapshot: Snapshot) -> tuple[Alert, ...]:
        """Evaluate every rule on what is new; returns what fired, recorded, oldest first.

        Raises:
            StoreError: If it cannot be recorded; nothing has fired then, and the next look sees the same again.
        """
        self._audience = Audience(snapshot.groups, snapshot.rows, snapshot.now)
        self._take_up(snapshot.now)
        late = self._is_late(self.looked, snapshot.now)
        if self._is_late(self._ticked, snapshot.now) and late:
            self._since.clear()
        alerts: list[Alert] = []
        bars: dict[Symbol, date] = {}
        if self._working:
            self._facts.refresh(snapshot, CONTEXT + max(bars_needed(w.condition) for w in self._working.values()))
            self._read_present(snapshot)
            seen, present = self._store.alerts.looked_at(), self._present(snapshot)
            meeting = [w for w in self._working.values() if w.meets]
            for facts in self._facts.missed(seen, present):
                if meeting:
                    before = self._facts.about_to_close(facts)
                    alerts += self._step(meeting, before, snapshot.now, late=late, closed=True)
                alerts += self._step(self._working.values(), facts, snapshot.now, late=late, closed=True)
            alerts += self._step(self._working.values(), present, snapshot.now, late=late)
            bars = {s: session for s, session in self._facts.newest().items() if seen.get(s) != session}
        recorded = self._record(alerts, self._working.values(), bars)
        self._looked = snapshot.now
        return recorded

    def look_at_ticks(self, snapshot: Snapshot) -> tuple[Alert, ...]:
        """Evaluate the rules that move with prices on the rows of `snapshot`, whose prices have just streamed in.

        Before the first `look`, and after a silence so long that what it brings is late, that has to come first.

        Raises:
            StoreError: As `look`.
        """
        watched = max((moment for moment in (self._looked, self._ticked) if moment is not None), default=None)
        if self._looked is None or self._is_late(watched, snapshot.now):
            return ()
        if self._followed is None or snapshot.now - self._followed >= FOLLOWED:
            self._take_up(snapshot.now)
        moving = [w for w in self._working.values() if w.moves]
        self._facts.remember(snapshot.rows)
        alerts = self._step(moving, self._present(snapshot), snapshot.now, late=False)
        self._ticked = snapshot.now
        return self._record(alerts, moving, {})

    def _is_late(self, looked: datetime | None, now: datetime) -> bool:
        return looked is None or now - looked > self._unwatched

    # Rules.

    def _take_up(self, now: datetime) -> None:
        """Follow the rules and lists as they are now; what has changed starts from what it remembers."""
        self._followed = now
        rules = {rule.id: rule for rule in self._store.alerts.rules()}
        stale = [
            rule for rule in rules.values()
            if rule.id not in self._unread
            and ((w := self._working.get(rule.id)) is None or w.rule != rule
                 or w.watch.symbols != self._audience.about(rule))
        ]
        self._working = {id_: w for id_, w in self._working.items() if id_ in rules}
        self._unread = {id_: why for id_, why in self._unread.items() if id_ in rules}
        memory = self._store.alerts.memory() if stale else {}
        for kept in memory.values():
            if kept.seen_at is not None:
                self._seen[kept.symbol] = max(kept.seen_at, self._seen.get(kept.symbol, kept.seen_at))
        for rule in stale:
            try:
                self._working[rule.id] = _started(rule, self._audience.about(rule), memory)
            except RuleError as error:
                self._unread[rule.id] = str(error)
                self._working.pop(rule.id, None)

    # Looking.

    def _read_present(self, snapshot: Snapshot) -> None:
        """Read what the rows do not say of the present; until the next time streamed prices are laid over it."""
        wanted = any(reads_forecasts(w.condition) for w in self._working.values())
        latest = self._store.ledger.latest([row.symbol for row in snapshot.rows]) if wanted else {}
        self._forecasts = {s: {model: e.forecast for model, e in told.items()} for s, told in latest.items()}
        self._quotes = self._store.market.quotes()

    def _present(self, snapshot: Snapshot) -> dict[Symbol, SymbolFacts]:
        found = (
            self._facts.now(row, snapshot.now, self._quotes.get(row.symbol), self._forecasts.get(row.symbol, {}))
            for row in snapshot.rows
        )
        return {facts.symbol: facts for facts in found if facts is not None}

    def _step(
        self, rules: Iterable[_Working], facts: Mapping[Symbol, SymbolFacts], now: datetime, *, late: bool,
        closed: bool = False,
    ) -> list[Alert]:
        """One step in time, of the present or of a bar that has closed."""
        newer = {s: f for s, f in facts.items() if not self._is_stale(f, closed=closed)}
        frames: dict[tuple[object, ...], FactsFrame | None] = {}
        alerts: list[Alert] = []
        for working in rules:
            about, symbols = newer if working.moves else facts, working.watch.symbols
            among = self._audience.among(working.rule)
            lacking = len(working.known) < len(symbols)
            if closed and lacking:      # a baseline is of the present: a rule says nothing of the time before it
                frame = _frame(symbols, about, working.known if among is None else working.known & among)
            elif (key := (symbols, among, working.moves)) in frames:
                frame = frames[key]
            else:
                frame = frames[key] = _frame(symbols, about, among)
            if frame is None:
                continue
            if lacking:
                working.known.update(frame.symbols)
            for at in working.watch.step(frame):
                if working.may_fire(frame.symbols[at], frame.times[at]):
                    working.fired_at[frame.symbols[at]] = frame.times[at]
                    alerts.append(_alert(working, frame, at, now, late=late))
        for symbol, fact in newer.items():
            made = min(fact.time, now.timestamp())      # a price of the future is not waited for
            self._seen[symbol] = max(made, self._seen.get(symbol, made))
            if not closed:
                self._since.setdefault(symbol, made)
        return alerts

    def _is_stale(self, facts: SymbolFacts, *, closed: bool) -> bool:
        """Whether a newer price has been looked at: to go back to an older one would make it come again.

        A bar that closed while nobody watched is none: it may come to the store after the present has been looked at.
        """
        watched = not closed or self._since.get(facts.symbol, -math.inf) <= facts.time
        return watched and facts.time < self._seen.get(facts.symbol, -math.inf)

    def _record(
        self, alerts: Sequence[Alert], looked: Iterable[_Working], bars: Mapping[Symbol, date]
    ) -> tuple[Alert, ...]:
        memory = [m for w in looked for m in self._changed(w)]
        try:
            return self._store.alerts.record(alerts, memory, bars) if alerts or memory or bars else ()
        except StoreError:
            # What is not on record has not been seen: the next look sees it again.
            self._working.clear()
            self._seen.clear()
            self._since.clear()
            raise

    def _changed(self, working: _Working) -> list[Remembered]:
        watch = working.watch
        return [
            Remembered(working.rule.id, s, json.dumps(watch.memory(row)), working.fired_at.get(s), self._seen.get(s))
            for row in watch.changed()
            for s in (watch.symbols[row],)
        ]


def _started(
    rule: AlertRule, symbols: tuple[Symbol, ...], memory: Mapping[tuple[int, Symbol], Remembered]
) -> _Working:
    """A rule with what it remembers; a symbol it does not remember gives its baseline at the first look."""
    condition = parse_rule(rule.text)
    watch = RuleWatch(condition, symbols, hysteresis=rule.hysteresis)
    working = _Working(rule, condition, watch, moves_with_prices(condition), meets_forecasts(condition))
    for row, symbol in enumerate(symbols):
        if (kept := memory.get((rule.id, symbol))) is None:
            continue
        if not working.watch.restore(row, json.loads(kept.body)):
            log.warning("alert %d: what it remembers of %s is of another rule and is dropped", rule.id, symbol)
            continue
        working.known.add(symbol)
        if kept.fired_at is not None:
            working.fired_at[symbol] = kept.fired_at
    return working


def _frame(
    symbols: tuple[Symbol, ...], facts: Mapping[Symbol, SymbolFacts], among: Set[Symbol] | None
) -> FactsFrame | None:
    """Those of a rule's symbols, `among` them or all, of which there is something to see; None: there is nothing."""
    rows = [row for row, s in enumerate(symbols) if s in facts and (among is None or s in among)]
    return FactsFrame([facts[symbols[row]] for row in rows], rows) if rows else None


def _alert(working: _Working, frame: FactsFrame, at: int, now: datetime, *, late: bool) -> Alert:
    rule = working.rule
    seen = {f: frame.numbers(f)[at] for f in figures(working.condition)}
    value = next(iter(seen.values()), math.nan)
    said = ", ".join([f"{_name(f)} {v:.5g}" for f, v in seen.items() if not math.isnan(v)][:_FIGURES])
    return Alert(
        id=0, rule_id=rule.id, rule=rule.text, symbol=frame.symbols[at], fired_at=now,
        data_time=datetime.fromtimestamp(frame.times[at], UTC), late=late,
        value=None if math.isnan(value) else value, reason=f"{rule.text}: {said}" if said else rule.text,
    )


def _name(field: Field) -> str:
    return field.name if field.window is None else f"{field.name}({field.window})"

