"""Dead units are counted by hand on a small dictionary, and every verdict can come out both ways."""

from types import SimpleNamespace

import numpy as np
import pytest
from dictionary_grid import dictionary_grid

from experiments.figures import dead_units
from experiments.figures.dead_units import AUXK, RESAMPLING, TIED, UNTIED, Dictionary

UNITS = (100, 200)
SHARES = {UNTIED: (0.6, 0.9), TIED: (0.2, 0.4), AUXK: (0.0, 0.04), RESAMPLING: (0.1, 0.2)}  # of which every claim holds


def found(*, k=10, error=1.0, **shares):
    """The dictionaries of one k with these dead shares by size; error: that of AuxK, where the others have 1."""
    shares = SHARES | {name.replace("_", " "): pair for name, pair in shares.items()}
    return [
        Dictionary(means, units, k, dead, dead, error if means == AUXK else 1.0, 0.5)
        for means, pair in shares.items()
        for units, dead in zip(UNITS, pair, strict=True)
    ]


def failed(dictionaries):
    return [i for i, verdict in enumerate(dead_units._verdicts(dictionaries)) if not verdict.holds]


def test_every_claim_holds_of_the_shares_that_make_it_true():
    assert failed(found()) == []


@pytest.mark.parametrize(
    ("changed", "which"),
    [
        ({"untied_start": (0.3, 0.49)}, [0]),
        ({"untied_start": (0.9, 0.9)}, [1]),
        ({"tied_start": (0.61, 0.4)}, [2]),
        ({"tied_start": (0.2, 0.03)}, [3, 6]),
        ({"AuxK": (0.0, 0.06)}, [5]),
        ({"AuxK": (0.0, 0.08)}, [4, 5]),
        ({"resampling": (0.21, 0.2)}, [6]),
        ({"error": 1.02}, [7]),
    ],
)
def test_each_verdict_has_a_number_that_fails_it(changed, which):
    assert failed(found(**changed)) == which
    assert failed(found(k=70) + found(**changed)) == which  # one k is enough


def test_equally_many_dead_units_everywhere_are_no_help():
    assert failed(found(**{"tied_start": SHARES[UNTIED]})) == [2]
    assert failed(found(**{"tied_start": (0.6, 0.8)})) == []  # at one size


def grid_of(codes_wanted, test_codes, ks):
    """A grid of TopK codes on orthogonal atoms, whose pre-activations are these numbers, without a bias."""
    units = codes_wanted.shape[1]
    atoms = np.eye(units, dtype=np.float32)
    return dictionary_grid(atoms, np.zeros(units, np.float32), ks, train=codes_wanted, test=test_codes)


def test_dead_units_and_errors_are_those_counted_by_hand():
    training = np.array([[3, 2, 1, -1], [4, 3, 0.5, -2], [1, 5, 2, -1]])
    grid = grid_of(training, np.array([[3.0, 2, 1, -1], [5, 1, 0, 0]]), [1, 3])
    one, three = (dead_units._measured("tied start, small", grid, run) for run in range(2))
    assert (one.means, one.units, one.k, three.k) == (TIED, 4, 1, 3)
    assert (one.dead, one.dead_test) == (0.5, 0.75)  # units 0 and 1 are largest in training, unit 0 alone in the test
    assert (three.dead, three.dead_test) == (0.25, 0.25)  # the last is never above 0
    np.testing.assert_allclose([one.error, three.error], [(4 + 1 + 1 + 1) / 2, 1 / 2], rtol=1e-6)
    variance = 2 * (1 + 0.25 + 0.25 + 0.25)  # of two examples around their mean (4, 1.5, 0.5, -0.5)
    np.testing.assert_allclose([one.variance, three.variance], [1 - 7 / variance, 1 - 1 / variance], rtol=1e-6)


def test_the_outcome_is_in_the_order_of_its_lines():
    grids = {
        f"{means}, {size}": grid_of(np.ones((2, units)), np.ones((2, units)), [2, 1])
        for size, units in (("large", 4), ("small", 3))
        for means in (AUXK, UNTIED, RESAMPLING, TIED)
    }
    for grid in grids.values():
        grid.test.x[0] = 0
    result = dead_units.outcome(grids, SimpleNamespace())
    places = [(row["k"], row["means"], row["units"]) for row in result.table]
    assert places == [(k, means, units) for k in "12" for means in (UNTIED, TIED, AUXK, RESAMPLING) for units in "34"]
    # Of equal pre-activations the first k are kept.
    assert [row["dead units (training set)"] for row in result.table[:2]] == [pytest.approx(2 / 3), 0.75]
