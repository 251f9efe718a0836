"""Numbers and verdicts of the wrong L0 on dictionaries and examples that are known."""

import numpy as np
import pytest

from experiments.common.known_features import in_order
from experiments.figures import wrong_l0
from experiments.figures.wrong_l0_drawing import FIRST, MATCHED, MIXED, TRAINED, TRUE
from jaxae.data.features import coefficients, examples, world

WORLD = world("correlated", features=10, size=12, seed=2)


@pytest.mark.parametrize("share", [0.0, 0.5, -0.5])
def test_what_is_mixed_in_is_what_was_added(share):
    rows = WORLD.directions.astype(np.float64)
    rows[1:] += share * rows[:1]  # feature 0 in every other latent
    norm = np.sqrt(1 + share**2)
    turned = (rows * np.linspace(0.5, 2, 10)[:, None])[np.random.default_rng(0).permutation(10)]
    found = wrong_l0.mixing(in_order(turned, WORLD.directions))
    assert found[MATCHED] == pytest.approx((1 + 9 / norm) / 10, abs=1e-5)
    assert found[FIRST] == pytest.approx(abs(share) / norm, abs=1e-5)
    assert found[MIXED] == pytest.approx(9 * abs(share) / norm / 90, abs=1e-5)  # 90 pairs, of which 9 are mixed


def test_the_true_dictionary_has_the_error_of_the_coefficients_that_are_left_out():
    truth = coefficients("test", world="correlated", features=10, size=12, seed=2, limit=200)
    x = examples(WORLD, truth)
    for k in (0.5, 1.5, 2.0):
        largest = np.sort(truth.ravel())[::-1]
        expected = np.sum(np.square(largest[round(k * 200) :], dtype=np.float64)) / 200
        assert wrong_l0.error_of_truth(x, WORLD, k) == pytest.approx(expected, rel=1e-4)


def test_with_as_many_as_are_on_the_true_dictionary_has_no_error():
    truth = coefficients("test", world="correlated", features=10, size=12, seed=2, limit=200)
    k = np.mean(np.sum(truth != 0, axis=1))
    assert wrong_l0.error_of_truth(examples(WORLD, truth), WORLD, k) == pytest.approx(0, abs=1e-6)


def numbers(matched, first, mixed, ratio):
    return {MATCHED: matched, FIRST: first, MIXED: mixed, TRAINED: ratio, TRUE: 1.0}


PUBLISHED = {
    5: numbers(0.8, 0.3, 0.1, 0.5),
    9: numbers(0.9, 0.2, 0.05, 0.5),
    11: numbers(0.99, 0.01, 0.01, 1.1),
    18: numbers(0.6, 0.2, 0.1, 3.0),
}


@pytest.mark.parametrize(
    ("k", "change", "fails"),
    [
        (5, {}, []),
        (11, {MATCHED: 0.94}, [0]),
        (9, {MATCHED: 0.995}, [1]),
        (5, {FIRST: 0.0}, [2]),
        (9, {TRAINED: 1.2}, [3, 4]),
        (5, {TRAINED: 0.3}, [4]),
        (18, {MIXED: 0.0}, [5]),
    ],
)
def test_each_verdict_has_numbers_that_fail_it(k, change, fails):
    found = wrong_l0.verdicts(PUBLISHED | {k: PUBLISHED[k] | change}, l0=10.9)
    assert [index for index, verdict in enumerate(found) if not verdict.holds] == fails
