"""Which features are found by dictionaries whose answer is known, and verdicts that can come out both ways."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.common import published
from experiments.common.known_features import atoms_of
from experiments.figures import sanity
from experiments.figures.sanity_drawing import FROZEN, REVIVED

DIRECTIONS = np.eye(4, dtype=np.float32)
BIAS = np.float32([1, 2, 3, 4])


def grid_of(atoms, codes, x):
    """A grid of one run that codes x so and decodes by these atoms."""
    return SimpleNamespace(
        code_size=len(atoms),
        test=SimpleNamespace(x=x),
        table={"optimizer.learning_rate.peak_value": np.array([0.01])},
        curve={"error": np.array([[3.0, 2.0]])},
        codes=lambda x, run: codes,
        decode=lambda h, run: np.asarray(h) @ atoms + BIAS,
    )


def test_atoms_are_what_each_latent_adds_whatever_the_bias():
    atoms = np.float32([[1, 0, 0, 0], [0, 0.6, 0.8, 0]])
    np.testing.assert_allclose(atoms_of(grid_of(atoms, None, None), 0), atoms, atol=1e-6)


def test_a_run_finds_the_features_that_an_atom_is_near_to():
    tilted = np.float32([0, 0.79, np.sqrt(1 - 0.79**2), 0])  # short of .8 for feature 1
    atoms = np.stack([2 * DIRECTIONS[0], tilted, DIRECTIONS[3], -DIRECTIONS[2]])
    codes = np.float32([[1, 0, 0, 0], [0, 0, 3, 0], [2, 0, 0, 0], [1, 0, 1, 0]])
    x = codes @ atoms + BIAS
    run = sanity._run(grid_of(atoms, codes, x), 0, DIRECTIONS, 0.8)
    np.testing.assert_allclose(run.nearest, [1, 0.79, np.sqrt(1 - 0.79**2), 1], atol=1e-6)
    assert run.share == 0.5  # of features 0 and 3; the opposite of feature 2 does not count
    assert (run.error, run.explained, run.l0, run.dead) == (2.0, pytest.approx(1), 5 / 4, 0.5)
    assert run.setting == "peak_value 0.01"


def runs_of(shares, explained=0.67, dead=0.0):
    return {
        name: sanity.Run("", np.zeros(3), share, 1.0, explained, 20.0, dead)
        for name, share in ({FROZEN: 0.0, REVIVED: 0.6} | shares).items()
    }


PAPER = published.SANITY["sanity"]


def test_the_published_shares_hold_their_own_claims():
    assert [verdict.holds for verdict in sanity._verdicts(runs_of(PAPER), "sanity")] == [True] * 6


@pytest.mark.parametrize(
    ("changed", "held"),
    [
        ({"TopK": 0.4}, [False, True, False, True, True, True]),
        ({"BatchTopK": 0.3}, [True, False, True, True, True, True]),
        ({"BatchTopK": 0.9}, [True, False, False, True, True, True]),
        ({"Matryoshka": 0.06}, [True, False, True, True, True, True]),
        ({FROZEN: 1.0}, [True, True, True, True, False, True]),
        ({REVIVED: 0.2}, [True, True, True, True, True, False]),
    ],
)
def test_each_verdict_on_shares_has_a_share_that_fails_it(changed, held):
    assert [verdict.holds for verdict in sanity._verdicts(runs_of(PAPER | changed), "sanity")] == held


def test_the_verdict_on_the_error_fails_where_it_tells():
    runs = runs_of(PAPER)
    runs["BatchTopK"] = runs["BatchTopK"]._replace(explained=0.6)
    assert [verdict.holds for verdict in sanity._verdicts(runs, "sanity")] == [True, True, True, False, True, True]


def test_features_of_unequal_frequency_have_the_papers_verdict_alone():
    shares = {"TopK": 0.43, "Matryoshka": 0.2} | published.SANITY["sanity_variable"]
    for changed, explained, holds in (({}, 0.71, True), ({"TopK": 0.6}, 0.71, False), ({}, 0.5, False)):
        (verdict,) = sanity._verdicts(runs_of(shares | changed, explained), "sanity_variable")
        assert verdict.holds is holds
