"""Models by name. Torch is imported only when the LSTM is asked for: the others must be ready long before."""

from __future__ import annotations

from forecasting.domain.forecast import MODELS
from forecasting.errors import ModelError
from forecasting.features.pipeline import HAR_COLUMNS, MARKET_COLUMNS
from forecasting.models.base import Fitted, Model
from forecasting.models.baselines import EwmaT, FittedEwmaT, FittedRandomWalk, RandomWalk
from forecasting.models.har import FittedHarT, HarT
from forecasting.models.parameters import Parameters


def create(name: str) -> Model:
    """The model called `name`, one of `domain.forecast.MODELS`, with its default settings.

    Raises:
        ModelError: If there is no such model.
    """
    match name:
        case "random-walk":
            return RandomWalk()
        case "ewma-t":
            return EwmaT()
        case "har-t":
            return HarT((*HAR_COLUMNS, *MARKET_COLUMNS))
        case "lstm":
            from forecasting.models.lstm import Lstm

            return Lstm()
        case _:
            raise _unknown(name)


def revive(parameters: Parameters) -> Fitted:
    """The fitted model that these parameters describe.

    Raises:
        ModelError: If there is no such model.
    """
    match parameters.name:
        case "random-walk":
            return FittedRandomWalk(parameters)
        case "ewma-t":
            return FittedEwmaT(parameters)
        case "har-t":
            return FittedHarT(parameters)
        case "lstm":
            from forecasting.models.lstm import FittedLstm

            return FittedLstm(parameters)
        case _:
            raise _unknown(parameters.name)


def _unknown(name: str) -> ModelError:
    return ModelError(f"there is no model '{name}'; choose one of {', '.join(MODELS)}")
