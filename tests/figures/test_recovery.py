"""What has been found of known features, on dictionaries whose measures are known, and verdicts that can come out both ways."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.common import published
from experiments.common.found_features import Found, Truth, found, nearest_run, truth_of
from experiments.figures import recovery
from jaxae.data.features import coefficients, features, world

# Four features along the axes, on in two examples each.
ON = np.float32([[2, 0, 0, 0], [2, 0, 3, 0], [0, 1, 3, 0], [0, 1, 0, 5], [0, 0, 0, 5], [0, 0, 0, 0]])
TRUTH = Truth(np.eye(4, dtype=np.float32), ON)


def of(codes, atoms):
    return found(codes, codes @ atoms, ON, atoms, TRUTH)


def test_the_true_dictionary_finds_everything():
    assert of(ON, TRUTH.directions) == Found(1, 1, 1, 1, pytest.approx(8 / 6), 1, 0)


def test_a_rotated_order_and_opposite_signs_change_nothing():
    order = [2, 0, 3, 1]
    assert of(-ON[:, order], -TRUTH.directions[order]) == of(ON, TRUTH.directions)


def test_a_dictionary_that_mixes_two_features_and_has_a_dead_latent():
    half = np.float32(np.sqrt(0.5))
    atoms = np.float32([[half, half, 0, 0], [half, half, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    codes = np.stack([(ON[:, 0] + ON[:, 1]) * half, np.zeros(6), ON[:, 2], 0.5 * ON[:, 3]], axis=1).astype(np.float32)
    measures = of(codes, atoms)
    # The first latent fires for features 0 and 1 and is judged by 0: TP 2, FP 2, F1 2/3; the second never fires, F1 0.
    assert measures.f1 == pytest.approx((2 / 3 + 0 + 1 + 1) / 4)
    assert measures.mcc == pytest.approx((half + half + 1 + 1) / 4)
    assert measures.uniqueness == 3 / 4
    error = 2 * 2 + 2 * 0.5 + 2 * 2.5**2  # of (2, 0) -> (1, 1), of (0, 1) -> (.5, .5), and of half a feature 3
    assert measures.explained == pytest.approx(1 - error / np.square(ON - ON.mean(axis=0)).sum())
    assert measures.l0 == pytest.approx(8 / 6)
    assert measures.dead == 1 / 4
    on = ON.any(axis=1)
    shrunk = np.linalg.norm((codes @ atoms)[on], axis=1) / np.linalg.norm(ON[on], axis=1)
    assert measures.shrinkage == pytest.approx(shrunk.mean())


def test_the_truth_is_that_of_the_test_examples_in_the_sizes_that_are_chosen():
    data = SimpleNamespace(world="sanity", seed=3, features=40, size=12)
    truth = truth_of(data)
    x = features("test", world="sanity", seed=3, features=40, size=12).x
    np.testing.assert_allclose(truth.coefficients @ truth.directions, x, atol=1e-5)
    other = truth_of(data, "orthogonal")  # in its own sizes
    np.testing.assert_array_equal(other.directions, world("orthogonal", seed=3).directions)
    np.testing.assert_array_equal(other.coefficients, coefficients("test", world="orthogonal", seed=3))


def test_of_an_axis_the_run_is_taken_whose_number_of_units_on_is_nearest():
    codes = [np.ones((5, 9)), np.eye(5, 9), np.r_[np.ones((3, 9)), np.zeros((2, 9))]]  # 9, 1 and 5.4 on
    grid = SimpleNamespace(
        train=SimpleNamespace(x=np.zeros((5, 2))), seeds=[0] * 3, codes=lambda x, run: codes[run][: len(x)]
    )
    assert [nearest_run(grid, active) for active in (9, 8, 4, 3, 0)] == [0, 0, 2, 1, 1]


def test_the_l0_of_a_tutorials_world_is_that_of_the_examples_with_a_feature_on():
    grid = SimpleNamespace(
        test=SimpleNamespace(x=ON),
        codes=lambda x, run: x + (1 - x.any(axis=1, keepdims=True)),  # all four are on where no feature is
        decode=lambda codes, run=0: np.asarray(codes),
        code_size=4,
    )
    assert recovery._as_in_the_tutorial(grid, TRUTH).l0 == pytest.approx(8 / 5)


PAPER = {name: Found(*row, 25.0, 1.0, 0.0) for name, row in published.SYNTHETIC.items()}


def test_the_published_table_holds_its_own_claims():
    assert [verdict.holds for verdict in recovery._of_benchmark(PAPER)] == [True] * 7


@pytest.mark.parametrize(
    ("name", "change", "falls"),
    [
        ("JumpReLU", {"f1": 0.9}, [0, 6]),
        ("BatchTopK", {"mcc": 0.8}, [1]),
        ("JumpReLU", {"uniqueness": 1.0}, [2]),
        ("Matching pursuit", {"mcc": 0.5}, [3]),
        ("L1", {"f1": 0.4}, [4]),
        ("BatchTopK", {"explained": 0.84}, [5]),
        ("JumpReLU", {"mcc": 0.70}, [6]),
    ],
)
def test_each_verdict_has_a_measure_that_fails_it(name, change, falls):
    verdicts = recovery._of_benchmark(PAPER | {name: PAPER[name]._replace(**change)})
    assert [i for i, verdict in enumerate(verdicts) if not verdict.holds] == falls


TUTORIAL = {
    "orthogonal": Found(1.0, 1.0, 1.0, 0.98, 4.04, 0.975, 0.0),
    "challenge": Found(0.9, 0.9881, 1.0, 0.9, 1.74, 0.8, 0.0),
}


def test_the_tutorials_numbers_hold_and_others_fail():
    assert [verdict.holds for verdict in recovery._of_worlds(TUTORIAL)] == [True, True]
    for name, change in (
        ("orthogonal", {"mcc": 0.99}),
        ("orthogonal", {"l0": 4.3}),
        ("orthogonal", {"shrinkage": 0.99}),
        ("challenge", {"mcc": 0.95}),
        ("challenge", {"l0": 0.7}),
    ):
        changed = recovery._of_worlds(TUTORIAL | {name: TUTORIAL[name]._replace(**change)})
        assert [verdict.holds for verdict in changed] == [verdict != name for verdict in TUTORIAL]
