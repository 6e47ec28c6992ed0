"""Wait until a rule holds, and say so: for scripts (`tapecast watch-once --exit-on RULE`).

A rule about a state is fulfilled at the first look already; one about a happening waits for it. Nothing of it is kept.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from forecasting.config import Settings
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import Health
from forecasting.service.backend import OnStep, TickReport
from forecasting.service.headless import Answer, exit_code, opened, watched
from forecasting.service.local import LocalBackend
from forecasting.service.rule_facts import FactsReader
from forecasting.service.snapshots import SnapshotReader, Status
from forecasting.trading.rules.evaluate import RuleWatch, matches
from forecasting.trading.rules.facts import FactsFrame, SymbolFacts
from forecasting.trading.rules.parser import parse_rule
from forecasting.trading.rules.syntax import Condition
from forecasting.trading.rules.traits import bars_held, bars_needed, figures, is_event

TIMED_OUT = 5
"""Exit code: the rule did not come true in time. Where no price could be seen the codes of `headless` say why."""


def watch_once(
    settings: Settings, text: str, symbols: Sequence[Symbol], *, timeout: timedelta, every: timedelta, on_step: OnStep,
    wait: Callable[[float], None] = time.sleep, now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Answer:
    """Look until the rule is true of a symbol, or `timeout` has passed; 0 looks once.

    Raises:
        RuleError: If the rule cannot be read; before anything is fetched.
    """
    rule = parse_rule(text)
    end = now() + timeout
    with opened(settings, None) as backend:
        asked = tuple(symbols) or watched(settings, backend, now())
        facts, watch = FactsReader(backend.desk.store), RuleWatch(rule, asked)
        while True:
            frame, report = _look(backend, asked, facts, bars_needed(rule), now(), on_step)
            fired = watch.step(frame)
            found = fired if is_event(rule) else _fulfilling(rule, frame, facts)
            if found or (left := end - now()) <= timedelta():
                break
            wait(min(every, left).total_seconds())
    rows = [
        {"symbol": frame.symbols[i], "data_time": datetime.fromtimestamp(frame.times[i], UTC).isoformat(),
         "values": {f.name: None if math.isnan(v := frame.numbers(f)[i]) else v for f in figures(rule)}}
        for i in found
    ]  # fmt: skip
    value: dict[str, Any] = {"rule": text, "fulfilled": bool(found), "rows": rows}
    failed = (report.source.message,) if report.source.health is Health.FAILED else ()
    notes = (*failed, *(f.message for f in report.failures))
    return Answer(value, notes, 0 if found else _not_so(asked, report))


def _fulfilling(rule: Condition, frame: FactsFrame, facts: FactsReader) -> list[int]:
    """For which rows a state holds; for how many bars it has held is told by the bars that have closed."""
    row_of = {symbol: row for row, symbol in enumerate(frame.symbols)}
    steps = facts.newest_closes(bars_held(rule) + 1, {f.symbol: f for f in frame.facts})
    past = [FactsFrame([step[s] for s in about], [row_of[s] for s in about])
            for step in steps if (about := sorted(step.keys() & row_of.keys(), key=row_of.__getitem__))]
    return [row for row, holds in enumerate(matches(rule, frame, past)) if holds]


def _not_so(symbols: Sequence[Symbol], report: TickReport) -> int:
    """Of whom nothing can be seen the rule is not known to be false."""
    blind = report.source.health is Health.FAILED or {f.symbol for f in report.failures} >= set(symbols)
    return exit_code(symbols, report.failures, report.source) if blind and symbols else TIMED_OUT


def _look(
    backend: LocalBackend, symbols: Sequence[Symbol], facts: FactsReader, depth: int, now: datetime, on_step: OnStep
) -> tuple[FactsFrame, TickReport]:
    report = backend.tick(symbols, now, on_step)
    store = backend.desk.store
    snapshot = SnapshotReader(store).read(1, Status(now, (), tuple(symbols), report.source, (), report, (), None))
    facts.refresh(snapshot, depth)
    latest, quotes = store.ledger.latest(symbols), store.market.quotes()
    told = [
        facts.now(row, now, quotes.get(row.symbol), {m: e.forecast for m, e in latest.get(row.symbol, {}).items()})
        or SymbolFacts(row.symbol, 0.0, (), -1)
        for row in snapshot.rows
    ]
    return FactsFrame(told), report
