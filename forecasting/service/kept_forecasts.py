"""What the app's own store knows beside a command's own.

A command over recorded or simulated prices has a store that vanishes, and only models that take no training. The
ensemble's forecasts, and every record, are in the store the app keeps of the same source: they count where its newest
bar is the command's, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

from forecasting.config import Settings
from forecasting.data.store import Store, file_of
from forecasting.domain.forecast import MODELS
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import SymbolRow
from forecasting.service.places import folder
from forecasting.service.snapshots import SnapshotReader, Status

_FORECAST = ("model", "model_note", "forecast_pct", "low_80_pct", "high_80_pct", "p_up", "record", "forecast_close")
_NAMED = 3      # symbols a note names; of more it says how many


@contextmanager
def kept_store(settings: Settings, own: Store, as_of: date | None) -> Iterator[Store | None]:
    """The app's store of the same source; None where there is none, where `own` is it, or on a past day."""
    main = folder(settings, demo=False) / "store.db"
    if as_of is not None or own.path == main or not file_of(main, settings.source.interval).is_file():
        yield None
        return
    with Store.open(main, interval=settings.source.interval) as store:
        yield store


def same_bars(kept: Store, own: Store, symbols: Sequence[Symbol]) -> tuple[Symbol, ...]:
    """Those of `symbols` whose newest bar is the same in both stores."""
    return tuple(s for s in symbols if own.market.bars(s, limit=1) == kept.market.bars(s, limit=1) != ())


def with_kept(rows: Sequence[SymbolRow], kept: Store, own: Store, status: Status) -> tuple[SymbolRow, ...]:
    """The rows, with the forecasts that the app shows of the same bars."""
    same = same_bars(kept, own, [row.symbol for row in rows])
    told = {row.symbol: row for row in SnapshotReader(kept).read(1, replace(status, symbols=same)).rows}
    return tuple(
        replace(row, **{name: getattr(better, name) for name in _FORECAST})
        if (better := told.get(row.symbol)) is not None and better.model is not None else row
        for row in rows
    )


def instead_note(rows: Sequence[SymbolRow], as_of: date | None) -> tuple[str, ...]:
    """Which model a command over its own store shows in place of the ensemble, and why: a line; none where none is."""
    others = [row for row in rows if row.model not in (None, MODELS[0])]
    if not others:
        return ()
    names = ", ".join(row.symbol for row in others[:_NAMED]) + (
        f" and {len(others) - _NAMED} more" if len(others) > _NAMED else "")
    models = ", ".join(dict.fromkeys(row.model or "" for row in others))
    why = ("the app has kept no ensemble forecast of the newest bar; run the app over this source" if as_of is None
           else "what the app keeps is not looked at for a past day")
    return (f"{names}: {models} shown, {why}; `tapecast forecast` trains an ensemble of its own",)
