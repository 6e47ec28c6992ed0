"""What a front end may ask of the engine.

The app, the daemon and the tests' fakes share this one protocol. Nothing here blocks for long except where its
docstring says so, and nothing raises anything but `TapecastError`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from forecasting.domain.market import Symbol
from forecasting.domain.question import Question
from forecasting.domain.snapshot import Snapshot, SymbolDetail

if TYPE_CHECKING:
    from forecasting.service.alert_desk import AlertDesk
    from forecasting.service.backend import OnStep
    from forecasting.service.columns import ColumnChoice
    from forecasting.service.delivery import Show
    from forecasting.service.holdings import HoldingsDesk
    from forecasting.service.inspection import Inspection
    from forecasting.service.watchlist import Watchlist
    from forecasting.service.work_desk import Works

A = TypeVar("A")

OnSnapshot = Callable[[Snapshot], None]
"""Called from the engine's threads with each new snapshot; must return at once."""

RunInThread = Callable[[Callable[[], None]], None]
"""Runs a blocking job in a thread of the front end's choosing (in the app: a Textual thread worker)."""


class EngineFacade(Protocol):
    """One engine, one watchlist, one store."""

    def snapshot(self) -> Snapshot:
        """The newest snapshot; before `start`, what the store remembers. A few milliseconds, no network."""
        ...

    def detail(self, symbol: Symbol) -> SymbolDetail | None:
        """Bars, indicators, forecasts and record of one symbol, from the store; None if nothing is known of it.

        Reads the store: call it from a thread.
        """
        ...

    def inspect(self) -> Inspection:
        """Store, quarantine, processes and logs; reads store and disk: call it from a thread.

        Raises:
            StoreError: If the store cannot be read.
        """
        ...

    def inquire(self, question: Question[A], on_step: OnStep) -> A:
        """The worker's answer to a question of `forecasting.service.questions`; waits for it: call it from a thread.

        `on_step` hears from that thread how far the answer is. A question of the same type that waits is taken back.

        Raises:
            QuestionWithdrawn: If it was taken back.
            TapecastError: If it cannot be answered, or not by its deadline.
        """
        ...

    def withdraw(self, kind: type[Question[Any]]) -> None:
        """Take back the question of this type that waits, if there is one."""
        ...

    def start(self, on_snapshot: OnSnapshot, run_in_thread: RunInThread, show: Show | None = None) -> None:
        """Start the timers and the worker process. Needs a running asyncio loop; returns at once.

        `show` takes from any thread what sinks have for the front end's terminal.
        """
        ...

    def stop(self) -> None:
        """Stop timers and worker process; within two seconds. Safe to call twice."""
        ...

    def refresh(self) -> None:
        """Ask for a refresh now; joins one that is already running."""
        ...

    def pause(self, paused: bool) -> None:
        """Stop or resume polling; a replay stands still too."""
        ...

    @property
    def paused(self) -> bool:
        """Whether polling is paused."""
        ...

    @property
    def columns(self) -> ColumnChoice:
        """The watch table's columns, as chosen."""
        ...

    @property
    def lists(self) -> Watchlist:
        """The lists and what is on them; every change is written down at once, and history and ledger stay."""
        ...

    @property
    def alerts(self) -> AlertDesk:
        """Alert rules and what they said; every change takes effect at the next refresh."""
        ...

    @property
    def holdings(self) -> HoldingsDesk:
        """What a person has written down about symbols, lots among it; the next snapshot shows a change."""
        ...

    @property
    def work(self) -> Works:
        """The work behind the screen: train, stop, ask for everything again."""
        ...

    def change_speed(self, steps: int) -> None:
        """Replay only: `steps` notches faster (positive) or slower; nothing otherwise."""
        ...

    def jump(self, sessions: int) -> None:
        """Replay only: skip forward by whole sessions; nothing otherwise."""
        ...
