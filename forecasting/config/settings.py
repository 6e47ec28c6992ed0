"""What a person can set, with its type, range and default.

The defaults here and the shipped `config.toml` say the same (a test holds them together), so that no file at all and
the file as shipped behave alike.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from pathlib import Path
from typing import Annotated, Literal, get_args

from forecasting.config.alerts import STARTER_SINKS, AlertSettings, Sinks, SinkSettings
from forecasting.config.rules import AS_IN_TOML, Bounds, Checked
from forecasting.config.section import Section
from forecasting.domain.columns import COLUMN_KEYS
from forecasting.domain.interval import Interval
from forecasting.domain.market import Symbol, parse_symbol
from forecasting.domain.watchlist import NAME_LIMIT, WatchGroup
from forecasting.errors import ConfigError, SymbolError
from forecasting.frozen import dataclass

SourceName = Literal["yahoo", "csv", "replay", "simulated"]
REAL_SOURCES = ("yahoo", "csv")
"""Sources whose prices may stand in for each other's."""

Timeframe = Literal["1mo", "3mo", "6mo", "1y", "2y", "5y", "max"]
Normalisation = Literal["z-score", "min-max", "log-return"]
FeatureGroup = Literal["volatility", "returns", "volume", "indicators", "technical", "market", "time"]
Body = Literal["lstm", "lstm-attention", "transformer"]
Head = Literal["quantile", "student-t", "mse", "huber", "msle", "up-down", "up-flat-down"]
OptimizerName = Literal["adamw", "adam", "rmsprop"]
Schedule = Literal["none", "cosine", "step"]
Device = Literal["auto", "cpu", "cuda", "mps"]


def _symbol(text: str) -> Symbol:
    try:
        return parse_symbol(text)
    except SymbolError as error:
        raise ValueError(str(error)) from None  # pydantic collects ValueErrors, with the place of each


def _list_name(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("a list name is printable text")
    return text.strip()


def _folder(path: Path) -> Path:
    if not str(path).isprintable():  # a NUL would come back as a ValueError of the first system call
        raise ValueError("a folder name is printable text")
    return path


def _unique(symbols: tuple[Symbol, ...]) -> tuple[Symbol, ...]:
    return tuple(dict.fromkeys(symbols))


def _some(groups: tuple[FeatureGroup, ...]) -> tuple[FeatureGroup, ...]:
    if not groups:
        raise ValueError(f"choose at least one of {', '.join(get_args(FeatureGroup))}")
    return tuple(dict.fromkeys(groups))


_Symbols = Annotated[tuple[Annotated[str, Checked(_symbol)], ...], AS_IN_TOML, Checked(_unique)]
_Groups = Annotated[tuple[FeatureGroup, ...], AS_IN_TOML, Checked(_some)]
_Folder = Annotated[Path, AS_IN_TOML, Checked(_folder)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSettings(Section):
    """One `[[list]]`: a tab in the watch view."""

    name: Annotated[str, Bounds(max_length=NAME_LIMIT), Checked(_list_name)]
    symbols: _Symbols = ()
    filter: Annotated[str, Bounds(min_length=1, max_length=500)] | None = None    # of a smart list: who is on it

    def __post_init__(self) -> None:
        if self.filter is not None and self.symbols:
            raise ValueError("a list has symbols or a filter, not both; make two of it")

    @property
    def group(self) -> WatchGroup:
        """The same as a domain value."""
        return WatchGroup(self.name, tuple(Symbol(s) for s in self.symbols), self.filter)


def _order(names: tuple[SourceName, ...]) -> tuple[SourceName, ...]:
    if made_up := [name for name in names if name not in REAL_SOURCES]:
        raise ValueError(f"{made_up[0]} prices never stand in for real ones; an order is of {', '.join(REAL_SOURCES)}")
    if len(set(names)) != len(names):
        raise ValueError("a source is named twice")
    return names


_Order = Annotated[tuple[SourceName, ...], AS_IN_TOML, Checked(_order)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings(Section):
    """Where prices come from."""

    name: SourceName = "yahoo"
    order: _Order = ()                                            # who is asked in turn; the first is `name` then
    interval: Annotated[Interval, AS_IN_TOML] = Interval.DAY    # how long a bar is
    stream: bool = True                                           # prices as they are made, where the source has that
    csv_dir: _Folder | None = None                                # for csv; or for replay, in place of the demo's bars
    seed: Annotated[int, Bounds(ge=0, lt=2**31)] = 7               # of simulated prices and the demo's synthetic stocks
    symbols: Annotated[int, Bounds(ge=1, le=2000)] = 12            # how many simulated tickers

    def __post_init__(self) -> None:
        if self.order:
            object.__setattr__(self, "name", self.order[0])

    @property
    def others(self) -> tuple[SourceName, ...]:
        """Who is asked where `name` does not answer, in turn."""
        return self.order[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshSettings(Section):
    """How often, in seconds."""

    open_seconds: Annotated[float, Bounds(ge=2, le=3600)] = 15.0       # quotes, while any watched exchange is open
    closed_seconds: Annotated[float, Bounds(ge=10, le=86_400)] = 300.0  # quotes, while all are closed
    replay_seconds_per_session: Annotated[float, Bounds(ge=0.05, le=3600)] = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings(Section):
    """What the forecaster learns from, and how; the defaults were chosen on real bars before 2015.

    From `normalisation` on, all is about the ensemble's networks alone, but for `features`: HAR reads them as well.
    """

    seed: Annotated[int, Bounds(ge=0, lt=2**31)] = 0
    seeds: Annotated[int, Bounds(ge=1, le=20)] = 3                    # networks in the ensemble, apart in their seeds
    history_years: Annotated[int, Bounds(ge=1, le=50)] = 10           # of daily bars asked for a new ticker
    backfill_sessions: Annotated[int, Bounds(ge=0, le=2520)] = 252    # of walk-forward record for a new ticker; 0: none
    normalisation: Normalisation = "z-score"                         # of features, fitted on training rows
    lookback: Annotated[int, Bounds(ge=40, le=252)] = 88              # bars read together, 20 of burn-in included
    features: _Groups = ("volatility", "returns", "volume", "indicators", "market", "time")
    body: Body = "lstm"
    layers: Annotated[int, Bounds(ge=1, le=4)] = 1
    hidden: Annotated[int, Bounds(ge=4, le=256, multiple_of=4)] = 32  # the Transformer has four attention heads
    dropout: Annotated[float, Bounds(ge=0, le=0.8)] = 0.3
    head: Head = "quantile"                                          # what the networks are trained on
    optimizer: OptimizerName = "adamw"
    learning_rate: Annotated[float, Bounds(gt=0, le=0.1)] = 0.005
    schedule: Schedule = "none"                                      # of the learning rate, over the epochs
    l1: Annotated[float, Bounds(ge=0, le=1)] = 0.0
    l2: Annotated[float, Bounds(ge=0, le=1)] = 0.01                   # adamw: weight decay
    epochs: Annotated[int, Bounds(ge=1, le=500)] = 20                 # at most
    patience: Annotated[int, Bounds(ge=1, le=500)] = 2                # epochs without a better validation score
    device: Device = "auto"


def _currency(code: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise ValueError("a currency is three capital letters, as EUR, USD or JPY; pence are GBP")
    return code


def _column(key: str) -> str:
    if key not in COLUMN_KEYS:
        from difflib import get_close_matches  # not needed where all is right

        near = get_close_matches(key, COLUMN_KEYS, 1)
        known = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(COLUMN_KEYS)}"
        raise ValueError(f"there is no column '{key}'; {known}")
    return key


def _columns(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(keys))


_Columns = Annotated[tuple[Annotated[str, Checked(_column)], ...], AS_IN_TOML, Checked(_columns)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplaySettings(Section):
    """How the screen looks."""

    theme: Annotated[str, Bounds(min_length=1, max_length=40)] = "tapecast"
    ascii: bool = False                                              # draw with ASCII characters only
    bell: bool = True                                                # ring the terminal's when alerts come
    privacy: bool = False                                            # hide amounts of money until P is pressed
    timeframe: Timeframe = "6mo"                                     # of charts at start
    currency: Annotated[str, Checked(_currency)] | None = None    # prices are shown in it; None: as traded
    columns: _Columns = ()                                           # of the watch table, in order; (): as many as fit


@dataclass(frozen=True, slots=True, kw_only=True)
class PathSettings(Section):
    """Where things are kept."""

    data_dir: _Folder | None = None                                  # None: the platform's folder for user data


def _names_are_unique(lists: tuple[ListSettings, ...]) -> tuple[ListSettings, ...]:
    names = [item.name for item in lists]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two lists are called '{twice[0]}'; rename one or join their symbols")
    return lists


_Lists = Annotated[tuple[ListSettings, ...], AS_IN_TOML, Checked(_names_are_unique)]

STARTER_LISTS: tuple[WatchGroup, ...] = (
    WatchGroup("Core", tuple(map(Symbol, ("^GSPC", "^IXIC", "AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "META")))),
    WatchGroup("World", tuple(map(Symbol, ("^STOXX50E", "SAP.DE", "SHEL.L", "7203.T", "BTC-USD", "EURUSD=X")))),
)
"""Watched where no list is configured and the source cannot name symbols by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written(Section):
    """Everything that config.toml can say."""

    lists: _Lists = field(default=(), metadata={"validation_alias": "list"})
    source: SourceSettings = SourceSettings()
    refresh: RefreshSettings = RefreshSettings()
    model: ModelSettings = ModelSettings()
    display: DisplaySettings = DisplaySettings()
    paths: PathSettings = PathSettings()
    alerts: AlertSettings = field(default_factory=AlertSettings)
    sinks: Sinks = field(default=(), metadata={"validation_alias": "sink"})
    keys: dict[str, str] = field(default_factory=dict)     # action id -> key; ids are checked by the key map


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Written):
    """Everything that can be set, and where it came from."""

    origin: Path | None = None      # the file; None for the built-in defaults

    def groups(self, catalogue: tuple[Symbol, ...] = ()) -> tuple[WatchGroup, ...]:
        """The lists to watch: the configured ones, else all the source can name by itself, else `STARTER_LISTS`."""
        if self.lists:
            return tuple(item.group for item in self.lists)
        return (WatchGroup("All", catalogue),) if catalogue else STARTER_LISTS

    def alert_sinks(self) -> tuple[SinkSettings, ...]:
        """Where alerts go: the configured sinks, else `STARTER_SINKS`."""
        return self.sinks or STARTER_SINKS

    def overridden(
        self, *, source: SourceName | None = None, csv_dir: Path | None = None, data_dir: Path | None = None,
        interval: Interval | None = None,
    ) -> Settings:
        """These settings with what the command line said instead; None leaves a value as it is.

        Raises:
            ConfigError: If the source is csv and neither file nor command line names its folder.
        """
        changed = replace(
            self.source,
            name=source or self.source.name,
            order=self.source.order if source is None else (),     # who names one source means that one
            csv_dir=csv_dir or self.source.csv_dir,
            interval=interval or self.source.interval,
        )
        if "csv" in (changed.name, *changed.others) and changed.csv_dir is None:
            raise ConfigError("source csv: no folder named; give --csv-dir DIR or set csv_dir under [source]")
        paths = replace(self.paths, data_dir=data_dir or self.paths.data_dir)
        return replace(self, source=changed, paths=paths)

    def data_dir(self, *, demo: bool = False) -> Path:
        """The folder of store and checkpoints, absolute, not created here; a demo has its own inside."""
        if (base := self.paths.data_dir) is None:
            from platformdirs import user_data_path  # 10 ms that a start with a named folder need not pay

            base = user_data_path("tapecast", appauthor=False)
        return (base / "demo" if demo else base).absolute()
