"""Every error tapecast raises on purpose.

    TapecastError
    ├── ConfigError             config.toml, environment or command line: exit code 2
    │   ├── RuleError           a rule or filter; carries the place in its text
    │   └── HoldingError        a lot that cannot be read; carries line and place
    ├── SymbolError             text that cannot be a ticker symbol: exit code 2
    ├── DataError               what a source or a file said cannot be used: exit code 1
    │   ├── CsvError            a CSV file, with file, line and column
    │   └── NotEnoughHistory    fewer bars than the question needs: exit code 4
    ├── SourceError             a whole source did not answer: exit code 3
    │   ├── SourceOffline       no network, no host, time-out
    │   ├── SourceRateLimited   the source asked for less; carries when to try again
    │   ├── SourceRefused       consent, cookie or key refused
    │   └── SourceBroken        it answered with something unreadable
    ├── StoreError              the SQLite store
    │   ├── StoreCorrupt        not a database, or damaged: it is set aside, never deleted
    │   ├── StoreUnwritable     disk full, read-only or refusing: what is stored can still be seen
    │   └── LedgerError         a forecast that breaks the ledger's promises
    ├── ModelError              training or forecasting
    │   └── CheckpointError     a checkpoint that is truncated, foreign or of another feature spec
    ├── DeliveryError           a sink did not take an alert
    └── WorkerError             the worker process
        ├── WorkerCrashed       it ended
        ├── WorkerTimeout       it did not answer by the deadline
        └── QuestionWithdrawn   who asked has taken the question back

One symbol's failure inside a batch is a value (`forecasting.domain.market.SymbolFailure`), not an exception. Foreign
errors (yfinance, curl, sqlite3, torch, tomllib, pydantic) are mapped to this tree where they enter.

A message says what was asked, what was found and what to do about it, on one line.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar


class TapecastError(Exception):
    """Base of all errors that are meant for a person to read."""

    kind: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1


class ConfigError(TapecastError):
    """config.toml, the environment or the command line asks for something that cannot be."""

    kind = "config"
    exit_code = 2


class RuleError(ConfigError):
    """A rule or filter that cannot be read.

    Attributes:
        text: The rule, without control characters.
        at: Index of the offending character in it.
    """

    kind = "rule"

    def __init__(self, text: str, at: int, message: str) -> None:
        self.text = "".join(c if c.isprintable() else " " for c in text)
        self.at = at
        super().__init__(f"{message} (at {at + 1}: {self.text[at : at + 20] or 'end'})")

    def pointed(self) -> str:
        """The rule, and under it a mark at the place; two lines of equal cells for plain ASCII."""
        return f"{self.text}\n{' ' * self.at}^"


class HoldingError(ConfigError):
    """A lot, among lines of them, that cannot be read.

    Attributes:
        line: Its line, from 0.
        at: Index of the offending character in the line.
        what: What is wrong, without the place.
    """

    kind = "holding"

    def __init__(self, line: int, at: int, what: str) -> None:
        self.line, self.at, self.what = line, at, "".join(c if c.isprintable() else " " for c in what)
        super().__init__(f"line {line + 1}: {self.what}")


class SymbolError(TapecastError):
    """Text that cannot be a ticker symbol."""

    kind = "bad-symbol"
    exit_code = 2


class DataError(TapecastError):
    """Data that was delivered but cannot be used."""

    kind = "bad-data"


class CsvError(DataError):
    """A CSV file that cannot be read; the message names file, line and column."""

    kind = "csv"


class NotEnoughHistory(DataError):
    """Fewer bars than the question needs."""

    kind = "not-enough-history"
    exit_code = 4


class SourceError(TapecastError):
    """A whole source did not answer."""

    kind = "source"
    exit_code = 3


class SourceOffline(SourceError):
    """No network, no host, or no answer within the deadline."""

    kind = "offline"


class SourceRateLimited(SourceError):
    """The source asked for fewer requests.

    Attributes:
        retry_at: When the next request will be tried (aware UTC), if known.
    """

    kind = "rate-limited"

    def __init__(self, message: str, *, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class SourceRefused(SourceError):
    """Cookie, consent or key was refused."""

    kind = "refused"


class SourceBroken(SourceError):
    """The source answered with a server error or with something unreadable."""

    kind = "server-error"


class StoreError(TapecastError):
    """The store could not be read or written."""

    kind = "store"


class StoreCorrupt(StoreError):
    """The store file is damaged or not a database."""

    kind = "store-corrupt"


class StoreUnwritable(StoreError):
    """The disk is full, read-only or refuses: nothing new can be kept for now."""

    kind = "store-unwritable"


class LedgerError(StoreError):
    """A forecast or outcome that would break what the ledger promises."""

    kind = "ledger"


class ModelError(TapecastError):
    """Training or forecasting failed."""

    kind = "model"


class CheckpointError(ModelError):
    """A checkpoint that is truncated, foreign, or made for another feature specification."""

    kind = "checkpoint"


class DeliveryError(TapecastError):
    """A sink did not take an alert.

    Attributes:
        again: Whether it may do so when asked again: it did not answer, or is in trouble itself.
        after_s: Seconds it asks to be left alone for.
    """

    kind = "delivery"

    def __init__(self, message: str, *, again: bool = False, after_s: float = 0.0) -> None:
        super().__init__(message)
        self.again = again
        self.after_s = after_s


class WorkerError(TapecastError):
    """The worker process failed.

    Attributes:
        retry_s: Seconds until it may be started anew, if it has to be.
    """

    kind = "worker"

    def __init__(self, message: str, *, retry_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_s = retry_s


class WorkerCrashed(WorkerError):
    """The worker process ended while it was needed."""

    kind = "worker-crashed"


class WorkerTimeout(WorkerError):
    """The worker process did not answer by the deadline."""

    kind = "worker-timeout"


class QuestionWithdrawn(WorkerError):
    """Who asked has taken the question back, or asked anew; nobody waits for its answer."""

    kind = "withdrawn"
