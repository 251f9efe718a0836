import numpy as np
from scipy.optimize import minimize

from jaxae.measures.centres import geometric_median


def test_the_geometric_median_is_the_point_of_least_mean_distance():
    x = np.random.default_rng(0).standard_t(1.5, size=(300, 4)).astype(np.float32)

    def distance(y):
        return np.linalg.norm(x.astype(float) - y, axis=1).mean()

    found = minimize(distance, np.median(x, axis=0), tol=1e-10).x
    np.testing.assert_allclose(geometric_median(x), found, atol=1e-3)


def test_it_stays_at_a_point_that_is_more_than_half_of_the_set():
    x = np.concatenate([np.tile([[1.0, 2.0]], (6, 1)), [[100.0, 0.0]] * 4]).astype(np.float32)
    np.testing.assert_allclose(geometric_median(x), [1, 2], atol=1e-2)
