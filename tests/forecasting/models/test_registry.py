import subprocess
import sys

import pytest

from forecasting.domain.forecast import MODELS
from forecasting.errors import ModelError
from forecasting.models.ensemble import Ensemble, EnsembleSettings
from forecasting.models.registry import NAMES, create
from tests.support.panels import COLUMNS, TINY_LSTM, garch_t_returns, panel_from_returns


def test_every_model_can_be_made_by_name() -> None:
    assert tuple(create(name).name for name in NAMES) == NAMES
    assert set(MODELS) <= set(NAMES)


def test_an_unknown_model_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match="there is no model 'oracle'; choose one of ensemble, lstm, lstm-attention,"):
        create("oracle")


def test_only_networks_bring_torch_along_and_only_a_garch_fit_arch() -> None:
    code = (
        "import sys; from forecasting.models.registry import create;"
        "[create(n) for n in ('ewma', 'drift', 'random-walk', 'rolling-60', 'ewma-t', 'har-t', 'garch-t')];"
        "print(*(m in sys.modules for m in ('torch', 'arch', 'scipy.stats')))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False"] * 3


def test_an_ensemble_is_made_with_as_many_networks_and_from_the_one_that_is_asked_for() -> None:
    fitted = Ensemble(EnsembleSettings(seeds=2), TINY_LSTM, columns=COLUMNS).fit(
        panel_from_returns(garch_t_returns(2, 300)), cut=280
    )
    made = create("ensemble", seeds=2, processes=2, previous=fitted)
    assert isinstance(made, Ensemble)
    assert (made.settings.seeds, made.processes, made.previous) == (2, 2, fitted)
