"""What the front process may ask of the process that owns the heavy libraries.

The tick runs where pandas, TA-Lib and torch are: on the far side. Only small reports cross; bars, forecasts, outcomes
and signals go into the store, and the screen reads them there. So a tick's arithmetic (settling some hundred outcomes,
scoring them) never takes the interpreter lock away from the screen, and a crash over there costs a restart, not a
terminal.

`LocalBackend` does the work in this process (headless commands, tests, and the worker itself); `WorkerClient` has it
done by a child process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar

from forecasting.domain.interval import parse_key
from forecasting.domain.market import Quote, Symbol, SymbolFailure
from forecasting.domain.question import Question
from forecasting.domain.snapshot import SourceHealth
from forecasting.domain.training import Epoch
from forecasting.frozen import dataclass

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

A = TypeVar("A")


class _AsText:
    """A key on its way: left to itself, pydantic takes a time at midnight for a date, and refuses any other."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        text = core_schema.plain_serializer_function_ser_schema(lambda key: key.isoformat())
        return core_schema.no_info_plain_validator_function(parse_key, serialization=text)


Key = Annotated[date, _AsText]
"""A bar's name on the wire: a date, or a time where bars are shorter than a session."""


TICK = "refresh"
"""What a tick is called among jobs."""


class Work(StrEnum):
    """Long jobs, each on the slow lane so that quotes and live forecasts go on."""

    REFIT = "refit"        # random walk, EWMA-t and HAR-t on all history: about a second
    TRAIN = "train"        # the ensemble
    BACKFILL = "backfill"  # walk-forward forecasts over the past for symbols that have none


@dataclass(frozen=True, slots=True)
class Step:
    """How far a request is."""

    stage: str                # "history", "fit", "train", "backfill", ..
    message: str
    fraction: float | None    # 0..1 of the whole request, None if unknown
    stored: bool = False      # the store has something new to show
    catalogue: tuple[Symbol, ...] = ()   # what the source can name by itself, said when nothing is watched yet
    epoch: Epoch | None = None           # the one of a network's training that has just ended


OnStep = Callable[[Step], None]

CHALLENGER = "challenger"
"""What the model in shadow is called; see `forecasting.service.shadow`."""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One fitted model at work."""

    name: str                  # one of domain.forecast.MODELS, or CHALLENGER
    model_id: str
    train_end: Key
    note: str | None = None    # expired; or how the challenger does


@dataclass(frozen=True, slots=True)
class TickReport:
    """What one refresh found and did."""

    at: datetime                             # the tick's clock, aware UTC
    closed_through: Key | None               # newest session closed for any symbol, its bars stored and forecast
    failures: tuple[SymbolFailure, ...]
    new_bars: tuple[Symbol, ...]             # symbols with bars that were not in the store before
    issued: int                              # forecasts appended to the ledger
    settled: int                             # outcomes written
    signals: int                             # new signals
    source: SourceHealth
    models: tuple[ModelStatus, ...]
    due: tuple[Work, ...]                    # long jobs that should be run now
    notes: tuple[str, ...]                   # one line each: quality findings, fallbacks
    next_due: tuple[tuple[Work, datetime], ...] = ()    # when jobs that are not due will be, by the calendar


@dataclass(frozen=True, slots=True)
class WorkReport:
    """What one long job did."""

    work: Work
    seconds: float
    message: str
    models: tuple[ModelStatus, ...]


@dataclass(frozen=True, slots=True)
class Ticks:
    """What the source's stream has brought since the last message, and how the stream is doing."""

    quotes: tuple[Quote, ...]     # the newest of each symbol that has a new one
    health: SourceHealth


OnTicks = Callable[[Ticks], None]


class Streamer(Protocol):
    """Who brings prices between two ticks of the refresh; polling goes on whether or not it does."""

    def stream(self, symbols: Sequence[Symbol], on_ticks: OnTicks) -> None:
        """Bring prices of just these from now on; none: stop. Returns at once, never raises, may be repeated.

        Calls back from a thread of its own, at most four times a second, and every two seconds where nothing comes; not
        at all if the source has no stream. A worker that is started anew has to be asked again.
        """
        ...


class Inquirer(Protocol):
    """Who answers questions; see `forecasting.service.questions` for those there are."""

    def ask(self, question: Question[A], now: datetime, on_step: OnStep) -> A:
        """Wait for the answer. A question of the same type that still waits is taken back.

        Raises:
            QuestionWithdrawn: If this one was taken back.
            WorkerTimeout: If there was no answer by the question's deadline.
            TapecastError: If it cannot be answered.
        """
        ...

    def withdraw(self, kind: type[Question[Any]]) -> None:
        """Take back the question of this type that waits, if there is one. Returns at once."""
        ...

    def close(self) -> None:
        """Let go of everything; what still waits fails. Safe to call twice."""
        ...


class Canceller(Protocol):
    """Who stops work before its end."""

    def cancel(self, job: str) -> None:
        """Have a job that runs or waits end with its next step, in `QuestionWithdrawn`. Returns at once.

        `job` is a kind of `Work`, or `TICK`: what histories a tick has not asked for yet are then put off.

        Nothing is half written then, and what stood before stands: the models at work stay there.
        """
        ...


class Backend(Protocol):
    """Ticks and long jobs; every call carries the clock's time, since a replay's clock lives in the front."""

    def tick(self, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> TickReport:
        """One refresh of the watchlist; see `forecasting.service.refresh`.

        Raises:
            TapecastError: If nothing could be done at all.
        """
        ...

    def work(self, work: Work, symbols: Sequence[Symbol], now: datetime, on_step: OnStep) -> WorkReport:
        """Do one long job.

        Raises:
            TapecastError: If it failed; what stood before still stands.
        """
        ...

    def close(self) -> None:
        """Let go of everything; safe to call twice."""
        ...
