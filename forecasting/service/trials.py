"""The count of trainings ever made with a person's store: what a deflated Sharpe ratio needs to know.

Headless commands read their bars through a store that vanishes, but whoever tries ten settings has tried ten times.
The nightly refits of a running app are not counted: they repeat one choice.
"""

from __future__ import annotations

from forecasting.config import Settings
from forecasting.data.store import Store
from forecasting.errors import ConfigError, StoreError
from forecasting.service.places import place


def count_trials(settings: Settings, fits: int = 1) -> tuple[str, ...]:
    """Raise the person's own count by `fits`; a line for them where it cannot be kept, and the answer stands."""
    try:
        with Store.open(place(settings, demo=False).store, interval=settings.source.interval) as own:
            for _ in range(fits):
                own.runs.next_trial()
    except (ConfigError, StoreError) as error:
        return (f"this training is not counted for deflated Sharpe ratios: {error}",)
    return ()
