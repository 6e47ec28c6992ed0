"""Pooled log-linear HAR with Student-t errors: the strongest plain forecaster of daily volatility.

    y[t,h] / (s[t] sqrt(h)) ~ exp(x[t] . b[h]) t(nu[h])

One set of coefficients for all symbols; x are log volatilities over a day, a week, a month and a quarter, leverage, and
the same of the market. Being relative to the EWMA scale s, b = 0 is the EWMA forecast.
Source: Corsi (2009), Journal of Financial Econometrics 7(2), in log form and fitted by likelihood.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasting.domain.forecast import HORIZONS
from forecasting.errors import NotEnoughHistory
from forecasting.features.panel import FloatArray, Panel
from forecasting.features.scaling import Scaler
from forecasting.models.base import OnProgress, Predictions, Progress
from forecasting.models.parameters import FittedBase, Parameters
from forecasting.models.quantiles import predictions, widening
from forecasting.models.reading import MIN_BARS, ROOT_H, bars_until, places, scaled_targets, training_hash, valid_until
from forecasting.models.student_t import fit_log_scale, unit_quantiles

MIN_ROWS_PER_COLUMN = 20
"""Training rows per coefficient below which the fit would mostly describe noise."""

_LOG_SCALE_LIMIT = 2.0  # a forecast stays within exp(+-2) of the EWMA scale


class HarT:
    """Recipe of the pooled HAR on the given feature columns."""

    name = "har-t"

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)

    def fit(self, panel: Panel, *, cut: int, seed: int = 0, on_progress: OnProgress | None = None) -> FittedHarT:
        """Coefficients and degrees of freedom per horizon by maximum likelihood; see `Model.fit`."""
        features, z = panel.features[:, :, places(panel, self.columns)], scaled_targets(panel, cut)
        complete = int((panel.valid & np.isfinite(z[:, :, -1])).sum())
        needed = MIN_ROWS_PER_COLUMN * (len(self.columns) + 1)
        if complete < needed:
            raise NotEnoughHistory(
                f"har-t: {complete} complete rows until {panel.sessions[cut]}, needs {needed}; load more history"
            )
        scaler = Scaler.fit(features[valid_until(panel, cut)])
        x = design(scaler.transform(features))
        coefficients = np.empty((len(HORIZONS), x.shape[-1]))
        nus = np.empty(len(HORIZONS))
        for i, h in enumerate(HORIZONS):
            rows = panel.valid & np.isfinite(z[:, :, i])
            before = coefficients[i - 1] if i else None
            coefficients[i], nus[i] = fit_log_scale(z[:, :, i][rows], x[rows], start=before)
            if on_progress is not None:
                on_progress(Progress(h / len(HORIZONS), f"{self.name} fitted at horizon {h} of {len(HORIZONS)}"))
        return FittedHarT(
            Parameters(
                name=self.name,
                arrays={"coefficients": coefficients, "nus": nus},
                settings={"columns": list(self.columns), "scaler": scaler.to_dict()},
                train_end=panel.sessions[cut], data_hash=training_hash(panel, cut), seed=seed,
            )
        )


class FittedHarT(FittedBase):
    """A fitted pooled HAR."""

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        self._scaler = Scaler.from_dict(parameters.settings["scaler"])

    def predict(self, panel: Panel, at: Sequence[int]) -> Predictions:
        """Quantiles s[t] sqrt(h) exp(x[t] . b[h]) t^-1(level; nu[h]); see `Fitted.predict`."""
        rows = list(at)
        features = panel.features[:, rows][:, :, places(panel, self.parameters.settings["columns"])]
        usable = panel.valid[:, rows] & (bars_until(panel, at) >= MIN_BARS)
        alike = self.quantiles(features, np.where(usable, panel.scale[:, rows], np.nan))
        return predictions(panel.width(rows)[..., None] * alike)

    def quantiles(self, features: FloatArray, scale: FloatArray) -> FloatArray:
        """Quantiles, shape (..., H, Q), from its columns' features (..., C) and s (...); NaN where either is."""
        arrays = self.parameters.arrays
        log_scale = design(self._scaler.transform(features)) @ arrays["coefficients"].T      # (..., H)
        sigma = scale[..., None] * ROOT_H * np.exp(np.clip(log_scale, -_LOG_SCALE_LIMIT, _LOG_SCALE_LIMIT))
        return widening(sigma[..., None] * unit_quantiles(arrays["nus"]))


def design(scaled: FloatArray) -> FloatArray:
    """Standardised columns with a constant before them, shape (..., C + 1)."""
    return np.concatenate([np.ones((*scaled.shape[:-1], 1)), scaled], axis=-1)
