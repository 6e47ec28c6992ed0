"""When a rule would have fired, and what followed: `tapecast alerts backtest`."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from statistics import fmean
from typing import Any

from forecasting.config import Settings
from forecasting.data.store import Store
from forecasting.data.store.ledger import Ledger
from forecasting.domain.forecast import MODELS, Forecast, Origin
from forecasting.domain.interval import day_of
from forecasting.domain.market import Symbol, SymbolFailure
from forecasting.domain.sessions import in_slots
from forecasting.service.backend import OnStep, Step
from forecasting.service.headless import Answer, exit_code, moment, opened, watched
from forecasting.service.local import LocalBackend
from forecasting.service.places import place
from forecasting.trading.rules.facts import reads_forecasts
from forecasting.trading.rules.parser import parse_rule
from forecasting.trading.rules.replay import FOLLOWED, Firing, Followed, History, firings, followed
from forecasting.trading.rules.syntax import Condition, Field, fields_of
from forecasting.trading.rules.traits import bars_needed


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked."""

    rule: str
    symbols: tuple[Symbol, ...] = ()      # none: all that are watched
    first: date | None = None             # sessions reported, both included; those before only warm the rule up
    last: date | None = None
    cooldown: int = 0                     # bars

    def asks_for(self, key: date) -> bool:
        """Whether the bar of this name is reported."""
        return (self.first or date.min) <= day_of(key) <= (self.last or date.max)


def rule_backtest(settings: Settings, question: Question, as_of: date | None, on_step: OnStep) -> Answer:
    """Every firing of the rule, ascending by time.

    Raises:
        RuleError: If the rule cannot be read; before anything is fetched.
        TapecastError: If nothing can be read.
    """
    rule = parse_rule(question.rule)
    now = moment(as_of)
    found: list[Firing] = []
    notes: list[str] = []
    failures: list[SymbolFailure] = []
    any_bar: list[Followed] = []
    with ExitStack() as stack:
        backend = stack.enter_context(opened(settings, as_of))
        ledger = stack.enter_context(_own_store(settings)).ledger if reads_forecasts(rule) else None
        symbols = question.symbols or watched(settings, backend, now)
        for done, symbol in enumerate(symbols):
            on_step(Step("alerts", str(symbol), done / len(symbols)))
            if (failure := backend.take_history(symbol, now, on_step)) is not None:
                failures.append(failure)
            history = _history(backend, symbol, ledger)
            notes += _silent(rule, history)
            found += firings(rule, history, cooldown=question.cooldown)
            any_bar += [f for at, bar in enumerate(history.bars) if question.asks_for(bar.session)
                        and None not in (f := followed(history.bars, at, history.bars_per_session))]
    if any_bar:
        means = [fmean(f[i] or 0.0 for f in any_bar) * 100.0 for i in range(len(FOLLOWED))]
        notes.append(f"any bar of the same symbols and span: {means[0]:+.2f} % after a session, {means[1]:+.2f} % "
                     f"after {FOLLOWED[1]} on average, n={len(any_bar)}")
    rows = [_row(f) for f in sorted(found, key=lambda f: (f.data_time, f.symbol)) if question.asks_for(f.session)]
    return Answer(rows, (*(f.message for f in failures), *notes), exit_code(symbols, failures, None))


def _own_store(settings: Settings) -> Store:
    """What the app has stored of this source: where the bars of a command are read afresh, forecasts cannot be."""
    return Store.open(place(settings, demo=False).store, interval=settings.source.interval)


def _history(backend: LocalBackend, symbol: Symbol, ledger: Ledger | None) -> History:
    market = backend.desk.store.market
    bars = market.bars(symbol)
    if not bars:
        return History(symbol, (), (), (), {})
    first, last = day_of(bars[0].session), day_of(bars[-1].session)
    sessions = backend.desk.calendars.sessions(backend.desk.exchange(symbol), first, last)
    table = in_slots(sessions, backend.desk.interval)
    return History(
        symbol, bars, market.indicators(symbol), [table.close_of(b.session) for b in bars],
        _recorded(ledger, symbol) if ledger is not None else {}, table.bars_per_session,
    )


def _recorded(ledger: Ledger, symbol: Symbol) -> dict[date, Forecast]:
    """What was forecast at each bar, as far as it is on record: by the best model, live before backfill."""
    found: dict[date, Forecast] = {}
    for origin in (Origin.LIVE, Origin.BACKFILL):
        for model in MODELS:
            ids = {o.entry_id for o in ledger.outcomes(symbol, model, 1, origin)}
            for entry in ledger.entries(ids):
                found.setdefault(entry.forecast.as_of_session, entry.forecast)
    return found


_PRESENT_ONLY = ("skill", "coverage", "hit_rate", "age", "signal", "signal_kind", "state", "name", "currency",
                 "tag")


def _silent(rule: Condition, history: History) -> list[str]:
    """Why the rule can say nothing of a symbol, or not what it seems to say."""
    notes = []
    if len(history.bars) < (needed := bars_needed(rule)):
        notes.append(f"{history.symbol}: the rule needs {needed} bars, there are {len(history.bars)}")
    if reads_forecasts(rule) and not history.forecasts:
        notes.append(f"{history.symbol}: no forecasts on record; start the app once, it backfills a year of them")
    present = sorted(f.name for f in fields_of(rule) if _is_of_the_present(f))
    if present:
        notes.append(f"{history.symbol}: {', '.join(present)} is not known of the past; that part never holds here")
    return notes


def _is_of_the_present(field: Field) -> bool:
    return field.name in _PRESENT_ONLY or field.name.startswith("position.")


def _row(firing: Firing) -> dict[str, Any]:
    return {
        "symbol": firing.symbol,
        "data_time": firing.data_time.isoformat(),
        "value": firing.value,
        "return_1d": firing.returns[0],
        "return_5d": firing.returns[1],
    }
