"""Points of low dimension from densities that are known: a spiral in the plane and a mixture of Gaussians on the line."""

import math
import numbers
import os
from typing import Any

import numpy as np
from jaxtyping import Float64, Num

from jaxae.arrays import Array, Number
from jaxae.data.dataset import Data
from jaxae.data.options import leading, positive, whole_number
from jaxae.data.raw_numbers import box_muller

COUNTS = {"train": 10_000, "test": 2_000}
START, LENGTH = 3.0, 12.0  # of the spiral: first angle and range of angles in radians


def spiral(
    split: str,
    *,
    dir: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    count: Any = None,
    seed: Any = 0,
    pitch: Any = 0.04,
    std: Any = 0.0,
    limit: Any = None,
) -> Data:
    """Points pitch t (sin t, cos t) of a spiral, t uniform in [3, 15] (after Alain & Bengio 2014); shape (2,).

    count: 10,000 for train and 2,000 for test by default; std: of Gaussian noise along the radius, 0 or more.
    """
    u, noise = _drawn(split, count, seed, limit)
    t = START + LENGTH * u
    return Data(_polar(positive("pitch", pitch) * t + _deviation(std) * noise, t).astype(np.float32), None, (2,))


def spiral_curve(count: int, pitch: Number = 0.04) -> Float64[np.ndarray, "count 2"]:
    """Points of the spiral itself at equal steps of its angle."""
    t = np.linspace(START, START + LENGTH, count)
    return _polar(pitch * t, t)


def mixture(
    split: str,
    *,
    dir: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    count: Any = None,
    seed: Any = 0,
    components: Any = 3,
    spacing: Any = 0.5,
    std: Any = 0.1,
    limit: Any = None,
) -> Data:
    """Points on the line from equally likely Gaussians whose means are `spacing` apart and centred at 0; shape (1,).

    count: 10,000 for train and 2,000 for test by default; std: of each Gaussian; 0 leaves the means alone, as the three
    points -0.5, 0 and 0.5 of figure 14.7 in Goodfellow et al. 2016. labels: which Gaussian a point is from.
    """
    u, noise = _drawn(split, count, seed, limit)
    means = centres(components, spacing)
    labels = np.floor(u * len(means)).astype(np.int32)
    x = means[labels] + _deviation(std) * noise
    return Data(x.astype(np.float32)[:, None], labels, (1,))


def centres(components: Any, spacing: Any) -> Float64[np.ndarray, " components"]:
    """The means of the mixture's Gaussians."""
    components = whole_number("components", components, least=1)
    return positive("spacing", spacing) * (np.arange(components) - (components - 1) / 2)


def mixture_score(
    x: Num[Array, "*shape"], *, components: Any = 3, spacing: Any = 0.5, std: Number = 0.1
) -> Float64[np.ndarray, "*shape"]:
    """The score of the mixture, d log p / dx = sum_k p(k | x) (mean_k - x) / std^2; std > 0."""
    difference = centres(components, spacing) - np.asarray(x, np.float64)[..., None]
    exponent = -np.square(difference / std) / 2
    posterior = np.exp(exponent - exponent.max(axis=-1, keepdims=True))  # the largest is 1: no 0 / 0 in the tails
    return (posterior * difference).sum(axis=-1) / posterior.sum(axis=-1) / std**2


def _polar(radius, t):
    return np.stack([radius * np.sin(t), radius * np.cos(t)], axis=-1)


def _drawn(split, count, seed, limit):
    """One uniform and one standard normal number for each point."""
    count = COUNTS[split] if count is None else whole_number("count", count, least=1)
    seed = whole_number("seed", seed, least=0)
    # numpy keeps the raw stream of a bit generator for good, that of Generator.normal only within a version.
    raw = np.random.PCG64([seed, list(COUNTS).index(split)]).random_raw((leading(limit, count).stop, 3))
    u, v, w = (raw.T + 0.5) / 2.0**64 * (1 - 2.0**-52)  # below 1 after rounding
    return u, box_muller(v, w)[0]


def _deviation(std):
    if isinstance(std, bool) or not isinstance(std, numbers.Real) or not 0 <= std < math.inf:
        raise ValueError(f"Data option 'std' is {std!r}; it must be a number from 0 on.")
    return std
