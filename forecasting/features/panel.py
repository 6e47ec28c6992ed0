"""The panel: N symbols by T sessions by F features, what every model reads.

Everything at session t is a function of bars up to and including t, bitwise: nothing later can change it. The one
exception is `targets`, which look ahead by definition; a model may read targets only where they were realised by its
training cut, and `targets_until` hands out just those.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from forecasting.domain.market import Symbol

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Bars of a whole watchlist turned into numbers. Rows of a symbol that did not trade in a session are NaN."""

    symbols: tuple[Symbol, ...]     # (N,)
    sessions: tuple[date, ...]      # (T,) union over all symbols, ascending
    names: tuple[str, ...]          # (F,) feature names
    features: FloatArray            # (N, T, F) causal, scale-free, not yet standardised; NaN in warm-up
    returns: FloatArray             # (N, T) log(adj[t] / adj[t-1]) over the symbol's own bars
    scale: FloatArray               # (N, T) EWMA(.94) standard deviation of returns, > 0; NaN in warm-up
    targets: FloatArray             # (N, T, H) log(adj[t+h] / adj[t]), h in the symbol's own bars; NaN where unknown
    target_ends: npt.NDArray[np.int64]  # (N, T, H) index into sessions where that target is realised; T where unknown
    closes: FloatArray              # (N, T) as traded
    traded: BoolArray               # (N, T) the symbol has a bar in this session
    valid: BoolArray                # (N, T) traded, and every feature and the scale are finite

    def index_of(self, session: date) -> int:
        """The index of the newest session that is not after `session`; -1 if all are."""
        return int(np.searchsorted(np.array(self.sessions, dtype="datetime64[D]"), np.datetime64(session), "right")) - 1

    def targets_until(self, cut: int) -> FloatArray:
        """Targets a fit at session index `cut` may read, shape (N, T, H): NaN wherever realised after `cut` (purge)."""
        return np.where(self.target_ends <= cut, self.targets, np.nan)
