"""What a reconstruction keeps, against loops and scikit-learn."""

import numpy as np
from sklearn.metrics import r2_score

from jaxae.measures.reconstructions import explained_variance, shrinkage

RNG = np.random.default_rng(0)
X = RNG.normal(3, 2, size=(40, 6)).astype(np.float32)
MADE = (X + RNG.normal(size=X.shape)).astype(np.float32)


def test_explained_variance_is_r_squared_weighted_by_variance():
    np.testing.assert_allclose(
        explained_variance(X, MADE), r2_score(X, MADE, multioutput="variance_weighted"), rtol=1e-5
    )
    loop = 1 - sum((x - m) @ (x - m) for x, m in zip(X, MADE, strict=True)) / sum(
        (x - X.mean(axis=0)) @ (x - X.mean(axis=0)) for x in X
    )
    np.testing.assert_allclose(explained_variance(X, MADE), loop, rtol=1e-5)


def test_the_identity_explains_all_and_the_mean_nothing():
    assert explained_variance(X, X) == 1
    np.testing.assert_allclose(explained_variance(X, np.tile(X.mean(axis=0), (40, 1))), 0, atol=1e-6)


def test_shrinkage_is_the_mean_ratio_of_the_norms_of_examples_other_than_0():
    loop = [np.sqrt(m @ m) / np.sqrt(x @ x) for x, m in zip(X, MADE, strict=True)]
    np.testing.assert_allclose(shrinkage(X, MADE), np.mean(loop), rtol=1e-5)
    np.testing.assert_allclose(shrinkage(X, 0.5 * X), 0.5, rtol=1e-6)
    with_empty = np.r_[np.zeros((3, X.shape[1])), X], np.r_[np.ones((3, X.shape[1])), 0.5 * X]
    np.testing.assert_allclose(shrinkage(*with_empty), 0.5, rtol=1e-6)
