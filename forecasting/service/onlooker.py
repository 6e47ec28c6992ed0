"""A view on a store that somebody else's engine fills: the daemon's, or that of an app started before this one.

Shows what the store holds and what the engine at work says of itself. Edits go through the store, where it finds them;
what only the engine at work can do is refused with a word about who it is. Questions are answered by a worker process
of its own, started with the first of them: that of the engine at work is a child of another process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from forecasting.config import AlertSettings, SinkSettings
from forecasting.data.store import Store
from forecasting.domain.market import Symbol
from forecasting.domain.question import Question
from forecasting.domain.snapshot import Health, Snapshot, SourceHealth, SymbolDetail
from forecasting.errors import ConfigError, StoreError, WorkerError
from forecasting.service.alert_desk import AlertDesk
from forecasting.service.columns import ColumnChoice
from forecasting.service.heartbeat import SILENT_AFTER, Heartbeat, ask_for, newest_beat
from forecasting.service.holdings import HoldingsDesk
from forecasting.service.inspection import Inspection, inspect
from forecasting.service.lock import Holder
from forecasting.service.snapshots import SnapshotReader, Status
from forecasting.service.watchlist import Watchlist
from forecasting.service.work_desk import DistantWork, Works

if TYPE_CHECKING:
    from forecasting.service.backend import Inquirer, OnStep
    from forecasting.service.delivery import AlertDelivery, Show

A = TypeVar("A")


class Onlooker:
    """Reads; see `forecasting.service.facade.EngineFacade` for what the methods mean."""

    paused = False

    def __init__(
        self, store: Store, watchlist: Watchlist, holder: Callable[[], Holder | None], *,
        display_currency: str | None, log_path: Path | None, sinks: Sequence[SinkSettings] = (),
        alert_settings: AlertSettings | None = None, inquirer: Inquirer | None = None,
        columns: ColumnChoice | None = None,
    ) -> None:
        self.log_path = log_path
        self.alerts = AlertDesk(store.alerts, lambda: datetime.now(UTC))
        self.holdings = HoldingsDesk(store.holdings, lambda: self._status().now)
        self.lists = watchlist      # what is changed here, the engine at work takes up
        self.columns = columns or ColumnChoice()
        self._store, self._holder = store, holder
        self._reader = SnapshotReader(store, display_currency)
        self._seen: object = None
        self._beat: Heartbeat | None = None
        self._sinks, self._alert_settings = sinks, alert_settings or AlertSettings()
        self._delivery: AlertDelivery | None = None
        self._inquirer = inquirer
        self.work: Works = DistantWork(store, self._who, self._status)
        self._told = 0      # the newest alert the terminal has been told of

    def serve_terminal(self, show: Show | None) -> None:
        """Tell this terminal of alerts too: bell and notifications reach who sits here, the rest is not ours."""
        if show is not None:
            from forecasting.service.delivery import AlertDelivery  # not needed for the first paint

            self._told = max((alert.id for alert in self._store.alerts.history(limit=1)), default=0)
            self._delivery = AlertDelivery(self._store, self._sinks, self._alert_settings, show=show, outside=False)
            self._delivery.start(datetime.now(UTC))

    def snapshot(self) -> Snapshot:
        """What the store holds now."""
        try:
            self._beat = newest_beat(self._store)
            snapshot = self._reader.read(0, self._status())
        except StoreError as error:
            told = replace(self._status(), source=SourceHealth("store", Health.FAILED, str(error)))
            return self._reader.tell_again(0, told)
        if self._delivery is not None and (fresh := [a for a in reversed(snapshot.alerts) if a.id > self._told]):
            self._told = fresh[-1].id
            self._delivery.submit(fresh)
        return snapshot

    def news(self) -> bool:
        """Whether anybody has written since this was asked last; always from the same thread."""
        seen, self._seen = self._seen, self._store.version()
        return self.lists.reread() or seen != self._seen

    def detail(self, symbol: Symbol) -> SymbolDetail | None:
        """Everything about one symbol."""
        return self._reader.detail(symbol, self._beat.status.report if self._beat else None)

    def inspect(self) -> Inspection:
        """What lies behind this view; the processes are its own."""
        return inspect(self._store, self._status().symbols, self.log_path, [sink.name for sink in self._sinks])

    def inquire(self, question: Question[A], on_step: OnStep) -> A:
        """The answer of this view's own worker process."""
        if self._inquirer is None:
            raise WorkerError("questions: this view has no worker process to answer them")
        return self._inquirer.ask(question, self._status().now, on_step)

    def withdraw(self, kind: type[Question[Any]]) -> None:
        """Take back the question of this type that waits."""
        if self._inquirer is not None:
            self._inquirer.withdraw(kind)

    def stop(self) -> None:
        """Let go of the store."""
        if self._inquirer is not None:
            self._inquirer.close()
        if self._delivery is not None:
            self._delivery.close()
        self._store.close()

    def refresh(self) -> None:
        """Ask the engine at work."""
        ask_for(self._store, "refresh", datetime.now(UTC))

    def pause(self, paused: bool) -> None:
        """Only the engine at work can."""
        raise self._refused("pause polling")

    def change_speed(self, steps: int) -> None:
        """Only the engine at work can."""
        raise self._refused("change the replay's speed")

    def jump(self, sessions: int) -> None:
        """Only the engine at work can."""
        raise self._refused("skip forward")

    def _refused(self, what: str) -> ConfigError:
        return ConfigError(f"only {self._who()} can {what}; this is a view of what it does")

    def _who(self) -> str:
        holder = self._holder()
        return f"the {holder.kind} (process {holder.pid})" if holder else "the engine at work"

    def _status(self) -> Status:
        now, beat = datetime.now(UTC), self._beat
        view = f"a view: {self._who()} polls, forecasts and fires alerts; they go on when this is closed"
        if beat is None:
            source = SourceHealth("store", Health.WORKING, "the engine at work has not said anything yet")
            return Status(now, self.lists.groups, self.lists.symbols, source, (), None, (view,), None)
        status = beat.status
        source = status.source
        if now - beat.at > SILENT_AFTER:
            silent = f"{self._who()} has said nothing since {beat.at:%H:%M:%S} UTC; this app takes over when it ends"
            source = SourceHealth(source.name, Health.LATE, silent, beat.at)
        return replace(
            status, now=status.now if status.replay is not None else now, groups=self.lists.groups,
            symbols=self.lists.symbols, source=source, notices=(view, *status.notices),
        )
