"""Points from known densities: the spiral against its equation, the mixture and its score against SciPy."""

import numpy as np
import pytest
from scipy import stats

from jaxae import data
from jaxae.data import densities


def test_spiral_obeys_its_equation_and_fills_it_uniformly():
    loaded = data.load("spiral", "train", count=5000)
    assert loaded.x.shape == (5000, 2) and loaded.shape == (2,) and loaded.labels is None
    assert loaded.x.dtype == np.float32
    t = np.hypot(*loaded.x.T) / 0.04
    np.testing.assert_allclose(loaded.x, 0.04 * np.stack([t * np.sin(t), t * np.cos(t)], axis=1), atol=1e-5)
    assert stats.kstest(t, stats.uniform(3, 12).cdf).pvalue > 0.01
    np.testing.assert_allclose(data.load("spiral", "train", count=5000, pitch=0.08).x, 2 * loaded.x, rtol=1e-6)


def test_radial_noise_of_the_spiral_is_normal_along_the_radius():
    clean, noisy = (data.load("spiral", "train", count=5000, std=std).x for std in (0.0, 0.01))
    radius = np.hypot(*clean.T)[:, None]
    off = ((noisy - clean) * clean / radius).sum(axis=1)
    np.testing.assert_allclose(noisy - clean, off[:, None] * clean / radius, atol=1e-6)
    assert stats.kstest(off, stats.norm(0, 0.01).cdf).pvalue > 0.01


def test_spiral_curve_holds_the_points():
    from scipy.spatial import cKDTree

    curve = densities.spiral_curve(20_001)
    np.testing.assert_allclose(
        curve[[0, -1]], 0.04 * np.array([[3 * np.sin(3), 3 * np.cos(3)], [15 * np.sin(15), 15 * np.cos(15)]])
    )
    assert (
        cKDTree(curve).query(data.load("spiral", "test").x)[0].max() < 3e-4
    )  # half a step of at most 0.6 / 20,000 * 12


def test_mixture_is_drawn_from_its_density():
    loaded = data.load("mixture", "train")
    assert loaded.x.shape == (10_000, 1) and loaded.shape == (1,) and loaded.x.dtype == np.float32

    def cdf(x):
        return np.mean([stats.norm(m, 0.1).cdf(x) for m in (-0.5, 0, 0.5)], axis=0)

    assert stats.kstest(loaded.x[:, 0], cdf).pvalue > 0.01
    for label, mean in enumerate((-0.5, 0, 0.5)):
        np.testing.assert_allclose(loaded.x[loaded.labels == label].mean(), mean, atol=0.01)


def test_mixture_without_spread_is_three_points():
    x = data.load("mixture", "train", std=0, count=300).x
    assert sorted(set(x[:, 0].tolist())) == [-0.5, 0, 0.5]


def test_score_is_the_derivative_of_the_log_density():
    x, h = np.linspace(-2, 2, 41), 1e-5

    def log_density(v):
        return np.log(np.mean([stats.norm(m, 0.2).pdf(v) for m in (-0.3, 0.3)], axis=0))

    difference = (log_density(x + h) - log_density(x - h)) / (2 * h)
    np.testing.assert_allclose(densities.mixture_score(x, components=2, spacing=0.6, std=0.2), difference, atol=1e-6)


def test_score_far_away_is_that_of_the_nearest_gaussian():
    np.testing.assert_allclose(densities.mixture_score(np.array([30.0])), [(0.5 - 30) / 0.01])


@pytest.mark.parametrize("name", ["spiral", "mixture"])
def test_splits_differ_and_limit_is_the_leading_part(name):
    train, test = (data.load(name, split).x for split in ("train", "test"))
    assert len(train) == 10_000 and len(test) == 2_000
    np.testing.assert_array_equal(data.load(name, "train", limit=10).x, train[:10])
    assert np.isin(test, train).all(axis=1).mean() < 0.01  # a few float32 numbers on the line coincide


@pytest.mark.parametrize(
    "option, value", [("std", -1), ("std", "wide"), ("spacing", 0), ("components", 0), ("count", 0)]
)
def test_what_cannot_be_is_refused(option, value):
    with pytest.raises(ValueError, match=f"Data option '{option}' is {value!r}; it must be a"):
        data.load("mixture", "train", **{option: value})
