"""Models by name. Torch is imported only when the LSTM is asked for: the others must be ready long before."""

from __future__ import annotations

from forecasting.domain.forecast import MODELS
from forecasting.errors import ModelError
from forecasting.features.pipeline import HAR_COLUMNS, MARKET_COLUMNS
from forecasting.models.base import Model
from forecasting.models.baselines import EwmaT, RandomWalk
from forecasting.models.har import HarT


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
        case _:
            raise ModelError(f"there is no model '{name}'; choose one of {', '.join(MODELS)}")
