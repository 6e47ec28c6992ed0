"""Walk-forward splits with purge and embargo.

No fold trains on a bar whose target reaches into its test span: with horizon H the last H training bars are dropped
(purge), and `embargo` more bars lie idle between the last training label and the test span. Training starts at the
first bar and grows; the test spans follow each other without a gap, the last one may be short.
Source: López de Prado, Advances in Financial Machine Learning (2018), ch. 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fold:
    """One fit, and the bars it forecasts."""

    train: range   # bars whose targets, up to the longest horizon, are realised by `cut`
    test: range    # bars at which forecasts are issued
    cut: int       # newest bar that the fit may depend on, labels included: the `cut` of `Model.fit`


@dataclass(frozen=True, slots=True)
class WalkForward:
    """A rule for splits.

    Raises:
        ValueError: If a span is empty, or purge and embargo leave nothing to train on.
    """

    train: int         # bars before the first test span
    test: int          # bars a fit is used for
    horizon: int       # longest
    embargo: int = 0

    def __post_init__(self) -> None:
        if self.test < 1 or self.horizon < 1 or self.embargo < 0 or self.train <= self.horizon + self.embargo:
            raise ValueError(f"walk-forward: no bar is left to train or to test on, got {self}")

    def split(self, n_bars: int) -> Iterator[Fold]:
        """Folds over bars 0..n_bars-1, in order."""
        for start in range(self.train, n_bars, self.test):
            cut = start - 1 - self.embargo
            yield Fold(range(cut + 1 - self.horizon), range(start, min(start + self.test, n_bars)), cut)
