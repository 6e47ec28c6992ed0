"""Trained LSTMs that carry their state: a new bar, or a provisional one, costs one step for all symbols in one batch.

`FittedNetwork.predict` reads each row from its chunk's start on. Carrying one state for ever would be cheaper still and
say something else; so two lanes run per symbol, one chunk apart: a chunk begins every `length - burn_in` rows, warms up
for `burn_in` rows while the lane before it still answers, and then takes over. Step by step or in one go, the numbers
are the same but for rounding.

It pays where many bars come between two fits, or one bar is spoken of many times. A tick on daily bars does without:
measured for 500 symbols and three networks, it spends 1.23 s on reading bars, 0.51 s on features and 0.11 s on a
forecast in one go. A step is 0.01 s, but putting a state in place takes 0.40 s, after every fit, and a fit serves for
a week or two (`tests.benchmarks.bench_ensemble`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.errors import ModelError
from forecasting.features.panel import BoolArray, FloatArray, Panel
from forecasting.features.windows import BURN_IN
from forecasting.models.base import Predictions
from forecasting.models.bodies import Lstm
from forecasting.models.ensemble import FittedEnsemble, log_scale_mean
from forecasting.models.har import FittedHarT
from forecasting.models.network import MIN_BARS, FittedNetwork
from forecasting.models.quantiles import predictions
from forecasting.models.reading import places
from forecasting.models.training import one_thread


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One session of a panel: the newest bar of N symbols, closed or provisional.

    Symbols and feature columns are those of the panel the state started with, in its order.
    """

    features: FloatArray    # (N, F)
    scale: FloatArray       # (N,)
    traded: BoolArray       # (N,)
    valid: BoolArray        # (N,)
    width: FloatArray       # (N, H), or (1, 1): see `Panel.width`

    @classmethod
    def of(cls, panel: Panel, at: int) -> Self:
        """The session with index `at`."""
        width = panel.width([at])[:, 0]
        return cls(panel.features[:, at], panel.scale[:, at], panel.traded[:, at], panel.valid[:, at], width)


class LiveState:
    """Where an LSTM stands for each of N symbols, after all sessions of the panel it starts with.

    Raises:
        ModelError: If the network is another one; attention has no state to carry.
    """

    def __init__(self, fitted: FittedNetwork, panel: Panel) -> None:
        body = fitted.network.body
        if not isinstance(body, Lstm):
            raise ModelError(f"{fitted.name}: only a plain LSTM has a state to carry")
        self._fitted, self._lstm = fitted, body.lstm
        self._columns = places(panel, fitted.parameters.settings["columns"])
        n = len(panel.symbols)
        self._stride = fitted.lookback - BURN_IN
        first = _first_needed(panel.valid, self._stride)
        # (h and c, layers, older then newer, D)
        self._lanes = torch.zeros(2, self._lstm.num_layers, 2 * n, self._lstm.hidden_size)
        self._seen = panel.valid[:, :first].sum(axis=1)                      # (N,) valid rows read
        self._bars = panel.traded[:, :first].sum(axis=1)                     # (N,)
        for at in range(first, len(panel.sessions)):
            self._keep(self._advanced(Rows.of(panel, at)))

    def step(self, rows: Rows) -> Predictions:
        """Read a closed bar of each symbol and forecast from it: K = 1. Symbols without a valid row wait."""
        return predictions(self.quantiles(rows, keep=True))

    def peek(self, rows: Rows) -> Predictions:
        """Forecast from a provisional bar, and forget it."""
        return predictions(self.quantiles(rows, keep=False))

    def quantiles(self, rows: Rows, *, keep: bool) -> FloatArray:
        """Quantiles, shape (N, 1, H, Q), after the rows; these are remembered or forgotten."""
        after = self._advanced(rows)
        if keep:
            self._keep(after)
        return self._spoken(rows, after)

    def _advanced(self, rows: Rows) -> _Standing:
        n = len(rows.valid)
        begins = torch.as_tensor(rows.valid & (self._seen % self._stride == 0))
        older, newer = self._lanes[..., :n, :], self._lanes[..., n:, :]
        lanes = torch.cat(
            [torch.where(begins[:, None], newer, older), torch.where(begins[:, None], 0.0, newer)], dim=-2
        )
        x = self._fitted.scaled(np.where(rows.valid[:, None], rows.features[:, self._columns], 0.0))
        with one_thread(), torch.inference_mode():
            _, (h, c) = self._lstm(x.repeat(2, 1)[:, None], (lanes[0], lanes[1]))
        read = torch.as_tensor(np.tile(rows.valid, 2))[:, None]
        lanes = torch.where(read, torch.stack([h, c]), self._lanes)
        return _Standing(x, lanes, self._seen + rows.valid, self._bars + rows.traded)

    def _keep(self, standing: _Standing) -> None:
        self._lanes, self._seen, self._bars = standing.lanes, standing.seen, standing.bars

    def _spoken(self, rows: Rows, after: _Standing) -> FloatArray:
        n = len(rows.valid)
        place = after.seen - 1                                               # of this row among the symbol's own
        older_answers = (place >= self._stride) & (place % self._stride < BURN_IN)
        top = after.lanes[0, -1]                                             # (2 N, D)
        with one_thread(), torch.inference_mode():
            states = torch.where(torch.as_tensor(older_answers)[:, None], top[:n], top[n:])
            in_scales = self._fitted.network.speak(states, after.x).numpy()           # (N, H, Q)
        says = rows.valid & (after.bars >= MIN_BARS)
        quantiles = np.full((n, 1, len(HORIZONS), len(LEVELS)), np.nan)
        quantiles[says, 0] = rows.scale[says, None, None] * in_scales[says]
        quantiles *= rows.width[:, None, :, None]
        return quantiles


class EnsembleState:
    """The same for an ensemble: a step of each LSTM, HAR's product, and their mean."""

    def __init__(self, fitted: FittedEnsemble, panel: Panel) -> None:
        self._weights = [fitted.weights[label] for label in fitted.members]
        self._members = [
            LiveState(m, panel) if isinstance(m, FittedNetwork) else _HarState(m, panel)
            for m in fitted.members.values()
        ]

    def step(self, rows: Rows) -> Predictions:
        """See `LiveState.step`."""
        return self._predictions(rows, keep=True)

    def peek(self, rows: Rows) -> Predictions:
        """See `LiveState.peek`."""
        return self._predictions(rows, keep=False)

    def _predictions(self, rows: Rows, *, keep: bool) -> Predictions:
        told = [member.quantiles(rows, keep=keep) for member in self._members]
        return predictions(log_scale_mean(told, self._weights))


class _HarState:
    """HAR reads the newest row alone. That a symbol is old enough for it, the networks say: they want more bars."""

    def __init__(self, fitted: FittedHarT, panel: Panel) -> None:
        self._fitted = fitted
        self._columns = places(panel, fitted.parameters.settings["columns"])

    def quantiles(self, rows: Rows, *, keep: bool) -> FloatArray:
        scale = np.where(rows.valid, rows.scale, np.nan)[:, None]
        return rows.width[:, None, :, None] * self._fitted.quantiles(rows.features[:, None, self._columns], scale)


@dataclass(frozen=True, slots=True, eq=False)
class _Standing:
    x: Tensor           # (N, F) what was read last
    lanes: Tensor
    seen: npt.NDArray[np.int64]
    bars: npt.NDArray[np.int64]


def _first_needed(valid: BoolArray, stride: int) -> int:
    """The session from which to read so that both lanes of every symbol are right at the end."""
    first: int = valid.shape[1]
    for mask in valid:
        own = np.flatnonzero(mask)
        if len(own):
            first = min(first, int(own[max((len(own) - 1) // stride - 1, 0) * stride]))
    return first
