"""Training a network on segments: dense loss, early stopping, the same bytes for the same seed.

Every own row of a segment contributes its loss, which is far cheaper than one loss per overlapping window. The network
with the best validation score is kept; epoch 0, before any step, is a candidate too.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from forecasting.models.base import OnProgress, Progress

Loss = Callable[[Tensor, Tensor], Tensor]
"""(network output, targets with NaN where unknown) -> scalar."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train. The defaults were chosen on real bars before 2015."""

    max_epochs: int = 20
    patience: int = 4            # epochs without a better validation score before training ends
    batch: int = 32              # segments per step
    learning_rate: float = 5e-3
    weight_decay: float = 1e-2
    max_gradient_norm: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Inputs and targets of S segments; targets are NaN where they do not count."""

    inputs: Tensor    # (S, L, F)
    targets: Tensor   # (S, L, H)

    def batches(self, size: int, order: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of `size` segments in the given order."""
        for chosen in torch.split(order, size):
            yield self.inputs[chosen], self.targets[chosen]


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """One thread and a seeded generator inside; everything as before outside.

    That is enough for the same bytes on a CPU: what varies there is the order in which threads add. Torch's own switch
    for deterministic algorithms is about GPUs, and costs a second of imports.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


def train(
    network: nn.Module, training: Samples, validation: Samples, settings: TrainingSettings, *,
    loss: Loss, validation_loss: Loss, on_progress: OnProgress | None = None,
) -> int:
    """Train `network` in place on `loss`; call inside `reproducible`. Returns the epoch kept, by `validation_loss`.

    `on_progress` may raise to cancel; the exception passes through and the network is left half trained.
    """
    report = on_progress or (lambda _: None)
    at_most = settings.max_epochs
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    best_score, best_epoch = score(network, validation, validation_loss), 0
    best_weights = copy.deepcopy(network.state_dict())
    report(Progress(0.0, f"epoch 0 of at most {at_most}, validation CRPS {best_score:.4f}"))
    for epoch in range(1, at_most + 1):
        _run_epoch(network, training, loss, optimiser, settings)
        latest = score(network, validation, validation_loss)
        if latest < best_score:
            best_score, best_epoch = latest, epoch
            best_weights = copy.deepcopy(network.state_dict())
        stop = epoch - best_epoch >= settings.patience or epoch == at_most
        text = f"epoch {epoch} of at most {at_most}, validation CRPS {latest:.4f}"
        report(Progress(1.0 if stop else epoch / at_most, text))
        if stop:
            break
    network.load_state_dict(best_weights)
    return best_epoch


def _run_epoch(
    network: nn.Module, samples: Samples, loss: Loss, optimiser: torch.optim.Optimizer, settings: TrainingSettings
) -> None:
    network.train()
    for inputs, targets in samples.batches(settings.batch, torch.randperm(len(samples.inputs))):
        optimiser.zero_grad()
        loss(network(inputs), targets).backward()   # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), settings.max_gradient_norm)
        optimiser.step()


def score(network: nn.Module, samples: Samples, loss: Loss, *, batch: int = 256) -> float:
    """Mean loss over all known targets, without dropout; NaN if there are none."""
    network.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for inputs, targets in samples.batches(batch, torch.arange(len(samples.inputs))):
            known = int((~torch.isnan(targets)).sum())
            total += float(loss(network(inputs), targets)) * known
            count += known
    return total / count if count else math.nan
