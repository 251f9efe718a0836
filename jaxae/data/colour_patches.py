"""Square colour patches, contrast-normalised and ZCA-whitened (Coates, Ng & Lee 2011, section 3.1)."""

import functools
import os
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Num

from jaxae.data import photographs, prepared
from jaxae.data.dataset import Data
from jaxae.data.options import whole_number
from jaxae.data.patches import COUNTS, drawing, drawn, regions

CONTRAST = 10.0  # added to a patch's variance, of levels from 0 to 255
WHITENING = 0.1  # added to the eigenvalues of the covariance of normalised patches
FITTED = 100_000  # training patches to which the whitening is fitted
SOURCES = ("photographs", "cifar10")


def colour_patches(
    split: str,
    *,
    dir: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    size: Any = 8,
    count: Any = None,
    seed: Any = 0,
    pictures: Any = "photographs",
    fitted: Any = FITTED,
    limit: Any = None,
) -> Data:
    """Patches at uniformly drawn positions, each normalised by `contrast_normalised`, all by `Whitening` of the training ones.

    pictures: "photographs", the shipped ones at half size, whose left 80 % of columns are for train, or "cifar10" with its own
    splits; size: pixels per side; count: 500,000 for train and 10,000 for test by default; fitted: training patches that the
    whitening of both splits is fitted to. x: [count, size * size * 3]; no labels. Raises ValueError for other pictures.
    """
    if pictures not in SOURCES:
        raise ValueError(f"Data option 'pictures' is {pictures!r}; allowed are {', '.join(SOURCES)}.")
    size, kept, (seed, _) = drawing(split, size, count, seed, limit)
    fitted = whole_number("fitted", fitted, least=2)
    places = (pictures, size, seed, dir and os.fspath(dir), cache and os.fspath(cache))
    x = contrast_normalised(_patches(*places, split, kept))
    return Data(_whitening(*places, fitted)(x), None, (size, size, 3))


def contrast_normalised(
    x: Num[np.ndarray, "n features"], *, constant: float = CONTRAST
) -> Float32[np.ndarray, "n features"]:
    """Each patch without its mean, divided by its standard deviation: (x - mean) / sqrt(var + constant), levels 0 to 255.

    The variance is the sample variance, and the mean is over all pixels and colours.
    """
    x = np.asarray(x, np.float32)
    x = x - x.mean(axis=1, keepdims=True)
    x /= np.sqrt(x.var(axis=1, ddof=1, keepdims=True) + np.float32(constant))
    return x


class Whitening:
    """ZCA whitening of examples, V diag(1 / sqrt(d + constant)) V^T (x - mean), of the covariance V diag(d) V^T of others."""

    def __init__(self, x: Float[np.ndarray, "n features"], *, constant: float = WHITENING):
        """Fit the mean and covariance of examples."""
        self.mean = x.mean(axis=0, dtype=np.float64)
        values, vectors = np.linalg.eigh(np.cov(x, rowvar=False, dtype=np.float64))
        self.matrix = (vectors / np.sqrt(np.maximum(values, 0) + constant)) @ vectors.T

    def __call__(self, x: Float[np.ndarray, "n features"]) -> Float32[np.ndarray, "n features"]:
        """Whiten examples."""
        return (x - self.mean.astype(np.float32)) @ self.matrix.astype(np.float32)


@functools.lru_cache(maxsize=2)  # of the train and the test split
def _whitening(pictures, size, seed, dir, cache, fitted):
    return Whitening(contrast_normalised(_patches(pictures, size, seed, dir, cache, "train", fitted)))


def _patches(pictures, size, seed, dir, cache, split, count):
    """Patches of levels 0 to 255 as rows."""
    stream = [seed, list(COUNTS).index(split)]
    if pictures == "cifar10":
        images, _ = prepared.decoded("cifar10", split, dir, cache, None)
        return _drawn_from_stack(images, size, count, stream)
    levels = {name: _colours(name) for name in photographs.shipped()}
    levels = {name: picture for name, picture in levels.items() if np.ptp(picture, axis=-1).any()}  # one is grey
    # The three colours are drawn from the same places, the stream being the same.
    planes = [regions(list(levels), [picture[..., c] for picture in levels.values()], split, size) for c in range(3)]
    found = np.stack([drawn(plane, size, count, stream=stream) for plane in planes], axis=-1)
    return found.reshape(count, -1)


def _drawn_from_stack(images, size, count, stream):
    """Patches at random places of equally large pictures [n, rows, columns, colours]."""
    places = [len(images), images.shape[1] - size + 1, images.shape[2] - size + 1]
    draws = np.random.PCG64(stream).random_raw((3, count))
    picture, row, column = (draw % np.uint64(n) for draw, n in zip(draws, places, strict=True))
    offset = np.arange(size)
    rows, columns = row.astype(int)[:, None] + offset, column.astype(int)[:, None] + offset
    return images[picture.astype(int)[:, None, None], rows[:, :, None], columns[:, None, :]].reshape(count, -1)


def _colours(path):
    """Levels 0 to 255 of a photograph at half its size, [rows, columns, 3]; grey ones have equal colours."""
    colours = photographs.read_colours(path)
    return 255 * np.stack([photographs.halve(colours[..., c]) for c in range(3)], axis=-1)
