from dataclasses import replace

import pytest
import torch

from forecasting.models.base import Progress
from forecasting.models.losses import mean_squared
from forecasting.models.training import (
    Optimiser,
    Samples,
    Schedule,
    Trained,
    TrainingSettings,
    reproducible,
    train,
)

PLAIN = TrainingSettings(max_epochs=30, patience=30, batch=16, learning_rate=0.02, weight_decay=0.0)


def _samples(seed: int) -> Samples:
    """Targets that are twice the first of five inputs, and a little noise."""
    inputs = torch.randn(64, 1, 5, generator=torch.Generator().manual_seed(seed))
    noise = torch.randn(64, 1, 1, generator=torch.Generator().manual_seed(seed + 1))
    return Samples(inputs, 2.0 * inputs[..., :1] + 0.3 * noise)


def _train(settings: TrainingSettings, *, validation: Samples | None = None) -> tuple[torch.nn.Linear, Trained]:
    with reproducible(0):
        network = torch.nn.Linear(5, 1)
        trained = train(
            network, _samples(1), validation or _samples(7), settings, loss=mean_squared, validation_loss=mean_squared
        )
    return network, trained


@pytest.mark.parametrize("optimiser", Optimiser)
def test_every_optimiser_finds_the_slope(optimiser: Optimiser) -> None:
    network, trained = _train(replace(PLAIN, optimiser=optimiser))
    assert network.weight[0, 0].item() == pytest.approx(2.0, abs=0.15)
    assert trained.score < 0.13


def test_schedules_lower_the_rate() -> None:
    rates = {s: [replace(PLAIN, schedule=s, max_epochs=6).rate(e) for e in (1, 4, 6)] for s in Schedule}
    assert rates[Schedule.NONE] == [0.02, 0.02, 0.02]
    assert rates[Schedule.COSINE] == pytest.approx([0.02, 0.01, 0.00134], abs=1e-5)
    assert rates[Schedule.STEP] == [0.02, 0.01, 0.01]


def test_l1_empties_the_weights_that_say_nothing_and_l2_shrinks_all() -> None:
    plain, l1, l2 = (
        _train(s)[0].weight.detach().abs()[0]
        for s in (PLAIN, replace(PLAIN, l1=0.1), replace(PLAIN, optimiser=Optimiser.ADAM, weight_decay=0.5))
    )
    assert l1[1:].max() < 0.02 < plain[1:].max()
    assert l1[0] > 1.8
    assert l2[0] < 0.9 * plain[0]


def test_training_ends_when_validation_stops_improving_and_keeps_the_best() -> None:
    contrary = _samples(7)
    contrary.targets.neg_()
    network, trained = _train(replace(PLAIN, patience=3), validation=contrary)
    assert (trained.epoch, trained.epochs) == (0, 3)
    with reproducible(0):
        assert torch.equal(network.weight, torch.nn.Linear(5, 1).weight)


def test_a_gradient_is_clipped_before_the_step() -> None:
    wild = _samples(1)
    wild.targets.mul_(1e6)
    one_step = replace(PLAIN, max_epochs=1, batch=64)
    with reproducible(0):
        network = torch.nn.Linear(5, 1)
        train(network, wild, wild, one_step, loss=mean_squared, validation_loss=mean_squared)
    gradients = torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])
    assert gradients.norm() == pytest.approx(1.0)


def test_the_measure_is_named_in_the_progress() -> None:
    seen: list[Progress] = []
    with reproducible(0):
        train(
            torch.nn.Linear(5, 1), _samples(1), _samples(7), replace(PLAIN, max_epochs=1), measure="squared error",
            loss=mean_squared, validation_loss=mean_squared, on_progress=seen.append,
        )
    assert [p.message.split(" error ")[0] for p in seen] == [
        f"epoch {i} of at most 1, validation squared" for i in range(2)
    ]


def test_every_epoch_tells_what_was_lost_in_training_and_on_the_rows_kept_back() -> None:
    seen: list[Progress] = []
    with reproducible(0):
        trained = train(
            torch.nn.Linear(5, 1), _samples(1), _samples(7), replace(PLAIN, max_epochs=3), measure="MSE",
            loss=mean_squared, validation_loss=mean_squared, on_progress=seen.append,
        )
    epochs = [p.epoch for p in seen if p.epoch is not None]
    assert tuple(epochs) == trained.losses
    assert [(e.epoch, e.at_most, e.measure) for e in epochs] == [(n, 3, "MSE") for n in range(4)]
    assert epochs[0].training is None      # nothing was learnt from yet
    assert epochs[3].training is not None
    assert epochs[1].training is not None
    assert epochs[3].training < epochs[1].training
    assert trained.score == min(e.validation for e in epochs if e.validation is not None)


def test_a_training_can_be_stopped_in_the_middle_of_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasting.models.training.BREATH_S", 0.0)
    seen: list[float] = []

    def stop_in_the_second(progress: Progress) -> None:
        seen.append(progress.fraction)
        if progress.fraction > 0.55:
            raise InterruptedError

    with reproducible(0), pytest.raises(InterruptedError):
        train(
            torch.nn.Linear(5, 1), _samples(1), _samples(7), replace(PLAIN, max_epochs=2), loss=mean_squared,
            validation_loss=mean_squared, on_progress=stop_in_the_second,
        )
    assert seen == [0.0, 0.125, 0.25, 0.375, 0.5, 0.5, 0.625]      # 64 rows, 16 at a time
