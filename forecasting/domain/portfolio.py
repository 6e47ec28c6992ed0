"""Positions added up: per currency as they are traded, and in one currency where the rates are known.

What was paid in another currency is converted at today's rate, as its value is: what a currency itself has won or lost
since is in none of these figures. There is no forecast band around a sum: the bands of single symbols say nothing of
how they move together, and so cannot be added up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum

from forecasting.domain.holding import Position
from forecasting.domain.market import Symbol
from forecasting.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Sum:
    """What positions come to in one currency."""

    currency: str
    positions: int                # still held
    value: float
    pnl: float
    pnl_pct: float | None         # of the sizes of all costs
    realised: float
    day_pnl: float | None         # None where no position's is known
    day_pct: float | None         # of the sizes of all values without it


@dataclass(frozen=True, slots=True)
class Portfolio:
    """All positions together."""

    total: Sum | None                # None where there are several currencies and none that all are shown in
    parts: tuple[Sum, ...]           # per currency, as traded; that of the most positions first
    left_out: tuple[str, ...] = ()   # what the figures above lack, and why: "7203.T (no JPY rate)"


def add_up(positions: Mapping[Symbol, Position], currency: str | None) -> Portfolio | None:
    """All positions together; None where there are none.

    Args:
        positions: By symbol.
        currency: What the sum is wanted in; None: the one currency there is, if there is only one.
    """
    if not positions:
        return None
    priced = {s: p for s, p in positions.items() if p.value is not None and p.currency}
    left_out = [f"{s} ({'no price' if p.value is None else 'no currency'})" for s, p in positions.items()
                if s not in priced]
    left_out += [f"{s} (its day: no previous close)" for s, p in priced.items() if p.day_pnl is None]
    currencies = dict.fromkeys(p.currency for p in priced.values())
    parts = (_sum([(p, 1.0) for p in priced.values() if p.currency == each], each) for each in currencies)
    wanted = currency or (next(iter(currencies)) if len(currencies) == 1 else None)
    total = None
    if wanted is not None:
        rates = {s: _rate(p, wanted) for s, p in priced.items()}
        left_out += [f"{s} (no {priced[s].currency} rate)" for s, rate in rates.items() if rate is None]
        total = _sum([(priced[s], rate) for s, rate in rates.items() if rate is not None], wanted)
    return Portfolio(total, tuple(sorted(parts, key=lambda part: (-part.positions, part.currency))), tuple(left_out))


def _rate(position: Position, currency: str) -> float | None:
    """What one unit of the position's currency is worth in `currency`; None where that is not known."""
    if position.currency == currency:
        return 1.0
    rate = position.rate
    return rate.value if rate is not None and rate.counter == currency else None


def _sum(rated: Sequence[tuple[Position, float]], currency: str) -> Sum:
    """Priced positions, each with its rate."""
    days = [(p, rate, p.day_pnl * rate) for p, rate in rated if p.day_pnl is not None]
    pnl, day = fsum((p.pnl or 0.0) * rate for p, rate in rated), fsum(won for _, _, won in days)
    cost = fsum(abs(p.cost) * rate for p, rate in rated)
    base = fsum(abs((p.value or 0.0) * rate - won) for p, rate, won in days)
    return Sum(
        currency=currency,
        positions=sum(p.quantity != 0.0 for p, _ in rated),
        value=fsum((p.value or 0.0) * rate for p, rate in rated),
        pnl=pnl,
        pnl_pct=pnl / cost * 100.0 if cost else None,
        realised=fsum(p.realised * rate for p, rate in rated),
        day_pnl=day if days else None,
        day_pct=day / base * 100.0 if days and base else None,
    )
