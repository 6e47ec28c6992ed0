"""One refresh, as a plain function.

The app's worker, the headless commands and the tests all call `tick`: quotes, closed bars, forecasts into the ledger
before their outcome can exist, what has matured settled once, signals. A source that is down costs the tick its quotes
and bars and nothing else: what is stored is still settled and scored, and the report says what was wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta

from forecasting.domain.market import Symbol, SymbolFailure
from forecasting.domain.sessions import SessionTable
from forecasting.domain.snapshot import Health, SourceHealth
from forecasting.errors import QuestionWithdrawn, SourceError
from forecasting.features.panel import WAITED_FOR
from forecasting.service import everything
from forecasting.service.agreeing import judge_again
from forecasting.service.backend import OnStep, Step, TickReport, Work
from forecasting.service.bench import ENSEMBLE, QUICK
from forecasting.service.desk import Desk
from forecasting.service.intake import Intake, take_bars, take_quotes
from forecasting.service.issue import issue
from forecasting.service.kept_records import kept_records
from forecasting.service.opinions import judged_to, keep_judged, opinions
from forecasting.service.records import update_records, update_signal_records
from forecasting.service.settle import settle_forecasts, settle_signals
from forecasting.service.shadow import judge
from forecasting.service.watch import look

NEWS = timedelta(days=30)      # what was found in older sessions is doctor's business


def tick(desk: Desk, symbols: Sequence[Symbol], on_step: OnStep = lambda step: None) -> TickReport:
    """Refresh `symbols` at the desk's clock; see the module.

    Raises:
        QuestionWithdrawn: If `on_step` has, between histories. What had come by then has been worked on.
    """
    def tell(step: Step) -> None:      # bars are new in one tick only: what is made of them is not stopped half-way
        with suppress(QuestionWithdrawn):
            on_step(step)

    now = desk.clock.now()
    tables = desk.tables(symbols)
    failures: tuple[SymbolFailure, ...] = ()
    intake = Intake((), ())
    trouble: SourceError | None = None
    judged = judged_to(desk.store, desk.store.market.last_sessions(symbols))
    if everything.take_wish(desk.store):
        desk.again.update(symbols)
    desk.again.intersection_update(symbols)
    try:
        failures = take_quotes(desk, symbols)
        on_step(Step("quotes", f"{len(symbols) - len(failures)} of {len(symbols)} quotes", None, stored=True))
        # A history is not asked for where there is not even a price.
        failed = {f.symbol for f in failures} - desk.doubted.keys()
        desk.again -= failed
        intake = take_bars(desk, [s for s in symbols if s not in failed], tables, on_step)
        failures = judge_again(desk, failures, intake.new)
    except SourceError as error:
        trouble = error
    newest = desk.store.market.last_sessions(symbols)
    if intake.new:
        tell(Step("bars", f"{len(intake.new)} symbols have new bars", None, stored=True))
    _ensure_quick_models(desk, symbols, tables, newest, tell)
    issued = issue(desk, symbols, tables)
    if issued:
        tell(Step("forecasts", f"{len(issued)} forecasts recorded", None, stored=True))
    settled = settle_forecasts(desk)
    records = update_records(desk.store, symbols) if settled else kept_records(desk.store)
    if settled:
        desk.response = look(desk.store, desk.inputs)
        judge(desk, max(newest.values()))
    made = desk.store.signals.append(opinions(desk, newest, judged, issued, records, tables))
    if (judged | newest) != judged:
        keep_judged(desk.store, judged | newest)
    if intake.new and settle_signals(desk):
        update_signal_records(desk.store, symbols)
    if intake.withdrawn is not None:
        raise intake.withdrawn
    return TickReport(
        at=now,
        closed_through=max(newest.values(), default=None),
        failures=(*failures, *intake.failures),
        new_bars=intake.new,
        issued=len(issued),
        settled=settled,
        signals=made,
        source=_source_health(desk, trouble or _of_no_use(symbols, failures), intake.trouble),
        models=desk.bench.statuses(max(newest.values(), default=None)),
        due=_due(desk, symbols, tables, newest),
        notes=_notes(desk, symbols),
        next_due=_next_due(desk, tables, newest),
    )


def _ensure_quick_models(
    desk: Desk,
    symbols: Sequence[Symbol],
    tables: Mapping[Symbol, SessionTable],
    newest: Mapping[Symbol, date],
    on_step: OnStep,
) -> None:
    """Fit the quick models here only when none may speak; later fits are long jobs."""
    if not newest or any(f.name in QUICK for f in desk.bench.at_work(max(newest.values()))):
        return
    on_step(Step("fit", "fitting HAR-t and EWMA-t", None))
    panel = desk.panel(symbols, tables)
    if panel is not None and len(panel.sessions) > 1:
        desk.bench.fit_quick(panel, panel.fit_to)


def _notes(desk: Desk, symbols: Sequence[Symbol]) -> tuple[str, ...]:
    """What a person should know beyond prices and forecasts: the store, the times, the models, the newest data."""
    found = desk.store.findings.of(symbols, since=desk.clock.now().date() - NEWS)
    data = (f"{symbol}: {line}" for symbol, lines in found.items() for line in lines)
    return (*desk.store.notices, *desk.response.reasons, *desk.bench.notes(), *data)


def _of_no_use(symbols: Sequence[Symbol], failures: Sequence[SymbolFailure]) -> SourceError | None:
    """An answer in which no price of several can be used is the source's fault, not that of each symbol."""
    if len(symbols) < 2 or not {f.symbol for f in failures} >= set(symbols):
        return None
    first = failures[0]
    return SourceError(f"no price of {len(symbols)} can be used; {first.symbol}: {first.message}")


def _source_health(desk: Desk, trouble: SourceError | None, without_bars: SourceError | None) -> SourceHealth:
    """The source's own word; failed where there were no quotes, late where there were no bars."""
    health = desk.source.health()
    if trouble is None and without_bars is None:
        return health
    message = str(trouble or without_bars) if health.health is Health.OK else health.message
    shown = Health.LATE if trouble is None else Health.FAILED
    return replace(health, health=shown, message=message, since=health.since or desk.clock.now())


def _due(
    desk: Desk, symbols: Sequence[Symbol], tables: Mapping[Symbol, SessionTable], newest: Mapping[Symbol, date]
) -> tuple[Work, ...]:
    """The long jobs that should be run now."""
    if not newest:
        return ()
    last, newest_of_all = _last(newest), max(newest.values())
    due = []
    if desk.bench.refit_due(_since(desk, QUICK[0], tables[last], newest[last])):
        due.append(Work.REFIT)
    since = _since(desk, ENSEMBLE, tables[last], newest[last])
    if desk.bench.train_due(newest_of_all, since, alarmed=desk.response.refit):
        due.append(Work.TRAIN)
    at_work = {fitted.name for fitted in desk.bench.at_work(newest_of_all)} & {ENSEMBLE, *QUICK}
    if any(desk.lacks_backfill(newest, name) for name in at_work):
        due.append(Work.BACKFILL)
    return tuple(due)


def _next_due(
    desk: Desk, tables: Mapping[Symbol, SessionTable], newest: Mapping[Symbol, date]
) -> tuple[tuple[Work, datetime], ...]:
    """When the models want their next fits: at the close of the session that is one too many."""
    if not newest:
        return ()
    last = _last(newest)
    table, session = tables[last], newest[last]
    patiences = (
        (Work.REFIT, QUICK[0], desk.bench.refit_patience),
        (Work.TRAIN, ENSEMBLE, desk.bench.train_patience(alarmed=desk.response.refit)),
    )
    found = []
    for work, model, patience in patiences:
        since = _since(desk, model, table, session)
        if since is not None and (ahead := table.after(session, max(patience + 1 - since, 1))):
            found.append((work, ahead[-1].close))
    return tuple(found)


def _last(newest: Mapping[Symbol, date]) -> Symbol:
    """The symbol whose newest bar is the oldest that a fit waits for: it says how old a fit is; see `Panel.fit_to`."""
    waited_for = [s for s in newest if max(newest.values()) - newest[s] <= WAITED_FOR]
    return min(waited_for, key=lambda s: newest[s])


def _since(desk: Desk, model: str, table: SessionTable, newest: date) -> int | None:
    """Sessions from the model's train_end to `newest`; None if it was never fitted."""
    train_end = desk.bench.train_end(model)
    return None if train_end is None else len(table.sessions_between(train_end, newest)) - 1
