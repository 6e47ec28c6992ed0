"""What an engine needs whose alerts nobody is sent."""

from __future__ import annotations

from forecasting.config import AlertSettings
from forecasting.data.store import Store
from forecasting.service.late_alarms import LateAlarms


def without_sinks(store: Store, *, replayed: bool = False) -> LateAlarms:
    """Alarms that are recorded and shown, and go nowhere else."""
    return LateAlarms(store, (), AlertSettings(), replayed=replayed)
