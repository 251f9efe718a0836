"""The curves: their points, the spline through them, the ink, and the errors that the paper prints for them."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from jaxae import data
from jaxae.data.curves import GAP, HIGH, LOW, PEAK, WIDTH, drawn_points, inked, spline


def test_interface_and_sizes():
    loaded = data.load("curves", "train", count=300)
    assert loaded.x.shape == (300, 784) and loaded.shape == (28, 28) and loaded.labels is None
    assert loaded.x.dtype == np.float32 and loaded.x.flags.c_contiguous
    assert loaded.x.min() >= 0 and loaded.x.max() <= np.float32(PEAK)


def test_a_seed_gives_one_set_and_its_splits_differ():
    train, test, other = (
        data.load("curves", split, count=50, seed=seed).x for split, seed in (("train", 0), ("test", 0), ("train", 1))
    )
    np.testing.assert_array_equal(data.load("curves", "train", count=50).x, train)
    assert len({row.tobytes() for row in np.concatenate([train, test, other])}) == 150


def test_count_and_limit_are_leading_parts():
    whole = data.load("curves", "train", count=40).x
    np.testing.assert_array_equal(data.load("curves", "train", count=10).x, whole[:10])
    np.testing.assert_array_equal(data.load("curves", "train", count=40, limit=10).x, whole[:10])


@pytest.mark.parametrize("option", ["count", "seed"])
def test_bad_numbers_are_refused(option):
    with pytest.raises(ValueError, match=f"'{option}' is -1; it must be a whole number of at least"):
        data.load("curves", "train", **{option: -1})


def test_points_are_uniform_under_the_constraint():
    points = drawn_points(100_000, stream=[0])
    x, y = points[..., 0], points[..., 1]
    assert np.diff(x, axis=1).min() >= GAP and points.min() >= LOW and points.max() <= HIGH
    # Order statistics of three uniform numbers in [2, 22] have the means 7, 12, 17; the gaps add 0, 2, 4.
    np.testing.assert_allclose(x.mean(axis=0), [7, 14, 21], atol=0.05)
    np.testing.assert_allclose(y.mean(axis=0), 14, atol=0.1)
    np.testing.assert_allclose(y.var(axis=0), 24**2 / 12, rtol=0.02)


def test_spline_is_scipys_natural_cubic_spline():
    points = drawn_points(20, stream=[1])
    ours = spline(points, steps=30)
    for p, path in zip(points, ours, strict=True):
        length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1))])
        theirs = CubicSpline(length, p, bc_type="natural")(np.linspace(0, length[-1], 31))
        np.testing.assert_allclose(path, theirs, atol=1e-10)


def test_ink_of_a_straight_line_is_a_gaussian_of_the_distance():
    ends = np.array([[-10.0, 3.0], [38.0, 19.0]])
    line = ends[0] + np.linspace(0, 1, 101)[:, None] * (ends[1] - ends[0])
    normal = np.array([-16, 48]) / np.hypot(16, 48)
    y, x = np.mgrid[:28, :28]
    distance = (np.stack([x, y], axis=-1) - ends[0]) @ normal
    np.testing.assert_allclose(inked(line[None])[0], PEAK * np.exp(-(distance**2) / (2 * WIDTH**2)), atol=1e-4)


def test_ink_saturates_where_strokes_lie_over_each_other():
    there = np.stack([np.linspace(-10, 38, 101), np.full(101, 14.0)], axis=1)
    picture = inked(np.concatenate([there, there[::-1]])[None], peak=1.0)[0]
    np.testing.assert_allclose(picture[14, 5:23], 1, atol=1e-6)


@pytest.mark.slow
def test_errors_of_pca_are_those_of_the_paper():
    train = data.load("curves", "train").x.astype(np.float64)
    test = data.load("curves", "test", count=5000).x - train.mean(axis=0)
    train -= train.mean(axis=0)
    vectors = np.linalg.eigh(train.T @ train)[1][:, ::-1]
    error = [np.mean(np.sum((test - test @ vectors[:, :k] @ vectors[:, :k].T) ** 2, axis=1)) for k in (0, 18)]
    np.testing.assert_allclose(error, [17, 5.90], rtol=0.02)
