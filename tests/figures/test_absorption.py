"""Numbers and verdicts of absorption on dictionaries whose cosines are known."""

import numpy as np
import pytest

from experiments.common import published
from experiments.common.known_features import in_order
from experiments.figures import absorption
from experiments.figures.absorption_drawing import CHILD, LONE, MEAN, PARENT, PARENTS, SIBLING
from jaxae.data.features import world

TREE = world("tree", seed=3)
CHILDREN = np.arange(3, 12)


def dictionary(*, parent, sibling=0.0):
    """The true directions, with so much of its parent and of its siblings in each child's row, in another order and scale."""
    rows = TREE.directions.astype(np.float64)
    for child in CHILDREN:
        above = TREE.parents[child]
        siblings = [other for other in CHILDREN if other != child and TREE.parents[other] == above]
        rows[child] = TREE.directions[child] + parent * TREE.directions[above]
        rows[child] += sibling * TREE.directions[siblings].sum(axis=0)
    rng = np.random.default_rng(0)
    return (rows * rng.uniform(0.1, 3, (20, 1)))[rng.permutation(20)]


@pytest.mark.parametrize(("parent", "sibling"), [(0.0, 0.0), (0.9, 0.0), (0.2, -0.3)])
def test_the_relations_are_those_of_the_dictionary(parent, sibling):
    norm = np.sqrt(1 + parent**2 + 2 * sibling**2)
    expected = {PARENTS: 1, CHILD: 1 / norm, LONE: 1, MEAN: (11 + 9 / norm) / 20, PARENT: parent / norm}
    expected |= {SIBLING: sibling / norm}
    similar = in_order(dictionary(parent=parent, sibling=sibling), TREE.directions)
    found = absorption.relations(similar, TREE.parents)
    assert found == {name: pytest.approx(value, abs=1e-5) for name, value in expected.items()}


def test_latents_stand_in_the_order_of_their_features_and_missing_ones_are_0():
    rows = dictionary(parent=0.3)
    similar = in_order(rows, TREE.directions)
    np.testing.assert_array_equal(similar.argmax(axis=1), np.arange(20))
    fewer = in_order(TREE.directions[:15], TREE.directions)
    np.testing.assert_allclose(fewer, np.diag([1.0] * 15 + [0] * 5), atol=1e-5)


def test_of_each_seed_the_run_whose_number_is_nearest_is_taken():
    seeds, values = np.array([4, 2, 4, 2, 4]), [3.0, 1.0, 1.5, 5.0, 0.7]
    assert absorption.nearest(seeds, values, 1.2) == {4: 2, 2: 1}


def run(relations):
    return absorption._Found(0, 1.0, np.eye(20), relations, {})


def of(parent, sibling=0.0):
    similar = in_order(dictionary(parent=parent, sibling=sibling), TREE.directions)
    return absorption.relations(similar, TREE.parents)


def test_a_dictionary_with_as_much_of_the_parent_as_of_the_child_has_the_published_numbers_of_l1():
    paper = {"L1": published.ABSORPTION["tree"]["L1"]}
    assert [v.holds for v in absorption._of_published({"L1": of(0.99)}, paper)] == [True, True, True]
    assert [v.holds for v in absorption._of_published({"L1": of(0.0)}, paper)] == [False, False, False]


@pytest.mark.parametrize(
    ("change", "held"),
    [({}, [True] * 4), ({PARENTS: 0.8}, [False, True, True, True]), ({SIBLING: 0.0}, [True, True, False, True])],
)
def test_each_published_range_of_matryoshka_can_be_missed(change, held):
    paper = {"Matryoshka": published.ABSORPTION["tree"]["Matryoshka"]}
    middles = {name: (low + high) / 2 for name, (low, high) in paper["Matryoshka"].items()}
    assert [v.holds for v in absorption._of_published({"Matryoshka": middles | change}, paper)] == held


def test_the_order_of_the_variants_is_judged_seed_by_seed():
    absorbed, apart = run(of(0.99)), run(of(0.1))
    found = {"L1": [absorbed] * 2, "Matryoshka": [apart] * 2, "BatchTopK": [absorbed] * 2}
    assert [v.holds for v in absorption._of_order(found)] == [True, True, True]
    found["Matryoshka"] = [apart, run(of(1.2))]
    assert [v.holds for v in absorption._of_order(found)] == [False, False, False]


def test_the_published_mean_of_l1_is_that_of_children_halfway_to_their_parents():
    (low, _) = published.ABSORPTION["tree"]["L1"]["mean"]
    assert low == pytest.approx(of(1.0)[MEAN], abs=0.005)
