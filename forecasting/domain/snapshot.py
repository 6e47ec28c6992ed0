"""Everything one screen shows, frozen at one version.

The engine publishes a `Snapshot` per refresh; the app shows the newest and drops older ones. `SymbolDetail` is what
the panes beside the table need for the one symbol under the cursor.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from forecasting.domain.decision import Alert, Notice, RuleStatus, ScoredSignal, SignalRecord
from forecasting.domain.forecast import Forecast, Outcome, TrackRecord
from forecasting.domain.holding import Holding, Position
from forecasting.domain.interval import Interval
from forecasting.domain.market import Bar, IndicatorRow, Instrument, RowState, SessionState, Symbol
from forecasting.domain.money import Rate
from forecasting.domain.portfolio import Portfolio
from forecasting.domain.training import Epoch
from forecasting.domain.watchlist import WatchGroup
from forecasting.frozen import dataclass


class Health(StrEnum):
    """How something is doing."""

    OK = "ok"
    WORKING = "working"
    LATE = "late"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SymbolRow:
    """One line of the watchlist. A missing figure is None, never 0."""

    symbol: Symbol
    name: str
    currency: str
    synthetic: bool
    last: float | None
    change_pct: float | None
    data_time: datetime | None        # when `last` was made
    state: RowState
    closes: tuple[float, ...]         # last sessions' adjusted closes, for the sparkline
    model: str | None                 # whose forecast is shown
    model_note: str | None            # why it is a fallback, or why there is none
    forecast_pct: float | None        # median, FORECAST_SHOWN sessions ahead, per cent
    low_80_pct: float | None
    high_80_pct: float | None
    p_up: float | None
    record: TrackRecord | None        # of the shown model, this symbol: live if it has rows, else backfill
    signal: ScoredSignal | None       # newest one
    rsi: float | None
    error: str | None                 # one line; shown in the row
    source: str = ""                  # who made `last` known
    bars_source: str = ""             # whose bars the forecast rests on; "" where there is only one source
    rate: Rate | None = None          # what prices are shown by in another currency; None: as traded
    interval: Interval = Interval.DAY    # of the bars that `closes`, `rsi` and the forecast are made of
    holding: Holding | None = None       # what a person has written down about it
    position: Position | None = None     # what its lots are worth; None where there are none
    volume: float | None = None          # of the running or last session, as the source says
    day_low: float | None = None         # of the same session
    day_high: float | None = None
    year_low: float | None = None        # of the bars of 52 weeks
    year_high: float | None = None
    macd_hist: float | None = None       # of the newest closed bar, in price units
    session: SessionState | None = None  # of its exchange; None where that is not known
    beside: tuple[ScoredSignal, ...] = ()      # further signals made by the same bar as `signal`
    forecast_close: float | None = None  # the close that `forecast_pct` and the band are of

    @property
    def signals(self) -> tuple[ScoredSignal, ...]:
        """All signals of the newest bar that has made any."""
        return () if self.signal is None else (self.signal, *self.beside)

    @property
    def alias(self) -> str:
        """What a person calls it; else its name."""
        return self.holding.alias if self.holding is not None and self.holding.alias else self.name

    @property
    def display_price(self) -> float | None:
        """`last` in the currency it is shown in."""
        return self.last if self.last is None or self.rate is None else self.rate.convert(self.last)

    @property
    def display_currency(self) -> str:
        """The currency `last` is shown in; "" where the source did not say what it is traded in."""
        return self.currency if self.rate is None else self.rate.counter


@dataclass(frozen=True, slots=True)
class Circuit:
    """One circuit of a source's breaker."""

    name: str                         # what it is about: "everything", "histories"
    failures: int                     # since the last good answer
    since: datetime | None            # of the first of them
    retry_at: datetime | None         # when it may be asked again; None: it is closed
    cause: str                        # the newest failure; "" without one


@dataclass(frozen=True, slots=True)
class Budget:
    """What a source may be asked, and was."""

    per_second: float                 # requests, on average
    tokens: float                     # requests that may be sent at once; below 0 so many wait
    last_minute: int                  # sent
    circuits: tuple[Circuit, ...]


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How the source of prices is doing."""

    name: str
    health: Health
    message: str                      # "ok", or what is wrong, since when, what happens next
    since: datetime | None = None
    retry_at: datetime | None = None
    requests: int = 0                 # sent since start
    substitute: str | None = None     # the source that answers in its place
    substitute_since: datetime | None = None
    budget: Budget | None = None      # None of a source that costs nobody anything


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One kind of background work: quotes, bars, forecasts, training, backfill."""

    name: str
    health: Health
    message: str
    progress: float | None = None     # 0..1 while working
    eta_s: float | None = None
    last_run: datetime | None = None
    next_run: datetime | None = None
    epochs: tuple[Epoch, ...] = ()    # of networks: so far while it trains, else of the last run


@dataclass(frozen=True, slots=True)
class ExchangeStatus:
    """One exchange's session at the snapshot's time."""

    exchange: str
    state: SessionState
    until: datetime | None            # when the state changes; None where it does not, or nobody knows
    then: SessionState | None = None  # into what


@dataclass(frozen=True, slots=True)
class ReplayStatus:
    """Where a replay stands."""

    session: date
    speed: float
    paused: bool
    finished: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the screen shows, as of one moment."""

    version: int                      # rises with every snapshot of one run
    now: datetime                     # the engine's clock
    groups: tuple[WatchGroup, ...]
    rows: tuple[SymbolRow, ...]       # every watched symbol once, in order of first appearance in the groups
    exchanges: tuple[ExchangeStatus, ...]
    source: SourceHealth
    jobs: tuple[JobStatus, ...]
    data_time: datetime | None        # newest data time of any row
    model: str | None                 # best model at work
    model_train_end: date | None
    signals: tuple[ScoredSignal, ...]         # newest first
    signal_records: tuple[SignalRecord, ...]
    records: tuple[TrackRecord, ...]          # over all symbols, per model, horizon and origin
    notices: tuple[str, ...]                  # one line each, newest first: what a person should know
    replay: ReplayStatus | None = None
    alerts: tuple[Alert, ...] = ()            # newest first
    alerts_unseen: int = 0                    # of all, not acknowledged
    rules: tuple[RuleStatus, ...] = ()        # in force, oldest first
    portfolio: Portfolio | None = None        # all positions together; None where there are none
    told: tuple[Notice, ...] = ()             # of tapecast itself, newest first

    def row(self, symbol: Symbol) -> SymbolRow | None:
        """The row of `symbol`, or None."""
        return next((r for r in self.rows if r.symbol == symbol), None)


@dataclass(frozen=True, slots=True)
class AccuracyPoint:
    """Rolling accuracy of one model for one symbol, ending at one target session."""

    session: date
    n: int
    hit_rate: float
    hit_low: float
    hit_high: float
    coverage_80: float


@dataclass(frozen=True, slots=True)
class SymbolDetail:
    """Everything the panes beside the table show about one symbol."""

    symbol: Symbol
    instrument: Instrument
    bars: tuple[Bar, ...]                     # closed bars, ascending
    indicators: tuple[IndicatorRow, ...]      # same sessions as `bars`
    forecasts: tuple[Forecast, ...]           # newest of each model, in order of MODELS
    model_note: str | None
    accuracy: tuple[AccuracyPoint, ...]       # of the shown model, horizon 1
    accuracy_origin: str                      # "live" or "backfill"
    records: tuple[TrackRecord, ...]          # this symbol, per model, horizons 1, 5, 10, and origin
    outcomes: tuple[Outcome, ...]             # newest settled, horizon 1, of the shown model; ascending
    signals: tuple[ScoredSignal, ...]         # this symbol, newest first


FORECAST_SHOWN = 5
"""The horizon in the watch table, in sessions."""
