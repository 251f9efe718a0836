"""How near the atoms that were found are to features that are known; both are rows, of any length."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, Num

from jaxae.arrays import Array, Number
from jaxae.measures.dictionaries import unit_atoms

__all__ = ["best_features", "cosines", "matched", "matched_cosines", "mcc", "mmcs", "recovered", "uniqueness"]


def cosines(
    found: Num[Array, "latents size"], true: Num[Array, "features size"]
) -> Float[np.ndarray, "latents features"]:
    """The cosine of every atom with every true feature; 0 for a row of zeros."""
    atoms, features = (unit_atoms(jnp.asarray(rows).T) for rows in (found, true))
    return np.asarray(jnp.matmul(atoms.T, features, precision=jax.lax.Precision.HIGHEST))


def matched(
    found: Num[Array, "latents size"], true: Num[Array, "features size"]
) -> tuple[Int[np.ndarray, " pairs"], Int[np.ndarray, " pairs"]]:
    """The one-to-one match of atoms and features with the largest sum of |cosines|: (latents, features), by rising feature.

    min(latents, features) pairs, by the Hungarian algorithm.
    """
    from scipy.optimize import linear_sum_assignment  # slow to import, and only this function needs it

    features, latents = linear_sum_assignment(np.abs(cosines(found, true)).T, maximize=True)
    return latents, features


def matched_cosines(
    found: Num[Array, "latents size"], true: Num[Array, "features size"]
) -> Float[np.ndarray, " pairs"]:
    """|cosine| of each pair of `matched`."""
    return np.abs(cosines(found, true))[matched(found, true)]


def mcc(found: Num[Array, "latents size"], true: Num[Array, "features size"]) -> Float[np.ndarray, ""]:
    """Mean correlation coefficient, the mean |cosine| of the pairs of `matched` (arXiv 2505.20254); 1 where all are found.

    Atoms or features beyond the smaller number do not count.
    """
    return np.asarray(matched_cosines(found, true).mean())


def mmcs(found: Num[Array, "latents size"], true: Num[Array, "features size"]) -> Float[np.ndarray, ""]:
    """Mean max cosine similarity, the mean over true features of the largest cosine with an atom (HoagyC/sparse_coding)."""
    return np.asarray(cosines(found, true).max(axis=0).mean())


def recovered(
    found: Num[Array, "latents size"], true: Num[Array, "features size"], *, least: Number = 0.8
) -> Float[np.ndarray, ""]:
    """The share of true features that have an atom of a cosine above `least`."""
    return np.asarray((cosines(found, true).max(axis=0) > least).mean())


def best_features(found: Num[Array, "latents size"], true: Num[Array, "features size"]) -> Int[np.ndarray, " latents"]:
    """The true feature of the largest |cosine| with each atom; of equal ones the first."""
    return np.abs(cosines(found, true)).argmax(axis=1)


def uniqueness(found: Num[Array, "latents size"], true: Num[Array, "features size"]) -> Float[np.ndarray, ""]:
    """The share of distinct features among `best_features`, distinct / latents; 1 where no two atoms have the same."""
    best = best_features(found, true)
    return np.asarray(len(np.unique(best)) / len(best))
