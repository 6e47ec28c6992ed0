"""What is held, in the answers of headless commands: plain JSON values."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from typing import Any

from forecasting.config import Settings
from forecasting.data.store import Store
from forecasting.domain.holding import Position
from forecasting.domain.snapshot import Snapshot, SymbolRow
from forecasting.service.holding_lines import line_of
from forecasting.service.places import folder


def plain(row: SymbolRow) -> dict[str, Any]:
    """What a row's holding says, as JSON; nothing where nothing is written down."""
    holding = row.holding
    if holding is None:
        return {}
    return {
        "alias": holding.alias or None, "tags": list(holding.tags), "note": holding.note or None,
        "position": None if row.position is None else _position(row.position),
        "lots": [line_of(entry) for entry in holding.entries],
    }


def _position(position: Position) -> dict[str, Any]:
    rate = position.rate
    return {
        "quantity": position.quantity, "average_cost": position.average, "cost": position.cost,
        "value": position.value, "pnl": position.pnl, "pnl_pct": position.pnl_pct, "day_pnl": position.day_pnl,
        "realised": position.realised, "currency": position.currency or None,
        "rate": None if rate is None else {"to": rate.counter, "value": rate.value, "time": rate.time.isoformat()},
    }


def portfolio(snapshot: Snapshot) -> dict[str, Any] | None:
    """All positions together, as JSON."""
    made = snapshot.portfolio
    return None if made is None else {
        "total": None if made.total is None else asdict(made.total), "per_currency": [asdict(p) for p in made.parts],
        "left_out": list(made.left_out),
    }


def take_along(settings: Settings, store: Store, as_of: date | None) -> None:
    """Give a command's own store what a person has written down in the kept one, as far as it was so on a day."""
    kept = folder(settings, demo=False) / "store.db"
    if store.path == kept or not kept.is_file():
        return
    with Store.open(kept) as own:
        holdings = own.holdings.all().values()
    store.holdings.save(
        replace(h, entries=tuple(e for e in h.entries if as_of is None or e.day <= as_of)) for h in holdings
    )
