"""Finds, reads and checks config.toml.

The first of these that is there: `--config`, `$TAPECAST_CONFIG`, `./config.toml`, the user's config folder, the
built-in defaults. In a checkout `./config.toml` is the shipped default itself; it yields to the user's own file, which
is where the app writes edited lists.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from forecasting.config.diagnosis import printable, syntax_error
from forecasting.config.reading import read
from forecasting.config.settings import Settings, Written
from forecasting.errors import ConfigError

_MAX_BYTES = 1 << 20  # a config file is a few KB; this keeps `--config /dev/zero` from filling the memory
_PACKAGE = Path(__file__).resolve().parents[1]


def default_file() -> Path:
    """The commented default configuration: inside the installed package, or at the root of a checkout."""
    installed = _PACKAGE / "default_config.toml"
    return installed if installed.is_file() else _PACKAGE.parent / "config.toml"


def user_file() -> Path:
    """The config file in the user's config folder, there or not."""
    from platformdirs import user_config_path  # late: most starts in tests and scripts name their file

    return user_config_path("tapecast", appauthor=False) / "config.toml"


def load(path: Path | None = None, env: Mapping[str, str] = os.environ, cwd: Path | None = None) -> Settings:
    """Settings from the first file of the lookup order; relative folders in it start at the file's own folder.

    Args:
        path: What `--config` said.
        env: Environment; only TAPECAST_CONFIG is read.
        cwd: Where `./config.toml` is looked for; None: the current folder.

    Raises:
        ConfigError: If a named file is missing, or what was found is not a valid configuration.
    """
    if (found := _find(path, env, cwd or Path.cwd())) is None:
        return Settings()
    return parse(read_text(found), found)


def _find(path: Path | None, env: Mapping[str, str], cwd: Path) -> Path | None:
    if path is not None:
        return _named(path, "--config")
    if text := env.get("TAPECAST_CONFIG"):
        return _named(Path(text), "$TAPECAST_CONFIG")
    local, own = cwd / "config.toml", user_file()
    candidates = (own, local) if is_default(local) else (local, own)
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _named(path: Path, by: str) -> Path:
    found = _absolute(path, Path.cwd())
    if not found.exists():
        raise ConfigError(f"{by} names {printable(path)}, which does not exist; correct the path or leave it out")
    return found


def is_default(path: Path) -> bool:
    """Whether `path` is the shipped default itself, however it is spelt."""
    default = default_file()
    return path.is_file() and default.is_file() and path.samefile(default)


def read_text(path: Path) -> str:
    """The file's text, line ends as they are, without a byte-order mark.

    Raises:
        ConfigError: If it cannot be read, is over 1 MiB or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{printable(path)}: cannot be read ({error.strerror}); name another file") from error
    if len(content) > _MAX_BYTES:
        raise ConfigError(f"{printable(path)}: over {_MAX_BYTES} bytes, so no configuration; name another file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{printable(path)}:{line}: not UTF-8 text; save the file as UTF-8") from error


def parse(text: str, path: Path) -> Settings:
    """Check `text` as the content of `path`.

    Raises:
        ConfigError: One line with file, line number, key and remedy.
    """
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError also covers an integer of over 4,300 digits
        raise syntax_error(error, text, path) from error
    return _anchored(_checked(content, text, path), path)


def _checked(content: dict[str, Any], text: str, path: Path) -> Written:
    try:
        return read(Written, content)
    except (ValueError, OverflowError):
        from forecasting.config.checking import check  # 90 ms that a plainly right file does not cost

        return check(Written, content, text, path)


def _anchored(written: Written, path: Path) -> Settings:
    """The settings with their origin, and with relative folders read from the file's own folder."""
    folder = path.absolute().parent
    csv_dir, data_dir = written.source.csv_dir, written.paths.data_dir
    source = replace(written.source, csv_dir=csv_dir and _absolute(csv_dir, folder))
    paths = replace(written.paths, data_dir=data_dir and _absolute(data_dir, folder))
    said: dict[str, Any] = {field.name: getattr(written, field.name) for field in fields(written)}
    return Settings(**{**said, "source": source, "paths": paths}, origin=path)


def _absolute(path: Path, folder: Path) -> Path:
    return folder / os.path.expanduser(path)  # unlike Path.expanduser, leaves ~nobody as it is
