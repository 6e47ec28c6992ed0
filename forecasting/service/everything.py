"""Asking the source again for everything, histories included: what that costs, and the wish for it.

The wish lies in the store, where the process that asks the source finds it at its next tick, whoever started that. It
goes by the same budget as every question: token bucket and breaker stay in force, and what they hold back comes later.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from forecasting.data.sources.base import SYMBOLS_PER_REQUEST
from forecasting.data.store import Store
from forecasting.domain.market import Symbol
from forecasting.domain.snapshot import SourceHealth

REMOTE = "yahoo"
"""The one source where a question costs somebody else a request."""

_KEY = "refresh/everything"


def wish(store: Store, at: datetime) -> None:
    """Have everything asked for at the next tick.

    Raises:
        StoreUnwritable: If the disk takes nothing.
    """
    store.runs.set_meta(_KEY, at.isoformat())


def take_wish(store: Store) -> bool:
    """Whether somebody wants everything; asked again, nobody does."""
    if not store.runs.get_meta(_KEY):
        return False
    store.runs.set_meta(_KEY, "")
    return True


def cost(source: str, symbols: Sequence[Symbol], health: SourceHealth, now: datetime) -> str:
    """In one line, what it costs, or why it has to wait."""
    n = len(symbols)
    if source != REMOTE:
        return f"everything is read again: {n} histories from this machine, no request is sent"
    quotes = -(-n // SYMBOLS_PER_REQUEST)
    told = f"{quotes + n} requests ({quotes} for quotes, {n} for histories)"
    if health.retry_at is not None and health.retry_at > now:
        why = health.message.partition(";")[0]
        return f"breaker open until {health.retry_at.astimezone():%H:%M:%S} ({why}); then {source} is sent {told}"
    return f"{source} is asked for everything again: {told}, no faster than its budget"
