import subprocess
import sys

import pytest

from forecasting.domain.forecast import MODELS
from forecasting.errors import ModelError
from forecasting.models.registry import create


def test_every_model_of_the_domain_can_be_made_by_name() -> None:
    assert tuple(create(name).name for name in MODELS) == MODELS


def test_an_unknown_model_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match="there is no model 'oracle'; choose one of lstm, har-t"):
        create("oracle")


def test_only_the_lstm_brings_torch_along() -> None:
    code = (
        "import sys; from forecasting.models.registry import create;"
        "[create(n) for n in ('random-walk', 'ewma-t', 'har-t')];"
        "print('torch' in sys.modules, 'scipy.stats' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]
