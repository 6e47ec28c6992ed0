"""What a chart asks for beyond a symbol's detail, and the answers; `forecasting.service.chart_answers` gives them."""

from __future__ import annotations

from dataclasses import dataclass

from forecasting.domain.interval import Interval
from forecasting.domain.market import Symbol
from forecasting.domain.question import Question
from forecasting.service.backend import Key

Numbers = tuple[float | None, ...]
"""One for each bar; None in warm-up."""


@dataclass(frozen=True, slots=True)
class PastForecast:
    """What had been forecast for one bar; returns are logarithmic, from the close it was made on."""

    target: Key
    made: Key                # newest bar its maker had seen
    live: bool               # written down before the outcome could exist; else backfilled
    low_80: float
    median: float
    high_80: float
    actual: float


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve of an indicator. Prices are adjusted, in the money of the newest bar."""

    key: str                 # of the indicator, see `domain.chart`
    name: str
    values: Numbers


@dataclass(frozen=True, slots=True)
class ShortBars:
    """Bars shorter than a session, ascending, with their RSI and MACD; a column each."""

    interval: Interval
    keys: tuple[Key, ...]
    open: tuple[float, ...]
    high: tuple[float, ...]
    low: tuple[float, ...]
    close: tuple[float, ...]
    adj_close: tuple[float, ...]
    volume: tuple[float, ...]
    rsi: Numbers
    macd: Numbers
    macd_signal: Numbers
    macd_hist: Numbers


@dataclass(frozen=True, slots=True)
class ChartAnswer:
    """What was found; a part that nobody asked for is empty."""

    symbol: Symbol
    horizon: int | None                  # of `past`, in bars
    past: tuple[PastForecast, ...]       # ascending by target; of one target the live one comes last
    curves: tuple[Curve, ...]            # over the short bars where those were asked for and are there
    last: Key | None                     # the newest bar of the curves
    short: ShortBars | None
    note: str                            # why short bars are missing, and what to do; "" if all is well


@dataclass(frozen=True, slots=True)
class AskChart(Question[ChartAnswer]):
    """What else is there to see of a symbol?"""

    symbol: Symbol
    model: str | None                    # whose past forecasts
    horizon: int | None                  # made so many bars before; None: none
    indicators: tuple[str, ...]          # keys
    short: bool                          # bars shorter than a session


@dataclass(frozen=True, slots=True)
class Chosen:
    """The further indicators a person has chosen; keys."""

    indicators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AskChosen(Question[Chosen]):
    """Which indicators were chosen? With `choose`, these are from now on."""

    choose: tuple[str, ...] | None = None
