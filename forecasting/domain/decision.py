"""Signals: opinions with a time, a price and a horizon, scored when the horizon has passed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from forecasting.domain.market import Symbol


class SignalKind(StrEnum):
    """What made a signal."""

    RSI_OVERSOLD = "rsi-oversold"            # RSI crosses below 30
    RSI_OVERBOUGHT = "rsi-overbought"        # RSI crosses above 70
    RSI_OVERSOLD_EXIT = "rsi-oversold-exit"
    RSI_OVERBOUGHT_EXIT = "rsi-overbought-exit"
    MACD_GOLDEN = "macd-golden"              # MACD line crosses above its signal line
    MACD_DEATH = "macd-death"
    BAND_BREACH = "band-breach"              # close outside the 95 % band forecast the session before
    FORECAST_UP = "forecast-up"              # only where the model's record supports a direction claim
    FORECAST_DOWN = "forecast-down"


@dataclass(frozen=True, slots=True)
class Signal:
    """One opinion, made at the close of one session. Not an order."""

    symbol: Symbol
    kind: SignalKind
    session: date          # the bar whose close made it
    time: datetime         # that close, aware UTC
    price: float           # that close, as traded
    direction: int         # +1 expects up, -1 expects down, 0 expects nothing but says "unusual"
    horizon: int           # sessions until it is scored
    reason: str            # one line with the figures: "RSI 28.4 crossed below 30"
    model_id: str | None = None   # for forecast signals


@dataclass(frozen=True, slots=True)
class ScoredSignal:
    """A signal and, once its horizon has passed, what followed."""

    id: int
    signal: Signal
    log_return: float | None      # from the signal's close to the horizon's; None while open
    settled_at: datetime | None

    @property
    def right(self) -> bool | None:
        """Whether the direction held; None while open or where the signal has no direction."""
        if self.log_return is None or self.signal.direction == 0:
            return None
        return self.log_return * self.signal.direction > 0.0


@dataclass(frozen=True, slots=True)
class SignalRecord:
    """How signals of one kind have done, beside what simply holding did over the same horizons."""

    kind: SignalKind
    n: int
    hits: int
    hit_rate: float | None
    hit_low: float | None         # 95 % Wilson interval
    hit_high: float | None
    mean_return: float | None     # direction x log return
    naive_rate: float | None      # share of all rows where the same direction held without any signal
