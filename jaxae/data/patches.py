"""Square patches of whitened photographs."""

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Float32

from jaxae.data.dataset import Data
from jaxae.data.options import leading, positive, whole_number
from jaxae.data.photographs import whitened
from jaxae.data.whitening import VARIANCE

COUNTS = {"train": 500_000, "test": 10_000}
TRAIN_SHARE = 0.8  # of the columns, on the left
BLOCK = 16_384  # patches cut out at once, which bounds the memory beside the result


def patches(
    split: str,
    *,
    dir: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    size: Any = 12,
    count: Any = None,
    seed: Any = 0,
    path: str | os.PathLike | None = None,
    variance: Any = VARIANCE,
    limit: Any = None,
) -> Data:
    """Patches at uniformly drawn positions of whitened photographs, the left 80 % of columns for train, the rest test.

    size: pixels per side; count: 500,000 for train and 10,000 for test by default; path: see `photographs.whitened`;
    variance: of the pictures, their mean. x: [count, size * size]; no labels. Raises ValueError for other options.
    """
    size, kept, stream = drawing(split, size, count, seed, limit)
    x = drawn(regions(*whitened(path, positive("variance", variance)), split, size), size, kept, stream=stream)
    return Data(x.reshape(kept, size * size), None, (size, size))


def drawing(split: str, size: Any, count: Any, seed: Any, limit: Any) -> tuple[int, int, list[int]]:
    """(pixels per side, how many patches, the seed of their drawing) of a split's options; ValueError for others."""
    size = whole_number("size", size, least=1)
    count = COUNTS[split] if count is None else whole_number("count", count, least=1)
    seed = whole_number("seed", seed, least=0)
    return size, leading(limit, count).stop, [seed, list(COUNTS).index(split)]


def regions(
    names: Sequence[str | Path], pictures: Sequence[Float[np.ndarray, "_ _"]], split: str, size: int
) -> list[Float[np.ndarray, "_ _"]]:
    """The part of each picture that belongs to the split; raises ValueError where either part holds no patch."""
    borders = [round(TRAIN_SHARE * picture.shape[1]) for picture in pictures]
    for name, picture, border in zip(names, pictures, borders, strict=True):
        rows, columns = picture.shape
        if min(rows, border, columns - border) < size:
            raise ValueError(
                f"Picture {name} has {rows} x {columns} pixels after halving, {border} columns for train and "
                f"{columns - border} for test; patches of {size} x {size} need {size} rows and {size} columns in each."
            )
    train = split == "train"
    return [p[:, :border] if train else p[:, border:] for p, border in zip(pictures, borders, strict=True)]


def drawn(
    regions: Sequence[Float[np.ndarray, "_ _"]], size: int, count: int, *, stream: Sequence[int]
) -> Float32[np.ndarray, "count size size"]:
    """Patches, each position of all regions being equally likely. stream: seeds."""
    windows = [np.lib.stride_tricks.sliding_window_view(region, (size, size)) for region in regions]
    starts = np.cumsum([0] + [window.shape[0] * window.shape[1] for window in windows])
    # numpy keeps the raw stream of a bit generator for good, that of Generator.integers only within a version. The
    # remainder of 64 bits favours a position by less than 1 in 10^12.
    positions = (np.random.PCG64(stream).random_raw(count) % np.uint64(starts[-1])).astype(np.int64)
    x = np.empty((count, size, size), np.float32)
    for window, (start, end) in zip(windows, pairwise(starts), strict=True):
        chosen = np.flatnonzero((positions >= start) & (positions < end))
        for rows in np.array_split(chosen, len(chosen) // BLOCK + 1):
            row, column = np.divmod(positions[rows] - start, window.shape[1])
            x[rows] = window[row, column]
    return x
