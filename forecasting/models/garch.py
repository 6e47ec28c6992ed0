"""GARCH(1,1)-t, one per symbol: the textbook forecaster of volatility, and what the pooled models must beat.

    v[j+1] = omega + alpha r[j]^2 + beta v[j]

The variance of h days follows by the recursion itself: each day further replaces r^2 by its expectation v. What the
symbols' own fits say is then recalibrated: one factor and one nu per horizon over all of them. A symbol whose own fit
fails, or that the fit has not seen, gets the EWMA-t forecast; `settings["fallbacks"]` names those.
Sources: Bollerslev (1986), Journal of Econometrics 31(3); (1987), Review of Economics and Statistics 69(3).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasting.domain.forecast import HORIZONS
from forecasting.errors import NotEnoughHistory
from forecasting.features.panel import BoolArray, FloatArray, Panel
from forecasting.models.base import OnProgress, Predictions, Progress
from forecasting.models.ewma_t import EwmaT, FittedEwmaT
from forecasting.models.parameters import FittedBase, Parameters
from forecasting.models.quantiles import predictions, widening
from forecasting.models.reading import MIN_BARS, bars_until, training_hash
from forecasting.models.student_t import fit_log_scale, unit_quantiles

MIN_RETURNS = 250
"""Own returns a symbol needs for a fit of its own; persistence takes a year to see."""

_PERCENT = 100.0           # the optimiser of arch wants returns of about 1
_FIELDS = ("omega", "alpha", "beta", "start")


class GarchT:
    """Recipe of the per-symbol GARCH(1,1)-t with a pooled recalibration."""

    name = "garch-t"

    def fit(self, panel: Panel, *, cut: int, seed: int = 0, on_progress: OnProgress | None = None) -> FittedGarchT:
        """One likelihood fit per symbol by arch, then factor and nu per horizon; see `Model.fit`."""
        fallback = EwmaT().fit(panel, cut=cut)
        found = np.full((len(panel.symbols), len(_FIELDS)), np.nan)
        for n, symbol in enumerate(panel.symbols):
            returns = panel.returns[n, : cut + 1]
            found[n] = _fit_one(returns[np.isfinite(returns)])
            if on_progress is not None:
                on_progress(Progress((n + 1) / len(panel.symbols), f"{self.name} fitted to {symbol}"))
        fitted = np.isfinite(found).all(axis=1)
        if not fitted.any():
            raise NotEnoughHistory(
                f"garch-t: no symbol has the {MIN_RETURNS} returns until {panel.sessions[cut]} that a fit needs; "
                "load more history"
            )
        sd = np.sqrt(_variances(panel, found))                                      # (N, T, H)
        sd *= panel.width(slice(None))
        z = panel.targets_until(cut) / np.where(_old_enough(panel)[:, :, None], sd, np.nan)
        factors, nus = np.empty(len(HORIZONS)), np.empty(len(HORIZONS))
        for i in range(len(HORIZONS)):
            rows = z[:, :, i][np.isfinite(z[:, :, i])]
            (log_factor,), nus[i] = fit_log_scale(rows, np.ones((len(rows), 1)))
            factors[i] = np.exp(log_factor)
        fallbacks = [s for s, own in zip(panel.symbols, fitted, strict=True) if not own]
        arrays = {name: found[fitted, i] for i, name in enumerate(_FIELDS)}
        return FittedGarchT(
            Parameters(
                name=self.name,
                arrays={
                    **arrays, "factors": factors, "nus": nus,
                    **{f"ewma_{key}": array for key, array in fallback.parameters.arrays.items()},
                },
                settings={
                    "symbols": [s for s, own in zip(panel.symbols, fitted, strict=True) if own],
                    "fallbacks": fallbacks, "n_fallbacks": len(fallbacks),
                },
                train_end=panel.sessions[cut], data_hash=training_hash(panel, cut), seed=seed,
            )
        )


class FittedGarchT(FittedBase):
    """Fitted GARCH models of many symbols."""

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        arrays = parameters.arrays
        self._own = dict(zip(parameters.settings["symbols"], np.stack([arrays[f] for f in _FIELDS], -1), strict=True))
        ewma = {"factors": arrays["ewma_factors"], "nus": arrays["ewma_nus"]}
        self._fallback = FittedEwmaT(
            Parameters(
                name=EwmaT.name, arrays=ewma, settings={}, train_end=parameters.train_end,
                data_hash=parameters.data_hash, seed=parameters.seed,
            )
        )

    def predict(self, panel: Panel, at: Sequence[int]) -> Predictions:
        """Quantiles sd[t,h] c[h] t^-1(level; nu[h]), filtered through all rows before t; see `Fitted.predict`."""
        arrays, rows = self.parameters.arrays, list(at)
        unknown = np.full(len(_FIELDS), np.nan)
        found = np.stack([self._own.get(s, unknown) for s in panel.symbols])
        sd = np.sqrt(_variances(panel, found)[:, rows]) * arrays["factors"]                    # (N, K, H)
        usable = _old_enough(panel)[:, rows]
        own = widening(np.where(usable[..., None], sd, np.nan)[..., None] * unit_quantiles(arrays["nus"]))
        has_own = np.isfinite(found).all(axis=1)[:, None, None, None]
        own *= panel.width(rows)[..., None]
        return predictions(np.where(has_own, own, self._fallback.predict(panel, at).log_returns))


def _fit_one(returns: FloatArray) -> FloatArray:
    """Omega, alpha, beta and the variance to start from; NaN where the fit fails or may not be tried."""
    failed = np.full(len(_FIELDS), np.nan)
    if len(returns) < MIN_RETURNS or not np.any(returns):
        return failed
    from arch import arch_model  # a second of imports: statsmodels and pandas

    model = arch_model(_PERCENT * returns, mean="Zero", vol="GARCH", p=1, q=1, dist="t", rescale=False)
    result = model.fit(disp="off", show_warning=False)
    omega, alpha, beta, _ = result.params.to_numpy()
    if result.convergence_flag != 0 or not omega > 0.0 or not np.isfinite(result.params.to_numpy()).all():
        return failed
    return np.array([omega / _PERCENT**2, alpha, beta, np.mean(returns**2)])


def _variances(panel: Panel, found: FloatArray) -> FloatArray:
    """Variance of the return over the next h sessions, shape (N, T, H), from parameters (N, 4); NaN where those are.

    Each symbol's recursion runs over its own returns from the panel's first on and rests while it does not trade.
    """
    omega, alpha, beta, start = found.T
    variance = start.copy()
    ahead = np.empty((*panel.returns.shape, len(HORIZONS)))
    for t in range(panel.returns.shape[1]):
        returns = panel.returns[:, t]
        variance = np.where(np.isfinite(returns), omega + alpha * returns**2 + beta * variance, variance)
        expected = variance
        for i in range(len(HORIZONS)):
            ahead[:, t, i] = expected
            expected = omega + (alpha + beta) * expected
    return np.cumsum(ahead, axis=2)


def _old_enough(panel: Panel) -> BoolArray:
    enough: BoolArray = panel.traded & (bars_until(panel, range(len(panel.sessions))) >= MIN_BARS)
    return enough
