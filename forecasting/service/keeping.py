"""`tapecast store`: look through the store, copy it, put a copy back, give its free pages back to the disk.

Exit codes: 0 fine; 1 the store is damaged, or could not be read or written; 2 usage or configuration.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forecasting.config import Settings
from forecasting.data.store import file_of
from forecasting.data.store.backup import COMPANIONS, Copy, back_up, backups, copy_name, set_aside_files
from forecasting.data.store.database import mapped
from forecasting.data.store.examination import Examination, examine, reading
from forecasting.data.store.restoring import restore as put_back
from forecasting.data.store.restoring import vacuum as rewrite
from forecasting.data.store.salvage import salvage
from forecasting.errors import ConfigError, StoreError
from forecasting.service.headless import Answer
from forecasting.service.places import place


def store_file(settings: Settings, named: Path | None) -> Path:
    """The file these commands speak of: the one named, or that of the settings' source and interval.

    Raises:
        ConfigError: If it is not there.
    """
    path = named or own_file(settings)
    if not path.is_file():
        otherwise = "name another with --store" if named else "tapecast makes it at the first start"
        raise ConfigError(f"{path}: there is no store; {otherwise}")
    return path


def own_file(settings: Settings) -> Path:
    """Where the store of the settings' source and interval is, or will be."""
    return file_of(place(settings, demo=False).store, settings.source.interval)


def check(path: Path, *, save: bool) -> Answer:
    """Every page, every reference, every entry of the ledger; with `save`, what can be read goes to a new file."""
    found, copies, now = examine(path), backups(path), datetime.now(UTC)
    value: dict[str, Any] = {
        "path": str(path), "ok": found.ok, "schema": found.schema, "bytes": found.size, "wal_bytes": found.wal_size,
        "problems": list(found.problems), "ledger": found.ledger_problem or "as recorded",
        "tables": {t: {"rows": n, "bytes": found.sizes.get(t)} for t, n in found.rows.items()},
        "backups": [_copy(c) for c in copies], "set_aside": [_copy(c) for c in set_aside_files(path)],
    }
    if save:
        own = _store_of(path)
        target = copy_name(own, "salvaged", now)
        saved = salvage(path, target, now, [c.path for c in backups(own) if c.path != path])
        value["salvaged"] = {"path": str(saved.path), "rows": saved.rows, "lost": saved.lost}
        return Answer(value, (f"put it in the store's place with: tapecast store restore {target}",), 0)
    return Answer(value, () if found.ok else _remedies(path, found, copies), 0 if found.ok else 1)


def _remedies(path: Path, found: Examination, copies: tuple[Copy, ...]) -> tuple[str, ...]:
    """What can be done about a damaged store, the least costly first."""
    lines = [f"save what can be read with: tapecast store check --store {path} --salvage"]
    if copies:
        lines.append(f"or go back to {copies[0].made:%Y-%m-%d %H:%M} UTC with: tapecast store restore {copies[0].path}")
    if not found.problems:
        lines.append("the file itself is whole: somebody has edited the ledger")
    return tuple(lines)


def _store_of(path: Path) -> Path:
    """The store that a set-aside file was."""
    name, _, rest = path.name.partition(".db.")
    return path.with_name(f"{name}.db") if rest else path


def backup(path: Path, target: Path | None) -> Answer:
    """One state of the store as one file, checked before it gets its name; the app may run meanwhile.

    Raises:
        StoreError: If it cannot be written, or the store is damaged.
    """
    target = target or copy_name(path, "backup", datetime.now(UTC))
    if target.exists():
        raise StoreError(f"{target}: is there already and is not written over; name another file")
    with mapped(path), reading(path) as source:
        back_up(source, target)
    size = target.stat().st_size
    return Answer({"path": str(path), "backup": str(target), "bytes": size}, (), 0)


def restore(path: Path, copy: Path) -> Answer:
    """Put a backup, or what was salvaged, in the store's place; what was there keeps lying beside it.

    Raises:
        StoreError: If the copy is not whole, or a tapecast has the store open.
    """
    kept = put_back(path, copy, datetime.now(UTC))
    return Answer({"path": str(path), "from": str(copy), "replaced": None if kept is None else str(kept)}, (), 0)


def vacuum(path: Path) -> Answer:
    """Write the store anew without free pages.

    Raises:
        StoreError: If it cannot be written, or is damaged.
    """
    before, after = rewrite(path)
    return Answer({"path": str(path), "bytes_before": before, "bytes_after": after}, (), 0)


def _copy(copy: Copy) -> dict[str, Any]:
    beside = (copy.path.with_name(copy.path.name + companion) for companion in COMPANIONS)
    return {"path": str(copy.path), "bytes": sum(f.stat().st_size for f in beside if f.exists()),
            "made": copy.made.isoformat(timespec="seconds")}
