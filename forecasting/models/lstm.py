"""One LSTM over the whole watchlist, with a dense quantile head.

It reads every feature of the panel and forecasts returns in units of each symbol's own EWMA scale, so one set of
weights serves all symbols. It starts as the EWMA-t forecast and keeps only what improves on it on a validation tail
that no training target reaches into (purge).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.errors import NotEnoughHistory
from forecasting.features.panel import BoolArray, FloatArray, Panel
from forecasting.features.scaling import Scaler
from forecasting.features.windows import Chunks, chunks
from forecasting.models.base import OnProgress, Predictions
from forecasting.models.ewma_t import EwmaT
from forecasting.models.heads import QuantileHead
from forecasting.models.losses import mean_crps
from forecasting.models.parameters import FittedBase, Parameters
from forecasting.models.quantiles import predictions
from forecasting.models.reading import bars_until, places, purged_split, training_hash, valid_until
from forecasting.models.training import Samples, TrainingSettings, reproducible, train

_T = TypeVar("_T", bound=np.generic)

MIN_BARS = 250
"""Own bars a symbol needs before the network speaks about it; until then HAR does."""

_BATCH = 256            # chunks per forward pass when forecasting
_WEIGHT = "network."    # prefix of the weights among the parameters' arrays


@dataclass(frozen=True, slots=True)
class LstmSettings:
    """Size of the network and how it is trained."""

    hidden: int = 32
    layers: int = 1
    dropout: float = 0.3
    validation_share: float = 0.15     # of the training sessions, at their end
    training: TrainingSettings = field(default_factory=TrainingSettings)


class LstmNetwork(nn.Module):
    """Features in, quantiles in units of the scale out; causal."""

    def __init__(self, n_features: int, start: FloatArray, *, hidden: int, layers: int, dropout: float) -> None:
        """Start as the quantiles `start`, shape (H, Q)."""
        super().__init__()
        self.lstm = nn.LSTM(n_features, hidden, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.dense = nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden, hidden), nn.Tanh(), nn.Dropout(dropout))
        self.head = QuantileHead(hidden, start)

    def forward(self, x: Tensor) -> Tensor:
        """Quantiles, shape (B, T, H, Q), from standardised features, shape (B, T, F)."""
        return self.speak(self.listen(x))

    def listen(self, x: Tensor) -> Tensor:
        """States, shape (B, T, D), from standardised features, shape (B, T, F)."""
        states: Tensor = self.lstm(x)[0]
        return states

    def speak(self, states: Tensor) -> Tensor:
        """Quantiles, shape (..., H, Q), from states, shape (..., D)."""
        quantiles: Tensor = self.head(self.dense(states))
        return quantiles


class Lstm:
    """Recipe of the pooled LSTM."""

    name = "lstm"

    def __init__(self, settings: LstmSettings | None = None) -> None:
        self.settings = settings or LstmSettings()

    def fit(self, panel: Panel, *, cut: int, seed: int = 0, on_progress: OnProgress | None = None) -> FittedLstm:
        """Train on sessions 0..cut; see `Model.fit`."""
        longest = int(panel.traded[:, : cut + 1].sum(axis=1).max())
        if longest < MIN_BARS:
            raise NotEnoughHistory(
                f"lstm: the longest history has {longest} bars until {panel.sessions[cut]}, needs {MIN_BARS}; "
                "load more history"
            )
        start = EwmaT().fit(panel, cut=cut).unit()
        seen = valid_until(panel, cut)
        scaler = Scaler.fit(panel.features[seen])
        training, validation = self._samples(panel, cut, seen, scaler)
        s = self.settings
        with reproducible(seed):
            network = LstmNetwork(len(panel.names), start, hidden=s.hidden, layers=s.layers, dropout=s.dropout)
            epoch = train(
                network, training, validation, s.training,
                loss=_Crps(), validation_loss=_CentredCrps(), on_progress=on_progress,
            )
        weights = {k: v.numpy() for k, v in network.state_dict().items()}
        return FittedLstm(
            Parameters(
                name=self.name,
                arrays={**{_WEIGHT + k: w for k, w in weights.items()}, "start": start},
                settings={"columns": list(panel.names), "scaler": scaler.to_dict(), "epoch": epoch, **asdict(s)},
                train_end=panel.sessions[cut], data_hash=training_hash(panel, cut), seed=seed,
            )
        )

    def _samples(self, panel: Panel, cut: int, seen: BoolArray, scaler: Scaler) -> tuple[Samples, Samples]:
        """Training and validation samples: the newest sessions validate, and no training target ends in them."""
        pieces = chunks(seen)
        inputs = torch.as_tensor(scaler.transform(_gather(pieces, panel.features)), dtype=torch.float32)
        early, late = purged_split(panel, cut, validation_share=self.settings.validation_share)
        return _answered(pieces, inputs, early), _answered(pieces, inputs, late)


def _gather(pieces: Chunks, values: npt.NDArray[_T]) -> npt.NDArray[_T]:
    """The chunks' rows of `values`, shape (N, T, ...), as (C, L, ...)."""
    return values[pieces.symbols[:, None], pieces.rows]


def _answered(pieces: Chunks, inputs: Tensor, targets: FloatArray) -> Samples:
    """Those chunks that answer for at least one known target."""
    z = _gather(pieces, targets)
    z[~pieces.loss] = np.nan
    some = np.isfinite(z).any(axis=(1, 2))
    return Samples(inputs[torch.as_tensor(some)], torch.as_tensor(z[some], dtype=torch.float32))


class _Crps(nn.Module):
    """CRPS of z = y / (s sqrt(h)), so that every horizon and symbol counts alike."""

    def __init__(self) -> None:
        super().__init__()
        self.root_h = torch.tensor(HORIZONS, dtype=torch.float32).sqrt()
        self.levels = torch.tensor(LEVELS, dtype=torch.float32)

    def forward(self, quantiles: Tensor, z: Tensor) -> Tensor:
        return mean_crps(quantiles / self.root_h[:, None], z, self.levels)


class _CentredCrps(_Crps):
    """The same with medians taken out: a hundred days' direction is luck, and must not choose when training stops."""

    def forward(self, quantiles: Tensor, z: Tensor) -> Tensor:
        return super().forward(quantiles - quantiles[..., len(LEVELS) // 2, None], z)


class FittedLstm(FittedBase):
    """A trained LSTM."""

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        arrays, settings = parameters.arrays, parameters.settings
        self._scaler = Scaler.from_dict(settings["scaler"])
        self._network = LstmNetwork(
            len(settings["columns"]), arrays["start"],
            hidden=settings["hidden"], layers=settings["layers"], dropout=settings["dropout"],
        )
        self._network.load_state_dict(
            {k.removeprefix(_WEIGHT): torch.as_tensor(v) for k, v in arrays.items() if k.startswith(_WEIGHT)}
        )
        self._network.eval()

    def predict(self, panel: Panel, at: Sequence[int]) -> Predictions:
        """Quantiles s[t] times the network's; NaN below MIN_BARS bars; see `Fitted.predict`.

        A row is forecast from its chunk's start on, so it has the same numbers asked for alone or among many.
        """
        sessions, place = np.unique(np.array(at, dtype=np.int64), return_inverse=True)
        asked = np.zeros(panel.valid.shape, dtype=bool)
        asked[:, sessions] = panel.valid[:, sessions] & (bars_until(panel, sessions.tolist()) >= MIN_BARS)
        unit = np.full((len(panel.symbols), len(sessions), len(HORIZONS), len(LEVELS)), np.nan)
        if asked.any():
            unit[asked[:, sessions]] = self._unit_quantiles(panel, asked)
        return predictions((panel.scale[:, sessions, None, None] * unit)[:, place])

    def _unit_quantiles(self, panel: Panel, asked: BoolArray) -> npt.NDArray[np.float32]:
        """Quantiles in units of the scale at the M rows of the mask `asked`, shape (M, H, Q), in the mask's order."""
        pieces = chunks(panel.valid)
        answers = pieces.loss & _gather(pieces, asked)
        needed = np.flatnonzero(answers.any(axis=1))
        columns = places(panel, self.parameters.settings["columns"])
        found = []
        with reproducible(self.seed), torch.inference_mode():
            for c in np.array_split(needed, max(1, math.ceil(len(needed) / _BATCH))):
                rows = panel.features[pieces.symbols[c, None], pieces.rows[c]][..., columns]
                states = self._network.listen(torch.as_tensor(self._scaler.transform(rows), dtype=torch.float32))
                found.append(self._network.speak(states[torch.as_tensor(answers[c])]).numpy())
        # Chunks run symbol by symbol and forward in time, and each row is answered for once: the mask's own order.
        return np.concatenate(found)
