from dataclasses import replace

import numpy as np
import pytest

from forecasting.domain.forecast import HORIZONS, LEVELS
from forecasting.errors import ModelError, NotEnoughHistory
from forecasting.models.base import Progress
from forecasting.models.ensemble import Ensemble, EnsembleSettings, FittedEnsemble, log_scale_mean
from forecasting.models.har import FittedHarT, HarT
from forecasting.models.members import Member, fit_members
from forecasting.models.network import FittedNetwork, NetworkModel
from tests.support.panels import COLUMNS, TINY_LSTM, garch_t_returns, panel_from_returns

CUT = 330
PANEL = panel_from_returns(garch_t_returns(3, 400, seed=8))
RECIPE = Ensemble(EnsembleSettings(seeds=2), TINY_LSTM, columns=COLUMNS)


@pytest.fixture(scope="module")
def fitted() -> FittedEnsemble:
    return RECIPE.fit(PANEL, cut=CUT, seed=3)


def test_a_mean_of_one_is_that_one() -> None:
    ladder = np.sort(np.random.default_rng(0).normal(size=(2, 3, len(HORIZONS), len(LEVELS))), axis=-1)
    assert log_scale_mean([ladder, ladder], [0.3, 0.7]) == pytest.approx(ladder)


def test_distances_are_averaged_geometrically_and_medians_plainly() -> None:
    narrow = np.linspace(-1.0, 1.0, len(LEVELS))
    wide = 4.0 * narrow + 2.0
    assert log_scale_mean([narrow, wide], [0.5, 0.5]) == pytest.approx(2.0 * narrow + 1.0)
    assert log_scale_mean([narrow, wide], [0.75, 0.25]) == pytest.approx(4.0**0.25 * narrow + 0.5)


def test_its_members_are_the_models_fitted_alone_and_its_weights_are_shown(fitted: FittedEnsemble) -> None:
    assert fitted.parameters.settings["weights"] == {"har-t": 0.5, "lstm-0": 0.25, "lstm-1": 0.25}
    alone: dict[str, FittedHarT | FittedNetwork] = {
        "har-t": HarT(COLUMNS).fit(PANEL, cut=CUT, seed=3),
        "lstm-0": NetworkModel(TINY_LSTM).fit(PANEL, cut=CUT, seed=6),
        "lstm-1": NetworkModel(TINY_LSTM).fit(PANEL, cut=CUT, seed=7),
    }
    assert {k: m.model_id for k, m in fitted.members.items()} == {k: m.model_id for k, m in alone.items()}
    told = [alone[k].predict(PANEL, [390]).log_returns for k in fitted.weights]
    assert fitted.predict(PANEL, [390]).log_returns == pytest.approx(log_scale_mean(told, [0.5, 0.25, 0.25]))


def test_two_processes_make_the_same_bytes_and_report_in_between(fitted: FittedEnsemble) -> None:
    seen: list[Progress] = []
    spread = Ensemble(EnsembleSettings(seeds=2), TINY_LSTM, columns=COLUMNS, processes=2)
    assert spread.fit(PANEL, cut=CUT, seed=3, on_progress=seen.append).model_id == fitted.model_id
    fractions = [p.fraction for p in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    assert {p.message.split(":")[0] for p in seen} == {"har-t", "lstm-0", "lstm-1"}


def test_what_goes_wrong_in_a_child_is_raised_here() -> None:
    members = [Member("lstm-0", NetworkModel(TINY_LSTM), 0)]
    with pytest.raises(NotEnoughHistory, match="lstm: the longest history has 101 bars"):
        fit_members(members, PANEL, cut=100, processes=2)


def test_a_cancelled_fit_ends_its_children() -> None:
    def cancel(_: Progress) -> None:
        raise KeyboardInterrupt

    slow = replace(TINY_LSTM, training=replace(TINY_LSTM.training, max_epochs=100_000, patience=100_000))
    with pytest.raises(KeyboardInterrupt):
        fit_members([Member("lstm-0", NetworkModel(slow), 0)], PANEL, cut=CUT, processes=2, on_progress=cancel)


def test_a_warm_fit_goes_on_from_the_weights_of_the_one_before(fitted: FittedEnsemble) -> None:
    warm = Ensemble(EnsembleSettings(seeds=2), TINY_LSTM, columns=COLUMNS, previous=fitted).fit(PANEL, cut=360, seed=3)
    for label in ("lstm-0", "lstm-1"):
        before, after = fitted.members[label], warm.members[label]
        assert isinstance(before, FittedNetwork)
        assert isinstance(after, FittedNetwork)
        assert after.parameters.settings["warm_from"] == before.model_id
        assert after.train_end == PANEL.sessions[360]
        moved, size = (
            sum(float(np.sum(x**2)) for x in arrays)
            for arrays in (
                [after.parameters.arrays[k] - before.parameters.arrays[k] for k in before.parameters.arrays],
                before.parameters.arrays.values(),
            )
        )
        assert moved < 0.05 * size
    with pytest.raises(ModelError, match="has no lstm-2 to go on from"):
        Ensemble(EnsembleSettings(seeds=3), TINY_LSTM, columns=COLUMNS, previous=fitted).fit(PANEL, cut=360)
