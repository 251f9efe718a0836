"""Principal components against scikit-learn and against NumPy's singular values in float64."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from experiments.common.pca import PrincipalComponents

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 8)) @ RNG.normal(size=(8, 8)) + 3
NEW = RNG.normal(size=(20, 8)) @ RNG.normal(size=(8, 8)) + 3


def svd(count):
    """Mean, axes and shares of the variance, in float64."""
    mean = X.mean(axis=0)
    _, values, axes = np.linalg.svd(X - mean, full_matrices=False)
    return mean, axes[:count], (values**2 / np.sum(values**2))[:count]


def by_svd(x, count):
    mean, axes, _ = svd(count)
    return mean + (x - mean) @ axes.T @ axes


@pytest.mark.parametrize("solver", ["full", "covariance_eigh", "auto"])
@pytest.mark.parametrize("centre_first", [False, True])
def test_reconstructions_and_errors_are_those_of_the_singular_vectors(solver, centre_first):
    pca = PrincipalComponents.fit(X, 3, solver=solver, centre_first=centre_first)
    mean, axes, shares = svd(3)
    np.testing.assert_allclose(pca.mean, mean)
    np.testing.assert_allclose(np.abs(np.sum(pca.axes * axes, axis=1)), 1)
    np.testing.assert_allclose(pca.shares, shares)
    np.testing.assert_allclose(pca.reconstruct(NEW), by_svd(NEW, 3))
    assert pca.squared_error(NEW) == pytest.approx(np.mean(np.sum((by_svd(NEW, 3) - NEW) ** 2, axis=1)))


def test_codes_are_those_of_scikit_learn_to_the_last_bit():
    x, new = X.astype(np.float32), NEW.astype(np.float32)
    fitted = PCA(3, svd_solver="covariance_eigh").fit(x)
    pca = PrincipalComponents.fit(x, 3)
    np.testing.assert_array_equal(pca.encode(new), fitted.transform(new))
    np.testing.assert_array_equal(pca.reconstruct(new), fitted.inverse_transform(fitted.transform(new)))


def test_the_first_of_many_components_are_a_fit_of_few():
    many, few = PrincipalComponents.fit(X, solver="full"), PrincipalComponents.fit(X, 2, solver="full")
    assert (len(many), len(few), len(many.first(2))) == (8, 2, 2)
    np.testing.assert_allclose(many.first(2).reconstruct(NEW), few.reconstruct(NEW))
    np.testing.assert_allclose(many.first(2).shares, few.shares)
    assert many.shares.sum() == pytest.approx(1)


def test_errors_over_the_number_of_components():
    errors = PrincipalComponents.fit(X).squared_errors(NEW)
    assert errors.shape == (9,)
    for count in range(9):
        expected = np.mean(np.sum((by_svd(NEW, count) - NEW) ** 2, axis=1))
        assert errors[count] == pytest.approx(expected, abs=1e-9)
