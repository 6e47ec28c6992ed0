"""`tapecast status`: whether an engine is at work on the store, and how it is doing, as a plain JSON value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from forecasting.config import Settings
from forecasting.data.store import Store
from forecasting.domain.snapshot import Health
from forecasting.service.headless import Answer
from forecasting.service.heartbeat import newest_beat
from forecasting.service.lock import EngineLock
from forecasting.service.places import place


def status(settings: Settings) -> Answer:
    """Exit code 0 where an engine is at work and its source answers, 3 where that fails, 1 where none is at work."""
    where = place(settings, demo=False)
    lock = EngineLock(where.lock, "status")
    running = not lock.acquire()
    lock.release()
    with Store.open(where.store, interval=settings.source.interval) as store:
        beat, unseen, notices = newest_beat(store), store.alerts.count_unseen(), store.notices
        value: dict[str, Any] = {"running": running, "alerts_unacknowledged": unseen, "store": str(store.path)}
    if beat is None:
        never = () if running else ("no engine is at work, and none ever was",)
        return Answer(value, (*notices, *never), 0 if running else 1)
    told = beat.status
    models = told.report.models if told.report is not None else ()
    value |= {
        "kind": beat.kind,
        "pid": beat.pid,
        "started_at": beat.started_at.isoformat(),
        "heartbeat_age_s": round((datetime.now(UTC) - beat.at).total_seconds(), 1),
        "source": {
            "name": told.source.name, "health": told.source.health.value, "message": told.source.message,
            "since": told.source.since and told.source.since.isoformat(),
            "retry_at": told.source.retry_at and told.source.retry_at.isoformat(),
            "requests": told.source.requests,
        },
        "jobs": [{"name": j.name, "health": j.health.value, "message": j.message} for j in told.jobs],
        "models": [
            {"name": m.name, "model_id": m.model_id, "train_end": m.train_end.isoformat(), "note": m.note}
            for m in models
        ],
        "notices": list(told.notices),
        "symbols": len(told.symbols),
    }  # fmt: skip
    if not running:
        return Answer(value, (*notices, f"no engine is at work; the last was a {beat.kind}, process {beat.pid}"), 1)
    return Answer(value, notices, 3 if told.source.health is Health.FAILED else 0)
