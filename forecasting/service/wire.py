"""Frames between the front process and its worker: one JSON object per line.

Requests:  {"id": 1, "call": "tick", "args": {..}}
Answers:   {"id": 1, "step": {..}}*  then  {"id": 1, "value": {..}}  or  {"id": 1, "error": {"kind", "message"}}

A request may be taken back: {"id": 1, "call": "withdraw", "args": {}}
Requests of a stream get no answer of their own; what it brings comes unasked: {"ticks": {..}}

Values are the frozen dataclasses of `backend`, checked by pydantic on arrival: nothing is ever unpickled.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from forecasting import errors
from forecasting.config import ModelSettings
from forecasting.domain.interval import Interval
from forecasting.domain.market import Symbol
from forecasting.service.backend import Work

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What a worker must know to build its backend; the first frame it gets."""

    source: str
    store_path: Path
    models_dir: Path
    cache_dir: Path
    csv_dir: Path | None
    seed: int                # of simulated prices
    simulated_symbols: int
    model: ModelSettings
    history_years: int | None    # of bars asked for; None: all there are
    backfill_sessions: int
    refit_sessions: int      # sessions between HAR refits
    retrain_sessions: int    # sessions between the ensemble's refits
    display_currency: str | None = None    # rates into it are asked for
    others: tuple[str, ...] = ()           # sources asked where `source` does not answer, in turn
    interval: Interval = Interval.DAY


@dataclass(frozen=True, slots=True)
class TickArgs:
    """Arguments of `Backend.tick`."""

    symbols: tuple[Symbol, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class WorkArgs:
    """Arguments of `Backend.work`."""

    work: Work
    symbols: tuple[Symbol, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class StreamArgs:
    """Arguments of `Streamer.stream`."""

    symbols: tuple[Symbol, ...]


@dataclass(frozen=True, slots=True)
class AskArgs:
    """Arguments of `Inquirer.ask`."""

    name: str          # of an entry in `questions.QUESTIONS`
    question: Any      # of that entry's type, as plain JSON values
    now: datetime


def _make_adapter(kind: type) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # 90 ms that the first paint need not wait for

    return TypeAdapter(kind)


_adapter: Callable[[type], TypeAdapter[Any]] = cache(_make_adapter)     # building one costs milliseconds


def pack(value: object) -> Any:
    """A dataclass as plain JSON values."""
    return _adapter(type(value)).dump_python(value, mode="json")


def unpack(kind: type[T], plain: Any) -> T:
    """The dataclass that `pack` made plain.

    Raises:
        ValueError: If it is not one; pydantic's own, which says why.
    """
    value: T = _adapter(kind).validate_python(plain)
    return value


def encode(frame: dict[str, Any]) -> bytes:
    """One line for the pipe."""
    return json.dumps(frame, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The frame of one line.

    Raises:
        ValueError: If the line is no JSON object.
    """
    frame = json.loads(line)
    if not isinstance(frame, dict):
        raise ValueError(f"a frame is a JSON object, got {line[:80]!r}")
    return frame


def error_frame(request: int, error: Exception) -> dict[str, Any]:
    """An error as an answer; what is not a `TapecastError` travels as a worker error with its type's name."""
    if isinstance(error, errors.TapecastError):
        return {"id": request, "error": {"kind": error.kind, "message": str(error)}}
    message = f"{type(error).__name__}: {error}; the worker's log has the traceback"
    return {"id": request, "error": {"kind": errors.WorkerError.kind, "message": message}}


def error_from(plain: dict[str, str]) -> errors.TapecastError:
    """The error an answer carries, of its own class again."""
    kinds = {cls.kind: cls for cls in _all_errors(errors.TapecastError)}
    return kinds.get(plain["kind"], errors.WorkerError)(plain["message"])


def _all_errors(cls: type[errors.TapecastError]) -> list[type[errors.TapecastError]]:
    return [cls, *(e for sub in cls.__subclasses__() for e in _all_errors(sub))]
