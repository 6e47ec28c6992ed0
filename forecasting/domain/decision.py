"""Signals: opinions with a time, a price and a horizon, scored when the horizon has passed; alerts: what rules said."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from forecasting.domain.market import Symbol
from forecasting.frozen import dataclass

MAX_RULES = 5000
"""Alert rules that may be in force at one time."""


class SignalKind(StrEnum):
    """What made a signal."""

    RSI_OVERSOLD = "rsi-oversold"            # RSI crosses below 30
    RSI_OVERBOUGHT = "rsi-overbought"        # RSI crosses above 70
    RSI_OVERSOLD_EXIT = "rsi-oversold-exit"
    RSI_OVERBOUGHT_EXIT = "rsi-overbought-exit"
    MACD_GOLDEN = "macd-golden"              # MACD line crosses above its signal line
    MACD_DEATH = "macd-death"
    MACD_TURN_UP = "macd-turn-up"            # histogram rises again from far below zero
    MACD_TURN_DOWN = "macd-turn-down"        # histogram falls again from far above zero
    DIVERGENCE_UP = "divergence-up"          # lower low of the price, higher low of RSI
    DIVERGENCE_DOWN = "divergence-down"
    VOLATILITY_HIGH = "volatility-high"      # a month's volatility is high for its own past year
    VOLATILITY_LOW = "volatility-low"
    BAND_BREACH = "band-breach"              # close outside the 95 % band forecast the session before
    BAND_RUN_80 = "band-run-80"              # two closes in a row outside the 80 % band, on one side
    BAND_RUN_50 = "band-run-50"              # three closes in a row outside the 50 % band, on one side
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
    strength: float | None = None                  # 0..1, how far from ordinary; compares signals of one kind only
    inputs: tuple[tuple[str, float], ...] = ()     # the figures it rests on, by name


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
    mean_return: float | None     # direction x log return, before costs
    naive_rate: float | None      # share of all rows where the same direction held without any signal
    net_return: float | None = None      # mean of direction x log return after `cost`
    net_low: float | None = None         # its 95 % interval; None on too few days
    net_high: float | None = None
    naive_return: float | None = None    # what the same directions earned on any day, after `cost`
    cost: float | None = None            # in and out together, a share of the value traded


@dataclass(frozen=True, slots=True)
class AlertRule:
    """What a person wants to be told of."""

    id: int
    text: str                        # in the language of `trading.rules`
    symbols: tuple[Symbol, ...]      # none: those of `group`, or all that are watched
    group: str | None                # a list by name: whatever stands in it then
    sinks: tuple[str, ...]           # names of sinks to deliver to; none: all that are configured
    cooldown_s: float                # data time after a firing in which the same symbol does not fire again
    hysteresis: float                # share of the level a figure has to come back by before it may fire again
    created_at: datetime
    muted_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """A rule in force, and how it is doing."""

    rule: AlertRule
    fired_at: datetime | None        # data time of its newest alert
    waits: str | None                # why it cannot speak yet: "needs 16 bars, has 8"; None: it can, or nobody knows


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one sink took one alert."""

    sink: str
    ok: bool
    seconds: float
    error: str | None
    next_try: datetime | None = None     # None: it was taken, or given up


@dataclass(frozen=True, slots=True)
class Notice:
    """A word about tapecast itself: prices have ceased, they are back, it still runs."""

    id: int                          # 0: not on record
    fired_at: datetime
    title: str
    text: str                        # one line
    late: bool = False               # told long after
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """One firing of one rule for one symbol. Its reason is on record; nothing about it changes but `acked_at`."""

    id: int
    rule_id: int
    rule: str                        # its text at that time
    symbol: Symbol
    fired_at: datetime               # when it was found out
    data_time: datetime              # when the price that made it was made
    late: bool                       # found out long after: nobody watched then
    value: float | None              # what the rule looks at first
    reason: str                      # one line with the figures
    deliveries: tuple[Delivery, ...] = ()
    acked_at: datetime | None = None
