"""What the models are asked: log returns 1..10 of the symbol's own bars ahead.

The only module that looks ahead. Beside each target stands the session in which it came true, so that a fit can leave
out whatever its cut had not seen (`Panel.targets_until`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forecasting.domain.forecast import HORIZONS
from forecasting.features.matrix import BarMatrix
from forecasting.features.panel import FloatArray


def forward_returns(matrix: BarMatrix) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Targets and the sessions that end them, on the session axis.

    Returns:
        log(close[j+h] / close[j]) of adjusted closes, shape (N, T, H), NaN where bar j+h is not there yet or the
        symbol did not trade; and the session index of bar j+h, shape (N, T, H), T in the same places.
    """
    n_symbols, n_sessions = len(matrix.symbols), len(matrix.sessions)
    log_close = np.log(matrix.close)
    targets = np.full((n_symbols, n_sessions, len(HORIZONS)), np.nan)
    ends = np.full(targets.shape, n_sessions)
    for k, h in enumerate(HORIZONS):
        known = matrix.place[:, h:] < n_sessions
        row = np.nonzero(known)[0]
        session = matrix.place[:, :-h][known]
        targets[row, session, k] = (log_close[:, h:] - log_close[:, :-h])[known]
        ends[row, session, k] = matrix.place[:, h:][known]
    return targets, ends
