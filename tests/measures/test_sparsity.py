"""Measures of sparsity against their definitions in NumPy and against SciPy's densities."""

import numpy as np
import pytest
from scipy import stats

from jaxae.measures import sparsity

CODES = np.array([[0.0, -0.0, 2.0], [1e-30, 0.0, -1.0]], np.float32)


def test_zeros_and_active_units_count_exact_zeros_only():
    assert sparsity.exact_zeros(CODES) == 3 / 6
    assert sparsity.active_units(CODES) == (1 + 2) / 2
    assert sparsity.exact_zeros(np.zeros((4, 2))) == 1
    assert sparsity.active_units(np.ones((4, 2))) == 2


@pytest.fixture
def samples():
    rng = np.random.default_rng(0)
    make = {"laplace": rng.laplace, "normal": rng.normal}
    return {
        name: [draw(size=(4000, 3)).astype(np.float32) * [0.1, 1, 3] for _ in range(2)] for name, draw in make.items()
    }


@pytest.mark.parametrize("name", ["laplace", "normal"])
def test_the_gain_is_the_difference_of_scipys_log_densities_fitted_at_location_0(name, samples):
    fitted, held_out = (np.where(np.abs(s) < 0.02, 0, s) for s in samples[name])

    def expected(fitted, held_out):
        fitted, held_out = fitted[fitted != 0], held_out[held_out != 0]
        laplace = stats.laplace(*stats.laplace.fit(fitted, floc=0)).logpdf(held_out)
        return np.mean(laplace - stats.norm(*stats.norm.fit(fitted, floc=0)).logpdf(held_out))

    np.testing.assert_allclose(sparsity.laplace_gain(fitted, held_out), expected(fitted, held_out), rtol=1e-3)
    units = [expected(fitted[:, j], held_out[:, j]) for j in range(3)]
    np.testing.assert_allclose(sparsity.laplace_gain_per_unit(fitted, held_out), units, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(sparsity.laplace_scale(fitted), np.mean(np.abs(fitted[fitted != 0])), rtol=1e-5)


def test_the_gain_of_long_samples_is_the_divergence_between_the_densities(samples):
    # KL(Laplace || its best Gaussian) = log sqrt(pi) - 1/2, and of the Gaussian against its best Laplace 1/2 - log(pi / 2).
    np.testing.assert_allclose(sparsity.laplace_gain_per_unit(*samples["laplace"]), np.log(np.pi) / 2 - 0.5, atol=0.03)
    np.testing.assert_allclose(sparsity.laplace_gain_per_unit(*samples["normal"]), np.log(np.pi / 2) - 0.5, atol=0.03)


def test_magnitudes_have_the_gain_of_their_signed_values(samples):
    signed, magnitudes = samples["laplace"], [np.abs(s) for s in samples["laplace"]]
    np.testing.assert_allclose(sparsity.laplace_gain(*magnitudes), sparsity.laplace_gain(*signed), rtol=1e-6)


def test_a_unit_that_is_never_active_has_no_gain():
    codes = np.array([[0, 1], [0, -2]], np.float32)
    gain = np.asarray(sparsity.laplace_gain_per_unit(codes, codes))
    assert np.isnan(gain[0]) and np.isfinite(gain[1])
    assert np.isfinite(sparsity.laplace_gain(codes, codes))
