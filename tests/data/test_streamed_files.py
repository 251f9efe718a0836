"""Streamed examples are divided and scaled as those in memory, and what does not go with them is refused in a sentence."""

import numpy as np
import pytest

from jaxae.data import load, warped
from jaxae.rows import Rows

LEVELS = np.random.default_rng(0).integers(0, 256, (40, 4, 5), dtype=np.uint8)
NUMBERS = np.random.default_rng(1).normal(size=(40, 6))


def stored(folder, array):
    """An array in one file and in a folder of two."""
    np.save(folder / "whole.npy", array)
    (folder / "shards").mkdir()
    np.save(folder / "shards" / "0.npy", array[:7])
    np.save(folder / "shards" / "1.npy", array[7:])
    return folder / "whole.npy", folder / "shards"


KINDS = [(array, scaling) for array in (LEVELS, LEVELS / 7, NUMBERS) for scaling in ("unit", "standardised", "none")]


@pytest.mark.parametrize(("array", "scaling"), KINDS)
@pytest.mark.parametrize("limit", [None, 9])
def test_streamed_splits_are_those_in_memory(tmp_path, array, scaling, limit):
    whole, shards = stored(tmp_path, array)
    options = {"scaling": scaling, "test": 0.25, "seed": 3, "limit": limit}
    for split in ("train", "test"):
        memory = load("array", split, path=whole, **options)
        for path in (whole, shards):
            streamed = load("array", split, path=path, stream=True, **options)
            assert isinstance(streamed.x, Rows) == (split == "train")
            rounding = 1e-6 if scaling == "standardised" else 0  # sums in another order
            np.testing.assert_allclose(streamed.x[:], memory.x, rtol=0, atol=rounding)
            assert streamed.shape == memory.shape and streamed.labels is None
            once, again = streamed.origin.scaling(array[:3]), memory.origin.scaling(array[:3])
            np.testing.assert_allclose(once, again, rtol=0, atol=rounding)
    notes = load("array", "train", path=shards, stream=True, **options).origin.notes
    assert "30 examples for training and 10 for the test" in notes[0]
    assert "training examples are read from 2 files" in notes[1]
    assert limit is None or notes[2] == "the first 9 of the 30 train examples are taken"


def test_the_test_split_may_be_another_file(tmp_path):
    whole, shards = stored(tmp_path, LEVELS)
    options = {"test": tmp_path / "held.npy", "seed": 1}
    np.save(options["test"], LEVELS[:5] // 2)
    for split in ("train", "test"):
        memory = load("array", split, path=whole, **options)
        np.testing.assert_array_equal(load("array", split, path=shards, stream=True, **options).x[:], memory.x)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"scaling": "size"}, "Data option 'scaling' is 'size'; allowed are unit, standardised, none"),
        ({"label": "y"}, "Data options 'label' and 'key' are not of streamed files; allowed is null"),
        ({"stream": "yes"}, "Data option 'stream' is 'yes'; allowed are true and false"),
        ({"test": 1.5}, "Data option 'test' is 1.5; allowed are a share"),
        ({"limit": 31}, "Data option 'limit' is 31; this split has 30 examples"),
        ({"shape": [3, 5]}, "Data option 'shape' is .* a shape with as many numbers"),
    ],
)
def test_what_is_not_streamed_is_refused(tmp_path, options, said):
    _, shards = stored(tmp_path, LEVELS)
    with pytest.raises(ValueError, match=said):
        load("array", "train", path=shards, **{"stream": True, "test": 0.25} | options)


def test_a_test_of_another_kind_numbers_that_are_not_finite_and_copies_are_refused(tmp_path):
    _, shards = stored(tmp_path, NUMBERS)
    options = {"path": shards, "stream": True, "scaling": "none"}
    np.save(tmp_path / "held.npy", NUMBERS[:, :5])
    with pytest.raises(
        ValueError, match=r"held.npy has examples \[5\] of float64 and .* \[6\] of float64; allowed is one"
    ):
        load("array", "test", test=tmp_path / "held.npy", **options)
    with pytest.raises(ValueError, match="Data option 'warp' needs the examples in memory"):
        warped(load("array", "train", **options), 1)
    np.save(shards / "1.npy", np.where(NUMBERS.max() == NUMBERS, np.nan, NUMBERS))
    with pytest.raises(ValueError, match=r"1.npy, example .* is nan; allowed are finite numbers"):
        load("array", "train", **options)
