"""Track records and signal records: computed after settling, from the ledger and the signal log alone, and kept.

What is kept is a copy for the screen, so that a snapshot need not add up thousands of rows; the standard library only.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import lru_cache

from forecasting.data.store import Store
from forecasting.domain.decision import SignalKind, SignalRecord
from forecasting.domain.forecast import BASELINE, MODELS, Origin, Outcome, TrackRecord
from forecasting.domain.market import Symbol
from forecasting.evaluation.track_record import record
from forecasting.trading import scoring

RECORD_HORIZONS = (1, 5, 10)
_FORECASTS, _SIGNALS = "track-records", "signal-records"


def update_records(store: Store, symbols: Sequence[Symbol]) -> tuple[TrackRecord, ...]:
    """Compute every model's record at `RECORD_HORIZONS` and of both origins, per symbol and over all `symbols`."""
    found = tuple(
        one for origin in Origin for horizon in RECORD_HORIZONS for one in _records(store, symbols, horizon, origin)
    )
    _keep(store, _FORECASTS, found)
    return found


def update_signal_records(store: Store, symbols: Sequence[Symbol]) -> None:
    """Compute how the settled signals of each kind have done, beside what the same direction did on any session."""
    settled = store.signals.scored()
    closes = [tuple(store.market.adjusted_closes(symbol).values()) for symbol in symbols]
    usual = {h: scoring.any_day(closes, h) for h in {s.signal.horizon for s in settled}}
    _keep(store, _SIGNALS, scoring.records(settled, {h: each for h, each in usual.items() if each is not None}))


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


def _records(store: Store, symbols: Sequence[Symbol], horizon: int, origin: Origin) -> Iterable[TrackRecord]:
    watched = set(symbols)

    def outcomes_of(model: str) -> list[Outcome]:
        rows = store.ledger.outcomes(model=model, horizon=horizon, origin=origin)
        return [o for o in rows if o.symbol in watched]

    baseline = outcomes_of(BASELINE)
    baseline_of = _by_symbol(baseline)
    for model in MODELS:
        outcomes = baseline if model == BASELINE else outcomes_of(model)
        if not outcomes:
            continue
        yield record(outcomes, baseline, symbol=None, model=model, horizon=horizon, origin=origin)
        for symbol, own in _by_symbol(outcomes).items():
            yield record(own, baseline_of.get(symbol, []), symbol=symbol, model=model, horizon=horizon, origin=origin)


def _by_symbol(outcomes: Iterable[Outcome]) -> dict[Symbol, list[Outcome]]:
    grouped: defaultdict[Symbol, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        grouped[outcome.symbol].append(outcome)
    return grouped


def _keep(store: Store, name: str, values: Sequence[TrackRecord] | Sequence[SignalRecord]) -> None:
    store.runs.set_meta(name, json.dumps([asdict(v) for v in values]))


def _kept(store: Store, name: str) -> str:
    # Our own values from our own store: plain JSON, which the first paint need not have checked.
    return store.runs.get_meta(name) or "[]"
