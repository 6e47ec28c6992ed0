"""Models by name. Torch is imported only when a network is asked for: the others must be ready long before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from forecasting.config import ModelSettings
from forecasting.errors import ModelError
from forecasting.features.pipeline import FeatureSpec
from forecasting.models.base import Fitted, Model
from forecasting.models.ewma_t import EwmaT, FittedEwmaT
from forecasting.models.garch import FittedGarchT, GarchT
from forecasting.models.har import FittedHarT, HarT
from forecasting.models.naive import NAIVE, FittedNaive, Naive
from forecasting.models.parameters import Parameters

NETWORKS = ("lstm", "lstm-attention", "transformer")
NAMES = ("ensemble", *NETWORKS, "har-t", "garch-t", "ewma-t", *reversed(NAIVE))
"""Every model there is, best expected first."""


USUAL = ModelSettings()
"""What is asked for where nothing is."""


def create(
    name: str, asked: ModelSettings = USUAL, *, seeds: int | None = None, processes: int = 1,
    previous: Fitted | None = None,
) -> Model:
    """The model called `name`, one of `NAMES`.

    Args:
        name: Which.
        asked: What its networks are like, and which features it reads. The network models take their body from their
            name.
        seeds: Networks in the ensemble, where not as many as asked for; other models take no notice.
        processes: Child processes the ensemble trains in; other models take no notice.
        previous: An ensemble whose networks the new one's go on from (warm); other models take no notice.

    Raises:
        ModelError: If there is no such model.
    """
    match name:
        case "ewma-t":
            return EwmaT()
        case "har-t":
            return HarT(FeatureSpec(asked.features).har_columns)
        case "garch-t":
            return GarchT()
        case "ensemble":
            from forecasting.models.ensemble import Ensemble, EnsembleSettings, FittedEnsemble
            from forecasting.models.recipe import network_settings

            before = previous if isinstance(previous, FittedEnsemble) else None
            return Ensemble(
                EnsembleSettings(seeds=seeds or asked.seeds), network_settings(asked),
                columns=FeatureSpec(asked.features).har_columns, processes=processes, previous=before,
            )
        case _ if name in NETWORKS:
            from forecasting.models.network import NetworkModel
            from forecasting.models.recipe import network_settings

            body: Any = name
            return NetworkModel(network_settings(replace(asked, body=body)))
        case _ if name in NAIVE:
            return Naive(name)
        case _:
            raise _unknown(name)


def revive(parameters: Parameters) -> Fitted:
    """The fitted model that these parameters describe.

    Raises:
        ModelError: If there is no such model.
    """
    match parameters.name:
        case "ewma-t":
            return FittedEwmaT(parameters)
        case "har-t":
            return FittedHarT(parameters)
        case "garch-t":
            return FittedGarchT(parameters)
        case "ensemble":
            from forecasting.models.ensemble import FittedEnsemble

            return FittedEnsemble(parameters)
        case name if name in NETWORKS:
            from forecasting.models.network import FittedNetwork

            return FittedNetwork(parameters)
        case name if name in NAIVE:
            return FittedNaive(parameters)
        case name:
            raise _unknown(name)


def _unknown(name: str) -> ModelError:
    return ModelError(f"there is no model '{name}'; choose one of {', '.join(NAMES)}")
