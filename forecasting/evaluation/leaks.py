"""Does anything know the future? Three checks for a person's own bars, each of which a leak turns red.

T1 disturbs every bar after a random session and compares all that was known by then, bit by bit. T2 spoils the panel
after a fit's cut and compares what was fitted. T4 looks for skill where there is none to be had: in random walks whose
true spread is known, a forecaster that beats the truth, or features that tell the next direction, must have seen it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from forecasting.data.sources.synthetic import bars_from_returns, draw_noise, garch_returns
from forecasting.domain.forecast import LEVELS
from forecasting.domain.market import Bar, BarSeries, Instrument, Symbol
from forecasting.domain.sessions import SessionTable
from forecasting.errors import NotEnoughHistory
from forecasting.evaluation import metrics
from forecasting.evaluation.significance import Interval, row_mean, row_share
from forecasting.evaluation.walk_forward import Plan, walk_forward
from forecasting.features.panel import FloatArray, Panel
from forecasting.features.pipeline import DEFAULT_SPEC, build_panel
from forecasting.features.scaling import Scaler
from forecasting.models.base import Fitted
from forecasting.models.har import design
from forecasting.models.registry import create

Tables = Mapping[str, SessionTable]

CUTS = 25
FUTURES = ("deleted", "multiplied", "sign-flipped")
"""What is done to all that comes after a session. A NaN is no future: no series with one becomes a panel."""

_FORECASTS = 5           # sessions at or before each cut that are forecast again
_POISON = 1e9
_NU = 6.0                # degrees of freedom of the random walks' shocks
_COMMON = 0.6            # their load on the common factor
_ANNUAL_VOL = 0.25
_MONDAY = date(2015, 1, 5)


@dataclass(frozen=True, slots=True)
class FutureCheck:
    """T1: what was known at random sessions, before and after the future was disturbed."""

    cuts: int
    figures: int                   # compared, over all cuts and futures
    changed: tuple[str, ...]       # by name; empty when nothing knows the future


def future_check(
    series: Sequence[BarSeries], tables: Tables, *, cuts: int = CUTS, seed: int = 0
) -> FutureCheck:
    """Compare features, scale, realised targets and har-t forecasts up to random sessions, bit by bit (T1).

    Raises:
        NotEnoughHistory: If the first half of the bars does not allow a fit.
    """
    panel = build_panel(series, DEFAULT_SPEC, tables)
    half = len(panel.sessions) // 2
    if half < 2:
        raise NotEnoughHistory(f"leaks: {len(panel.sessions)} sessions, needs hundreds; load more history")
    fitted = create("har-t").fit(panel, cut=half - 1)
    changed: set[str] = set()
    figures = 0
    for cut in np.random.default_rng(seed).integers(half, len(panel.sessions) - 1, cuts).tolist():
        known = _known(panel, fitted, half, cut)
        for bars in _futures(series, panel.sessions[cut]):
            again = _known(build_panel(bars, DEFAULT_SPEC, tables), fitted, half, cut)
            changed |= {name for name, values in known.items() if values.tobytes() != again[name].tobytes()}
            figures += sum(values.size for values in known.values())
    return FutureCheck(cuts, figures, tuple(sorted(changed)))


def _known(panel: Panel, fitted: Fitted, first: int, cut: int) -> dict[str, npt.NDArray[np.generic]]:
    """All a model may know at the close of session index `cut`, and what it says of sessions `first` to `cut`."""
    seen = slice(0, cut + 1)
    at = np.unique(np.linspace(first, cut, _FORECASTS).astype(int)).tolist()
    columns = {f"feature {name}": panel.features[:, seen, i] for i, name in enumerate(panel.names)}
    return columns | {
        "sessions": np.array(panel.sessions[seen], dtype="datetime64[D]"),
        "returns": panel.returns[:, seen],
        "scale": panel.scale[:, seen],
        "closes": panel.closes[:, seen],
        "valid rows": panel.valid[:, seen],
        "realised targets": panel.targets_until(cut)[:, seen],
        "har-t forecasts": fitted.predict(panel, at).log_returns,
    }


def _futures(series: Sequence[BarSeries], cut: date) -> Iterator[list[BarSeries]]:
    """The bars with all that came after the session `cut` disturbed, in the order of FUTURES."""
    ends = [bisect_right(s.bars, cut, key=lambda bar: bar.session) for s in series]
    pairs = list(zip(series, ends, strict=True))
    yield [replace(s, bars=s.bars[:end]) for s, end in pairs]
    for change in (_multiplied, _mirrored):
        yield [replace(s, bars=(*s.bars[:end], *map(change, s.bars[end:]))) for s, end in pairs]


def _multiplied(bar: Bar) -> Bar:
    figures = (bar.open, bar.high, bar.low, bar.close, bar.adj_close, bar.volume)
    return Bar(bar.session, *(1e3 * x for x in figures))


def _mirrored(bar: Bar) -> Bar:
    """One over each figure: every return within the future has its sign flipped."""
    figures = (bar.open, bar.low, bar.high, bar.close, bar.adj_close, bar.volume + 1.0)
    return Bar(bar.session, *(1.0 / x for x in figures))


@dataclass(frozen=True, slots=True)
class PoisonCheck:
    """T2: fits on a panel whose future was spoilt."""

    cut: date
    same: Mapping[str, str]          # model -> its id, the same on both panels
    changed: tuple[str, ...]         # models that were fitted to something after the cut
    left_out: tuple[str, ...]        # why a model could not be fitted


def poison_check(panel: Panel, models: Sequence[str]) -> PoisonCheck:
    """Fit each model on the first two thirds of `panel`, as it is and with the rest spoilt (T2)."""
    cut = max(len(panel.sessions) * 2 // 3 - 1, 0)
    spoilt = poisoned(panel, cut)
    same: dict[str, str] = {}
    changed, left_out = [], []
    for name in models:
        try:
            one, other = (create(name, seeds=1).fit(p, cut=cut).model_id for p in (panel, spoilt))
        except NotEnoughHistory as error:
            left_out.append(str(error))
            continue
        if one == other:
            same[name] = one
        else:
            changed.append(name)
    return PoisonCheck(panel.sessions[cut], same, tuple(changed), tuple(left_out))


def poisoned(panel: Panel, cut: int) -> Panel:
    """The panel with everything after session index `cut` spoilt, and targets NaN that are realised after it."""
    after = np.arange(len(panel.sessions)) > cut
    return replace(
        panel,
        features=np.where(after[None, :, None], _POISON, panel.features),
        returns=np.where(after, -_POISON, panel.returns),
        scale=np.where(after, _POISON, panel.scale),
        closes=np.where(after, _POISON, panel.closes),
        targets=np.where(panel.target_ends > cut, np.nan, panel.targets),
    )


@dataclass(frozen=True, slots=True)
class NullCheck:
    """T4: what was found where there is nothing to find, one session ahead."""

    symbols: int
    sessions: int
    features: int
    n_days: int            # forecast
    skill: Interval        # CRPS of har-t against the true distribution's: 1 - crps / crps(truth)
    hits: Interval         # share of directions called right by a linear probe of all features

    @property
    def quiet(self) -> bool:
        """Whether nothing beats the truth, and direction is a coin."""
        return self.skill[1] <= 0.0 and self.hits[1] <= 0.5 <= self.hits[2]


def null_check(*, seed: int = 0, symbols: int = 12, sessions: int = 900) -> NullCheck:
    """Walk har-t forward over random walks, and let a probe call their direction (T4).

    HAR's forecasts are symmetric and claim no direction, so a least-squares fit of the next move's sign on every
    feature does: whatever a feature knows of it, to first order, the probe finds.
    """
    series, sigma = null_market(seed, symbols, sessions)
    panel = build_panel(series)
    first, last = sessions // 2, sessions - 1
    tally = walk_forward(panel, Plan(("har",), first, last, horizons=(1,), refit_every=(last - first + 1) // 2))
    actual = panel.targets[:, first:last, 0]
    truth = metrics.crps(actual, sigma[:, first + 1 : last + 1, None] * _unit_quantiles()).sum(axis=0)
    rows = tally.rows[:, 0]
    whole = rows == symbols          # days on which every symbol was forecast
    gain = truth - tally.by_day["crps"][tally.models.index("har"), :, 0]
    reference = truth[whole].sum() / rows[whole].sum()
    return NullCheck(
        symbols, sessions, len(panel.names), int(whole.sum()),
        skill=row_mean(gain[whole] / reference, rows[whole], horizon=1),
        hits=_probe(panel, first, last),
    )


def _probe(panel: Panel, first: int, last: int) -> Interval:
    """Hit rate of a linear probe fitted before session index `first`, on the sessions from there to before `last`."""
    past = panel.targets_until(first - 1)[:, :, 0]
    rows = panel.valid & np.isfinite(past)
    x = design(Scaler.fit(panel.features[rows]).transform(panel.features))
    weights, *_ = np.linalg.lstsq(x[rows], np.sign(past[rows]), rcond=None)
    claim = metrics.direction(x[:, first:last] @ weights)
    hits = metrics.hits(claim, metrics.direction(panel.targets[:, first:last, 0]))
    scored = panel.valid[:, first:last]
    held = scored.any(axis=0)
    sums = np.where(scored, hits, 0.0).sum(axis=0)
    return row_share(sums[held], scored.sum(axis=0)[held].astype(np.float64), horizon=1)


def null_market(seed: int, symbols: int, sessions: int) -> tuple[list[BarSeries], FloatArray]:
    """GARCH-t random walks with a common factor, and the true sd of each session's return, shape (N, T).

    The shocks of a session are multivariate Student-t: each symbol's own are exactly Student-t, whatever they share.
    """
    rng = np.random.default_rng(seed)
    own, market = rng.standard_normal((symbols, sessions)), rng.standard_normal(sessions)
    heavy = np.sqrt((_NU - 2.0) / rng.chisquare(_NU, sessions))
    shocks = (_COMMON * market + np.sqrt(1.0 - _COMMON**2) * own) * heavy
    days = [day for i in range(2 * sessions) if (day := _MONDAY + timedelta(days=i)).weekday() < 5][:sessions]
    series, sigma = [], np.empty_like(shocks)
    for i, shock in enumerate(shocks):
        noise = replace(draw_noise(rng, sessions), shocks=shock, jumps=np.zeros(sessions))
        returns, sigma[i] = garch_returns(noise, _ANNUAL_VOL)
        bars = bars_from_returns(days, returns, sigma[i], noise, first_price=100.0, volume=1e6)
        symbol = Symbol(f"NULL-{i:02d}")
        series.append(BarSeries(Instrument(symbol, symbol, "XNYS", "USD", synthetic=True), bars))
    return series, sigma


def _unit_quantiles() -> FloatArray:
    """Quantiles at LEVELS of a shock of unit variance, shape (Q,)."""
    unit: FloatArray = stdtrit(_NU, np.array(LEVELS)) * np.sqrt((_NU - 2.0) / _NU)
    return unit
