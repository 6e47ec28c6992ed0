"""Track records and signal records as they were last computed: a copy for the screen.

So a snapshot need not add up thousands of rows, nor the first paint import what does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache

from forecasting.data.store import Store
from forecasting.domain.decision import SignalKind, SignalRecord
from forecasting.domain.forecast import Origin, TrackRecord

_FORECASTS, _SIGNALS = "track-records", "signal-records"


def keep_records(store: Store, records: Sequence[TrackRecord]) -> None:
    """Put these in place of the kept track records."""
    _keep(store, _FORECASTS, records)


def keep_signal_records(store: Store, records: Sequence[SignalRecord]) -> None:
    """Put these in place of the kept signal records."""
    _keep(store, _SIGNALS, records)


def kept_records(store: Store) -> tuple[TrackRecord, ...]:
    """The track records as last computed; empty before that."""
    return _track_records(_kept(store, _FORECASTS))


def kept_signal_records(store: Store) -> tuple[SignalRecord, ...]:
    """The signal records as last computed; empty before that."""
    return _signal_records(_kept(store, _SIGNALS))


# Snapshots ask some times a minute for what changes once a session: the same text gives the same values, unread.
@lru_cache(maxsize=1)
def _track_records(text: str) -> tuple[TrackRecord, ...]:
    return tuple(TrackRecord(**{**plain, "origin": Origin(plain["origin"])}) for plain in json.loads(text))


@lru_cache(maxsize=1)
def _signal_records(text: str) -> tuple[SignalRecord, ...]:
    return tuple(SignalRecord(**{**plain, "kind": SignalKind(plain["kind"])}) for plain in json.loads(text))


def _keep(store: Store, name: str, values: Sequence[TrackRecord] | Sequence[SignalRecord]) -> None:
    store.runs.set_meta(name, json.dumps([asdict(v) for v in values]))


def _kept(store: Store, name: str) -> str:
    # Our own values from our own store: plain JSON, which the first paint need not have checked.
    return store.runs.get_meta(name) or "[]"
