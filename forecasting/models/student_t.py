"""Student-t regression with a log-linear scale, and the quantiles that follow from it.

    z / exp(x . b) ~ t(nu)

The negative log-likelihood is convex in b, so that Fisher scoring from zero always arrives; nu is one-dimensional. A
single column of ones gives the recalibrated EWMA forecast, HAR columns give HAR-t.
Source: Lange, Little & Taylor (1989), JASA 84(408), for the likelihood and its expected information.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, stdtrit

from forecasting.domain.forecast import LEVELS
from forecasting.features.panel import FloatArray

# scipy.special imports in a fifth of a second, scipy.stats in three times that; the first bands must not wait for it.

_STEPS = 12             # Fisher steps per round; each about halves the distance, three rounds leave < 1e-6
_ROUNDS = 3             # alternations between coefficients and nu
_INVERSE_NU = (0.02, 0.45)   # nu between 50 (all but normal) and 2.2 (variance still finite)
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0


def fit_log_scale(z: FloatArray, x: FloatArray, *, ridge: float = 1e-3) -> tuple[FloatArray, float]:
    """Maximum-likelihood coefficients and degrees of freedom.

    Args:
        z: Observations, shape (M,), finite.
        x: Columns of the log scale, shape (M, C), finite; one of them constant.
        ridge: Penalty in units of the mean Gram diagonal, which keeps collinear columns apart.

    Returns:
        Coefficients, shape (C,), and nu.
    """
    gram = x.T @ x
    gram += ridge * np.mean(np.diag(gram)) * np.eye(x.shape[1])
    squares = z * z
    coefficients, nu = np.zeros(x.shape[1]), 6.0
    coefficients[:] = np.linalg.solve(gram, x.T @ np.full(len(z), 0.5 * np.log(np.mean(squares))))
    for _ in range(_ROUNDS):
        inverse_information = np.linalg.inv(gram * (2.0 * nu / (nu + 3.0)))
        for _ in range(_STEPS):
            u = squares * np.exp(-2.0 * (x @ coefficients))
            coefficients -= inverse_information @ (x.T @ (1.0 - (nu + 1.0) * u / (nu + u)))
        nu = _fit_nu(squares * np.exp(-2.0 * (x @ coefficients)))
    return coefficients, nu


def _fit_nu(u: FloatArray) -> float:
    """The nu that makes squared standardised residuals `u` most likely, by golden section on 1 / nu."""
    def loss(inverse: float) -> float:
        nu = 1.0 / inverse
        constant = gammaln(nu / 2.0) - gammaln((nu + 1.0) / 2.0) + 0.5 * np.log(nu)
        return float(constant + (nu + 1.0) / 2.0 * np.mean(np.log1p(u / nu)))

    low, high = _INVERSE_NU
    a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    loss_a, loss_b = loss(a), loss(b)
    for _ in range(14):
        if loss_a < loss_b:
            high, b, loss_b = b, a, loss_a
            a = high - _GOLDEN * (high - low)
            loss_a = loss(a)
        else:
            low, a, loss_a = a, b, loss_b
            b = low + _GOLDEN * (high - low)
            loss_b = loss(b)
    return 2.0 / (low + high)


def unit_quantiles(nu: npt.ArrayLike) -> FloatArray:
    """Quantiles of t(nu) with scale 1 at LEVELS, shape (*nu.shape, Q); the middle one is exactly 0."""
    q = np.asarray(stdtrit(np.asarray(nu, dtype=float)[..., None], np.array(LEVELS)))
    q[..., len(LEVELS) // 2] = 0.0
    return q
