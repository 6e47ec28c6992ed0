"""Where the facts of each source are kept."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from forecasting.config import Settings
from forecasting.domain.interval import Interval
from forecasting.errors import ConfigError


class Place(NamedTuple):
    """Where one source's facts are kept: sources are never mixed in one store, nor intervals in one models folder."""

    store: Path
    models: Path
    cache: Path
    log: Path       # the worker's
    lock: Path      # of the engine at work: one per interval, as there is one store

    @property
    def front_log(self) -> Path:
        """The front end's own log, beside the worker's."""
        return self.log.with_name("app.log")


def folder(settings: Settings, *, demo: bool) -> Path:
    """The folder of these settings' source, inside the data folder; it need not be there."""
    base = settings.data_dir(demo=demo)
    source = settings.source
    if demo or source.name == "yahoo":
        return base
    return base / (source.name if source.csv_dir is None else f"{source.name}-{_name_of(source.csv_dir)}")


def place(settings: Settings, *, demo: bool) -> Place:
    """What is kept in that folder, which is made if it is not there.

    Raises:
        ConfigError: If it cannot be made.
    """
    base, source = folder(settings, demo=demo), settings.source
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        what = f"data folder {base} cannot be made ({error.strerror}); name another with --data-dir"
        raise ConfigError(what) from error
    of = "" if source.interval is Interval.DAY else f"-{source.interval}"
    return Place(
        base / "store.db", base / f"models{of}", base / "cache", base / "worker.log", base / f"engine{of}.lock"
    )


def is_replay(settings: Settings, *, demo: bool) -> bool:
    """Whether a recording is played, with a clock of its own."""
    return demo or settings.source.name == "replay"


def _name_of(folder: Path) -> str:
    import hashlib  # brings OpenSSL along, which only a folder of files pays for

    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
