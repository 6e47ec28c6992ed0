"""How a network's training goes, epoch by epoch."""

from __future__ import annotations

from forecasting.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass of one network over its training rows."""

    network: str                 # its label in the ensemble: "lstm-0"; "" where there is only one
    epoch: int                   # 0: before the first step
    at_most: int                 # epochs there may be; training ends sooner where the validation loss stops falling
    measure: str                 # what both losses are: "CRPS", in units of each symbol's own scale
    training: float | None       # mean over the epoch, while the weights moved and with dropout; None at epoch 0
    validation: float | None     # after it, on the newest rows, without dropout; None without validation rows
