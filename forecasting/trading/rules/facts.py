"""What is known of each symbol at one moment, as the columns a rule reads.

Prices before the newest bar are brought to its scale: a split or dividend in between is neither a move nor a new high.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from forecasting.domain.forecast import HORIZONS, Forecast
from forecasting.domain.holding import Position
from forecasting.domain.market import Bar, IndicatorRow, Symbol
from forecasting.trading.rules.fields import FIELDS
from forecasting.trading.rules.syntax import Condition, Field, Window, fields_of

VOLUME_BARS = 20
NAN = math.nan


@dataclass(frozen=True, slots=True)
class SymbolFacts:
    """One symbol at one moment."""

    symbol: Symbol
    time: float                          # when the newest price was made, seconds since 1970
    bars: Sequence[Bar]                  # ascending; only those up to `at` are known
    at: int                              # the newest bar, running or closed; -1: there is none
    last: float = NAN                    # newest price, as traded
    change_pct: float = NAN              # against the previous close
    indicators: IndicatorRow | None = None                      # of the newest closed bar
    forecast: Forecast | None = None
    price_at: Callable[[float], float] = lambda time: NAN       # the price known at a time, on today's scale
    skill: float = NAN                   # %, like the next two
    coverage: float = NAN
    hit_rate: float = NAN
    age: float = NAN                     # seconds
    texts: tuple[tuple[str, str], ...] = ()                     # signal, signal_kind, state, name, currency, tag
    position: Position | None = None     # what is held
    closed: int | None = None            # the newest closed bar, where it is not the one at `at`

    def about_to_close(self, indicators: IndicatorRow | None, forecast: Forecast | None) -> SymbolFacts:
        """The same bar at its last moment: figures of closed bars, and the forecast, are those of the bar before."""
        return replace(self, closed=self.at - 1, indicators=indicators, forecast=forecast)

    def adjusted(self, price: float, bar: Bar) -> float:
        """A price of `bar` on the newest bar's scale."""
        return price * bar.factor / self.bars[self.at].factor

    def bar(self, at: int) -> str:
        """The name of a bar; empty where there is none."""
        return self.bars[at].session.isoformat() if at >= 0 else ""

    def number(self, field: Field) -> float:
        """The figure a field asks for; NaN where unknown."""
        if field.window is not None:
            return _WINDOWED[field.name](self, field.window)
        return _PLAIN[field.name](self) if field.name in _PLAIN else _forecast(self, field.name)


class FactsFrame:
    """Facts of N symbols as columns, each made when it is first asked for. See `evaluate.Frame`."""

    def __init__(self, facts: Sequence[SymbolFacts], rows: Sequence[int] | None = None) -> None:
        """`rows` says which of a rule's symbols these are, where they are not all."""
        self.facts = facts
        self._numbers: dict[Field, list[float]] = {}
        self._texts: dict[str, list[str]] = {}
        self.symbols = tuple(f.symbol for f in facts)
        self.rows = range(len(facts)) if rows is None else rows
        self.times = [f.time for f in facts]
        self.bars = [f.bar(f.at) for f in facts]
        self.closed = [f.bar(f.at if f.closed is None else f.closed) for f in facts]

    def numbers(self, field: Field) -> Sequence[float]:
        """See `evaluate.Frame.numbers`."""
        if (column := self._numbers.get(field)) is None:
            column = self._numbers[field] = [f.number(field) for f in self.facts]
        return column

    def texts(self, field: Field) -> Sequence[str]:
        """See `evaluate.Frame.texts`."""
        if (column := self._texts.get(field.name)) is None:
            column = [
                f.symbol.lower() if field.name == "symbol" else dict(f.texts).get(field.name, "").lower()
                for f in self.facts
            ]
            self._texts[field.name] = column
        return column


POSITION: dict[str, Callable[[Position], float | None]] = {
    "position.qty": lambda p: p.quantity or None,
    "position.cost": lambda p: p.average,
    "position.value": lambda p: p.value if p.quantity else None,
    "position.pnl": lambda p: p.pnl if p.quantity else None,
    "position.pnl_pct": lambda p: p.pnl_pct,
    "position.day_pnl": lambda p: p.day_pnl,
}  # fmt: skip
"""Fields of what is held; None where nothing is, or it is not known."""


def _of_position(read: Callable[[Position], float | None]) -> Callable[[SymbolFacts], float]:
    def number(facts: SymbolFacts) -> float:
        value = None if facts.position is None else read(facts.position)
        return NAN if value is None else value

    return number


def _of_bar(name: str) -> Callable[[SymbolFacts], float]:
    return lambda facts: float(getattr(facts.bars[facts.at], name)) if facts.at >= 0 else NAN


def _indicator(name: str) -> Callable[[SymbolFacts], float]:
    def read(facts: SymbolFacts) -> float:
        value = None if facts.indicators is None else getattr(facts.indicators, name)
        return NAN if value is None else float(value)

    return read


def _change(facts: SymbolFacts, window: Window) -> float:
    if window.time is not None:
        return _move(facts.last, facts.price_at(facts.time - window.time.total_seconds()))
    before = facts.at - (window.bars or 0)
    return NAN if before < 0 else _move(facts.last, facts.adjusted(facts.bars[before].close, facts.bars[before]))


def _move(now: float, before: float) -> float:
    return (now / before - 1.0) * 100.0 if before > 0.0 else NAN


def _bars_before(facts: SymbolFacts, window: Window, first: int) -> Sequence[Bar]:
    """`window` bars up to `first` places before the newest; none where there are fewer, or the window is of time."""
    end = facts.at + 1 - first
    start = end - (window.bars or 0)
    return facts.bars[start:end] if window.bars and start >= 0 else ()


def _highest(facts: SymbolFacts, window: Window) -> float:
    return max((facts.adjusted(b.high, b) for b in _bars_before(facts, window, 1)), default=NAN)


def _lowest(facts: SymbolFacts, window: Window) -> float:
    return min((facts.adjusted(b.low, b) for b in _bars_before(facts, window, 1)), default=NAN)


def _average(facts: SymbolFacts, window: Window) -> float:
    bars = _bars_before(facts, window, 0)
    return math.fsum(facts.adjusted(b.close, b) for b in bars) / len(bars) if bars else NAN


def _volume_ratio(facts: SymbolFacts) -> float:
    # Money, not shares: a split changes the number of shares and the price, never their product.
    before = _bars_before(facts, Window(bars=VOLUME_BARS), 1)
    usual = math.fsum(b.volume * b.close for b in before) / VOLUME_BARS if before else 0.0
    return facts.bars[facts.at].volume * facts.bars[facts.at].close / usual if usual > 0.0 else NAN


_PLAIN: dict[str, Callable[[SymbolFacts], float]] = {
    "last": lambda f: f.last,
    "change_pct": lambda f: f.change_pct,
    **{name: _of_bar(name) for name in ("open", "high", "low", "volume")},
    **{name: _indicator(name) for name in ("rsi", "macd", "macd_signal", "macd_hist")},
    "volume_ratio": _volume_ratio,
    "skill": lambda f: f.skill,
    "coverage": lambda f: f.coverage,
    "hit_rate": lambda f: f.hit_rate,
    "age": lambda f: f.age,
    **{name: _of_position(read) for name, read in POSITION.items()},
}
_WINDOWED: dict[str, Callable[[SymbolFacts, Window], float]] = {
    "change_pct": _change, "high": _highest, "low": _lowest, "average": _average,
}  # fmt: skip
_FORECAST: dict[str, tuple[int, float | None, bool]] = {      # horizon, level (None: p_up), in per cent
    name: (h, level, percent)
    for h in HORIZONS
    for name, level, percent in (
        (f"forecast_{h}d", 0.5, False), (f"forecast_{h}d_pct", 0.5, True),
        (f"band_low_{h}d", 0.1, False), (f"band_low_{h}d_pct", 0.1, True),
        (f"band_high_{h}d", 0.9, False), (f"band_high_{h}d_pct", 0.9, True),
        (f"p_up_{h}d", None, False),
    )
}  # fmt: skip


def reads_forecasts(condition: Condition) -> bool:
    """Whether a rule looks at forecasts, which cost a question to the ledger."""
    return any(field.name in _FORECAST for field in fields_of(condition))


def meets_forecasts(condition: Condition) -> bool:
    """Whether it holds a bar's own figures against forecasts, which are made when the bar before has closed.

    At the close the forecast starts anew from that very price: what came of the one before has to be seen just before.
    """
    own = (FIELDS[field.name] for field in fields_of(condition))
    return reads_forecasts(condition) and any(not spec.closed and not spec.text for spec in own)


def _forecast(facts: SymbolFacts, name: str) -> float:
    horizon, level, percent = _FORECAST[name]
    if facts.forecast is None:
        return NAN
    if level is None:
        return facts.forecast.p_up[horizon - 1]
    move = math.expm1(facts.forecast.log_return(horizon, level))
    return move * 100.0 if percent else facts.forecast.last_close * (1.0 + move)
