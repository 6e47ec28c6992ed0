"""The panel: N symbols by T sessions by F features, what every model reads.

Everything at session t is a function of bars up to and including t, bitwise: nothing later can change it. The one
exception is `targets`, which look ahead by definition; a model may read targets only where they were realised by its
training cut, and `targets_until` hands out just those.

Where bars are shorter than a session, a session here is a slot of one. Returns and scale are then those of market
time, in which all slots of a day are alike (`diurnal`); targets are as they happened, and `width` leads from one to the
other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from forecasting.domain.market import Symbol

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

WAITED_FOR = timedelta(days=5)
"""How far a symbol's newest bar may lie behind the newest of all and still be waited for: a weekend with a holiday."""


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
    widths: FloatArray | None = None    # (N, T, H) usual size of the next h slots; None of whole sessions

    def index_of(self, session: date) -> int:
        """The index of the newest session that is not after `session`; -1 if all are."""
        return bisect_right(self.sessions, session) - 1

    @property
    def fit_to(self) -> int:
        """The session index to fit to so that the fit may speak about every symbol's newest bar: just before it.

        Exchanges close at different times: on a Sunday a share's newest bar is Friday's and a coin's Saturday's, and a
        fit that has seen Friday would be silent about the share. Who is later than `WAITED_FOR` is not waited for.
        """
        last = len(self.sessions) - 1
        ends = last - np.argmax(self.traded[:, ::-1], axis=1)[self.traded.any(axis=1)]
        waited_for = [end for end in ends.tolist() if self.sessions[last] - self.sessions[end] <= WAITED_FOR]
        return max(min(waited_for, default=last) - 1, 0)

    def width(self, at: Sequence[int] | slice) -> FloatArray:
        """What to multiply s[t] sqrt(h) by for the next h bars, shape (N, K, H); ones of shape (1, 1, 1) of sessions.

        Known at t: from the timetable, and from days before the one of t.
        """
        return np.ones((1, 1, 1)) if self.widths is None else self.widths[:, at]

    def targets_until(self, cut: int) -> FloatArray:
        """Targets a fit at session index `cut` may read, shape (N, T, H): NaN wherever realised after `cut` (purge)."""
        return np.where(self.target_ends <= cut, self.targets, np.nan)
