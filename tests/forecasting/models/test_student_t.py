import numpy as np
import pytest
from scipy.special import stdtr

from forecasting.domain.forecast import LEVELS
from forecasting.features.panel import FloatArray
from forecasting.models.quantiles import probability_up, widening
from forecasting.models.student_t import fit_log_scale, unit_quantiles


def test_the_regression_finds_the_scale_and_tails_that_made_the_data() -> None:
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(60_000), rng.normal(size=(60_000, 2))])
    z = np.exp(x @ [0.2, -0.5, 0.3]) * rng.standard_t(5.0, size=60_000)
    coefficients, nu = fit_log_scale(z, x)
    assert coefficients == pytest.approx([0.2, -0.5, 0.3], abs=0.015)
    assert nu == pytest.approx(5.0, abs=0.25)


def test_the_coefficients_are_the_best_nearby() -> None:
    rng = np.random.default_rng(4)
    x = np.column_stack([np.ones(2_000), rng.normal(size=2_000)])
    z = np.exp(0.4 * x[:, 1]) * rng.standard_t(6.0, size=2_000)
    best, nu = fit_log_scale(z, x)

    def loss(b: FloatArray) -> float:
        eta = x @ b
        return float(np.mean(eta + (nu + 1.0) / 2.0 * np.log1p(z**2 * np.exp(-2.0 * eta) / nu)))

    nearby = [best + step for step in 0.01 * np.vstack([np.eye(2), -np.eye(2)])]
    assert loss(best) < min(map(loss, nearby))


@pytest.mark.parametrize("seed", range(5))
def test_few_rows_with_wild_outliers_still_arrive(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(200), rng.normal(size=(200, 9))])
    z = np.exp(x @ rng.normal(scale=0.5, size=10)) * rng.standard_t(1.5, size=200)
    z[:2], z[2] = 1e4, 0.0
    coefficients, nu = fit_log_scale(z, x)
    u = z**2 * np.exp(-2.0 * (x @ coefficients))
    assert np.abs(x.T @ (1.0 - (nu + 1.0) * u / (nu + u))).max() / len(z) < 2e-3   # the likelihood's slope


def test_unit_quantiles_are_those_of_students_t() -> None:
    quantiles = unit_quantiles(4.0)
    assert stdtr(4.0, quantiles) == pytest.approx(LEVELS)
    assert quantiles[10] == 0.0


def test_no_spread_between_two_levels_falls_with_the_horizon() -> None:
    falling = np.array([1.0, 1.5, 1.2])[:, None] * unit_quantiles(np.array([3.0, 5.0, 9.0]))
    widened = widening(falling)
    assert (np.diff(np.diff(widened, axis=1), axis=0) >= 0.0).all()
    assert np.array_equal(widened[0], falling[0])
    assert widened[2, -1] - widened[2, 0] == pytest.approx(widened[1, -1] - widened[1, 0])


def test_probability_up_reads_the_distribution_at_zero() -> None:
    centred = np.linspace(-1.0, 1.0, len(LEVELS))
    assert probability_up(centred) == 0.5
    assert probability_up(centred + 0.1) == pytest.approx(0.55)     # the 45 % quantile moved to 0
    assert probability_up(centred + 9.0) == pytest.approx(0.975)
    assert probability_up(centred - 9.0) == pytest.approx(0.025)
    assert np.isnan(probability_up(np.full(len(LEVELS), np.nan)))
