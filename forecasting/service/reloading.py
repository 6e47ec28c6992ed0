"""An edit of config.toml takes effect while the app runs; a broken one changes nothing and is told.

What the engine is made of (pace, alerts, sinks, model) is renewed with it; what is about another store waits for the
next start. Lists are not looked at here: the watchlist reads them by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from forecasting.config import Settings, user_file
from forecasting.config.diagnosis import printable
from forecasting.errors import ConfigError, TapecastError
from forecasting.frozen import dataclass

SECTIONS = ("source", "refresh", "model", "display", "paths", "alerts", "sinks", "keys")
_ENGINES = frozenset({"source", "refresh", "model", "alerts", "sinks"})
"""Sections that the engine is made of."""
_SHOWN = {"sinks": "sink"}


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What an edit has changed."""

    before: Settings
    settings: Settings              # in force now
    changed: tuple[str, ...]        # sections, as they are called in the file; none where all is as it was

    def __str__(self) -> str:
        return f"{self.settings.origin or 'configuration'} read anew: {', '.join(f'[{name}]' for name in self.changed)}"


class Reloading:
    """Looks at the file the settings came from; not thread-safe."""

    def __init__(self, settings: Settings, read: Callable[[], Settings], renew: Callable[[Settings], None]) -> None:
        """Follow the file of `settings`.

        Args:
            settings: In force now.
            read: Reads them anew, command line included.
            renew: Goes on with an engine of these settings; raises a `TapecastError` where it cannot.
        """
        self._settings, self._read, self._renew = settings, read, renew
        self._file = settings.origin or user_file()
        self._stamp = stamp_of(self._file)
        self._looks_in_vain = 0      # since the file was last there

    def look(self) -> Reloaded | None:
        """What an edit since the last look has changed, or None where there was none.

        Raises:
            ConfigError: Once for every edit that cannot be read or taken over, and for a file that is gone; everything
                stays as it was.
        """
        stamp = stamp_of(self._file)
        if stamp is None:
            self._miss()
            return None
        self._looks_in_vain = 0
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        try:
            settings = self._read()
            changed = [name for name in SECTIONS if getattr(settings, name) != getattr(self._settings, name)]
            if _ENGINES & set(changed) or settings.display.currency != self._settings.display.currency:
                self._renew(settings)
        except TapecastError as error:
            raise ConfigError(f"{error}; the edit is not in force, what was set before stays") from error
        before, self._settings = self._settings, settings
        return Reloaded(before, settings, tuple(_SHOWN.get(name, name) for name in changed))

    def _miss(self) -> None:
        """Say that a file which was there is gone, at the second look: an editor that saves takes it away first."""
        self._looks_in_vain += 1
        if self._stamp is None or self._looks_in_vain < 2:
            return
        self._stamp = None      # whatever comes back is an edit
        raise ConfigError(
            f"{printable(self._file)}: gone; what it set stays until the app ends, put it back to start with it again"
        )


def stamp_of(file: Path) -> tuple[int, int, int] | None:
    """What changes with every edit of a file; None while it is not there."""
    try:
        told = file.stat()
    except OSError:
        return None
    return told.st_mtime_ns, told.st_size, told.st_ino
