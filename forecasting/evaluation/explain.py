"""What a band is made of: which kinds of facts widen it today, and which kinds the forecast cannot do without.

    HAR       log-linear, so its log sigma is a sum over columns, exactly: no approximation, nothing left over
    network   integrated gradients along the straight line from a usual day to this one; what they miss is the gap
    any       permutation importance: days of one block are shuffled, and the CRPS rises by so much

All three speak about the same blocks. Sigma is the width of the 80 % band as a normal distribution's standard
deviation; it is set against the mean over the symbol's own training rows.
Sources: Sundararajan, Taly & Yan (2017), ICML (integrated gradients, completeness); Breiman (2001), Machine Learning
45(1) (permutation importance), here with whole runs of days so that neighbours stay neighbours.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from forecasting.domain.forecast import LEVELS
from forecasting.errors import NotEnoughHistory
from forecasting.evaluation.intervals import enough_days, mean_interval
from forecasting.evaluation.metrics import crps
from forecasting.features.panel import FloatArray, Panel
from forecasting.features.scaling import Scaler
from forecasting.features.windows import IntArray, chunks
from forecasting.models.base import Fitted, Predictions
from forecasting.models.har import FittedHarT
from forecasting.models.reading import ROOT_H, places, valid_until
from forecasting.models.student_t import unit_quantiles

if TYPE_CHECKING:
    from torch import Tensor

    from forecasting.models.network import FittedNetwork

BLOCKS = ("day", "week", "month", "quarter", "leverage", "market", "other")
"""The kinds of facts. The EWMA scale, with a memory of 17 days, is the month's; what is in no other block is `other`:
volume, calendar, and, in networks, returns, RSI and MACD."""

BOUNDS = "bounds"
"""What clipping and the rule that bands never narrow with the horizon add to HAR's sum: 0 on all but wild days."""

_SUFFIX = {"_1": "day", "_5": "week", "_22": "month", "_66": "quarter"}
_NAMED = {"log_ewma": "month", "log_long_sd": "quarter", "leverage_1": "leverage", "leverage_5": "leverage"}
_VOLATILITY = ("log_gk", "log_r2", "log_night")
_LOW, _HIGH = LEVELS.index(0.1), LEVELS.index(0.9)
NORMAL_80 = 2.5631031310892007
"""Width of a standard normal's 80 % band."""

_STEPS = 64
RUN = 5
"""Sessions that stay together when days are shuffled."""


@dataclass(frozen=True, slots=True)
class Decomposition:
    """Why log sigma is what it is: baseline plus the sum of the blocks plus the gap."""

    log_sigma: float
    baseline: float                 # on the symbol's usual training day
    blocks: Mapping[str, float]     # in log sigma; positive widens
    gap: float                      # what the blocks miss; 0 for HAR


@dataclass(frozen=True, slots=True)
class Importance:
    """What shuffling the days of one block costs."""

    block: str
    crps_increase: float        # share of the CRPS
    low: float | None           # 95 % interval over days; None where there are too few
    high: float | None
    n_days: int


def block_of(column: str) -> str:
    """Which of BLOCKS a feature belongs to."""
    if column in _NAMED:
        return _NAMED[column]
    if column.startswith("market_"):
        return "market"
    if column.startswith(_VOLATILITY):
        return next(block for suffix, block in _SUFFIX.items() if column.endswith(suffix))
    return "other"


def explain_har(fitted: FittedHarT, panel: Panel, *, symbol: int, at: int, horizon: int) -> Decomposition:
    """The exact parts of HAR-t's log sigma.

    Args:
        fitted: The model.
        panel: What it reads.
        symbol: Index of the symbol.
        at: Session index; the symbol's row there must be one the model speaks about.
        horizon: 1..H.

    Raises:
        NotEnoughHistory: If the model says nothing there, or the symbol has no training row.
    """
    arrays, h = fitted.parameters.arrays, horizon - 1
    columns = places(panel, fitted.parameters.settings["columns"])
    usual = _training_rows(fitted, panel, symbol)
    x = Scaler.from_dict(fitted.parameters.settings["scaler"]).transform(panel.features[symbol][:, columns])
    constant, slopes = arrays["coefficients"][h, 0], arrays["coefficients"][h, 1:]
    log_scale = np.log(panel.scale[symbol])
    tail = 2.0 * unit_quantiles(arrays["nus"])[h, _HIGH] / NORMAL_80
    baseline = float(
        constant + np.log(ROOT_H[h] * tail) + log_scale[usual].mean() + x[usual].mean(axis=0) @ slopes
    )
    parts = (x[at] - x[usual].mean(axis=0)) * slopes
    blocks = _by_block([panel.names[c] for c in columns], parts)
    blocks["month"] += float(log_scale[at] - log_scale[usual].mean())
    log_sigma = _log_sigma(fitted.predict(panel, [at]), panel, symbol, h, fitted.name)
    return Decomposition(log_sigma, baseline, {**blocks, BOUNDS: log_sigma - baseline - sum(blocks.values())}, 0.0)


def explain_network(
    fitted: FittedNetwork, panel: Panel, *, symbol: int, at: int, horizon: int, steps: int = _STEPS
) -> Decomposition:
    """The parts of a network's log sigma by integrated gradients, and the gap they leave.

    The path leads from a sequence of the symbol's usual training days to the sequence the network has read. Arguments
    and errors as those of `explain_har`; `steps` is how many points of the path are looked at.
    """
    import torch

    columns = places(panel, fitted.parameters.settings["columns"])
    usual = _training_rows(fitted, panel, symbol)
    h = horizon - 1
    log_sigma = _log_sigma(fitted.predict(panel, [at]), panel, symbol, h, fitted.name)
    scaled = fitted.scaler.transform(panel.features[symbol][:, columns])                       # (T, F)
    x = torch.as_tensor(scaled[_sequence(panel, symbol, at, fitted.lookback)])                 # (L, F)
    network = copy.deepcopy(fitted.network).double()

    def log_width(sequences: Tensor) -> Tensor:
        quantiles = network.head.quantiles(network(sequences)[:, -1])[:, h]                    # (S, Q)
        return (quantiles[:, _HIGH] - quantiles[:, _LOW]).log()

    start = torch.as_tensor(scaled[usual].mean(axis=0)).expand_as(x)
    parts = integrated_gradients(log_width, x, start, steps=steps).sum(dim=0).numpy()          # (F,)
    blocks = _by_block([panel.names[c] for c in columns], parts)
    log_scale = np.log(panel.scale[symbol])
    blocks["month"] += float(log_scale[at] - log_scale[usual].mean())
    with torch.no_grad():
        from_usual = float(log_width(start[None])[0])
    baseline = float(log_scale[usual].mean()) + from_usual - float(np.log(NORMAL_80))
    return Decomposition(log_sigma, baseline, blocks, log_sigma - baseline - sum(blocks.values()))


def integrated_gradients(
    f: Callable[[Tensor], Tensor], x: Tensor, start: Tensor, *, steps: int = _STEPS
) -> Tensor:
    """Parts of f(x) - f(start), of the shape of `x`; their sum misses it by the completeness gap.

    Args:
        f: Differentiable, from a batch (S, ...) to (S,).
        x: Where it is explained.
        start: What it is explained against, same shape.
        steps: Gauss-Legendre nodes on the line between them.
    """
    import torch

    nodes, weights = np.polynomial.legendre.leggauss(steps)
    shape = (steps, *(1,) * x.ndim)
    shares = torch.as_tensor((nodes + 1.0) / 2.0, dtype=x.dtype).reshape(shape)
    path = (start + shares * (x - start)).requires_grad_(True)
    (gradients,) = torch.autograd.grad(f(path).sum(), path)
    mean = (gradients * torch.as_tensor(weights / 2.0, dtype=x.dtype).reshape(shape)).sum(dim=0)
    return mean * (x - start)


def mean_decomposition(parts: Sequence[Decomposition]) -> Decomposition:
    """The mean of several decompositions: that of the geometric mean of their sigmas."""
    return Decomposition(
        float(np.mean([p.log_sigma for p in parts])),
        float(np.mean([p.baseline for p in parts])),
        {name: float(np.mean([p.blocks[name] for p in parts])) for name in parts[0].blocks},
        float(np.mean([p.gap for p in parts])),
    )


def weighted_decomposition(parts: Sequence[tuple[Decomposition, float]], log_sigma: float) -> Decomposition:
    """Decompositions put together by weights that sum to 1, of a model whose own log sigma is given.

    An ensemble averages log distances from the median, so this is its own decomposition but for lopsided bands; what
    they leave is in the gap. A block that one part lacks is 0 there.
    """
    names = dict.fromkeys(name for p, _ in parts for name in p.blocks)
    blocks = {name: sum(w * p.blocks.get(name, 0.0) for p, w in parts) for name in names}
    baseline = sum(w * p.baseline for p, w in parts)
    return Decomposition(log_sigma, baseline, blocks, log_sigma - baseline - sum(blocks.values()))


def log_sigma_of(fitted: Fitted, panel: Panel, *, symbol: int, at: int, horizon: int) -> float:
    """Log sigma of what a model says. Arguments and errors as those of `explain_har`."""
    return _log_sigma(fitted.predict(panel, [at]), panel, symbol, horizon - 1, fitted.name)


def importance(
    fitted: Fitted, panel: Panel, at: Sequence[int], *, horizon: int, seed: int = 0, repeats: int = 3
) -> tuple[Importance, ...]:
    """How much CRPS rises when the days of each block are shuffled, for all symbols together.

    Args:
        fitted: The model.
        panel: What it reads.
        at: Session indices, ascending, that the fit has not seen.
        horizon: 1..H.
        seed: Of the shuffles.
        repeats: Shuffles per block, averaged.
    """
    rows, h = list(at), horizon - 1
    actual = panel.targets[:, rows, h]
    usual = crps(actual, fitted.predict(panel, rows).log_returns[:, :, h])                     # (N, K)
    rng = np.random.default_rng(seed)
    orders = [_shuffled_runs(len(rows), rng) for _ in range(repeats)]
    found = []
    for block in BLOCKS:
        columns = [c for c, name in enumerate(panel.names) if block_of(name) == block]
        if not columns:
            continue
        rises = []
        for order in orders:
            shuffled = _with_days(panel, rows, [rows[i] for i in order], columns, scale=block == "month")
            rises.append(crps(actual, fitted.predict(shuffled, rows).log_returns[:, :, h]) - usual)
        found.append(_importance(block, np.mean(rises, axis=0), usual, horizon))
    return tuple(sorted(found, key=lambda i: -i.crps_increase))


def _importance(block: str, rise: FloatArray, usual: FloatArray, horizon: int) -> Importance:
    known = np.isfinite(rise) & np.isfinite(usual)
    days = known.any(axis=0)
    if not days.any():
        raise NotEnoughHistory("importance: no settled forecast in these sessions; take earlier ones")
    daily = np.where(known, rise, 0.0).sum(axis=0)[days] / known.sum(axis=0)[days]
    base = float(usual[known].mean())
    low = high = None
    if enough_days(len(daily), horizon):
        _, least, most = mean_interval(daily.tolist(), horizon)
        low, high = least / base, most / base
    return Importance(block, float(daily.mean()) / base, low, high, len(daily))


def _with_days(panel: Panel, rows: list[int], sources: list[int], columns: list[int], *, scale: bool) -> Panel:
    """The panel with some columns, at the sessions `rows`, taken from the sessions `sources`.

    A symbol that did not trade in the source session keeps its own day.
    """
    features = panel.features.copy()
    grid = np.ix_(range(len(panel.symbols)), rows, columns)
    taken = panel.features[:, sources][:, :, columns]
    usable = (panel.valid[:, sources] & panel.valid[:, rows])[..., None]
    features[grid] = np.where(usable, taken, features[grid])
    if not scale:
        return replace(panel, features=features)
    scales = panel.scale.copy()
    scales[:, rows] = np.where(usable[..., 0], panel.scale[:, sources], scales[:, rows])
    return replace(panel, features=features, scale=scales)


def _shuffled_runs(n: int, rng: np.random.Generator) -> list[int]:
    """0..n-1 with runs of RUN in another order."""
    starts = rng.permutation(np.arange(0, n, RUN))
    return [i for start in starts.tolist() for i in range(start, min(start + RUN, n))]


def _sequence(panel: Panel, symbol: int, at: int, lookback: int) -> IntArray:
    """The sessions a network reads to speak about `at`, ascending, as `FittedNetwork.predict` does; shape (L,)."""
    pieces = chunks(panel.valid, length=lookback)
    answers = (pieces.symbols[:, None] == symbol) & (pieces.rows == at) & pieces.loss
    chunk, place = np.argwhere(answers)[0]
    sessions: IntArray = pieces.rows[chunk, : place + 1]
    return sessions


def _training_rows(fitted: Fitted, panel: Panel, symbol: int) -> IntArray:
    """Session indices of the symbol's rows that the fit has seen, shape (M,)."""
    seen = valid_until(panel, panel.index_of(fitted.train_end))
    rows = np.flatnonzero(seen[symbol])
    if not len(rows):
        raise NotEnoughHistory(
            f"{panel.symbols[symbol]}: no complete row until {fitted.train_end} to compare with; load more history"
        )
    return rows


def _log_sigma(predicted: Predictions, panel: Panel, symbol: int, h: int, model: str) -> float:
    quantiles = predicted.log_returns[symbol, 0, h]
    width = float(quantiles[_HIGH] - quantiles[_LOW])
    if not np.isfinite(width):
        raise NotEnoughHistory(f"{panel.symbols[symbol]}: too few bars for {model}; load more history")
    return float(np.log(width / NORMAL_80))


def _by_block(names: Sequence[str], parts: FloatArray) -> dict[str, float]:
    blocks = dict.fromkeys(BLOCKS, 0.0)
    for name, part in zip(names, parts.tolist(), strict=True):
        blocks[block_of(name)] += part
    return blocks
