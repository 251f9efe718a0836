import numpy as np
import pytest

from jaxae import data
from jaxae.data import photographs


def test_photographs_are_held_out_as_wholes():
    train, test = (dict(photographs.held_out(split)) for split in ("train", "test"))
    assert set(test) == set(photographs.HELD_OUT) and not set(test) & set(train)
    assert len(train) + len(test) == len(photographs.SHIPPED)


def test_every_patch_lies_in_a_photograph_of_its_split():
    for split in ("train", "test"):
        found = data.load("photograph_patches", split, count=20, size=8)
        assert found.x.shape == (20, 64) and 0 <= found.x.min() <= found.x.max() <= 1
        windows = [np.lib.stride_tricks.sliding_window_view(p, (8, 8)) for _, p in photographs.held_out(split)]
        for patch in found.x.reshape(-1, 8, 8):
            corner = [np.argwhere(window[:, :, 0, 0] == patch[0, 0]) for window in windows]
            places = [window[i, j] for window, found in zip(windows, corner, strict=True) for i, j in found]
            assert any(np.array_equal(place, patch) for place in places)


def test_a_patch_larger_than_a_photograph_is_refused():
    with pytest.raises(ValueError, match=r"'size' is 1000; photograph .* allowed is 1 to"):
        data.load("photograph_patches", "train", size=1000, count=1)
