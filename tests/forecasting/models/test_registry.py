import subprocess
import sys

import pytest

from forecasting.domain.forecast import MODELS
from forecasting.errors import ModelError
from forecasting.models.registry import NAMES, create


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
