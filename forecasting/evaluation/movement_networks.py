"""The two networks of the published movement protocol: LSTM, and LSTM with temporal attention (ALSTM).

Both map the inputs through a tanh layer, read them with an LSTM and call a direction; ALSTM also weighs all its states
by attention. Hinge loss, Adam, and the epoch with the best validation accuracy, as published.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from forecasting.evaluation.feng2019 import Part, Samples
from forecasting.features.panel import BoolArray
from forecasting.models.training import reproducible

HIDDEN = 16
EPOCHS = 40
PATIENCE = 10          # epochs without a better validation accuracy
BATCH = 1024
LEARNING_RATE = 1e-2
WEIGHT_DECAY = 1e-3


class MovementNetwork(nn.Module):
    """Inputs in, a score out: above zero calls up."""

    def __init__(self, n_inputs: int, *, attention: bool) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(n_inputs, HIDDEN), nn.Tanh())
        self.lstm = nn.LSTM(HIDDEN, HIDDEN, batch_first=True)
        self.attend = nn.Sequential(nn.Linear(HIDDEN, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 1)) if attention else None
        self.score = nn.Linear(2 * HIDDEN if attention else HIDDEN, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Scores, shape (B,), from inputs, shape (B, T, F)."""
        states, _ = self.lstm(self.project(x))                     # (B, T, D)
        last = states[:, -1]
        if self.attend is not None:
            weights = torch.softmax(self.attend(states), dim=1)    # (B, T, 1)
            last = torch.cat([(weights * states).sum(dim=1), last], dim=-1)
        scores: Tensor = self.score(last).squeeze(-1)
        return scores


def fit_and_call(name: str, given: Samples, *, seed: int) -> BoolArray:
    """Which test samples the network `name` calls up after training with `seed`, shape (M,)."""
    with reproducible(seed):
        network = MovementNetwork(given.train.inputs.shape[-1], attention=name == "alstm")
        optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        inputs, sign = torch.as_tensor(given.train.inputs), torch.as_tensor(np.where(given.train.up, 1.0, -1.0))
        best, best_epoch, kept = -1.0, 0, copy.deepcopy(network.state_dict())
        for epoch in range(1, EPOCHS + 1):
            for rows in torch.split(torch.randperm(len(inputs)), BATCH):
                optimiser.zero_grad()
                loss = torch.relu(1.0 - sign[rows] * network(inputs[rows])).mean()
                loss.backward()   # type: ignore[no-untyped-call]
                optimiser.step()
            accuracy = float((_calls(network, given.valid) == given.valid.up).mean())
            if accuracy > best:
                best, best_epoch, kept = accuracy, epoch, copy.deepcopy(network.state_dict())
            elif epoch - best_epoch >= PATIENCE:
                break
        network.load_state_dict(kept)
        return _calls(network, given.test)


def _calls(network: MovementNetwork, part: Part) -> BoolArray:
    with torch.no_grad():
        calls: BoolArray = (network(torch.as_tensor(part.inputs)) > 0.0).numpy()
    return calls
