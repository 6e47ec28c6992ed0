"""Where facts stay: SQLite in WAL mode.

One file holds instruments, bars, last quotes, sessions, indicators, the watchlist, the forecast ledger with its
outcomes, signals and runs. The first screen is painted from it. Several threads and two processes may use it at once.

    with Store.open(data_dir / "store.db") as store:
        store.market.put_bars(series)
        store.ledger.append(forecasts, Origin.LIVE, at=clock.now())

Everything raised is a `forecasting.errors.StoreError`.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from forecasting.data.store.database import Database
from forecasting.data.store.ledger import Ledger
from forecasting.data.store.market import Market
from forecasting.data.store.opening import look_only, prepare
from forecasting.data.store.promises import Due
from forecasting.data.store.runs import Run, Runs
from forecasting.data.store.signals import Signals
from forecasting.data.store.watchlist import Watchlist
from forecasting.errors import StoreUnwritable

__all__ = ["Due", "Run", "Store"]


class Store:
    """One open store; its parts are attributes.

    Attributes:
        path: The file.
        notices: What a person should know of its opening, one line each; empty when all is well.
        market: Instruments, bars, quotes, sessions, indicators.
        ledger: Forecasts and what came of them.
        signals: Signals and what followed.
        watchlist: The lists of symbols.
        runs: Background work done, and the trial counter.
    """

    def __init__(
        self, database: Database, notices: tuple[str, ...] = (),
        folder: tempfile.TemporaryDirectory[str] | None = None,
    ) -> None:
        """Use `open` or `temporary`; `folder` is removed at `close`."""
        self._database = database
        self._folder = folder
        self.path = database.path
        self.notices = notices
        self.market = Market(database)
        self.ledger = Ledger(database)
        self.signals = Signals(database)
        self.watchlist = Watchlist(database)
        self.runs = Runs(database)

    @classmethod
    def open(cls, path: Path, *, now: datetime | None = None) -> Store:
        """Open the store at `path`, or start one there (folder 0700, file 0600).

        A damaged file is set aside, never deleted; `notices` says so. An older schema is migrated after a backup. Where
        the disk is full or read-only, what is stored can be seen, and `notices` says that nothing new is kept.

        Args:
            path: The store's file.
            now: Names a damaged file that is set aside; the wall clock's time if None.

        Raises:
            StoreError: If the folder or file cannot be used, or belongs to a newer tapecast or another program.
        """
        try:
            notices = prepare(path, now or datetime.now(UTC))
        except StoreUnwritable as error:
            notices = look_only(path, error)
        return cls(Database(path), notices)

    @classmethod
    def temporary(cls) -> Store:
        """A store for one command, in a folder of its own that `close` removes."""
        folder = tempfile.TemporaryDirectory(prefix="tapecast-")
        path = Path(folder.name) / "store.db"
        return cls(Database(path), prepare(path, datetime.now(UTC)), folder)

    def close(self) -> None:
        """Close every connection; safe to call twice. Statements still running in other threads end first."""
        self._database.close()
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
