"""One network over the whole watchlist: the recipe and the fit that all bodies and heads share.

It reads every feature of the panel and forecasts returns in units of each symbol's own EWMA scale, so one set of
weights serves all symbols. It starts as the EWMA-t forecast and keeps only what improves on it on a validation tail
that no training target reaches into (purge).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.errors import ModelError, NotEnoughHistory
from forecasting.features.panel import BoolArray, FloatArray, Panel
from forecasting.features.scaling import Scaler, Scaling
from forecasting.features.windows import CHUNK_LENGTH, Chunks, chunks
from forecasting.models.base import OnProgress, Predictions
from forecasting.models.bodies import BodyKind, BodySettings, make_body
from forecasting.models.ewma_t import EwmaT, unit
from forecasting.models.head import Start
from forecasting.models.heads import HeadKind, HeadSettings, make_head
from forecasting.models.parameters import FittedBase, Parameters
from forecasting.models.quantiles import predictions
from forecasting.models.reading import bars_until, places, purged_split, training_hash, valid_until
from forecasting.models.training import Optimiser, Samples, Schedule, TrainingSettings, one_thread, reproducible, train

_T = TypeVar("_T", bound=np.generic)

MIN_BARS = 250
"""Own bars a symbol needs before a network speaks about it; until then HAR does."""

_BATCH = 256            # chunks per forward pass when forecasting
_WEIGHT = "network."    # prefix of the weights among the parameters' arrays


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """A network and how it is trained. The defaults were chosen on real bars before 2015."""

    body: BodySettings = field(default_factory=BodySettings)
    head: HeadSettings = field(default_factory=HeadSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    scaling: Scaling = Scaling.Z_SCORE
    validation_share: float = 0.15     # of the training rows, at their end
    lookback: int = CHUNK_LENGTH       # rows read together, burn-in included

    @property
    def hash(self) -> str:
        """12 hex digits that name these settings in every process, wherever they are trained."""
        content = asdict(replace(self, training=replace(self.training, device="")))
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The settings that `asdict` took apart, also after a journey through JSON."""
        body, head, training = (dict(content[part]) for part in ("body", "head", "training"))
        body["kind"], head["kind"] = BodyKind(body["kind"]), HeadKind(head["kind"])
        training |= {"optimiser": Optimiser(training["optimiser"]), "schedule": Schedule(training["schedule"])}
        return cls(
            BodySettings(**body), HeadSettings(**head), TrainingSettings(**training), Scaling(content["scaling"]),
            content["validation_share"], content["lookback"],
        )

    def warm(self) -> Self:
        """How to go on from weights that are already there: a few small steps."""
        t = self.training
        gentle = replace(t, max_epochs=min(t.max_epochs, 3), patience=2, learning_rate=t.learning_rate / 5.0)
        return replace(self, training=gentle)


class Network(nn.Module):
    """Features in, a head's raw output out; causal.

    The head reads the newest row's features beside the body's state. All that a linear model like HAR knows is then
    one step of training away, and the body is left with what a linear model cannot say.
    """

    def __init__(self, settings: NetworkSettings, n_features: int, start: Start) -> None:
        super().__init__()
        hidden, dropout = settings.body.hidden, settings.body.dropout
        self.body = make_body(settings.body, n_features)
        self.dense = nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden, hidden), nn.Tanh(), nn.Dropout(dropout))
        self.head = make_head(settings.head, hidden + n_features, start)

    def forward(self, x: Tensor) -> Tensor:
        """Raw output, shape (B, T, outputs), from standardised features, shape (B, T, F)."""
        return self.answer(self.listen(x), x)

    def listen(self, x: Tensor) -> Tensor:
        """States, shape (B, T, D), from standardised features, shape (B, T, F)."""
        states: Tensor = self.body(x)
        return states

    def answer(self, states: Tensor, x: Tensor) -> Tensor:
        """Raw output, shape (..., outputs), from states (..., D) and the features (..., F) that they end with."""
        output: Tensor = self.head(torch.cat([self.dense(states), x], dim=-1))
        return output

    def speak(self, states: Tensor, x: Tensor) -> Tensor:
        """Quantiles in units of the scale, shape (..., H, Q), from states (..., D) and features (..., F)."""
        return self.head.quantiles(self.answer(states, x))


class NetworkModel:
    """Recipe of a pooled network, named after its body.

    Args:
        settings: What it is like.
        previous: A fit to go on from with small steps (warm); its scaler and starting point are kept. It must be of
            the same body and head.
    """

    def __init__(self, settings: NetworkSettings | None = None, previous: FittedNetwork | None = None) -> None:
        self.settings = settings or NetworkSettings()
        self.name = self.settings.body.kind.value
        self.previous = previous

    def fit(self, panel: Panel, *, cut: int, seed: int = 0, on_progress: OnProgress | None = None) -> FittedNetwork:
        """Train on sessions 0..cut; see `Model.fit`."""
        longest = int(panel.traded[:, : cut + 1].sum(axis=1).max())
        if longest < MIN_BARS:
            raise NotEnoughHistory(
                f"{self.name}: the longest history has {longest} bars until {panel.sessions[cut]}, needs {MIN_BARS}; "
                "load more history"
            )
        start, scaler, settings = self._beginning(panel, cut)
        training, validation = _samples(panel, cut, scaler, settings)
        with reproducible(seed, on_progress):
            network = Network(settings, len(panel.names), start)
            if self.previous is not None:
                network.load_state_dict(self.previous.network.state_dict())
            trained = train(
                network, training, validation, settings.training,
                loss=network.head.loss, validation_loss=network.head.validation_loss, measure=network.head.measure,
                on_progress=on_progress,
            )
            with torch.no_grad():
                network.eval()
                network.head.finish(network(validation.inputs), validation.targets)
        weights = {_WEIGHT + k: v.numpy() for k, v in network.state_dict().items()}
        return FittedNetwork(
            Parameters(
                name=self.name,
                arrays={**weights, "start_factors": start.factors, "start_nus": start.nus},
                settings={
                    **asdict(settings), "columns": list(panel.names), "scaler": scaler.to_dict(),
                    "epoch": trained.epoch, "epochs": trained.epochs,
                    "validation": None if math.isnan(trained.score) else trained.score,
                    "n_train": int(torch.isfinite(training.targets[..., 0]).sum()),
                    "train_start": panel.sessions[int(np.argmax(valid_until(panel, cut).any(axis=0)))].isoformat(),
                    "measure": network.head.measure,
                    "losses": [[e.training, e.validation] for e in trained.losses],
                    "warm_from": None if self.previous is None else self.previous.model_id,
                },
                train_end=panel.sessions[cut], data_hash=training_hash(panel, cut), seed=seed,
            )
        )

    def _beginning(self, panel: Panel, cut: int) -> tuple[Start, Scaler, NetworkSettings]:
        if self.previous is None:
            ewma_t = EwmaT().fit(panel, cut=cut).parameters.arrays
            scaler = Scaler.fit(panel.features[valid_until(panel, cut)], self.settings.scaling)
            return _start(ewma_t["factors"], ewma_t["nus"]), scaler, self.settings
        kept = self.previous.parameters
        if list(panel.names) != kept.settings["columns"] or self.previous.name != self.name:
            raise ModelError(f"{self.name}: {self.previous.model_id} is no fit to go on from; train from the beginning")
        return self.previous.start_from, self.previous.scaler, self.settings.warm()


class FittedNetwork(FittedBase):
    """A trained network."""

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        arrays, settings = parameters.arrays, parameters.settings
        self.scaler = Scaler.from_dict(settings["scaler"])
        self.start_from = _start(arrays["start_factors"], arrays["start_nus"])
        self.lookback = int(settings["lookback"])
        weights = {k.removeprefix(_WEIGHT): torch.as_tensor(v) for k, v in arrays.items() if k.startswith(_WEIGHT)}
        with torch.device("meta"):      # draws no first weights: somebody else may be training, see `reproducible`
            self.network = Network(NetworkSettings.from_dict(settings), len(settings["columns"]), self.start_from)
        self.network.load_state_dict(weights, assign=True)
        self.network.eval()

    def predict(self, panel: Panel, at: Sequence[int]) -> Predictions:
        """Quantiles s[t] times the network's; NaN below MIN_BARS bars; see `Fitted.predict`.

        A row is forecast from its chunk's start on, so it has the same numbers asked for alone or among many.
        """
        sessions, place = np.unique(np.array(at, dtype=np.int64), return_inverse=True)
        asked = np.zeros(panel.valid.shape, dtype=bool)
        asked[:, sessions] = panel.valid[:, sessions] & (bars_until(panel, sessions.tolist()) >= MIN_BARS)
        in_scales = np.full((len(panel.symbols), len(sessions), len(HORIZONS), len(LEVELS)), np.nan)
        if asked.any():
            in_scales[asked[:, sessions]] = self._quantiles(panel, asked)
        width = panel.width(sessions.tolist())[..., None]
        return predictions((width * (panel.scale[:, sessions, None, None] * in_scales))[:, place])

    def scaled(self, features: FloatArray) -> Tensor:
        """What the network reads for features in the order of its columns, shape (..., F)."""
        return torch.as_tensor(self.scaler.transform(features), dtype=torch.float32)

    def _quantiles(self, panel: Panel, asked: BoolArray) -> npt.NDArray[np.float32]:
        """Quantiles in units of the scale at the M rows of the mask `asked`, shape (M, H, Q), in the mask's order."""
        pieces = chunks(panel.valid, length=self.lookback)
        answers = pieces.loss & _gather(pieces, asked)
        needed = np.flatnonzero(answers.any(axis=1))
        columns = places(panel, self.parameters.settings["columns"])
        found = []
        with one_thread(), torch.inference_mode():
            for c in np.array_split(needed, max(1, math.ceil(len(needed) / _BATCH))):
                rows = panel.features[pieces.symbols[c, None], pieces.rows[c]][..., columns]
                x, answered = self.scaled(rows), torch.as_tensor(answers[c])
                found.append(self.network.speak(self.network.listen(x)[answered], x[answered]).numpy())
        # Chunks run symbol by symbol and forward in time, and each row is answered for once: the mask's own order.
        return np.concatenate(found)


def _start(factors: FloatArray, nus: FloatArray) -> Start:
    return Start(factors, nus, unit(factors, nus))


def _samples(panel: Panel, cut: int, scaler: Scaler, settings: NetworkSettings) -> tuple[Samples, Samples]:
    """Training and validation samples: the newest sessions validate, and no training target ends in them."""
    pieces = chunks(valid_until(panel, cut), length=settings.lookback)
    inputs = torch.as_tensor(scaler.transform(_gather(pieces, panel.features)), dtype=torch.float32)
    early, late = purged_split(panel, cut, validation_share=settings.validation_share)
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
