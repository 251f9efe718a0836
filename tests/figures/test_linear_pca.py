"""The angle of a decoder is judged by the components that the data set apart from those left out."""

import numpy as np
from scipy.linalg import subspace_angles

from experiments.figures.linear_pca import GAP, separated

VARIANCES = np.array([5.0, 3.0, 2.0, 1.01, 1.0, 0.4])


def error(space):
    """Of the projection on the columns, where the covariance is diagonal with these variances."""
    left = np.eye(6) - space @ np.linalg.pinv(space)
    return np.trace(left * VARIANCES @ left)


def test_components_are_counted_where_their_variance_stands_out():
    assert separated(VARIANCES, 3) == 3
    assert separated(VARIANCES, 4) == 3  # the fourth is 1 % above the fifth
    assert separated(np.ones(6), 4) == 1


def test_a_component_of_equal_variance_may_stand_in_for_the_last_one():
    swapped = np.eye(6)[:, [0, 1, 2, 4]]
    kept = np.eye(6)[:, : separated(VARIANCES, 4)]
    np.testing.assert_allclose(np.degrees(subspace_angles(swapped, np.eye(6)[:, :4])[0]), 90)
    np.testing.assert_allclose(np.degrees(subspace_angles(swapped, kept)[0]), 0, atol=1e-6)
    assert error(swapped) / error(np.eye(6)[:, :4]) - 1 < 0.01


def test_the_error_above_that_of_pca_bounds_the_angle_by_the_gap():
    rng = np.random.default_rng(0)
    count, best = separated(VARIANCES, 4), error(np.eye(6)[:, :4])
    for size in (0.01, 0.1, 1.0):
        space = np.eye(6)[:, :4] + size * rng.normal(size=(6, 4))
        angle = subspace_angles(space, np.eye(6)[:, :count])[0]
        assert np.sin(angle) ** 2 <= (error(space) - best) / (VARIANCES[count - 1] - VARIANCES[4]) + 1e-9
    assert VARIANCES[count - 1] > (1 + GAP) * VARIANCES[4]
