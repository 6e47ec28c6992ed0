"""The default forecast: a log-scale mean of several networks, apart in their seeds alone, and HAR-t.

A network of a few thousand weights lands somewhere else with each seed, and each place is wrong in its own way; HAR is
wrong in yet another. Averaging the logarithms of their spreads takes much of that out and keeps the result a forecast
of the same family: distances from the median are averaged geometrically, so quantiles stay in order and no spread
falls with the horizon, because neither happens in any member. `settings["weights"]` says who counts how much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

import numpy as np

from forecasting.domain.forecast import LEVELS
from forecasting.domain.interval import parse_key
from forecasting.errors import ModelError
from forecasting.features.panel import FloatArray, Panel
from forecasting.features.pipeline import HAR_COLUMNS, MARKET_COLUMNS
from forecasting.models.base import OnProgress, Predictions
from forecasting.models.har import FittedHarT, HarT
from forecasting.models.members import Member, fit_members
from forecasting.models.network import FittedNetwork, NetworkModel, NetworkSettings
from forecasting.models.parameters import FittedBase, Parameters
from forecasting.models.quantiles import predictions

_HAR = HarT.name
_HAR_EFFORT = 0.02     # of a network's time


@dataclass(frozen=True, slots=True)
class EnsembleSettings:
    """Who is in it. The defaults were chosen on real bars before 2015."""

    seeds: int = 3
    har_weight: float = 0.5      # the networks share the rest equally


class Ensemble:
    """Recipe of the ensemble.

    Args:
        settings: Who is in it.
        network: What each of its networks is like; LSTMs by default.
        processes: Child processes to train in; 1 trains here. The result is the same.
        previous: An ensemble of as many networks, each of which goes on from its weights there (warm).
    """

    name = "ensemble"

    def __init__(
        self, settings: EnsembleSettings | None = None, network: NetworkSettings | None = None,
        *, columns: Sequence[str] = (*HAR_COLUMNS, *MARKET_COLUMNS), processes: int = 1,
        previous: FittedEnsemble | None = None,
    ) -> None:
        self.settings = settings or EnsembleSettings()
        self.network = network or NetworkSettings()
        self.columns = tuple(columns)
        self.processes = processes
        self.previous = previous

    def fit(self, panel: Panel, *, cut: int, seed: int = 0, on_progress: OnProgress | None = None) -> FittedEnsemble:
        """Fit every member on sessions 0..cut; see `Model.fit`. No two seeds of the ensemble share a network."""
        n = self.settings.seeds
        members = [
            Member(_HAR, HarT(self.columns), seed, _HAR_EFFORT),
            *(Member(label, self._network(label), n * seed + i) for i, label in enumerate(self._labels())),
        ]
        found = fit_members(members, panel, cut=cut, processes=self.processes, on_progress=on_progress)
        weights = [self.settings.har_weight, *[(1.0 - self.settings.har_weight) / n] * n]
        return FittedEnsemble(
            Parameters(
                name=self.name,
                arrays={f"{m.label}/{k}": a for m, p in zip(members, found, strict=True) for k, a in p.arrays.items()},
                settings={
                    **asdict(self.settings),
                    "recipe": self.network.hash,
                    "begun": self._begun(panel.sessions[cut]).isoformat(),
                    "weights": {m.label: w for m, w in zip(members, weights, strict=True)},
                    "members": {
                        m.label: {"settings": dict(p.settings), "seed": p.seed}
                        for m, p in zip(members, found, strict=True)
                    },
                },
                train_end=panel.sessions[cut], data_hash=found[0].data_hash, seed=seed,
            )
        )

    def _begun(self, today: date) -> date:
        return today if self.previous is None else self.previous.begun

    def _labels(self) -> list[str]:
        return [f"{self.network.body.kind.value}-{i}" for i in range(self.settings.seeds)]

    def _network(self, label: str) -> NetworkModel:
        if self.previous is None:
            return NetworkModel(self.network)
        before = self.previous.members.get(label)
        if not isinstance(before, FittedNetwork):
            raise ModelError(f"{self.name}: {self.previous.model_id} has no {label} to go on from; train anew")
        return NetworkModel(self.network, before)


class FittedEnsemble(FittedBase):
    """Fitted members and their weights."""

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        self.weights: Mapping[str, float] = parameters.settings["weights"]
        self.begun = parse_key(parameters.settings["begun"])   # train_end of the cold fit it goes back to
        self.members: dict[str, FittedHarT | FittedNetwork] = {
            label: _member(parameters, label) for label in parameters.settings["members"]
        }

    def predict(self, panel: Panel, at: Sequence[int]) -> Predictions:
        """The members' forecasts put together; NaN where one of them cannot say; see `Fitted.predict`."""
        told = [member.predict(panel, at).log_returns for member in self.members.values()]
        return predictions(log_scale_mean(told, [self.weights[label] for label in self.members]))


def log_scale_mean(told: Sequence[FloatArray], weights: Sequence[float]) -> FloatArray:
    """Weighted mean of medians, and weighted geometric mean of every quantile's distance from it.

    Args:
        told: Quantiles of each member, shape (..., Q) each, ascending.
        weights: Of each member, positive, summing to 1.
    """
    middle = len(LEVELS) // 2
    median = np.zeros_like(told[0][..., :1])
    log_distance = np.zeros_like(told[0])
    with np.errstate(divide="ignore"):      # a distance of zero stays one: exp(-inf)
        for quantiles, weight in zip(told, weights, strict=True):
            own = quantiles[..., middle, None]
            median += weight * own
            log_distance += weight * np.log(np.abs(quantiles - own))
    distance = np.exp(log_distance)
    distance[..., :middle] *= -1.0
    return median + distance


def _member(parameters: Parameters, label: str) -> FittedHarT | FittedNetwork:
    kept, prefix = parameters.settings["members"][label], f"{label}/"
    own = Parameters(
        name=_HAR if label == _HAR else kept["settings"]["body"]["kind"],
        arrays={k.removeprefix(prefix): a for k, a in parameters.arrays.items() if k.startswith(prefix)},
        settings=kept["settings"], train_end=parameters.train_end, data_hash=parameters.data_hash, seed=kept["seed"],
    )
    return FittedHarT(own) if label == _HAR else FittedNetwork(own)
