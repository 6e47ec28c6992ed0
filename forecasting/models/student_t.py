"""Student-t regression with a log-linear scale, and the quantiles that follow from it.

    z / exp(x . b) ~ t(nu)

The negative log-likelihood is convex in b, and nu is one-dimensional. A single column of ones gives the recalibrated
EWMA forecast, HAR columns give HAR-t.
Source: Lange, Little & Taylor (1989), JASA 84(408), for the likelihood and its expected information.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, stdtrit

from forecasting.domain.forecast import LEVELS
from forecasting.features.panel import FloatArray

# scipy.special imports in a fifth of a second, scipy.stats in three times that; the first bands must not wait for it.

_STEPS = 100            # at most; from a neighbouring horizon's fit about ten are enough
_CLOSE = 1e-5           # root mean square change of the log scale below which a fit has arrived
_RIDGE = 1e-6           # of the mean Gram diagonal: keeps a constant column's coefficient at zero, moves nothing else
_LEAST = 1e-8           # of a squared observation: a price that never moves would send the log scale to minus infinity
_INVERSE_NU = (0.02, 0.45)   # nu between 50 (all but normal) and 2.2 (variance still finite)
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0


def fit_log_scale(z: FloatArray, x: FloatArray, *, start: FloatArray | None = None) -> tuple[FloatArray, float]:
    """Maximum-likelihood coefficients and degrees of freedom, by Fisher scoring.

    Newton's steps on the observed information are fewer but run away where few rows stand near the scale; the expected
    information is the same for every row, so it is inverted once, and its steps always come back.

    Args:
        z: Observations, shape (M,), finite.
        x: Columns of the log scale, shape (M, C), finite; one of them constant.
        start: Coefficients to begin from, such as those of the horizon before.

    Returns:
        Coefficients, shape (C,), and nu.
    """
    squares = np.maximum(z * z, _LEAST)
    gram = x.T @ x
    inverse = np.linalg.inv(gram + _RIDGE * np.mean(np.diag(gram)) * np.eye(x.shape[1]))
    if start is None:
        start = inverse @ (x.T @ np.full(len(z), 0.5 * np.log(np.mean(squares))))
    coefficients, nu = start.copy(), 6.0
    log_scale = x @ coefficients
    for _ in range(_STEPS):
        u = squares * np.exp(-2.0 * log_scale)
        gradient = x.T @ (1.0 - (nu + 1.0) * u / (nu + u))
        step = inverse @ gradient * ((nu + 3.0) / (2.0 * nu))
        change = x @ step
        coefficients -= step
        log_scale -= change
        if np.sqrt(np.mean(change**2)) < _CLOSE:
            before, nu = nu, _fit_nu(squares * np.exp(-2.0 * log_scale))
            if abs(1.0 / nu - 1.0 / before) < 1e-3:
                break
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
