"""Lines are compared where they have equally many active units, and every verdict can come out both ways."""

from types import SimpleNamespace

import numpy as np
import pytest
from dictionary_grid import dictionary_grid

from experiments.figures import frontier
from experiments.figures.frontier import Point, at_l0, gains

NAMES = ("L1", "p-annealed L1", "TopK", "BatchTopK", "JumpReLU", "Gated", "Matryoshka", "matching pursuit")
RANKS = dict(zip(NAMES, (0, 2, 3, 5, 6, 7, 4, 8), strict=True))  # of lines that make every claim true, 0.01 apart


def line(*points):
    return [Point("", l0, variance) for l0, variance in points]


def lines(**ranks):
    ranks = RANKS | {name.replace("_", " "): rank for name, rank in ranks.items()}
    return {name: line((2, 0.3 + 0.01 * rank), (32, 0.7 + 0.01 * rank)) for name, rank in ranks.items()}


def held(found):
    return [verdict.holds for verdict in frontier._verdicts(found)]


def test_between_its_points_a_line_is_straight_over_the_logarithm():
    points = line((16, 0.8), (1, 0.2), (4, 0.4), (0, 0.0))  # in any order; codes of zeros have no logarithm
    np.testing.assert_allclose(at_l0(points, [1, 2, 4, 8, 16]), [0.2, 0.3, 0.4, 0.6, 0.8])
    np.testing.assert_array_equal(np.isnan(at_l0(points, [0.9, 17])), True)


def test_lines_are_compared_over_the_range_that_both_reach():
    places, more = gains(line((1, 0.3), (16, 0.7)), line((4, 0.4), (64, 0.8)))
    np.testing.assert_allclose(places, 4 * 2 ** np.linspace(0, 2, frontier.PLACES))
    np.testing.assert_allclose(more, 0.1)  # both rise by 0.1 with each doubling


@pytest.mark.parametrize("other", [line((17, 0.1), (64, 0.2)), line((0, 0.0))])
def test_lines_without_a_common_range_decide_nothing(other):
    _, more = gains(line((1, 0.3), (16, 0.7)), other)
    assert more.shape == (frontier.PLACES,) and np.isnan(more).all()
    verdict = frontier._ahead("", {"a": line((1, 0.3), (16, 0.7)), "b": other}, "a", "b")
    assert (verdict.holds, verdict.measured) == (False, "no L0 that both reach")


def test_every_claim_holds_of_lines_in_its_order():
    assert held(lines()) == [True] * 8


@pytest.mark.parametrize(
    ("ranks", "failed"),
    [
        ({"TopK": -1}, [0]),
        ({"BatchTopK": -1, "Matryoshka": -2}, [1, 2]),
        ({"TopK": 5.5}, [2]),
        ({"JumpReLU": -1}, [3]),
        ({"Gated": -1}, [4]),
        ({"p-annealed L1": -1}, [5]),
        ({"matching_pursuit": 2.5}, [6]),
        ({"Matryoshka": 5.5}, [7]),  # ahead
        ({"Matryoshka": -0.5}, [7]),  # more than a little behind
    ],
)
def test_each_verdict_has_a_line_that_fails_it(ranks, failed):
    assert [i for i, holds in enumerate(held(lines(**ranks))) if not holds] == failed


def test_one_place_at_which_a_line_is_behind_is_enough():
    found = lines() | {"TopK": line((2, 0.4), (8, 0.8), (32, 0.69))}
    assert not held(found)[0]


def dictionary(weight, bias, ks):
    """A grid of TopK codes on a dictionary with the same weights both ways."""
    x = bias + np.array([[3, 2, 1], [1, 3, -2], [-1, 2, 2]]) @ weight
    return dictionary_grid(weight, bias, ks, train=x, test=x)


def test_of_an_orthonormal_dictionary_every_point_is_known():
    weight = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0].astype(np.float32)
    grid = dictionary(weight, np.float32([1, -1, 2]), [1, 2])
    # Coefficients (3, 2, 1), (1, 3, -2), (-1, 2, 2), of mean (1, 7/3, 1/3); their squares less the mean's sum to 18.67.
    variance = 37 - 3 * (1 + 49 / 9 + 1 / 9)
    trained = frontier._trained(grid, grid.test.x)
    # k = 1 loses 4 + 1, 1 + 4 and 1 + 4; k = 2 loses 1, 4 (the negative one) and 1.
    np.testing.assert_allclose([point.variance for point in trained], [1 - 15 / variance, 1 - 6 / variance], rtol=1e-4)
    assert [(point.setting, point.l0) for point in trained] == [("k 1", 1), ("k 2", 2)]
    # Matching pursuit takes the largest magnitudes: for k = 2 it loses 1, 1 and 1.
    pursued = [frontier._pursued(grid, run, k, grid.test.x) for run, k in enumerate([1, 2])]
    np.testing.assert_allclose([point.variance for point in pursued], [1 - 15 / variance, 1 - 3 / variance], rtol=1e-4)


def test_principal_components_explain_their_share_of_the_variance():
    x = np.random.default_rng(0).normal(size=(50, 4)) * [4, 3, 2, 1]
    eigenvalues = np.linalg.eigvalsh(np.cov(x.T))[::-1]
    points = frontier._components(x, x, [1, 3])
    shares = np.cumsum(eigenvalues)[[0, 2]] / eigenvalues.sum()
    np.testing.assert_allclose([point.variance for point in points], shares, rtol=1e-5)


def test_the_figure_has_every_line_with_its_points():
    found = lines() | {"PCA": line((2, 0.5), (32, 0.9))}
    whole, gain = frontier.draw(found, at_l0).axes
    assert [text.get_text() for text in whole.get_legend().get_texts()] == list(found)
    drawn = [np.asarray(entry.get_ydata(), float) for entry in gain.get_lines()]
    np.testing.assert_allclose(drawn[1], 0, atol=1e-12)  # L1 less itself
    np.testing.assert_allclose(drawn[2 * list(found).index("TopK") + 1], 0.03)


def test_a_code_of_more_than_k_units_fails_its_check():
    points = [SimpleNamespace(l0=4.0), SimpleNamespace(l0=7.5)]
    assert frontier._of_k(points, [4, 8]).holds
    assert not frontier._of_k(points, [4, 7]).holds
