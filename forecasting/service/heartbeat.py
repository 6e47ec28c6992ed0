"""What the engine at work says of itself in the store, for those who look on and for `tapecast status`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from forecasting.data.store import Store
from forecasting.errors import WorkerError
from forecasting.service import wire
from forecasting.service.snapshots import Status

SILENT_AFTER = timedelta(seconds=10)
"""After so long without a beat nobody may be at work any more."""

_KEY = "engine/heartbeat"
_ASKED = "engine/asked"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One beat."""

    pid: int
    kind: str                # "app" or "daemon"
    started_at: datetime
    at: datetime             # of this machine's clock, also in a replay
    status: Status


def beat(store: Store, heartbeat: Heartbeat) -> None:
    """Write the newest beat over the one before."""
    store.runs.set_meta(_KEY, json.dumps(wire.pack(heartbeat)))


def newest_beat(store: Store) -> Heartbeat | None:
    """The newest beat; None before the first, or where another version wrote it."""
    text = store.runs.get_meta(_KEY)
    if text is None:
        return None
    try:
        return wire.unpack(Heartbeat, json.loads(text))
    except (ValueError, WorkerError):
        return None


WISHES = ("refresh", "train", "cancel")
"""What may be asked of whoever is at work."""


def ask_for(store: Store, wish: str, at: datetime) -> None:
    """Ask whoever is at work for one of `WISHES`."""
    store.runs.set_meta(f"{_ASKED}/{wish}", at.isoformat())


def asked_for(store: Store) -> dict[str, str | None]:
    """By wish, a text that changes whenever somebody asks."""
    return {wish: store.runs.get_meta(f"{_ASKED}/{wish}") for wish in WISHES}
