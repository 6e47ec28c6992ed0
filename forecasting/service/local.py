"""The backend that does the work in this process: the worker's, the headless commands' and the tests'."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from forecasting.data.calendars import Calendars
from forecasting.data.sources.failover import in_order
from forecasting.data.sources.registry import open_source
from forecasting.data.store import Store
from forecasting.domain.clock import FrozenClock
from forecasting.domain.forecast import Forecast
from forecasting.domain.market import Symbol, SymbolFailure
from forecasting.errors import NotEnoughHistory, QuestionWithdrawn
from forecasting.models.base import Progress
from forecasting.service import shadow
from forecasting.service.backend import OnStep, Step, TickReport, Work, WorkReport
from forecasting.service.backfill import backfill_ensemble, backfill_quick
from forecasting.service.bench import ENSEMBLE, Bench
from forecasting.service.calibrator import Calibrator
from forecasting.service.desk import Desk
from forecasting.service.intake import take_bars
from forecasting.service.issue import issue
from forecasting.service.refresh import tick
from forecasting.service.watch import CALM, begin_anew
from forecasting.service.wire import WorkerSetup


def open_local(setup: WorkerSetup) -> LocalBackend:
    """Build the backend a setup describes, on the store the setup names.

    The store is read through beside the first work: the front process, which paints from it, has no time for that.

    Raises:
        TapecastError: If the source or the store cannot be opened.
    """
    store = Store.open(setup.store_path, interval=setup.interval)
    backend = LocalBackend(setup, store)
    threading.Thread(target=store.look_through, name="store-check", daemon=True).start()
    return backend


class LocalBackend:
    """A `Backend` without a child process. Ticks and long jobs may run in two threads at once."""

    def __init__(self, setup: WorkerSetup, store: Store) -> None:
        clock = FrozenClock(datetime.fromtimestamp(0).astimezone())      # each request sets it
        calendars = Calendars()
        sources = [
            open_source(
                name,
                clock=clock,
                calendars=calendars,
                csv_dir=setup.csv_dir,
                cache_dir=setup.cache_dir,
                seed=setup.seed,
                symbols=setup.simulated_symbols,
                interval=setup.interval,
            )
            for name in (setup.source, *setup.others)
        ]
        self.desk = Desk(
            clock=clock,
            source=in_order(sources, clock),
            store=store,
            calendars=calendars,
            bench=Bench(
                setup.models_dir,
                setup.model,
                refit_sessions=setup.refit_sessions,
                retrain_sessions=setup.retrain_sessions,
                interval=setup.interval,
            ),
            calibrator=Calibrator(store),
            history_years=setup.history_years,
            backfill_sessions=setup.backfill_sessions,
            interval=setup.interval,
            display_currency=setup.display_currency,
        )
        self._clock = clock
        self._fitting = threading.Lock()

    def move_on(self, now: datetime) -> None:
        """Let the clock go on to `now`; never back, since a tick of a later moment may be under way."""
        if now > self._clock.now():
            self._clock.set(now)

    def catalogue(self, now: datetime) -> tuple[Symbol, ...]:
        """What the source can name by itself."""
        self._clock.set(now)
        return self.desk.source.catalogue()

    def tick(self, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> TickReport:
        """See `Backend.tick`."""
        self._clock.set(now)
        # Only offered: whoever watches nothing may mean it, and then nothing of the source is looked at.
        if not symbols and (offered := self.desk.source.catalogue()):
            on_step(Step("catalogue", f"{len(offered)} symbols", None, catalogue=tuple(offered)))
        return tick(self.desk, symbols, on_step)

    def work(self, work: Work, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> WorkReport:
        """See `Backend.work`. One long job at a time; ticks go on meanwhile."""
        jobs: dict[Work, Callable[[Sequence[Symbol], OnStep], str]] = {
            Work.REFIT: self._refit, Work.TRAIN: self._train, Work.BACKFILL: self._backfill,
        }
        self.move_on(now)      # the first request of a worker that was started anew may be this one
        with self._fitting:
            began = time.monotonic()
            run = self.desk.store.runs.start(work.value, ",".join(symbols), now)
            try:
                message = jobs[work](symbols, on_step)
            except BaseException as error:
                told = "cancelled" if isinstance(error, QuestionWithdrawn) else str(error)
                self.desk.store.runs.finish(run, False, told, now)
                raise
            self.desk.store.runs.finish(run, True, message, now)
            statuses = self.desk.bench.statuses(self.desk.interval.key_at(now))
            return WorkReport(work, time.monotonic() - began, message, statuses)

    def issue(self, symbols: Sequence[Symbol], now: datetime) -> tuple[Forecast, ...]:
        """Record what the models at work have not said yet about the newest bars."""
        self._clock.set(now)
        return issue(self.desk, symbols, self.desk.tables(symbols))

    def take_history(self, symbol: Symbol, now: datetime, on_step: OnStep) -> SymbolFailure | None:
        """Bring one symbol's stored bars and indicators up to date; its failure, if it has one.

        Raises:
            SourceError: If the source as a whole did not answer.
            QuestionWithdrawn: If `on_step` has.
        """
        self._clock.set(now)
        intake = take_bars(self.desk, [symbol], self.desk.tables([symbol]), on_step)
        if (error := intake.trouble or intake.withdrawn) is not None:
            raise error
        return next(iter(intake.failures), None)

    def close(self) -> None:
        """Close the store."""
        self.desk.store.close()

    def _refit(self, symbols: Sequence[Symbol], on_step: OnStep) -> str:
        on_step(Step("refit", "fitting HAR-t and EWMA-t", None))
        panel = self.desk.panel(symbols, self.desk.tables(symbols))
        if panel is None or len(panel.sessions) < 2:
            raise NotEnoughHistory("refit: no bars are stored yet")
        self.desk.bench.fit_quick(panel, panel.fit_to)
        return f"HAR-t and EWMA-t fitted to {panel.sessions[panel.fit_to]} on {len(panel.symbols)} symbols"

    def _train(self, symbols: Sequence[Symbol], on_step: OnStep) -> str:
        desk = self.desk
        tables = desk.tables(symbols)
        panel = desk.panel(symbols, tables)
        if panel is None or len(panel.sessions) < 2:
            raise NotEnoughHistory("training: no bars are stored yet")
        newest, cut = panel.sessions[-1], panel.fit_to
        on_step(Step("train", "loading the network library", None))
        # After a start, who was at work before serves until a new fit is due.
        fitted = shadow.load(desk, newest) if desk.bench.champion is None else None
        if fitted is None:
            desk.store.runs.next_trial()

            def progress(fit: Progress) -> None:
                on_step(Step("train", fit.message, fit.fraction, epoch=fit.epoch))

            alarmed = desk.response.refit
            fitted = desk.bench.train(panel, cut, newest, progress, anew=alarmed)
            shadow.keep(desk)
            if fitted is not None and alarmed:
                begin_anew(desk.store, newest)
                desk.response, desk.inputs = CALM, None
        if fitted is None:
            return "; ".join(desk.bench.notes())
        desk.calibrator.run_in(fitted, panel)
        place = "in shadow beside the one at work" if fitted is desk.bench.challenger else "at work"
        return f"ensemble {fitted.model_id} trained to {fitted.train_end}, {place}"

    def _backfill(self, symbols: Sequence[Symbol], on_step: OnStep) -> str:
        tables = self.desk.tables(symbols)
        count = backfill_quick(self.desk, symbols, tables, on_step)
        if self.desk.bench.train_end(ENSEMBLE) is not None:
            count += backfill_ensemble(self.desk, symbols, tables, on_step)
        return f"{count} forecasts backfilled"
