"""Track records and signal records: computed after settling, from the ledger and the signal log alone, and kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from forecasting.data.store import Store
from forecasting.domain.forecast import BASELINE, MODELS, Origin, Outcome, TrackRecord
from forecasting.domain.market import Symbol
from forecasting.evaluation.track_record import record
from forecasting.service.kept_records import keep_records, keep_signal_records
from forecasting.trading import scoring

RECORD_HORIZONS = (1, 5, 10)


def update_records(store: Store, symbols: Sequence[Symbol]) -> tuple[TrackRecord, ...]:
    """Compute every model's record at `RECORD_HORIZONS` and of both origins, per symbol and over all `symbols`."""
    found = tuple(
        one for origin in Origin for horizon in RECORD_HORIZONS for one in _records(store, symbols, horizon, origin)
    )
    keep_records(store, found)
    return found


def update_signal_records(store: Store, symbols: Sequence[Symbol]) -> None:
    """Compute how the settled signals of each kind have done, beside what the same direction did on any session."""
    settled = store.signals.scored()
    first = min((s.signal.session for s in settled), default=None)      # any day of the same years
    closes = [tuple(store.market.adjusted_closes(symbol, since=first).values()) for symbol in symbols]
    usual = {h: scoring.any_day(closes, h) for h in {s.signal.horizon for s in settled}}
    keep_signal_records(store, scoring.records(settled, {h: each for h, each in usual.items() if each is not None}))


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
