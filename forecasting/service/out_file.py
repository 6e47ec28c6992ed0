"""A file that a command writes where a person says: named as what it is, whole or not at all, for its owner alone."""

from __future__ import annotations

import contextlib
import os
import tempfile
from mimetypes import MimeTypes
from pathlib import Path

from forecasting.errors import ConfigError

STDOUT = Path("-")
"""Stands for standard output, as everywhere."""

_TYPES = MimeTypes()      # of its own: what this machine's files say of endings does not count


def check_out_file(option: str, path: Path, mime: str, ending: str, *, force: bool) -> None:
    """Say before any work, not after it, that the file cannot be written.

    Args:
        option: What the person calls it: "--png".
        path: The file; `STDOUT` can always be written.
        mime: What will be in it: "image/png".
        ending: How such a file is called: ".png".
        force: Whether a file that is there may be replaced.

    Raises:
        ConfigError: If its ending means something else, if it is there already, or if it cannot be made there.
    """
    if path == STDOUT:
        return
    said, (meant, packed) = f"{option} {path}", _TYPES.guess_type(path.name, strict=False)
    if not path.name:
        raise ConfigError(f"{said}: names no file; name one, for example tapecast{ending}")
    if packed is not None or meant not in (None, mime):
        what = f"its name says {packed or meant}, and {option} writes {mime}"
        raise ConfigError(f"{said}: {what}; name it {path.with_suffix(ending).name}, or give another option")
    if os.path.lexists(path) and not force:
        raise ConfigError(f"{said}: it is there already; name another file, or give --force")
    if path.exists() and not path.is_file():
        # Replaced, a device or a pipe would be gone for everybody.
        raise ConfigError(f"{said}: it is no ordinary file; name another, or - for standard output")
    folder = _target(path).parent
    if not folder.is_dir():
        raise ConfigError(f"{said}: there is no folder {folder}; make it, or name another")
    if not os.access(folder, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise ConfigError(f"{said}: not allowed to write there; name another folder")


def write_out_file(path: Path, content: bytes, *, force: bool) -> None:
    """Write `content`; who looks in between, or stops it, finds what was there before. A link keeps leading there.

    Raises:
        ConfigError: If the file is there and `force` is not given, or it cannot be written.
    """
    try:
        name = _target(path)
        descriptor, beside = tempfile.mkstemp(dir=name.parent, prefix=".tapecast-")      # 0600
        claimed = False
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if not force:      # a hard link would claim the name too, but not on every file system
                os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
                claimed = True
            os.replace(beside, name)
        except BaseException:
            for left in (beside, name)[:1 + claimed]:
                with contextlib.suppress(OSError):
                    os.unlink(left)
            raise
    except FileExistsError as error:
        raise ConfigError(f"{path}: it is there already; name another file, or give --force") from error
    except OSError as error:
        raise ConfigError(f"{path}: could not be written: {error.strerror or error}; name another place") from error


def _target(path: Path) -> Path:
    """The file itself, where `path` is a link to it."""
    return Path(os.path.realpath(path))
