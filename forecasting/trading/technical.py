"""What a bar does that makes a technical signal: an edge, never a state.

RSI below 30 for a week is one edge, made by the bar that crossed. Every function looks at bar i and those before it,
never at a later one, and at no more than `CONTEXT` of them; pure Python, so that the screen's process can run it.

Sources: RSI zones 30 / 70 and divergence: Wilder (1978), New Concepts in Technical Trading Systems. MACD crossings:
Appel (2005), Technical Analysis. Turns of the histogram: Elder (1993), Trading for a Living. That none of them has an
edge over the market is the null; `scoring` says how they did.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from forecasting.domain.decision import SignalKind
from forecasting.domain.market import IndicatorRow

RSI_LOW, RSI_HIGH = 30.0, 70.0
SWING = 3
"""A low is a swing low once so many closes on either side are higher; it is known so many bars later."""
APART = (5, 60)
"""Bars between two swings that are compared."""
VOLATILITY_WINDOW = 20
"""Returns in one realised volatility: a month."""
YEAR = 252
"""Volatilities that the newest is ranked among."""
HIGH, LOW = 0.9, 0.1
"""Shares of them above and below which volatility is unusual."""
CONTEXT = YEAR + VOLATILITY_WINDOW + 4
"""Bars before the newest that any edge depends on."""
DEEP = 0.5
"""Share of the histogram's largest value of late that it must have reached before its turn counts: near zero it turns
every few days."""
_MACD_SPAN = 60      # bars that "of late" looks back


@dataclass(frozen=True, slots=True)
class Study:
    """Bars of one symbol, ascending, as far as technical signals look at them."""

    rows: Sequence[IndicatorRow]
    closes: Sequence[float]                                  # adjusted, of the same sessions as `rows`
    _volatilities: list[float | None] = field(init=False)    # realised, of each bar

    def __post_init__(self) -> None:
        if len(self.rows) != len(self.closes):
            raise ValueError(f"{len(self.rows)} rows of indicators and {len(self.closes)} closes")
        object.__setattr__(self, "_volatilities", _realised(self.closes))

    def volatility(self, i: int) -> float | None:
        """Realised volatility at bar i, or None in the first month."""
        return self._volatilities[i]


@dataclass(frozen=True, slots=True)
class Edge:
    """What one bar did."""

    kind: SignalKind
    reason: str                              # one line with the figures
    strength: float                          # 0..1: how far from ordinary; compares signals of one kind only
    inputs: tuple[tuple[str, float], ...]    # the figures it rests on, by name


def edges(study: Study, i: int) -> list[Edge]:
    """All that bar i of `study` did."""
    return [
        *rsi_edges(study.rows, i), *macd_crosses(study.rows, i), *histogram_turns(study.rows, i),
        *divergences(study, i), *volatility_edges(study, i),
    ]


def rsi_edges(rows: Sequence[IndicatorRow], i: int) -> list[Edge]:
    """Entering and leaving the zones below 30 and above 70; leaving always follows entering."""
    before, now = rows[i - 1].rsi if i else None, rows[i].rsi
    if before is None or now is None:
        return []
    crossings = (
        (before >= RSI_LOW > now, SignalKind.RSI_OVERSOLD, f"RSI {now:.1f} crossed below {RSI_LOW:.0f}"),
        (before < RSI_LOW <= now, SignalKind.RSI_OVERSOLD_EXIT, f"RSI {now:.1f} is back above {RSI_LOW:.0f}"),
        (before <= RSI_HIGH < now, SignalKind.RSI_OVERBOUGHT, f"RSI {now:.1f} crossed above {RSI_HIGH:.0f}"),
        (before > RSI_HIGH >= now, SignalKind.RSI_OVERBOUGHT_EXIT, f"RSI {now:.1f} is back below {RSI_HIGH:.0f}"),
    )
    strength = abs(now - 50.0) / 50.0
    return [Edge(kind, reason, strength, (("rsi", now),)) for crossed, kind, reason in crossings if crossed]


def macd_crosses(rows: Sequence[IndicatorRow], i: int) -> list[Edge]:
    """The MACD line crossing its signal line; golden and death crosses alternate."""
    side = _side(rows[i])
    if side in (None, 0):
        return []
    # The side last taken, past bars on which the lines only touched: a touch is no crossing.
    last = next((s for j in range(i - 1, -1, -1) if (s := _side(rows[j])) != 0), None)
    if last is None or last == side:
        return []
    kind, word = (SignalKind.MACD_GOLDEN, "above") if side == 1 else (SignalKind.MACD_DEATH, "below")
    macd, line = rows[i].macd or 0.0, rows[i].macd_signal or 0.0
    reason = f"MACD {macd:.3g} crossed {word} its signal line {line:.3g}"
    moved = _gap(rows[i]) - _gap(rows[i - 1])
    return [Edge(kind, reason, _among(moved, rows, i), (("macd", macd), ("macd_signal", line)))]


def histogram_turns(rows: Sequence[IndicatorRow], i: int) -> list[Edge]:
    """The MACD histogram rising again from far below zero, or falling again from far above: a move loses its pace."""
    slope = _slope(rows, i)
    if slope in (None, 0):
        return []
    j = i - 1      # the bar it turned at, past those on which it stood still
    while (before := _slope(rows, j)) == 0:
        j -= 1
    extreme = _gap(rows[j])
    depth = _among(extreme, rows, i)
    if before is None or before == slope or extreme * (slope or 0) >= 0.0 or depth < DEEP:
        return []
    up = slope == 1
    kind = SignalKind.MACD_TURN_UP if up else SignalKind.MACD_TURN_DOWN
    reason = f"MACD histogram {_gap(rows[i]):.3g} turned {'up' if up else 'down'} at {extreme:.3g}"
    return [Edge(kind, reason, depth, (("macd_hist", _gap(rows[i])), ("turned_at", extreme)))]


def divergences(study: Study, i: int) -> list[Edge]:
    """A new swing low of the price with a higher RSI than at the one before, or a new high with a lower RSI.

    The swing is known `SWING` bars after it was made, and the signal is made then.
    """
    found = (_divergence(study, i - SWING, sign) for sign in (1, -1))
    return [edge for edge in found if edge is not None]


def _divergence(study: Study, j: int, sign: int) -> Edge | None:
    """At a swing low (`sign` 1) or high (-1) at bar j, compared with the last one `APART` bars before."""
    least, most = APART
    if not _is_swing(study.closes, j, sign):
        return None
    last = next((k for k in range(j - least, max(j - most, SWING) - 1, -1) if _is_swing(study.closes, k, sign)), None)
    if last is None:
        return None
    price, former = study.closes[j], study.closes[last]
    rsi, former_rsi = study.rows[j].rsi, study.rows[last].rsi
    if rsi is None or former_rsi is None or sign * (price - former) >= 0.0 or sign * (rsi - former_rsi) <= 0.0:
        return None
    kind, what, other = (
        (SignalKind.DIVERGENCE_UP, "low", "higher") if sign == 1 else (SignalKind.DIVERGENCE_DOWN, "high", "lower")
    )
    change = (price / former - 1.0) * 100.0
    beyond = f"a {what} {change:+.1f} % beyond that {j - last} bars before"
    reason = f"{beyond}, with a {other} RSI {rsi:.1f} ({former_rsi:.1f})"
    inputs = (("rsi", rsi), ("rsi_before", former_rsi), ("change_pct", change))
    return Edge(kind, reason, min(abs(rsi - former_rsi) / 50.0, 1.0), inputs)


def volatility_edges(study: Study, i: int) -> list[Edge]:
    """Realised volatility of a month becoming high or low for its own past year; it claims no direction."""
    ranks = [_rank(study, j) for j in (i - 1, i)]
    before, now = ranks
    volatility = study.volatility(i)
    if before is None or now is None or volatility is None:
        return []
    yearly = volatility * math.sqrt(YEAR) * 100.0
    inputs = (("volatility_pct", yearly), ("rank", now))
    if before <= HIGH < now:
        reason = f"volatility {yearly:.0f} % a year is above {now:.0%} of the past year's"
        return [Edge(SignalKind.VOLATILITY_HIGH, reason, now, inputs)]
    if before >= LOW > now:
        reason = f"volatility {yearly:.0f} % a year is below {1.0 - now:.0%} of the past year's"
        return [Edge(SignalKind.VOLATILITY_LOW, reason, 1.0 - now, inputs)]
    return []


def _realised(closes: Sequence[float]) -> list[float | None]:
    """Root mean square of the last `VOLATILITY_WINDOW` log returns at each bar, per session; None in the first month.

    The mean return is taken as zero: over a month its estimate is noisier than the truth is far from zero.
    """
    n = VOLATILITY_WINDOW
    squares = [math.log(b / a) ** 2 for a, b in pairwise(closes)]
    known = [math.sqrt(math.fsum(squares[i : i + n]) / n) for i in range(len(squares) - n + 1)]
    return [*([None] * min(n, len(closes))), *known]


def _rank(study: Study, i: int) -> float | None:
    """Share of the past year's volatilities that are below that of bar i."""
    if i < YEAR + VOLATILITY_WINDOW:
        return None
    now = study.volatility(i)
    past = sorted(v for j in range(i - YEAR, i) if (v := study.volatility(j)) is not None)
    return None if now is None else bisect_left(past, now) / YEAR


def _is_swing(closes: Sequence[float], j: int, sign: int) -> bool:
    if j < SWING or j + SWING >= len(closes):
        return False
    around = (*closes[j - SWING : j], *closes[j + 1 : j + SWING + 1])
    return all(sign * (other - closes[j]) > 0.0 for other in around)


def _gap(row: IndicatorRow) -> float:
    return 0.0 if row.macd is None or row.macd_signal is None else row.macd - row.macd_signal


def _side(row: IndicatorRow) -> int | None:
    """+1 with the MACD line above its signal line, -1 below, 0 on it, None during warm-up."""
    if row.macd is None or row.macd_signal is None:
        return None
    return _sign(_gap(row), row.close)


def _slope(rows: Sequence[IndicatorRow], i: int) -> int | None:
    """+1 where the histogram rose at bar i, -1 where it fell, 0 where it stood still, None during warm-up."""
    if i < 1 or rows[i - 1].macd_signal is None or rows[i].macd_signal is None:
        return None
    return _sign(_gap(rows[i]) - _gap(rows[i - 1]), rows[i].close)


def _sign(value: float, price: float) -> int:
    if abs(value) <= 1e-9 * price:  # rounding of a price that does not move
        return 0
    return 1 if value > 0.0 else -1


def _among(value: float, rows: Sequence[IndicatorRow], i: int) -> float:
    """How large a value of the histogram is beside its largest of late, 0..1."""
    largest = max(abs(_gap(row)) for row in rows[max(0, i - _MACD_SPAN) : i + 1])
    return min(abs(value) / largest, 1.0) if largest > 0.0 else 0.0
