"""One engine at work, and others that look on until it ends.

Whoever gets the lock runs the engine and says so in a heartbeat; whoever does not shows a view of the same store, and
takes over as soon as the lock is free: the app that stays when a daemon is stopped goes on by itself.

Either is imported and made by `start`, after the first paint, which is of what the store remembers. What is asked for
before that makes it at once.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from forecasting.domain.market import Symbol
from forecasting.domain.question import Question
from forecasting.domain.snapshot import Health, Snapshot, SourceHealth, SymbolDetail
from forecasting.errors import TapecastError
from forecasting.service.lock import EngineLock

if TYPE_CHECKING:
    from forecasting.data.store import Store
    from forecasting.service.alert_desk import AlertDesk
    from forecasting.service.backend import OnStep
    from forecasting.service.columns import ColumnChoice
    from forecasting.service.delivery import Show
    from forecasting.service.engine import Engine
    from forecasting.service.facade import OnSnapshot, RunInThread
    from forecasting.service.holdings import HoldingsDesk
    from forecasting.service.inspection import Inspection
    from forecasting.service.onlooker import Onlooker
    from forecasting.service.remembered import Remembered
    from forecasting.service.watchlist import Watchlist
    from forecasting.service.work_desk import Works

log = logging.getLogger(__name__)
A = TypeVar("A")

LOOK_S = 0.5        # how often a view asks the store for news, and an engine for wishes
BEAT_EVERY = 4      # looks


class Standby:
    """See `forecasting.service.facade.EngineFacade`: an engine's where this process has the lock, else a view's."""

    def __init__(
        self, lock: EngineLock, *, lead: Callable[[], tuple[Engine, Store]], look_on: Callable[[], Onlooker], kind: str,
        log_path: Path | None = None, remembered: Remembered | None = None,
    ) -> None:
        """Take the lock or look on.

        Args:
            lock: Of the data folder.
            lead: Makes an engine, and names the store it works on.
            look_on: Makes a view.
            kind: "app" or "daemon", for the heartbeat.
            log_path: Where the front end's own log goes.
            remembered: Stands there until `start`; if None, the engine or the view is made now.
        """
        self.lock, self._lead, self._look_on, self._kind = lock, lead, look_on, kind
        self.log_path = log_path
        self._versions = itertools.count(1)
        self._started_at = datetime.now(UTC)
        self._stopped = threading.Event()
        self._run: Callable[[Engine], object] = lambda engine: None
        self._store: Store | None = None      # of the engine, where this process has it
        self._asked: dict[str, str | None] = {}
        self._warned = ""
        self._remembered = remembered
        self._engine: Engine | None = None      # of these two one is there, once it is made
        self._view: Onlooker | None = None
        self._making = threading.RLock()
        self._locked = lock.acquire()
        try:
            if remembered is None:
                self._at_work()
        except BaseException:
            lock.release()
            raise

    def _at_work(self) -> Engine | Onlooker:
        """The engine, or the view of another's; made by whoever asks first."""
        with self._making:
            made = self._engine or self._view
            if made is None:
                if self._locked:
                    made = self._engine = self._take_the_lead()
                else:
                    made = self._view = self._look_on()
                self._remembered = None
            return made

    def _take_the_lead(self) -> Engine:
        from forecasting.service.heartbeat import asked_for

        engine, self._store = self._lead()
        self._asked = asked_for(self._store)
        return engine

    @property
    def _shown(self) -> Engine | Onlooker | Remembered:
        return self._remembered or self._at_work()

    @property
    def leads(self) -> bool:
        """Whether the engine at work is this one, or will be when it is made."""
        return self._view is None and self._locked

    @property
    def columns(self) -> ColumnChoice:
        """The watch table's columns, as chosen."""
        return self._shown.columns

    @property
    def paused(self) -> bool:
        """Whether polling is paused."""
        return self._shown.paused

    def snapshot(self) -> Snapshot:
        """The newest snapshot; versions go on rising when this process takes over."""
        return replace(self._shown.snapshot(), version=next(self._versions))

    @property
    def alerts(self) -> AlertDesk:
        """Alert rules and what they said."""
        return self._at_work().alerts

    @property
    def holdings(self) -> HoldingsDesk:
        """What is written down about symbols."""
        return self._at_work().holdings

    @property
    def lists(self) -> Watchlist:
        """The lists and what is on them."""
        return self._at_work().lists

    def detail(self, symbol: Symbol) -> SymbolDetail | None:
        """Everything about one symbol."""
        return self._at_work().detail(symbol)

    def inspect(self) -> Inspection:
        """What lies behind the screen."""
        return self._at_work().inspect()

    def inquire(self, question: Question[A], on_step: OnStep) -> A:
        """The worker's answer; waits for it."""
        return self._at_work().inquire(question, on_step)

    def withdraw(self, kind: type[Question[Any]]) -> None:
        """Take back the question of this type that waits."""
        self._at_work().withdraw(kind)

    def start(self, on_snapshot: OnSnapshot, run_in_thread: RunInThread, show: Show | None = None) -> None:
        """Start the engine, or watch the one at work."""
        loop = asyncio.get_running_loop()

        def publish(snapshot: Snapshot) -> None:
            on_snapshot(replace(snapshot, version=next(self._versions)))

        def run(engine: Engine) -> None:
            if not self._stopped.is_set():
                engine.start(publish, run_in_thread, show)

        self._run = lambda engine: loop.call_soon_threadsafe(run, engine)
        run_in_thread(lambda: self._begin(publish, show))

    def _begin(self, publish: OnSnapshot, show: Show | None) -> None:
        """Make the engine or the view, where there is none yet, and let it begin; in a thread, as imports take time."""
        try:
            self._at_work()
        except Exception as error:
            log.exception("nothing could be made to work with")
            if self._remembered is not None and not self._stopped.is_set():
                source = SourceHealth("engine", Health.FAILED, f"{error}; q ends, and what is stored is safe")
                publish(replace(self._remembered.snapshot(), source=source))
            return
        if self._engine is not None:
            self._run(self._engine)
        elif self._view is not None:
            self._view.serve_terminal(show)
            publish(self._view.snapshot())
        threading.Thread(target=self._keep_watch, args=(publish,), name="standby", daemon=True).start()

    def stop(self) -> None:
        """Stop everything and let go of the lock; safe to call twice."""
        self._stopped.set()
        with self._making:
            at_work = self._engine or self._view or self._remembered
        if at_work is not None:
            at_work.stop()
        self.lock.release()

    def renew(self, lead: Callable[[], tuple[Engine, Store]]) -> None:
        """Go on with an engine that `lead` makes, now or when this process takes over; the lock is kept throughout.

        Raises:
            TapecastError: If it cannot be made; the engine goes on as it was.
        """
        before, self._lead = self._lead, lead
        self._at_work()
        if self._engine is not None:
            try:
                self._replace_by(self._take_the_lead())
            except TapecastError:
                self._lead = before
                raise

    def refresh(self) -> None:
        """Refresh now."""
        self._at_work().refresh()

    def pause(self, paused: bool) -> None:
        """Stop or resume polling."""
        self._at_work().pause(paused)

    @property
    def work(self) -> Works:
        """The work behind the screen."""
        return self._at_work().work

    def change_speed(self, steps: int) -> None:
        """Replay only: faster or slower."""
        self._at_work().change_speed(steps)

    def jump(self, sessions: int) -> None:
        """Replay only: skip forward."""
        self._at_work().jump(sessions)

    # In a thread of its own.

    def _keep_watch(self, publish: OnSnapshot) -> None:
        for look in itertools.count():
            try:
                if self._engine is not None:
                    self._serve(self._engine, beats=look % BEAT_EVERY == 0)
                elif self.lock.acquire():
                    self._take_over()
                elif self._view is not None and self._view.news():
                    publish(self._view.snapshot())
            except TapecastError as error:      # the disk's or the store's trouble is shown where it is met
                self._warn(str(error))
            except Exception:
                if not self._stopped.is_set():
                    log.exception("standby")
            if self._stopped.wait(LOOK_S):
                return

    def _warn(self, message: str) -> None:
        """Log, once in a row."""
        if message != self._warned and not self._stopped.is_set():
            log.warning("standby: %s", message)
        self._warned = message

    def _serve(self, engine: Engine, *, beats: bool) -> None:
        """Say that this engine is at work, and do what those who look on have asked for."""
        from forecasting.service.heartbeat import Heartbeat, asked_for, beat

        assert self._store is not None
        engine.follow()
        asked, before = asked_for(self._store), self._asked
        self._asked = asked
        wishes = {"refresh": engine.refresh, "train": engine.work.train, "cancel": engine.work.cancel}
        for wish, grant in wishes.items():
            if asked[wish] != before[wish]:
                grant()
        if beats:
            beat(self._store, Heartbeat(os.getpid(), self._kind, self._started_at, datetime.now(UTC), engine.status()))

    def _take_over(self) -> None:
        log.info("the engine at work has ended; this %s takes over", self._kind)
        self._replace_by(self._take_the_lead())

    def _replace_by(self, engine: Engine) -> None:
        before = self._at_work()
        engine.succeed(before)
        self._engine, self._view, self._locked = engine, None, True
        before.stop()
        if self._stopped.is_set():      # while the engine was made: nobody else ends it
            engine.stop()
            return
        self._run(engine)
