"""Intrinsic dimension against a plain loop and against samples of known dimension."""

import numpy as np
import pytest

from jaxae.measures.intrinsic_dimension import levina_bickel, neighbour_distances, two_nearest


def cube(dimension, count=2000, seed=0):
    return np.random.default_rng(seed).uniform(size=(count, dimension))


def linear(points):
    """Into 50 dimensions by an isometry."""
    frame = np.linalg.qr(np.random.default_rng(1).standard_normal((50, points.shape[1])))[0]
    return points @ frame.T


def curved(points):
    """Into twice the dimensions: every coordinate becomes most of a circle of its own, so that no hyperplane holds less."""
    return np.concatenate([np.cos(5 * points), np.sin(5 * points)], axis=1)


def test_distances_are_those_of_a_loop_and_leave_the_example_out():
    x = np.random.default_rng(2).standard_normal((12, 3))
    found = neighbour_distances(x, 4)
    for i, row in enumerate(found):
        expected = sorted(np.sqrt(sum((a - b) ** 2)) for j, (a, b) in enumerate((x[i], y) for y in x) if j != i)
        np.testing.assert_allclose(row, expected[:4], rtol=1e-6)
    np.testing.assert_allclose(
        neighbour_distances(x[:3], 2, among=x[3:])[0, 0], min(np.linalg.norm(x[0] - x[3:], axis=1))
    )


def test_two_nearest_is_the_slope_of_a_least_squares_line():
    distances = neighbour_distances(cube(3, 40), 2)
    mu = sorted(r2 / r1 for r1, r2 in distances)
    pairs = [(np.log(m), -np.log(1 - (i + 1) / 40)) for i, m in enumerate(mu[:36])]
    expected = sum(a * b for a, b in pairs) / sum(a * a for a, b in pairs)
    np.testing.assert_allclose(two_nearest(distances), expected, rtol=1e-10)


def test_two_nearest_is_exact_for_the_quantiles_of_its_law():
    """With mu the quantiles of P(mu) = 1 - mu^-d the points of the line lie on it."""
    n, d = 200, 7.5
    mu = (1 - np.arange(1, n) / n) ** (-1 / d)
    distances = np.stack([np.ones(n), np.append(mu, 1e3)], axis=1)
    np.testing.assert_allclose(two_nearest(distances), d, rtol=1e-10)
    np.testing.assert_allclose(two_nearest(distances, discard=0), d, rtol=1e-10)


def test_levina_bickel_is_the_loop_over_its_formula():
    distances = neighbour_distances(cube(3, 30), 6)
    for k in (2, 4, 6):
        local = [sum(np.log(row[k - 1] / row[j]) for j in range(k - 1)) / (k - 1) for row in distances]
        np.testing.assert_allclose(levina_bickel(distances, k), 1 / np.mean(local), rtol=1e-10)
    several = [levina_bickel(distances, k) for k in (4, 5, 6)]
    np.testing.assert_allclose(levina_bickel(distances, range(4, 7)), np.mean(several), rtol=1e-12)


def test_with_two_neighbours_the_likelihood_is_that_of_the_ratio():
    """d = n / sum log mu maximises sum log(d mu^(-d - 1))."""
    distances = neighbour_distances(cube(2, 100), 2)
    d = np.linspace(0.5, 5, 4501)
    log_mu = np.log(distances[:, 1] / distances[:, 0])
    likelihood = len(log_mu) * np.log(d) - (d + 1) * log_mu.sum()
    np.testing.assert_allclose(levina_bickel(distances, 2), d[np.argmax(likelihood)], atol=1e-3)


@pytest.mark.parametrize("embed", [linear, curved])
@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_the_dimension_of_a_sample_is_found_in_any_embedding(embed, dimension):
    # Edges of the cube and the curvature pull the estimate of five dimensions down by a few tenths at 2,000 points.
    distances = neighbour_distances(embed(cube(dimension)), 20)
    np.testing.assert_allclose(two_nearest(distances), dimension, rtol=0.1)
    np.testing.assert_allclose(levina_bickel(distances, range(10, 21)), dimension, rtol=0.12)


def test_scaling_rotation_and_a_fixed_permutation_change_nothing():
    x = cube(4, 300)
    for same in (3 * x, linear(x), x[:, ::-1]):
        for estimate in (two_nearest, lambda d: levina_bickel(d, 10)):
            np.testing.assert_allclose(
                estimate(neighbour_distances(same, 10)), estimate(neighbour_distances(x, 10)), rtol=1e-6
            )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda d: neighbour_distances(np.eye(3), 3), "count is 3: it must be between 1 and"),
        (lambda d: two_nearest(d, discard=1), "discard is 1"),
        (lambda d: two_nearest(d[:, :1]), "2 or more neighbours"),
        (lambda d: two_nearest(0 * d), "duplicate"),
        (lambda d: levina_bickel(d, 1), "k is 1: it must be from 2 on"),
        (lambda d: levina_bickel(d, range(3, 9)), "8 or more neighbours"),
    ],
)
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call(np.array([[1.0, 2.0, 3.0], [1.0, 1.5, 2.0]]))
