"""Colour patches: contrast and whitening against their formulas, splits that share nothing."""

import numpy as np
import pytest

from jaxae import data
from jaxae.data import colour_patches as patches


@pytest.fixture(scope="module")
def normalised():
    return patches.contrast_normalised(np.random.default_rng(0).uniform(0, 255, (400, 27)))


def test_contrast_is_normalised_patch_by_patch():
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 255, (5, 12))
    expected = [(row - row.mean()) / np.sqrt(row.var(ddof=1) + 10) for row in x]
    np.testing.assert_allclose(patches.contrast_normalised(x), expected, rtol=2e-5, atol=1e-6)
    assert not patches.contrast_normalised(np.full((1, 12), 7.0)).any()


def test_whitening_is_symmetric_and_leaves_d_over_d_plus_a_tenth(normalised):
    whitening = patches.Whitening(normalised)
    np.testing.assert_allclose(whitening.matrix, whitening.matrix.T, atol=1e-12)
    values = np.linalg.eigvalsh(np.cov(normalised, rowvar=False))
    white = np.linalg.eigvalsh(np.cov(whitening(normalised), rowvar=False))
    np.testing.assert_allclose(np.sort(white), np.sort(values / (values + 0.1)), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(whitening(normalised).mean(axis=0), 0, atol=1e-5)


def test_patches_of_the_photographs(tmp_path):
    train, test = (data.load("colour_patches", split, count=300) for split in ("train", "test"))
    assert train.x.shape == (300, 192) and train.shape == (8, 8, 3) and train.x.dtype == np.float32
    assert train.labels is None and np.isfinite(train.x).all()
    limited = data.load("colour_patches", "train", count=300, limit=20).x
    np.testing.assert_allclose(limited, train.x[:20], atol=2e-5)  # products round by the number of rows
    other = data.load("colour_patches", "train", count=300, seed=1)
    assert not np.array_equal(other.x, train.x) and not np.array_equal(test.x, train.x)
    assert np.abs(train.x.reshape(-1, 64, 3).std(axis=2)).max() > 0.5  # the colours differ


def test_a_patch_of_a_stack_is_where_it_was_drawn():
    images = np.arange(4 * 5 * 6 * 3).reshape(4, 5, 6, 3)
    found = patches._drawn_from_stack(images, 2, 200, [0]).reshape(200, 2, 2, 3)
    for patch in found:
        n, row, column, _ = np.argwhere(images == patch[0, 0, 0])[0]
        np.testing.assert_array_equal(patch, images[n, row : row + 2, column : column + 2])
    assert len({patch[0, 0, 0] for patch in found}) > 40  # of 80 places


def test_the_whitening_is_fitted_to_as_many_patches_as_asked_for():
    levels = patches._patches("photographs", 4, 0, None, None, "train", 40)
    normalised = patches.contrast_normalised(levels)
    expected = patches.Whitening(normalised)(normalised[:7])
    np.testing.assert_array_equal(data.load("colour_patches", "train", size=4, count=7, fitted=40).x, expected)
    test = patches.contrast_normalised(patches._patches("photographs", 4, 0, None, None, "test", 7))
    found = data.load("colour_patches", "test", size=4, count=7, fitted=40).x
    np.testing.assert_array_equal(found, patches.Whitening(normalised)(test))


def test_a_damaged_photograph_is_named(tmp_path, monkeypatch):
    (tmp_path / "torn.png").write_bytes(b"no picture")
    monkeypatch.setattr(patches.photographs, "shipped", lambda: [tmp_path / "torn.png"])
    with pytest.raises(ValueError, match=r"torn\.png cannot be read .*allowed are pictures with 8 or 16 bits"):
        data.load("colour_patches", "train", count=5, fitted=5)


def test_other_pictures_are_refused():
    with pytest.raises(ValueError, match="'pictures' is 'faces'; allowed are photographs, cifar10"):
        data.load("colour_patches", "train", pictures="faces")
