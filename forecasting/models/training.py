"""Training a network on segments: dense loss, early stopping, the same bytes for the same seed.

Every own row of a segment contributes its loss, which is far cheaper than one loss per overlapping window. The network
with the best validation score is kept; epoch 0, before any step, is a candidate too.
"""

from __future__ import annotations

import copy
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import torch
from torch import Tensor, nn

from forecasting.domain.training import Epoch
from forecasting.errors import ConfigError
from forecasting.models.base import OnProgress, Progress

Loss = Callable[[Tensor, Tensor], Tensor]
"""(network output, targets with NaN where unknown) -> scalar."""


BREATH_S = 0.5
"""Seconds after which `train` says again how far it is: soon enough for who waits, or wants it to stop."""


class Optimiser(StrEnum):
    """Ways to step. AdamW decays weights apart from the gradient; the others take `weight_decay` as an L2 penalty."""

    ADAM = "adam"
    ADAMW = "adamw"
    RMSPROP = "rmsprop"


class Schedule(StrEnum):
    """How the learning rate moves over the epochs."""

    NONE = "none"
    COSINE = "cosine"    # from its start to zero
    STEP = "step"        # halved every `step_epochs`


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train. The defaults were chosen on real bars before 2015."""

    max_epochs: int = 20
    patience: int = 2            # epochs without a better validation score before training ends
    batch: int = 32              # segments per step
    optimiser: Optimiser = Optimiser.ADAMW
    learning_rate: float = 5e-3
    schedule: Schedule = Schedule.NONE
    step_epochs: int = 3
    weight_decay: float = 1e-2   # L2
    l1: float = 0.0              # on weights, not on biases
    max_gradient_norm: float = 1.0
    device: str = "auto"         # "auto" takes CUDA where there is it; else cpu, cuda or mps

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch, counted from 1."""
        done = epoch - 1
        match self.schedule:
            case Schedule.NONE:
                return self.learning_rate
            case Schedule.COSINE:
                return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * done / self.max_epochs))
            case Schedule.STEP:
                return float(self.learning_rate * 0.5 ** (done // self.step_epochs))


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Inputs and targets of S segments; targets are NaN where they do not count."""

    inputs: Tensor    # (S, L, F)
    targets: Tensor   # (S, L, H)

    def batches(self, size: int, order: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of `size` segments in the given order."""
        for chosen in torch.split(order, size):
            yield self.inputs[chosen], self.targets[chosen]

    def to(self, device: torch.device) -> Samples:
        """The same on another device."""
        return Samples(self.inputs.to(device), self.targets.to(device))


@dataclass(frozen=True, slots=True)
class Trained:
    """How a training went."""

    epoch: int      # the one kept; 0 is the starting point
    epochs: int     # run
    score: float    # validation loss of the one kept; NaN without validation rows
    losses: tuple[Epoch, ...] = ()      # of every epoch, the starting point's first


_drawing = threading.Lock()


@contextmanager
def reproducible(seed: int, on_progress: OnProgress | None = None) -> Iterator[None]:
    """One thread and a seeded generator inside; everything as before outside.

    That is enough for the same bytes on a CPU: what varies there is the order in which threads add. Torch's own switch
    for deterministic algorithms is about GPUs, and costs a second of imports. All threads draw from one generator, so
    that one at a time is inside; who waits says so to `on_progress`, which may raise to cancel.
    """
    while not _drawing.acquire(timeout=BREATH_S):
        if on_progress is not None:
            on_progress(Progress(0.0, "waits for a network that another job trains"))
    try:
        with one_thread(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        _drawing.release()


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread inside, so that sums are always added in the same order; enough where nothing is drawn by lot."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def train(
    network: nn.Module, training: Samples, validation: Samples, settings: TrainingSettings, *,
    loss: Loss, validation_loss: Loss, measure: str = "loss", on_progress: OnProgress | None = None,
) -> Trained:
    """Train `network` in place on `loss`, keeping the epoch that is best by `validation_loss`.

    Call inside `reproducible`. `on_progress` hears of every epoch, and every `BREATH_S` within one. It may raise to
    cancel; the exception passes through and the network is left half trained. The network comes back to the CPU.
    """
    at_most = settings.max_epochs
    teller = _Teller(at_most, measure, on_progress or (lambda _: None))
    device = _device(settings.device)
    network.to(device)
    training, validation = training.to(device), validation.to(device)
    optimiser = _optimiser(network, settings)
    best = Trained(0, 0, score(network, validation, validation_loss))
    best_weights = copy.deepcopy(network.state_dict())
    teller.ended(0, None, best.score, 0.0)
    epoch = 0
    for epoch in range(1, at_most + 1):
        mean = _run_epoch(network, training, loss, optimiser, settings, epoch, teller)
        latest = score(network, validation, validation_loss)
        if latest < best.score:
            best = Trained(epoch, epoch, latest)
            best_weights = copy.deepcopy(network.state_dict())
        stop = epoch - best.epoch >= settings.patience or epoch == at_most
        teller.ended(epoch, mean, latest, 1.0 if stop else epoch / at_most)
        if stop:
            break
    network.load_state_dict(best_weights)
    network.to("cpu")
    return Trained(best.epoch, epoch, best.score, tuple(teller.losses))


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


def _run_epoch(
    network: nn.Module, samples: Samples, loss: Loss, optimiser: torch.optim.Optimizer, settings: TrainingSettings,
    epoch: int, teller: _Teller,
) -> float:
    """Mean training loss over all known targets, without the L1 penalty; NaN if there are none."""
    for group in optimiser.param_groups:
        group["lr"] = settings.rate(epoch)
    weights = [p for p in network.parameters() if p.ndim > 1]
    network.train()
    summed, count, rows = 0.0, 0, 0
    for inputs, targets in samples.batches(settings.batch, torch.randperm(len(samples.inputs))):
        optimiser.zero_grad()
        answered = ~torch.isnan(targets).all(dim=-1)      # neither burn-in nor padding
        total = loss(network(inputs)[answered], targets[answered])
        known = int((~torch.isnan(targets)).sum())
        summed, count, rows = summed + float(total.detach()) * known, count + known, rows + len(inputs)
        if settings.l1:
            total = total + settings.l1 * torch.stack([w.abs().sum() for w in weights]).sum()
        total.backward()   # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), settings.max_gradient_norm)
        optimiser.step()
        teller.within(epoch, rows / len(samples.inputs))
    return summed / count if count else math.nan


class _Teller:
    """Tells how far a training is: of every epoch that has ended, and now and then of the one that runs."""

    def __init__(self, at_most: int, measure: str, report: OnProgress) -> None:
        self.losses: list[Epoch] = []
        self._at_most, self._measure, self._report = at_most, measure, report
        self._text = ""
        self._told = time.monotonic()

    def ended(self, epoch: int, training: float | None, validation: float, fraction: float) -> None:
        """An epoch has ended, or (0) the first is about to begin."""
        self._text = f"epoch {epoch} of at most {self._at_most}, validation {self._measure} {validation:.4f}"
        losses = (None if x is None or math.isnan(x) else x for x in (training, validation))
        self.losses.append(Epoch("", epoch, self._at_most, self._measure, *losses))
        self._tell(Progress(fraction, self._text, self.losses[-1]))

    def within(self, epoch: int, done: float) -> None:
        """So much of an epoch is done; told where nothing was for a while."""
        if time.monotonic() - self._told >= BREATH_S:
            self._tell(Progress((epoch - 1 + done) / self._at_most, self._text))

    def _tell(self, progress: Progress) -> None:
        self._report(progress)
        self._told = time.monotonic()


def _optimiser(network: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    kinds: dict[Optimiser, type[torch.optim.Optimizer]] = {
        Optimiser.ADAM: torch.optim.Adam, Optimiser.ADAMW: torch.optim.AdamW, Optimiser.RMSPROP: torch.optim.RMSprop,
    }
    options: dict[str, Any] = {"lr": settings.learning_rate, "weight_decay": settings.weight_decay}
    return kinds[settings.optimiser](network.parameters(), **options)


def _device(name: str) -> torch.device:
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = "cuda" if there["cuda"] else "cpu"
    if not there.get(name):
        usable = ", ".join(device for device, is_there in there.items() if is_there)
        raise ConfigError(f"[model] device = {name}: torch finds none here; choose auto, or one of {usable}")
    return torch.device(name)
