"""Further indicators that a chart may show, beside RSI and MACD."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IndicatorKind:
    """An indicator that a chart may show."""

    key: str
    title: str
    curves: tuple[str, ...]            # names of its curves
    levels: tuple[float, ...] = ()     # reference lines of its pane
    pane: bool = False                 # in a pane of its own; else over the prices
    short_only: bool = False           # means something within a session alone
    needs: int = 1                     # bars up to the first value


INDICATORS: tuple[IndicatorKind, ...] = (
    IndicatorKind("sma20", "SMA 20", ("SMA 20",), needs=20),
    IndicatorKind("sma50", "SMA 50", ("SMA 50",), needs=50),
    IndicatorKind("sma200", "SMA 200", ("SMA 200",), needs=200),
    IndicatorKind("ema12", "EMA 12", ("EMA 12",), needs=12),
    IndicatorKind("ema26", "EMA 26", ("EMA 26",), needs=26),
    IndicatorKind("bollinger", "Bollinger 20,2", ("BB upper", "BB middle", "BB lower"), needs=20),
    IndicatorKind("vwap", "VWAP of the session", ("VWAP",), short_only=True),
    IndicatorKind("atr", "ATR 14", ("ATR",), pane=True, needs=15),
    IndicatorKind("adx", "ADX 14", ("ADX",), (25.0,), pane=True, needs=28),
    IndicatorKind("stochastic", "Stochastic 14,3,3", ("%K", "%D"), (20.0, 80.0), pane=True, needs=18),
    IndicatorKind("obv", "OBV", ("OBV",), pane=True),
)
"""All there are, in the order a person sees them."""

INDICATOR_BY_KEY = {kind.key: kind for kind in INDICATORS}
