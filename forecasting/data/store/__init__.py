"""Where facts stay: SQLite in WAL mode.

One file holds instruments, bars, last quotes, sessions, indicators, the watchlist, the forecast ledger with its
outcomes, signals and runs. The first screen is painted from it. Several threads and two processes may use it at once.

    with Store.open(data_dir / "store.db") as store:
        store.market.put_bars(series)
        store.ledger.append(forecasts, Origin.LIVE, at=clock.now())

Facts of bars shorter than a session have a file of their own beside it for each interval (`store-15m.db`), so that no
ledger, record or model of one interval meets those of another; lists and holdings are those in the main file.

Everything raised is a `forecasting.errors.StoreError`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from forecasting.data.store.alerts import Alerts
from forecasting.data.store.database import Database, mapped, suspicion
from forecasting.data.store.holdings import Holdings
from forecasting.data.store.ledger import Ledger
from forecasting.data.store.market import Market
from forecasting.data.store.opening import look_only, prepare
from forecasting.data.store.promises import Due
from forecasting.data.store.quarantine import Findings, Quarantine
from forecasting.data.store.runs import Run, Runs
from forecasting.data.store.sayings import Sayings
from forecasting.data.store.signals import Signals
from forecasting.data.store.watchlist import Watchlist
from forecasting.domain.interval import Interval
from forecasting.domain.watchlist import WatchGroup
from forecasting.errors import StoreError, StoreUnwritable

__all__ = ["Due", "Run", "Store"]

_PROBE = "probe"           # written to find out whether it can be
_LOOKED = "store/looked-through"
_INTERVAL = "interval"     # whose bars a file holds; absent in a daily one


class Store:
    """One open store; its parts are attributes.

    Attributes:
        path: The file.
        interval: Of the bars, and of all that is made of them.
        market: Instruments, bars, quotes, sessions, indicators.
        quarantine: Symbols that are asked for more rarely.
        findings: What was found wrong with the delivered bars.
        ledger: Forecasts and what came of them.
        signals: Signals and what followed.
        alerts: Rules, what they remember and what they said.
        sayings: What tapecast told of itself.
        watchlist: The lists of symbols.
        holdings: What a person has written down about symbols, lots among it.
        runs: Background work done, and the trial counter.
    """

    def __init__(
        self, database: Database, notices: tuple[str, ...] = (),
        folder: tempfile.TemporaryDirectory[str] | None = None, *, refused: tuple[str, ...] = (),
        interval: Interval = Interval.DAY, lists: Database | None = None,
    ) -> None:
        """Use `open` or `temporary`; `folder` is removed at `close`, `lists` holds lists and holdings if it is given.

        `notices` are for good, `refused` is what to say for as long as the disk takes nothing new.
        """
        self._database, self._lists = database, lists or database
        self._folder = folder
        self.path = database.path
        self._notices, self._refused = notices, refused
        self.interval = interval
        self.market = Market(database, interval)
        self.quarantine = Quarantine(database)
        self.findings = Findings(database)
        self.ledger = Ledger(database)
        self.signals = Signals(database)
        self.alerts = Alerts(database)
        self.sayings = Sayings(database)
        self.watchlist = Watchlist(self._lists)
        self.holdings = Holdings(self._lists)
        self.runs = Runs(database)

    @classmethod
    def open(cls, path: Path, *, interval: Interval = Interval.DAY, now: datetime | None = None) -> Store:
        """Open the store at `path`, or start one there (folder 0700, file 0600).

        A damaged file is set aside, never deleted; `notices` says so. An older schema is migrated after a backup. Where
        the disk is full or read-only, what is stored can be seen, and `notices` says that nothing new is kept.

        Args:
            path: The store's main file.
            interval: Of the bars; others than daily ones have their own file beside it.
            now: Names a damaged file that is set aside; the wall clock's time if None.

        Raises:
            StoreError: If the folder or file cannot be used, belongs to a newer tapecast or another program, or holds
                bars of another interval.
        """
        now = now or datetime.now(UTC)
        notices, refused = _made_ready(path, now)
        if interval is Interval.DAY:
            store = cls(Database(path), notices, refused=refused)
        else:
            own = file_of(path, interval)
            more, refused = _made_ready(own, now)
            store = cls(Database(own), (*notices, *more), refused=refused, interval=interval, lists=Database(path))
        store._claim(interval)
        return store

    @classmethod
    def temporary(cls, interval: Interval = Interval.DAY) -> Store:
        """A store for one command, in a folder of its own that `close` removes."""
        folder = tempfile.TemporaryDirectory(prefix="tapecast-")
        path = Path(folder.name) / "store.db"
        return cls(Database(path), prepare(path, datetime.now(UTC)), folder, interval=interval)

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know of the file, one line each; empty when all is well."""
        if self._refused:
            with suppress(StoreError):
                self._refused = _made_ready(self.path, datetime.now(UTC))[1]     # the disk may take rows again
        return (*self._refused, *self._database.moved, *self._notices)

    def _claim(self, interval: Interval) -> None:
        """Note whose bars these are, or refuse a file that was renamed: a ledger is of one interval for good."""
        kept = self.runs.get_meta(_INTERVAL)
        if kept is None and interval is not Interval.DAY and not self.market.last_sessions():
            with suppress(StoreUnwritable):
                self.runs.set_meta(_INTERVAL, interval)
        elif (kept or Interval.DAY) != interval:
            self.close()
            raise StoreError(
                f"{self.path}: holds {kept or Interval.DAY} bars and was opened for {interval}; "
                "give the file its old name back, or another folder with --data-dir"
            )

    def refusal(self) -> StoreUnwritable | None:
        """What keeps the disk from taking rows now, found out by writing one; None if nothing does."""
        try:
            self.runs.set_meta(_PROBE, "")
        except StoreUnwritable as error:
            return error
        return None

    def rename_list(self, groups: Sequence[WatchGroup], old: str, new: str) -> None:
        """Write the lists down, one of which has another name, and its alert rules: as one where one file has both."""
        self.watchlist.save(groups, renamed=(old, new))
        if self._lists is not self._database:
            self.alerts.rename_list(old, new)

    def shrink(self) -> None:
        """Let go of memory that is only kept to read faster; for a quiet moment now and then."""
        self._database.shrink()

    def version(self) -> int:
        """A number that changes when somebody has written."""
        return sum(file.version() for file in {self._database, self._lists})

    def look_through(self) -> None:
        """Read every page of the file, beside all other work; damage becomes a notice, and the next opening sees to it.

        1 ms a megabyte, and more from a cold disk: for a thread of a process that has time. A file that cannot be read
        for another reason is left to those who need it.
        """
        from forecasting.data.store.examination import whole  # not needed for the first paint

        with suppress(StoreUnwritable), mapped(self.path):
            if (damage := whole(self.path)) is not None:
                suspicion(self.path).touch(mode=0o600)
                self._notices = (
                    f"{self.path} is damaged ({damage}); quit tapecast and start it again: the file is set aside then,"
                    f" and what can be read of it is saved by: tapecast store check --store {self.path} --salvage",
                    *self._notices,
                )
            else:
                with suppress(StoreError):      # it was closed meanwhile
                    self.runs.set_meta(_LOOKED, datetime.now(UTC).isoformat())

    @property
    def looked_through(self) -> datetime | None:
        """When `look_through` last found every page whole."""
        text = self.runs.get_meta(_LOOKED)
        return None if text is None else datetime.fromisoformat(text)

    @property
    def schema(self) -> int:
        """The version of the file's tables."""
        return int(self._database.rows("PRAGMA user_version")[0][0])

    def close(self) -> None:
        """Close every connection; safe to call twice. Statements still running in other threads end first."""
        self._database.close()
        self._lists.close()
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def file_of(path: Path, interval: Interval) -> Path:
    """The file for bars of `interval`, where the main one, which keeps the lists, is at `path`."""
    return path if interval is Interval.DAY else path.with_name(f"{path.stem}-{interval}{path.suffix}")


def _made_ready(path: Path, now: datetime) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a person should know of the file's opening, and what to say where it can be read alone."""
    try:
        return prepare(path, now), ()
    except StoreUnwritable as error:
        return (), look_only(path, error)
