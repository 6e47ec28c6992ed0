"""From bars to the panel that every model reads.

The promise: whatever stands at session t depends on bars up to and including t alone, to the last bit, and on no more
than the newest `MEMORY` of them to six digits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.domain.forecast import HORIZONS
from forecasting.domain.interval import Interval
from forecasting.domain.market import BarSeries
from forecasting.domain.sessions import SessionTable
from forecasting.errors import ConfigError
from forecasting.features import diurnal, fusion, technical
from forecasting.features.diurnal import Timetable
from forecasting.features.fusion import HAR_COLUMNS, MARKET_COLUMNS, Columns, Prepared
from forecasting.features.indicators import MACD_PERIODS, RSI_PERIOD
from forecasting.features.matrix import BarMatrix, bar_matrix
from forecasting.features.panel import Panel
from forecasting.features.session_time import session_time, slot_time
from forecasting.features.targets import forward_returns
from forecasting.features.volatility import DECAY, LONG_WINDOW, MIN_SCALE, SEED_RETURNS

__all__ = ["DEFAULT_SPEC", "HAR_COLUMNS", "MARKET_COLUMNS", "MEMORY", "FeatureSpec", "build_panel"]

MEMORY = 400
"""Bars after which more history changes no feature by 1e-6; of slots, those of `diurnal.DAYS` sessions come on top."""

GROUPS = ("volatility", "returns", "volume", "indicators", "technical", "market", "time")
DEFAULT_GROUPS = tuple(g for g in GROUPS if g != "technical")
"""Measured on real bars before 2015, further indicators add nothing to what these say."""

# Whatever changes a number must change the hash of the specification; raise the version where a formula changes.
_PARAMETERS = {
    "version": 1,
    "variance_windows": fusion.VARIANCE_WINDOWS,
    "night_windows": fusion.NIGHT_WINDOWS,
    "floor": fusion.VARIANCE_FLOOR,
    "ewma": (DECAY, SEED_RETURNS, MIN_SCALE),
    "long_window": LONG_WINDOW,
    "rsi": RSI_PERIOD,
    "macd": MACD_PERIODS,
    "technical": (
        technical.ATR_PERIOD, technical.ADX_PERIOD, technical.BOLLINGER_PERIOD, technical.BOLLINGER_WIDTH,
        technical.STOCHASTIC_PERIODS, technical.OBV_WINDOW,
    ),
    "horizons": HORIZONS,
}


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """Which groups of features a panel has.

    Raises:
        ConfigError: On a group that does not exist, or none at all.
    """

    groups: tuple[str, ...] = DEFAULT_GROUPS
    interval: Interval = Interval.DAY

    def __post_init__(self) -> None:
        unknown = [g for g in self.groups if g not in GROUPS]
        if unknown or not self.groups:
            asked = ", ".join(unknown) or "none"
            raise ConfigError(f"feature groups: asked for {asked}; choose from {', '.join(GROUPS)}")

    @property
    def har_columns(self) -> tuple[str, ...]:
        """What HAR reads of such a panel."""
        return fusion.har_columns(self.groups)

    @property
    def hash(self) -> str:
        """12 hex digits that name this specification, the same in every process; order of groups does not matter."""
        content = {"groups": [g for g in GROUPS if g in self.groups], **_PARAMETERS}
        if self.interval is not Interval.DAY:
            content |= {"interval": self.interval, "diurnal": (diurnal.DAYS, diurnal.PRIOR, diurnal.LEAST)}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


DEFAULT_SPEC = FeatureSpec()


def build_panel(
    series: Sequence[BarSeries],
    spec: FeatureSpec = DEFAULT_SPEC,
    tables: Mapping[str, SessionTable] | None = None,
) -> Panel:
    """Turn the bars of a watchlist into features, targets and scale.

    Args:
        series: One per symbol, closed bars only. A symbol may have any number of bars, none included.
        spec: Which features.
        tables: Timetables by exchange, for the gap to the next session; where one is missing, weekdays stand in. Bars
            shorter than a session need their exchange's slots.

    Raises:
        NotEnoughHistory: If there is not a single bar.
        DataError: If a price is not a finite number above zero.
        ValueError: If bars are of another interval than `spec` is for, or lack their slots.
    """
    bars = bar_matrix(series)
    tables = tables or {}
    if series[0].interval is not spec.interval:
        raise ValueError(f"features of {spec.interval} bars, got {series[0].interval} bars")
    times = _timetables(bars, tables) if spec.interval.step is not None else {}
    alike, widths = diurnal.in_market_time(bars, times) if times else (bars, None)
    data = fusion.prepare(alike)
    columns = _columns(data, spec, tables, times)
    closes, scale = bars.on_sessions(bars.traded_close), bars.on_sessions(data.scale)
    traded = np.isfinite(closes)
    features = np.stack(list(columns.values()), axis=-1)     # (N, T, F)
    features[~traded] = np.nan       # market and calendar go on where a symbol rests
    targets, target_ends = forward_returns(bars)
    return Panel(
        symbols=bars.symbols,
        sessions=bars.names,
        names=tuple(columns),
        features=features,
        returns=bars.on_sessions(data.returns),
        scale=scale,
        targets=targets,
        target_ends=target_ends,
        closes=closes,
        traded=traded,
        valid=traded & np.isfinite(scale) & np.isfinite(features).all(axis=-1),
        widths=widths,
    )


def _timetables(bars: BarMatrix, tables: Mapping[str, SessionTable]) -> dict[str, Timetable]:
    if without := sorted(set(bars.exchanges) - set(tables)):
        raise ValueError(f"bars shorter than a session need the slots of {', '.join(without)}")
    return {e: diurnal.timetable(bars.sessions, tables[e]) for e in dict.fromkeys(bars.exchanges)}


def _columns(
    data: Prepared, spec: FeatureSpec, tables: Mapping[str, SessionTable], times: Mapping[str, Timetable]
) -> Columns:
    """All features on the session axis, (N, T) each, in the order of `GROUPS`."""
    columns: Columns = {}
    for group, block in fusion.BAR_GROUPS.items():
        if group in spec.groups:
            columns |= {name: data.bars.on_sessions(values) for name, values in block(data).items()}
    if "market" in spec.groups:
        columns |= fusion.market(data)
    if "time" in spec.groups:
        columns |= _time(data.bars, tables, times)
    return columns


def _time(bars: BarMatrix, tables: Mapping[str, SessionTable], times: Mapping[str, Timetable]) -> Columns:
    per_exchange = {
        e: slot_time(times[e], e, tables[e]) if times else session_time(bars.sessions, e, tables.get(e))
        for e in set(bars.exchanges)
    }
    names = per_exchange[bars.exchanges[0]]
    return {name: np.stack([per_exchange[e][name] for e in bars.exchanges]) for name in names}
