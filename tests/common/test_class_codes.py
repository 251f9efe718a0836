"""What the figures of codes of two and three numbers share."""

import numpy as np
import pytest
from scipy import stats

from experiments.common.class_codes import first_of_each_class, squeezed


def test_codes_are_squeezed_by_their_median_deviation_on_each_axis():
    codes = np.random.default_rng(0).normal(size=(50, 3)) * [1, 10, 100] + [0, -5, 7]
    expected = np.empty_like(codes)
    for axis in range(3):
        middle = sorted(codes[:, axis])[24:26]
        expected[:, axis] = np.arcsinh((codes[:, axis] - np.mean(middle)) / stats.median_abs_deviation(codes[:, axis]))
    np.testing.assert_allclose(squeezed(codes), expected, rtol=1e-12)


def test_an_axis_without_spread_stays_finite():
    assert np.all(squeezed(np.array([[1.0, 2.0], [1.0, 3.0], [1.0, 9.0]]))[:, 0] == 0)


@pytest.mark.parametrize(("count", "expected"), [(1, [0, 1, 4]), (2, [0, 1, 2, 3, 4]), (9, [0, 1, 2, 3, 4, 5])])
def test_the_first_examples_of_each_class_keep_their_order(count, expected):
    assert first_of_each_class(np.array([7, 2, 2, 7, 5, 7]), count).tolist() == expected
