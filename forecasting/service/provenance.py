"""Which source a symbol's stored bars came from, and when another one's may follow them.

Bars of two sources never become one series unchecked: they must tell the same adjusted closes where both have them.
Where they do, only sessions that were missing are added. As soon as the first source answers again the whole history
is read from it, so that nothing of the other one stays.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from forecasting.data.store import Store
from forecasting.domain.market import Bar, BarSeries, Symbol, SymbolFailure

AGREE = 0.005       # relative difference of adjusted closes
LEAST = 3           # sessions in common, to judge by
DIFFER = "sources-differ"
"""Kind of the failure of bars that may not follow those that are stored."""

_KEY = "bar-sources"


def bar_sources(store: Store) -> dict[Symbol, str]:
    """Whose bars are stored, by symbol: "csv", "yahoo, csv since 2026-03-04". Empty where there is only one source."""
    told: dict[Symbol, str] = json.loads(store.runs.get_meta(_KEY) or "{}")
    return told


def note_source(store: Store, symbol: Symbol, told: str) -> None:
    """Note whose bars of `symbol` are stored."""
    known = bar_sources(store)
    if known.get(symbol) != told:
        store.runs.set_meta(_KEY, json.dumps({**known, symbol: told}))


def joined(kept: Sequence[Bar], owner: str, fresh: BarSeries) -> BarSeries | SymbolFailure:
    """Those bars of `fresh` that may follow `kept`, newest stored ones of source `owner`; or why none may."""
    symbol, known = fresh.symbol, {bar.session: bar.adj_close for bar in kept}
    both = [(bar.session, known[bar.session], bar.adj_close) for bar in fresh.bars if bar.session in known]
    stays = f"bars stay {owner}'s, to {kept[-1].session}"
    if len(both) < LEAST:
        found = f"{len(both)} sessions in common, {LEAST} are needed to compare"
        return SymbolFailure(symbol, DIFFER, f"{symbol}: {fresh.source} and {owner} have {found}; {stays}")
    day, old, new = max(both, key=lambda one: abs(one[2] / one[1] - 1.0))
    if abs(new / old - 1.0) > AGREE:
        found = f"{new:.6g} on {day}, {owner}'s {old:.6g} ({abs(new / old - 1.0):.1%} apart, at most {AGREE:.1%})"
        return SymbolFailure(
            symbol, DIFFER, f"{symbol}: {fresh.source}'s adjusted close is {found}; {stays}"
        )
    later = tuple(bar for bar in fresh.bars if bar.session > kept[-1].session)
    return BarSeries(fresh.instrument, later, fresh.interval, fresh.notes, fresh.source)
