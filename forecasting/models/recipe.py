"""What `[model]` of config.toml asks for, as the settings of a network.

Imports torch, which is why it stands apart from `registry`.
"""

from __future__ import annotations

from dataclasses import replace

from forecasting.config import ModelSettings
from forecasting.features.scaling import Scaling
from forecasting.models.bodies import BodyKind
from forecasting.models.heads import HeadKind
from forecasting.models.network import NetworkSettings
from forecasting.models.training import Optimiser, Schedule


def network_settings(asked: ModelSettings) -> NetworkSettings:
    """The network that is asked for; what cannot be asked for is as chosen on real bars before 2015."""
    usual = NetworkSettings()
    return replace(
        usual,
        body=replace(
            usual.body, kind=BodyKind(asked.body), hidden=asked.hidden, layers=asked.layers, dropout=asked.dropout
        ),
        head=replace(usual.head, kind=HeadKind(asked.head)),
        training=replace(
            usual.training, max_epochs=asked.epochs, patience=asked.patience, optimiser=Optimiser(asked.optimizer),
            learning_rate=asked.learning_rate, schedule=Schedule(asked.schedule), weight_decay=asked.l2, l1=asked.l1,
            device=asked.device,
        ),
        scaling=Scaling(asked.normalisation),
        lookback=asked.lookback,
    )
