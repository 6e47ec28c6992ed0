"""One engine at work, and others that look on until it ends.

Whoever gets the lock runs the engine and says so in a heartbeat; whoever does not shows a view of the same store, and
takes over as soon as the lock is free: the app that stays when a daemon is stopped goes on by itself.
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

from forecasting.data.store import Store
from forecasting.domain.market import Symbol
from forecasting.domain.question import Question
from forecasting.domain.snapshot import Snapshot, SymbolDetail
from forecasting.errors import TapecastError
from forecasting.service.alert_desk import AlertDesk
from forecasting.service.columns import ColumnChoice
from forecasting.service.engine import Engine
from forecasting.service.facade import OnSnapshot, RunInThread
from forecasting.service.heartbeat import WISHES, Heartbeat, asked_for, beat
from forecasting.service.holdings import HoldingsDesk
from forecasting.service.inspection import Inspection
from forecasting.service.lock import EngineLock
from forecasting.service.onlooker import Onlooker
from forecasting.service.watchlist import Watchlist
from forecasting.service.work_desk import Works

if TYPE_CHECKING:
    from forecasting.service.backend import OnStep
    from forecasting.service.delivery import Show

log = logging.getLogger(__name__)
A = TypeVar("A")

LOOK_S = 0.5        # how often a view asks the store for news, and an engine for wishes
BEAT_EVERY = 4      # looks


class Standby:
    """See `forecasting.service.facade.EngineFacade`: an engine's where this process has the lock, else a view's."""

    def __init__(
        self, lock: EngineLock, *, lead: Callable[[], tuple[Engine, Store]], look_on: Callable[[], Onlooker], kind: str
    ) -> None:
        """Take the lock or look on.

        Args:
            lock: Of the data folder.
            lead: Makes an engine, and names the store it works on.
            look_on: Makes a view.
            kind: "app" or "daemon", for the heartbeat.
        """
        self.lock, self._lead, self._kind = lock, lead, kind
        self._versions = itertools.count(1)
        self._started_at = datetime.now(UTC)
        self._stopped = threading.Event()
        self._run: Callable[[Engine], object] = lambda engine: None
        self._store: Store | None = None
        self._asked: dict[str, str | None] = dict.fromkeys(WISHES)
        self._warned = ""
        try:
            self._current: Engine | Onlooker = self._take_the_lead() if lock.acquire() else look_on()
        except BaseException:
            lock.release()
            raise

    def _take_the_lead(self) -> Engine:
        engine, self._store = self._lead()
        self._asked = asked_for(self._store)
        return engine

    @property
    def leads(self) -> bool:
        """Whether the engine at work is this one."""
        return isinstance(self._current, Engine)

    @property
    def log_path(self) -> Path | None:
        """Where the front end's own log goes."""
        return self._current.log_path

    @property
    def alerts(self) -> AlertDesk:
        """Alert rules and what they said."""
        return self._current.alerts

    @property
    def holdings(self) -> HoldingsDesk:
        """What is written down about symbols."""
        return self._current.holdings

    @property
    def columns(self) -> ColumnChoice:
        """The watch table's columns, as chosen."""
        return self._current.columns

    @property
    def lists(self) -> Watchlist:
        """The lists and what is on them."""
        return self._current.lists

    @property
    def paused(self) -> bool:
        """Whether polling is paused."""
        return self._current.paused

    def snapshot(self) -> Snapshot:
        """The newest snapshot; versions go on rising when this process takes over."""
        return replace(self._current.snapshot(), version=next(self._versions))

    def detail(self, symbol: Symbol) -> SymbolDetail | None:
        """Everything about one symbol."""
        return self._current.detail(symbol)

    def inspect(self) -> Inspection:
        """What lies behind the screen."""
        return self._current.inspect()

    def inquire(self, question: Question[A], on_step: OnStep) -> A:
        """The worker's answer; waits for it."""
        return self._current.inquire(question, on_step)

    def withdraw(self, kind: type[Question[Any]]) -> None:
        """Take back the question of this type that waits."""
        self._current.withdraw(kind)

    def start(self, on_snapshot: OnSnapshot, run_in_thread: RunInThread, show: Show | None = None) -> None:
        """Start the engine, or watch the one at work."""
        loop = asyncio.get_running_loop()

        def publish(snapshot: Snapshot) -> None:
            on_snapshot(replace(snapshot, version=next(self._versions)))

        def run(engine: Engine) -> None:
            engine.start(publish, run_in_thread, show)

        self._run = lambda engine: loop.call_soon_threadsafe(run, engine)
        if isinstance(self._current, Engine):
            run(self._current)
        else:
            self._current.serve_terminal(show)
        threading.Thread(target=self._keep_watch, args=(publish,), name="standby", daemon=True).start()

    def stop(self) -> None:
        """Stop everything and let go of the lock; safe to call twice."""
        self._stopped.set()
        self._current.stop()
        self.lock.release()

    def renew(self, lead: Callable[[], tuple[Engine, Store]]) -> None:
        """Go on with an engine that `lead` makes, now or when this process takes over; the lock is kept throughout.

        Raises:
            TapecastError: If it cannot be made; the engine goes on as it was.
        """
        before, self._lead = self._lead, lead
        if self.leads:
            try:
                self._replace_by(self._take_the_lead())
            except TapecastError:
                self._lead = before
                raise

    def refresh(self) -> None:
        """Refresh now."""
        self._current.refresh()

    def pause(self, paused: bool) -> None:
        """Stop or resume polling."""
        self._current.pause(paused)

    @property
    def work(self) -> Works:
        """The work behind the screen."""
        return self._current.work

    def change_speed(self, steps: int) -> None:
        """Replay only: faster or slower."""
        self._current.change_speed(steps)

    def jump(self, sessions: int) -> None:
        """Replay only: skip forward."""
        self._current.jump(sessions)

    # In a thread of its own.

    def _keep_watch(self, publish: OnSnapshot) -> None:
        for look in itertools.count():
            try:
                if isinstance(self._current, Engine):
                    self._serve(self._current, beats=look % BEAT_EVERY == 0)
                elif self.lock.acquire():
                    self._take_over()
                elif self._current.news():
                    publish(self._current.snapshot())
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
        before, self._current = self._current, engine
        before.stop()
        if self._stopped.is_set():      # while the engine was made: nobody else ends it
            engine.stop()
            return
        engine.pause(before.paused)
        self._run(engine)
