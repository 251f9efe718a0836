"""Curves through three random points, drawn in ink (Hinton & Salakhutdinov 2006, the "curves" of figure 2A)."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Float32

from jaxae.arrays import Number
from jaxae.data.dataset import Data
from jaxae.data.options import leading, whole_number

COUNTS = {"train": 20_000, "test": 10_000}
SIDE = 28  # pixels
LOW, HIGH = 2.0, 26.0  # range of the points' coordinates
GAP = 2.0  # least difference of x from one point to the next
# The paper does not say how the ink spreads. These two make PCA's test errors those of the paper: 17.1 for the mean alone
# (about 17 in its figure S1) and 5.9 at 18 components (5.90); nothing else was looked at to choose them.
WIDTH = 1.12  # pixels, standard deviation of a stroke's profile
PEAK = 0.69  # intensity in the middle of a stroke
STEPS = 64  # straight pieces of a curve, about a pixel long at most
BLOCK = 2_000  # curves drawn at once, which bounds the memory


def curves(
    split: str,
    *,
    dir: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    count: Any = None,
    seed: Any = 0,
    limit: Any = None,
) -> Data:
    """Pictures of smooth curves through three random points, a set of six true dimensions; shape (28, 28), no labels.

    count: 20,000 for train and 10,000 for test by default. The points are uniform over all whose coordinates are in [2, 26]
    and whose x grows by at least 2 from one to the next. The first n of `count` curves are the same for every `count`.
    """
    count = COUNTS[split] if count is None else whole_number("count", count, least=1)
    seed = whole_number("seed", seed, least=0)
    kept = leading(limit, count).stop
    points = drawn_points(kept, stream=[seed, list(COUNTS).index(split)])
    x = np.empty((kept, SIDE, SIDE), np.float32)
    for start in range(0, kept, BLOCK):
        x[start : start + BLOCK] = inked(spline(points[start : start + BLOCK]))
    return Data(x.reshape(kept, -1), None, (SIDE, SIDE))


def drawn_points(count: int, *, stream: Sequence[int]) -> Float[np.ndarray, "count 3 2"]:
    """Three points (x, y) for each curve. stream: seeds."""
    # numpy keeps the raw stream of a bit generator for good, that of Generator.random only within a version.
    draws = np.random.PCG64(stream).random_raw((count, 2, 3)) / 2.0**64
    # Sorted uniform numbers in a range without the two gaps, then moved apart by them, are uniform under the constraint.
    x = LOW + np.sort(draws[:, 0], axis=1) * (HIGH - LOW - 2 * GAP) + GAP * np.arange(3)
    return np.stack([x, LOW + draws[:, 1] * (HIGH - LOW)], axis=2)


def spline(points: Float[np.ndarray, "n 3 d"], steps: int = STEPS) -> Float[np.ndarray, "n {steps}+1 d"]:
    """The natural cubic spline through three points over the length of the straight lines between them, at equal steps.

    With the second derivative 0 at both ends, that in the middle is
    3 (d1 - d0) / (h0 + h1) for the lines' lengths h and slopes d.
    """
    h = np.linalg.norm(np.diff(points, axis=1), axis=2)
    slope = np.diff(points, axis=1) / h[..., None]
    bend = (3 * (slope[:, 1] - slope[:, 0]) / h.sum(axis=1, keepdims=True))[:, None]
    along = (h.sum(axis=1, keepdims=True) * np.linspace(0, 1, steps + 1))[..., None]
    first, second = h[:, :1, None], h[:, 1:, None]
    left, right = along, first + second - along  # distances to the two ends
    before = points[:, :1] + slope[:, :1] * left + bend / (6 * first) * (left**3 - first**2 * left)
    after = points[:, 2:] - slope[:, 1:] * right + bend / (6 * second) * (right**3 - second**2 * right)
    return np.where(along < first, before, after)


def inked(
    path: Float[np.ndarray, "n points 2"], *, width: Number = WIDTH, peak: Number = PEAK, side: int = SIDE
) -> Float32[np.ndarray, "n side side"]:
    """Pictures of paths whose ink spreads as a Gaussian and saturates, peak * min(1, integral ds g(p - c(s))).

    g(v) = exp(-|v|^2 / (2 width^2)) / (sqrt(2 pi) width), so that a long straight stroke has the profile
    peak * exp(-distance^2 / (2 width^2)). path: as (x, y) in pixels, the centre of a pixel being a whole
    number; y points downwards.
    """
    piece = np.diff(path, axis=1)
    middle = (path[:, :-1] + path[:, 1:]).astype(np.float32) / 2
    length = np.linalg.norm(piece, axis=2).astype(np.float32) / np.float32(np.sqrt(2 * np.pi) * width)
    spread = np.exp(-np.square(middle[..., None] - np.arange(side, dtype=np.float32)) / np.float32(2 * width**2))
    # The Gaussian is a product of one in x and one in y: the sum over the pieces is a product of matrices.
    ink = np.swapaxes(spread[:, :, 1] * length[..., None], 1, 2) @ spread[:, :, 0]
    return np.float32(peak) * np.minimum(ink, np.float32(1))
