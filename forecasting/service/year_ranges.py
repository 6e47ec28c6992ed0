"""Each symbol's lowest and highest price of 52 weeks, read once per bar that closes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from forecasting.data.store.market import Market
from forecasting.domain.market import Symbol

YEAR = timedelta(weeks=52)


class YearRanges:
    """Reads what has changed; nothing in the first snapshot, which the first paint waits for."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._asked = False
        self._known: Mapping[Symbol, tuple[date, tuple[float, float]]] = {}      # newest session, low and high

    def of(self, symbols: Sequence[Symbol], today: date) -> dict[Symbol, tuple[float, float]]:
        """Low and high of the stored bars since `today` last year, not adjusted for dividends.

        Symbols without such bars are left out.
        """
        if not self._asked:
            self._asked = True
            return {}
        newest = self._market.last_sessions(symbols)
        stale = [s for s, session in newest.items() if s not in self._known or self._known[s][0] != session]
        fresh = self._market.ranges(stale, today - YEAR) if stale else {}
        known = {s: self._known[s] for s in newest if s in self._known and s not in stale}
        self._known = {**known, **{s: (newest[s], fresh[s]) for s in stale if s in fresh}}
        return {s: found for s, (_, found) in self._known.items()}
