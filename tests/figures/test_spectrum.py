"""The distance of a spectrum from a published curve."""

import numpy as np
import pytest

from experiments.common import published
from experiments.figures.spectrum import _of_shapes, _of_sizes, distance


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


SIZES = {"AE": 175e-5, "AE+wd": 50e-5, "DAE-b": 78.7e-5, "DAE-g": 8.6e-5, "CAE": 7.3e-5}  # of MNIST, table 1
FALLING = np.linspace(1.2, 0, 784)


def held(verdicts):
    return [verdict.holds for verdict in verdicts]


def models(ranks=(9, 8, 7, 6, 5), cae=FALLING, **entries):
    sizes = SIZES | entries
    return {
        name: {"entry": entry, "rank": rank, "mean": cae if name == "CAE" else FALLING}
        for (name, entry), rank in zip(sizes.items(), ranks, strict=True)
    }


def test_each_claim_of_the_sizes_has_numbers_that_fail_it():
    assert held(_of_sizes(models(), "mnist")) == [True] * 3
    assert held(_of_sizes(models(CAE=9e-5), "mnist")) == [False, True, False]
    assert held(_of_sizes(models(AE=60e-5), "mnist")) == [True, False, False]
    assert len(_of_sizes(models(), "mnist5k")) == 2  # the paper's order is of its own data


def test_each_claim_of_the_shapes_has_numbers_that_fail_it():
    weights = {0.1: {"energy": 9.0}, 1: {"energy": 4.0}}
    assert held(_of_shapes(models(), weights, {})) == [True] * 3
    assert held(_of_shapes(models(ranks=(9, 8, 4, 6, 5)), weights, {})) == [False, True, True]
    assert held(_of_shapes(models(cae=0.8 * FALLING), weights, {})) == [True, False, True]
    assert held(_of_shapes(models(), {0.1: {"energy": 4.0}, 1: {"energy": 9.0}}, {})) == [True, True, False]
