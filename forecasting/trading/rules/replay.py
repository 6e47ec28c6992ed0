"""A rule over history: when it would have fired, and what followed. The same evaluation as the live one, bar by bar."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from forecasting.domain.forecast import Forecast
from forecasting.domain.interval import day_of
from forecasting.domain.market import Bar, IndicatorRow, Symbol
from forecasting.trading.rules.evaluate import RuleWatch
from forecasting.trading.rules.facts import FactsFrame, SymbolFacts, meets_forecasts
from forecasting.trading.rules.syntax import Condition
from forecasting.trading.rules.traits import figures

FOLLOWED = (1, 5)
"""Sessions after which a firing is judged."""


Followed = tuple[float | None, ...]
"""Returns of adjusted closes, 1 and 5 sessions on, as fractions; None where not yet known."""


@dataclass(frozen=True, slots=True)
class History:
    """One symbol's past, as a rule may see it bar by bar."""

    symbol: Symbol
    bars: Sequence[Bar]                        # (L,) closed, ascending
    indicators: Sequence[IndicatorRow]         # (L,) of the same bars
    closes: Sequence[datetime]                 # (L,) when each bar closed, aware UTC
    forecasts: Mapping[date, Forecast]         # by the bar they were made on
    bars_per_session: int = 1


@dataclass(frozen=True, slots=True)
class Firing:
    """One moment at which a rule fired."""

    symbol: Symbol
    session: date
    data_time: datetime                        # the bar's close
    value: float | None                        # of what the rule looks at first
    returns: Followed                          # what followed


def firings(rule: Condition, history: History, *, cooldown: int = 0) -> list[Firing]:
    """Where the rule fires, in order; the first bar is the baseline.

    Args:
        rule: What to look for.
        history: Where.
        cooldown: Bars after a firing that have to pass before another counts; 0 and 1: every one counts.
    """
    watch, looked_at, met = RuleWatch(rule, [history.symbol]), figures(rule), meets_forecasts(rule)
    times = [close.timestamp() for close in history.closes]
    found: list[Firing] = []
    blocked_until = -1
    for at in range(len(history.bars)):
        closed = _facts(history, at, times)
        looks = [FactsFrame([facts]) for facts in ((_about_to_close(history, closed), closed) if met else (closed,))]
        fired = [frame for frame in looks if watch.step(frame)]
        if not fired or at < blocked_until:
            continue
        blocked_until = at + cooldown
        value = fired[0].numbers(looked_at[0])[0] if looked_at else math.nan
        found.append(Firing(
            history.symbol, history.bars[at].session, history.closes[at], None if math.isnan(value) else value,
            followed(history.bars, at, history.bars_per_session),
        ))
    return found


def followed(bars: Sequence[Bar], at: int, bars_per_session: int = 1) -> Followed:
    """What came after bar `at`: where bars are shorter than a session, after as many as whole sessions have."""
    later = (at + sessions * bars_per_session for sessions in FOLLOWED)
    return tuple(bars[i].adj_close / bars[at].adj_close - 1.0 if i < len(bars) else None for i in later)


def change_since_previous(bars: Sequence[Bar], at: int) -> float:
    """Change of bar `at` against the close of the session before its own, per cent; NaN in the first."""
    day = day_of(bars[at].session)
    before = next((bars[i] for i in range(at - 1, -1, -1) if day_of(bars[i].session) < day), None)
    return math.nan if before is None else (bars[at].adj_close / before.adj_close - 1.0) * 100.0


def _about_to_close(history: History, closed: SymbolFacts) -> SymbolFacts:
    before = closed.at - 1
    if before < 0:
        return closed.about_to_close(None, None)
    return closed.about_to_close(history.indicators[before], history.forecasts.get(history.bars[before].session))


def _facts(history: History, at: int, times: Sequence[float]) -> SymbolFacts:
    bars, bar = history.bars, history.bars[at]

    def price_at(time: float) -> float:
        known = bisect_right(times, time, hi=at + 1) - 1
        return bars[known].close * bars[known].factor / bar.factor if known >= 0 else math.nan

    return SymbolFacts(
        symbol=history.symbol,
        time=times[at],
        bars=bars,
        at=at,
        last=bar.close,
        change_pct=change_since_previous(bars, at),
        indicators=history.indicators[at],
        forecast=history.forecasts.get(bar.session),
        price_at=price_at,
    )
