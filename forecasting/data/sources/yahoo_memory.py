"""What all processes over one folder know of Yahoo's trouble: how the circuits stand, in one small file.

Without it a command that is run every few seconds would meet every outage for the first time. The file holds only what
can still matter: what is older than an hour, lies ahead of the clock, waits longer than any pause may or makes no
sense is ignored. A disk that takes nothing leaves each process with what it knows itself. There is a file for each way
to Yahoo (a proxy, a fake), since the trouble of one is not another's.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

_LONGEST_FILE = 10_000                      # bytes; three circuits take one thousand
_LONGEST_PAUSE = timedelta(minutes=70)      # the hour a server may ask for, and some
_FORGOTTEN_AFTER = timedelta(hours=1)       # since the file was written, and the pause was over
_PATIENCE_S = 0.2                           # for another process's lock, which it holds for a millisecond
# What leads elsewhere; the file's name must not tell a proxy's password.
_WAYS = ("TAPECAST_YAHOO_URL", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


class KeptCircuit(BaseModel):
    """One circuit as others may know it; times are aware."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    failures: int = Field(default=0, ge=0, le=1_000_000)
    openings: int = Field(default=0, ge=0, le=1_000_000)
    kind: str | None = Field(default=None, pattern="^(offline|rate-limited|refused|server-error|source)$")
    message: str = Field(default="", max_length=1_000)
    since: AwareDatetime | None = None
    opened_at: AwareDatetime | None = None
    retry_at: AwareDatetime | None = None

    def makes_sense(self, now: datetime) -> bool:
        """Whether its parts fit each other and the clock."""
        if self.kind is None:
            return self == KeptCircuit()
        if self.opened_at is None or self.retry_at is None:
            return self.opened_at is self.retry_at and self.since is not None and self.since <= now
        lasts = self.retry_at - self.opened_at
        return self.opened_at <= now and timedelta(0) <= lasts <= _LONGEST_PAUSE and self.message != ""


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    written_at: AwareDatetime
    circuits: tuple[KeptCircuit, KeptCircuit, KeptCircuit]


class CircuitMemory:
    """Reads and replaces the file; never raises for what it meets there."""

    def __init__(self, folder: Path) -> None:
        """Prepare; nothing is read or written yet."""
        way = "\n".join(os.environ.get(name, "") for name in _WAYS)
        name = f"circuits-{hashlib.sha256(way.encode()).hexdigest()[:12]}"
        self._path, self._lock_path = folder / f"{name}.json", folder / f"{name}.lock"
        self._seen: tuple[int, int, int] | None = None

    def news(self, now: datetime) -> tuple[KeptCircuit, ...] | None:
        """What another process has written since this one last read or wrote; None if nothing that can be used."""
        try:
            seen = self._stamp()
            if seen == self._seen:
                return None
            self._seen = seen
            with self._path.open("rb") as file:
                told = _File.model_validate_json(file.read(_LONGEST_FILE))
        except (OSError, ValidationError):
            return None
        ends = [c.retry_at for c in told.circuits if c.retry_at is not None]
        timely = told.written_at <= now < max([told.written_at, *ends]) + _FORGOTTEN_AFTER
        return told.circuits if timely and all(c.makes_sense(now) for c in told.circuits) else None

    def keep(self, circuits: tuple[KeptCircuit, KeptCircuit, KeptCircuit], now: datetime) -> None:
        """Replace the file whole, readable by its owner alone."""
        text = _File(written_at=now, circuits=circuits).model_dump_json()
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")     # mode 0600
            try:
                with os.fdopen(descriptor, "w") as file:
                    file.write(text)
                os.replace(name, self._path)
            except OSError:
                with suppress(OSError):
                    os.unlink(name)
                raise
            self._seen = self._stamp()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from reading and replacing meanwhile, as far as the disk has it."""
        lock = self._locked()
        try:
            yield
        finally:
            if lock is not None:
                os.close(lock)

    def _locked(self) -> int | None:
        """The descriptor that holds the lock; None without one: a stopped process must not stop this one."""
        try:
            self._lock_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return None
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() < deadline:
                    time.sleep(0.005)
                    continue
                os.close(lock)
                return None
            return lock

    def _stamp(self) -> tuple[int, int, int]:
        found = self._path.stat()
        return found.st_ino, found.st_mtime_ns, found.st_size
