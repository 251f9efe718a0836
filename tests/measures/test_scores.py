"""Score estimates against closed forms, directions against a brute-force search."""

import numpy as np

from jaxae.data.densities import centres, mixture_score
from jaxae.measures import scores


def test_the_best_denoiser_of_a_gaussian_gives_the_score_of_the_blurred_gaussian():
    # x ~ N(0, v), x~ = x + s n: E[x | x~] = x~ v / (v + s^2), and the score of N(0, v + s^2) is -x~ / (v + s^2).
    x, v, s = np.linspace(-3, 3, 7)[:, None], 0.7, 0.4
    np.testing.assert_allclose(scores.score_estimate(x * v / (v + s**2), x, std=s), -x / (v + s**2))


def test_the_best_denoiser_of_a_mixture_gives_the_score_of_the_blurred_mixture():
    # E[x | x~] by integrals over a fine grid of clean x.
    s, noisy, clean = 0.15, np.linspace(-1, 1, 21), np.linspace(-2, 2, 8001)
    prior = sum(np.exp(-np.square((clean - m) / 0.1) / 2) for m in centres(3, 0.5))
    joint = prior * np.exp(-np.square((noisy[:, None] - clean) / s) / 2)
    best = (joint * clean).sum(axis=1) / joint.sum(axis=1)
    blurred = mixture_score(noisy, std=np.hypot(0.1, s))
    np.testing.assert_allclose(scores.score_estimate(best, noisy, std=s), blurred, atol=1e-8)


def test_best_denoiser_is_the_mean_of_the_points_by_their_normal_densities():
    from scipy.stats import multivariate_normal

    rng = np.random.default_rng(1)
    x, points = rng.normal(size=(5, 2)), rng.normal(size=(7, 2))
    weights = np.array([[multivariate_normal(p, 0.3**2).pdf(v) for p in points] for v in x])
    expected = weights @ points / weights.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(scores.best_denoiser(x, points, std=0.3), expected)


def test_way_to_the_curve_is_the_shortest_of_all():
    rng = np.random.default_rng(0)
    x, curve = rng.normal(size=(20, 2)), rng.normal(size=(50, 2))
    every = curve[None] - x[:, None]
    nearest = np.linalg.norm(every, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(scores.to_curve(x, curve), every[np.arange(20), nearest])


def test_angles():
    a = np.array([[1, 0], [1, 0], [1, 0], [2, 2], [0, 0]])
    b = np.array([[3, 0], [0, 1], [-1, 0], [1, 0], [1, 0]])
    np.testing.assert_allclose(scores.angles(a, b), [0, 90, 180, 45, np.nan], atol=1e-6)
