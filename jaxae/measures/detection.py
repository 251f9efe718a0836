"""What the units of a code say about features that are known: whether they detect them, and where another absorbs them."""

import numpy as np
from jaxtyping import Float, Num

from jaxae.arrays import Array, Number
from jaxae.measures.matched_features import best_features, cosines

__all__ = ["absorption", "f1", "f1_per_latent"]


def f1_per_latent(
    codes: Num[Array, "examples latents"],
    coefficients: Num[Array, "examples features"],
    found: Num[Array, "latents size"],
    true: Num[Array, "features size"],
) -> Float[np.ndarray, " latents"]:
    """F1 = 2 TP / (2 TP + FP + FN) of each latent that is not 0 as a detector of its best feature's being on.

    The best feature has the largest |cosine| with the latent's atom. 0 where neither is ever on. found: the decoder's rows.
    """
    fires = np.asarray(codes) != 0
    on = (np.asarray(coefficients) != 0)[:, best_features(found, true)]
    both, either = (fires & on).sum(axis=0), fires.sum(axis=0) + on.sum(axis=0)
    return 2 * both / np.maximum(either, 1)


def f1(
    codes: Num[Array, "examples latents"],
    coefficients: Num[Array, "examples features"],
    found: Num[Array, "latents size"],
    true: Num[Array, "features size"],
) -> Float[np.ndarray, ""]:
    """The mean of `f1_per_latent` (SynthSAEBench, arXiv 2602.14687)."""
    return np.asarray(f1_per_latent(codes, coefficients, found, true).mean())


def absorption(
    codes: Num[Array, "examples latents"],
    coefficients: Num[Array, "examples features"],
    x: Num[Array, "examples size"],
    found: Num[Array, "latents size"],
    true: Num[Array, "features size"],
    *,
    cosine: Number = 0.025,
    share: Number = 0.4,
) -> Float[np.ndarray, " features"]:
    """For each feature, the share of the examples where it is on in which another latent has absorbed it.

    The main latent of feature f, of the largest cosine, is silent, and another one of cosine >= `cosine` carries at least
    `share` of the projection: z_j <d_j, f> >= share <x, f> > 0 for a unit vector f. After SAEBench, with the true direction in
    the place of a probe's and one main latent. NaN for a feature that is never on. found: the decoder's rows d_j.
    """
    codes, x, found, true = (np.asarray(array, np.float32) for array in (codes, x, found, true))
    on, similar = np.asarray(coefficients) != 0, cosines(found, true)
    unit = true / np.linalg.norm(true, axis=1, keepdims=True)
    shares = np.full(len(true), np.nan)
    for feature, main in enumerate(similar.argmax(axis=0)):
        silent = np.flatnonzero(on[:, feature] & (codes[:, main] == 0))
        others = np.flatnonzero(similar[:, feature] >= cosine)
        carried = codes[np.ix_(silent, others)] * (found[others] @ unit[feature])
        whole = x[silent] @ unit[feature]
        absorbed = (carried.max(axis=1, initial=-np.inf) >= share * whole) & (whole > 0)
        if on[:, feature].any():
            shares[feature] = absorbed.sum() / on[:, feature].sum()
    return shares
