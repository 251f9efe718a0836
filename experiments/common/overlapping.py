"""Whole pictures as overlapping patches and back."""

from itertools import product

import numpy as np

__all__ = ["averaged", "patches_of"]


def patches_of(picture, size):
    """Every patch of a picture [height, width] as a row, [rows, columns, size * size] with rows = height - size + 1."""
    windows = np.lib.stride_tricks.sliding_window_view(picture, (size, size))
    return windows.reshape(*windows.shape[:2], -1)


def averaged(patches, size):
    """The picture whose pixels are the means over all patches that hold them; patches: as those of `patches_of`."""
    rows, columns = patches.shape[:2]
    total = np.zeros((rows + size - 1, columns + size - 1))
    count = np.zeros_like(total)
    for pixel, (i, j) in enumerate(product(range(size), repeat=2)):
        total[i : i + rows, j : j + columns] += patches[..., pixel]
        count[i : i + rows, j : j + columns] += 1
    return total / count
