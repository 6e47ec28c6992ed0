"""Values that must not be seen: where they come from, and what may be shown of them.

A secret stands in config.toml as itself, as `env:NAME` (a variable of the environment) or as `file:PATH` (a file that
nobody but its owner may read). It is looked up at each use, so that a new one counts at once and a missing one fails
its user alone.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from forecasting.errors import ConfigError
from forecasting.frozen import dataclass

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

_MAX_BYTES = 4096


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A text that shows itself nowhere: not in a log, a traceback or a settings object that is printed."""

    plain: str

    def __bool__(self) -> bool:
        return bool(self.plain)

    def __repr__(self) -> str:
        return "Secret('…')"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema(strict=True))


def reveal(secret: Secret, what: str, env: Mapping[str, str] = os.environ) -> str:
    """The value itself. Whoever holds it shows it to nobody: no log, no error, no `from error`.

    Args:
        secret: As it stands in config.toml.
        what: Whose it is, for the error: "sink phone: url".
        env: Where `env:NAME` is looked up.

    Raises:
        ConfigError: If the variable is not set, or the file is missing, empty or not its owner's alone.
    """
    text = secret.plain
    if text.startswith("env:"):
        name = text.removeprefix("env:")
        if not (value := env.get(name, "").strip()):
            raise ConfigError(f"{what}: ${name} is not set; set it in the environment tapecast is started from")
        return value
    return _in_file(text.removeprefix("file:"), what) if text.startswith("file:") else text


def _in_file(name: str, what: str) -> str:
    path = Path(os.path.expanduser(name))
    if not path.is_absolute():
        raise ConfigError(f"{what}: file:{name} does not say in which folder; begin it with / or ~/")
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ConfigError(f"{what}: {path} is no file; name one that holds the value and nothing else")
            if status.st_mode & 0o077 or status.st_uid != os.geteuid():
                mode = stat.S_IMODE(status.st_mode)
                raise ConfigError(f"{what}: others may read or own {path} (mode {mode:04o}); chown it and chmod 600 it")
            value: str = file.read(_MAX_BYTES + 1).decode().strip()
    except OSError as error:
        raise ConfigError(f"{what}: {path} cannot be read ({error.strerror}); correct the name") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{what}: {path} is not UTF-8 text; it has to hold the value and nothing else") from None
    if not value or len(value) > _MAX_BYTES or not value.isprintable():
        raise ConfigError(f"{what}: {path} has to hold one line, the value and nothing else")
    return value


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)      # a pipe in the file's place is refused, not waited for


def masked(secret: Secret) -> str:
    """What may be shown: where it is kept; of an address the host at most, since some kinds have a token even there."""
    text = secret.plain
    if text.startswith(("env:", "file:")):
        return text
    try:
        parts = urlsplit(text)
        host = parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        return "…"
    if not parts.scheme or not parts.netloc:
        return "…"
    return f"{parts.scheme}://{host}/…" if host else f"{parts.scheme}://…"
