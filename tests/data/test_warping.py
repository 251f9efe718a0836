"""Affine copies of pictures against SciPy's, their limits, and what stays as it is."""

import numpy as np
import pytest
from scipy import ndimage

from jaxae import data
from jaxae.data.warping import ANGLE, SCALE, SHIFT, apply_maps, random_maps


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", "train", limit=30)


def test_a_copy_is_scipys_affine_transform(digits):
    pictures = digits.x.reshape(-1, 8, 8)
    maps = random_maps(len(pictures), 8, stream=[3]).astype(np.float32)
    middle = np.array([3.5, 3.5])
    expected = [
        ndimage.affine_transform(
            picture, m[:, :2], middle + m[:, 2] - m[:, :2] @ middle, order=1, mode="grid-constant", cval=0
        )
        for picture, m in zip(pictures, maps, strict=True)
    ]
    np.testing.assert_allclose(apply_maps(pictures, maps), expected, atol=2e-5)


def test_maps_stay_within_their_limits():
    maps = random_maps(5000, 28, stream=[0])
    scales = 1 / np.sqrt(np.linalg.det(maps[:, :, :2]))  # a shear and a turn keep the area
    assert 1 - SCALE <= scales.min() < 1 - 0.9 * SCALE and 1 + 0.9 * SCALE < scales.max() <= 1 + SCALE
    assert np.abs(maps[:, :, 2]).max() <= SHIFT * 28 and np.abs(maps[:, :, 2]).max() > 0.9 * SHIFT * 28
    turned = np.arctan2(-maps[:, 0, 1], maps[:, 1, 1])  # the second column is only turned
    assert 0.9 * ANGLE < np.abs(turned).max() <= ANGLE + 1e-9


def test_the_pictures_come_first_and_labels_are_repeated(digits, tmp_path):
    more = data.warped(digits, 2, cache=tmp_path)
    assert more.x.shape == (90, 64) and more.x.dtype == np.float32 and more.shape == (8, 8)
    np.testing.assert_array_equal(more.x[:30], digits.x)
    np.testing.assert_array_equal(more.labels, np.tile(digits.labels, 3))
    assert more.x.min() >= 0 and more.x.max() <= 1 and not np.array_equal(more.x[30:60], more.x[60:])


def test_copies_are_made_once_and_of_their_seed(digits, tmp_path):
    first = data.warped(digits, 1, cache=tmp_path)
    (kept,) = tmp_path.iterdir()
    changed = kept.stat().st_mtime_ns
    np.testing.assert_array_equal(data.warped(digits, 1, cache=tmp_path).x, first.x)
    assert kept.stat().st_mtime_ns == changed
    assert not np.array_equal(data.warped(digits, 1, seed=1, cache=tmp_path).x, first.x)
    assert data.warped(digits, 0) is digits


def test_what_cannot_be_warped_is_refused(digits):
    with pytest.raises(ValueError, match=r"'warp' is 1\.5; it must be a whole number of at least 0"):
        data.warped(digits, 1.5)
    with pytest.raises(ValueError, match="needs grey pictures, height x width, and these are 2"):
        data.warped(data.load("spiral", "train", limit=10), 1)
