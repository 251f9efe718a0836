"""What a denoiser says about the density of its data: estimates of the score and directions to a manifold."""

import numpy as np
from jaxtyping import Float64, Num

from jaxae.arrays import Array, Number

__all__ = ["angles", "best_denoiser", "score_estimate", "to_curve"]


def score_estimate(
    reconstructed: Num[Array, "*batch features"], x: Num[Array, "*batch features"], *, std: Number
) -> Float64[np.ndarray, "*batch features"]:
    """The score d log p / dx that a denoiser r stands for, (r(x) - x) / std^2 (Alain & Bengio 2014).

    For the best r under Gaussian noise of deviation `std` it is exactly the score of the data blurred by that noise,
    since E[x | x~] = x~ + std^2 d log p(x~) / dx~, and so that of the data up to o(1) as std falls.
    In nats per unit of x; std > 0.
    """
    return (np.asarray(reconstructed, np.float64) - np.asarray(x, np.float64)) / std**2


def best_denoiser(x: Num[Array, "n d"], points: Num[Array, "m d"], *, std: Number) -> Float64[np.ndarray, "n d"]:
    """The denoiser of least squared error where the data are equally likely points, E[point | x] under Gaussian noise.

    sum_i p_i N(x; p_i, std^2 I) / sum_i N(x; p_i, std^2 I). Holds [n, m] floats.
    """
    x, points = np.asarray(x, np.float64), np.asarray(points, np.float64)
    exponent = (x @ points.T - np.square(points).sum(axis=1) / 2) / std**2  # without |x|^2, which all points share
    weights = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return weights @ points / weights.sum(axis=1, keepdims=True)


def to_curve(x: Num[Array, "n d"], curve: Num[Array, "m d"]) -> Num[Array, "n d"]:
    """The way from each point to the nearest of the points of a curve, curve[nearest] - x."""
    from scipy.spatial import cKDTree  # slow to import, and only this function needs it

    return curve[cKDTree(curve).query(x)[1]] - x


def angles(a: Num[Array, "n d"], b: Num[Array, "n d"]) -> Float64[np.ndarray, " n"]:
    """The angle between each row of a and of b, in degrees from 0 to 180, NaN for a row of zeros."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosines = (a * b).sum(axis=1) / np.where(lengths > 0, lengths, np.nan)
    return np.degrees(np.arccos(np.clip(cosines, -1, 1)))
