"""What a forecast rests on that lies on this machine: software, configuration, store, checkpoints.

Each check says what it found and, where that is not as it should be, what to do. None raises, none repairs.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Literal

from forecasting.config import TERMINAL_KINDS, ModelSettings, Settings, SinkSettings
from forecasting.config.secrets import masked, reveal
from forecasting.data.store import Store
from forecasting.data.store.database import mapped, suspicion
from forecasting.data.store.examination import whole
from forecasting.data.text import clean_text
from forecasting.domain.interval import Interval
from forecasting.errors import CheckpointError, ConfigError, StoreError
from forecasting.features.pipeline import FeatureSpec
from forecasting.models import checkpoint
from forecasting.models.base import Fitted
from forecasting.service.bench import LICENCE
from forecasting.service.places import Place

Status = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report."""

    name: str
    status: Status
    found: str
    remedy: str = ""      # what to do; empty where there is nothing to do


def trouble(name: str, error: Exception, *, otherwise: str = "", status: Status = "failed") -> Check:
    """An error as a check: our messages end with what to do, after a semicolon."""
    found, _, remedy = str(error).rpartition("; ")
    return Check(name, status, found or remedy, remedy if found else otherwise)


def software() -> Check:
    """Python, and the packages that tapecast says it needs."""
    versions, missing = [f"Python {platform.python_version()}"], []
    try:
        needed = metadata.requires("tapecast") or []
    except metadata.PackageNotFoundError:
        return Check("software", "warning", f"{versions[0]}; tapecast itself is not installed, only run from a folder",
                     "install it with: python -m pip install -e .")
    for requirement in needed:
        if "extra ==" in requirement:
            continue
        name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check("software", "failed", f"not installed: {', '.join(missing)}", "run: python -m pip install -e .")
    return Check("software", "ok", ", ".join([f"tapecast {metadata.version('tapecast')}", *versions]))


def config(settings: Settings) -> Check:
    """Where the settings, which have been read by now, came from."""
    read = "built-in defaults, no config.toml" if settings.origin is None else f"{settings.origin} is valid"
    lists = f"{len(settings.lists)} lists" if settings.lists else "no lists"
    return Check("config", "ok", f"{read}; source {settings.source.name}, {lists}")


def sinks(settings: Settings) -> list[Check]:
    """Whether each configured way that alerts go could be taken: its secret can be looked up, its program is there."""
    return [_sink(sink) for sink in settings.sinks]


def _sink(sink: SinkSettings) -> Check:
    name, try_it = f"sink {sink.name}", f"try it: tapecast alerts test {sink.name}"
    if sink.kind in TERMINAL_KINDS:
        return Check(name, "ok", f"{sink.kind}, to whoever sits at the app")
    try:
        told = [f"{what} {masked(secret)}" for what, secret in (("url", sink.url), ("secret", sink.secret))
                if secret is not None and reveal(secret, f"{name}: {what}")]
    except ConfigError as error:
        return trouble(name, error, otherwise="correct it in config.toml")
    if sink.kind == "command":
        program = os.path.expanduser(sink.command[0])
        if shutil.which(program) is None:
            return Check(name, "failed", f"command: no program '{clean_text(program)}'", "install it, or name another")
        told = [f"program {clean_text(program)}"]
    return Check(name, "ok", f"{sink.kind}, {', '.join(told)}; nothing was sent, {try_it}")


def folder(where: Place) -> Check:
    """Whether the data folder can be used, and by its owner alone."""
    base = where.store.parent
    if not os.access(base, os.W_OK | os.X_OK):
        return Check("data folder", "failed", f"{base} cannot be written", "fix its access, or give --data-dir")
    if (mode := _open_to_others(base)) is not None:
        return Check("data folder", "warning", f"{base} is open to others ({mode:04o})", f"run: chmod 700 {base}")
    return Check("data folder", "ok", f"{base}, its owner's alone")


def _open_to_others(path: Path) -> int | None:
    """The permissions of `path` if others than its owner have any; None elsewhere, and where there are no such."""
    mode = path.stat().st_mode & 0o777
    return mode if os.name == "posix" and mode & 0o077 else None


def store(where: Place) -> Check:
    """Looks through the whole file before it is opened, then at every entry of the ledger."""
    path = where.store
    if not path.exists():
        return Check("store", "ok", f"none yet; {path.name} is made at the first start")
    mode = _open_to_others(path)      # opening it makes it private
    try:
        _read_through(path)
        with Store.open(path) as opened:
            entries, notices = opened.ledger.verify(), opened.notices
            if notices and (refusal := opened.refusal()) is not None:      # it can be seen, and that is all
                raise refusal
    except StoreError as error:
        return trouble("store", error, otherwise=f"keep a copy of {path}, then start anew with another --data-dir")
    size = path.stat().st_size / 2**20
    found = f"{path.name} whole, {size:,.1f} MB; ledger of {entries:,} forecasts as recorded"
    if notices:
        return Check("store", "warning", "; ".join((found, *notices)), "look into the file that was set aside")
    if mode is not None:
        return Check("store", "warning", f"{found}; was open to others ({mode:04o})", "nothing more: it is private now")
    return Check("store", "ok", f"{found}; its owner's alone")


def _read_through(path: Path) -> None:
    """Check every page, writing nothing.

    Raises:
        StoreError: If the file is damaged; it is marked, and the next start sets it aside.
    """
    with mapped(path):
        if (damage := whole(path)) is not None:
            suspicion(path).touch(mode=0o600)
            raise StoreError(f"{path}: {damage}; start tapecast again and the damaged file is set aside")


def models(kept: Path, asked: ModelSettings, newest: date, interval: Interval = Interval.DAY) -> Check:
    """Whether the ensembles on disk can be read, and the newest may still speak at `newest`."""
    fitted: list[Fitted] = []
    unread: list[str] = []
    for path in sorted(kept.glob("*.safetensors")):
        try:
            fitted.append(checkpoint.load(path, spec_hash=FeatureSpec(asked.features, interval).hash))
        except CheckpointError as error:
            unread.append(str(error))
    train = "train now with: tapecast train; the app does so by itself, and HAR-t speaks meanwhile"
    if not fitted:
        if not unread:
            return Check("models", "warning", "no checkpoint yet", train)
        return Check("models", "failed", f"none of {len(unread)} checkpoints can be read; first: {unread[0]}", train)
    latest = max(fitted, key=lambda f: f.train_end)
    found = f"{len(fitted)} load, the newest is {latest.name} {latest.model_id} trained to {latest.train_end}"
    if unread:
        others = f"{len(unread)} do not, first: {unread[0]}"
        return Check("models", "warning", f"{found}; {others}", "delete those that do not")
    if newest > latest.train_end + LICENCE:
        expired = f"expired: the newest session is {newest}, its licence {LICENCE.days} days"
        return Check("models", "warning", f"{found}; {expired}", train)
    return Check("models", "ok", f"{found}, within its licence at {newest}")
