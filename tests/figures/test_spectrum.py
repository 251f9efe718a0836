"""The distance of a spectrum from a published curve."""

import numpy as np
import pytest

from experiments.common import published
from experiments.figures.spectrum import distance


def spectrum(values):
    """Singular values that are the published ones at their positions, and far from them elsewhere."""
    found = np.full(1000, 9.0)
    for position, value in zip(published.SPECTRUM_INDEX, values, strict=True):
        found[position - 1] = value
    return found


@pytest.mark.parametrize(("scale", "expected"), [(1, 0), (1.5, 0.5), (0.9, 0.1)])
def test_the_distance_is_the_share_of_the_curve_by_which_it_differs(scale, expected):
    curve = published.SPECTRUM["cifar10_bw"]["DAE-b"]
    assert distance(spectrum(scale * np.array(curve)), curve) == pytest.approx(expected)


def test_differences_of_both_signs_do_not_cancel():
    curve = (1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.15, 0.1)
    assert distance(spectrum((1.2, 0.8, *curve[2:])), curve) == pytest.approx(0.4 / 4)
