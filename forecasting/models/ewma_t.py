"""EWMA-t: the EWMA forecast with its width and its tails fitted. The networks start from it.

It is centred on the last close: it speaks about how far, never about where to.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasting.domain.forecast import HORIZONS
from forecasting.errors import NotEnoughHistory
from forecasting.features.panel import FloatArray, Panel
from forecasting.models.base import OnProgress, Predictions, Progress
from forecasting.models.parameters import FittedBase, Parameters
from forecasting.models.quantiles import predictions, widening
from forecasting.models.reading import MIN_BARS, ROOT_H, bars_until, scaled_targets, training_hash
from forecasting.models.student_t import fit_log_scale, unit_quantiles


class EwmaT:
    """EWMA(.94) standard deviation times sqrt(h) and a factor, Student-t; factor and nu pooled, per horizon."""

    name = "ewma-t"

    def fit(self, panel: Panel, *, cut: int, seed: int = 0, on_progress: OnProgress | None = None) -> FittedEwmaT:
        """Factor and degrees of freedom by maximum likelihood on the training rows; see `Model.fit`."""
        z = scaled_targets(panel, cut)
        factors, nus = np.empty(len(HORIZONS)), np.empty(len(HORIZONS))
        for i in range(len(HORIZONS)):
            rows = z[:, :, i][np.isfinite(z[:, :, i])]
            if len(rows) < MIN_BARS:
                raise NotEnoughHistory(
                    f"ewma-t: {len(rows)} rows until {panel.sessions[cut]}, needs {MIN_BARS}; load more history"
                )
            coefficients, nus[i] = fit_log_scale(rows, np.ones((len(rows), 1)))
            factors[i] = np.exp(coefficients[0])
        if on_progress is not None:
            on_progress(Progress(1.0, f"{self.name} fitted"))
        return FittedEwmaT(
            Parameters(
                name=self.name, arrays={"factors": factors, "nus": nus}, settings={},
                train_end=panel.sessions[cut], data_hash=training_hash(panel, cut), seed=seed,
            )
        )


class FittedEwmaT(FittedBase):
    """A recalibrated EWMA."""

    def predict(self, panel: Panel, at: Sequence[int]) -> Predictions:
        """Quantiles s[t] sqrt(h) c[h] t^-1(level; nu[h]); see `Fitted.predict`."""
        scale = np.where(bars_until(panel, at) >= MIN_BARS, panel.scale[:, list(at)], np.nan)
        arrays = self.parameters.arrays
        width = panel.width(list(at))[..., None]
        return predictions(width * (scale[:, :, None, None] * unit(arrays["factors"], arrays["nus"])))


def unit(factors: FloatArray, nus: FloatArray) -> FloatArray:
    """Quantiles for a scale of 1, shape (H, Q), from factors and degrees of freedom, shape (H,) each."""
    return widening((factors * ROOT_H)[:, None] * unit_quantiles(nus))
