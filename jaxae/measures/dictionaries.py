"""Sparse approximation x = W z by few columns (atoms) of a dictionary W, and when the encoder finds them.

Codes are in units of the dictionary as given, whatever the norms of its atoms.
"""

import warnings
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, Num

from jaxae.arrays import Array, Number
from jaxae.extras import imported

__all__ = [
    "coherence",
    "coherence_ratio",
    "hardest_codes",
    "identity_and_hadamard",
    "least_squares",
    "matching_pursuit",
    "overlap",
    "random_codes",
    "support",
    "unit_atoms",
]


def unit_atoms(dictionary: Num[Array, "features atoms"]) -> Float[Array, "features atoms"]:
    """The dictionary with columns of norm 1, w_i / |w_i|; a column of zeros stays."""
    dictionary = jnp.asarray(dictionary)
    norms = jnp.linalg.norm(dictionary, axis=0)
    return dictionary / jnp.where(norms == 0, 1, norms)


def coherence(dictionary: Num[Array, "features atoms"]) -> Float[Array, ""]:
    """The largest cosine between two atoms, mu = max_(i != j) |<w_i, w_j>| / (|w_i| |w_j|)."""
    w = unit_atoms(dictionary)
    gram = jnp.abs(jnp.matmul(w.T, w, precision=jax.lax.Precision.HIGHEST))
    return jnp.max(gram * (1 - jnp.eye(len(gram), dtype=gram.dtype)))


def coherence_ratio(coefficients: Num[Array, "*batch k"] | Sequence, mu: Number) -> Float[Array, "*batch"]:
    """How far the coefficients are from the condition of Makhzani & Frey (2014, theorem 3.1), 2 k mu z_1 / z_k.

    Where it is at most 1, that is k mu <= z_k / (2 z_1), the k largest elements of W^T x for x = W z are those of z, if W has
    unit-norm columns of coherence mu and z has k positive coefficients z_1 >= ... >= z_k and zeros. coefficients:
    in any order. Infinite where the least is 0 or less.
    """
    z = jnp.asarray(coefficients)
    least = jnp.min(z, axis=-1)
    ratio = 2 * z.shape[-1] * mu * jnp.max(z, axis=-1) / jnp.where(least > 0, least, 1)
    return jnp.where(least > 0, ratio, jnp.inf)


def support(z: Num[Array, "*batch atoms"], *, k: int) -> Int[Array, "*batch k"]:
    """The indices of the k largest activations, supp_k(z), by falling value; of equal ones the first."""
    return jax.lax.top_k(z, k)[1]


def overlap(codes: Num[Array, "... atoms"], reference: Num[Array, "... atoms"]) -> Float[Array, "..."]:
    """The share of a code's non-zero units that are non-zero in the reference too, |A & B| / |A|.

    0 for a code of zeros.
    """
    used = jnp.asarray(codes) != 0
    return jnp.sum(used & (jnp.asarray(reference) != 0), axis=-1) / jnp.maximum(jnp.sum(used, axis=-1), 1)


@jax.jit
def least_squares(
    dictionary: Float[Array, "features atoms"], x: Float[Array, "batch features"], support: Int[Array, "batch k"]
) -> Float[Array, "batch atoms"]:
    """The codes with the given supports A that are nearest to x, argmin_z |x - W z|^2 with z = 0 off A, of least norm.

    support: distinct indices.
    """

    def code(inputs):
        x, chosen = inputs
        coefficients = jnp.linalg.lstsq(dictionary[:, chosen], x)[0]
        return jnp.zeros(dictionary.shape[1], x.dtype).at[chosen].set(coefficients)

    # In parts of the batch, since the atoms of each example are gathered: features * k numbers.
    return jax.lax.map(code, (x, support), batch_size=64)


def matching_pursuit(
    dictionary: Num[Array, "features atoms"], x: Num[Array, "batch features"], *, k: int
) -> Float[np.ndarray, "batch atoms"]:
    """Codes of at most k atoms by orthogonal matching pursuit (scikit-learn), greedy for min |x - W z|^2 with |z|_0 <= k.

    Each step takes the atom of largest |cosine| with the residual and fits all coefficients anew; it stops early where the
    atoms left depend on those taken. Atoms of norm 0 are never taken. Raises ValueError for a k outside of 1 to the number of
    atoms.
    """
    orthogonal_mp_gram = imported(
        "sklearn.linear_model"
    ).orthogonal_mp_gram  # slow to import, and only this function needs it

    w = np.asarray(unit_atoms(dictionary), np.float64)  # in float32 coherent atoms stop it early
    if not 1 <= k <= w.shape[1]:
        raise ValueError(f"k is {k}: it must be a whole number between 1 and {w.shape[1]}, the number of atoms")
    x = np.asarray(x, np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of the early stop
        codes = orthogonal_mp_gram(
            w.T @ w, w.T @ x.T, n_nonzero_coefs=int(k), norms_squared=np.sum(np.square(x), axis=1)
        )
    norms = np.linalg.norm(np.asarray(dictionary), axis=0)[:, None]
    return (codes.reshape(w.shape[1], -1) / np.where(norms == 0, 1, norms)).T.astype(np.float32)


def identity_and_hadamard(features: int) -> Float[np.ndarray, "features atoms"]:
    """The spikes e_i and the Walsh-Hadamard waves H_j / sqrt(n), two orthonormal bases of coherence 1 / sqrt(n).

    features: n, a power of 2 -> float32 [n, 2 n]. Raises ValueError for another number.
    """
    if features < 1 or features & (features - 1):
        raise ValueError(f"features is {features}: it must be a power of 2")
    waves = np.ones((1, 1))
    while len(waves) < features:
        waves = np.block([[waves, waves], [waves, -waves]])
    return np.hstack([np.eye(features), waves / np.sqrt(features)]).astype(np.float32)


def random_codes(
    rng: np.random.Generator, atoms: int, *, k: int, least: Number, count: int
) -> Float[np.ndarray, "count atoms"]:
    """Random codes of k positive coefficients: one is 1, one is `least`, the others are uniform between them."""
    values = rng.uniform(least, 1, (count, k))
    values[:, 0], values[:, -1] = least, 1  # 1 where k = 1
    chosen = np.argsort(rng.random((count, atoms)), axis=1)[:, :k]
    codes = np.zeros((count, atoms), np.float32)
    np.put_along_axis(codes, chosen, values.astype(np.float32), axis=1)
    return codes


def hardest_codes(features: int, *, k: int, least: Number) -> Float[np.ndarray, "places atoms"]:
    """Codes for `identity_and_hadamard` that an encoder confuses most: one spike of `least` in (0, 1] among k - 1 waves of 1.

    The waves are negative at the spike and positive at another place, so that the activation of the spike is
    least - (k - 1) mu and that of the absent spike there (k - 1) mu: supp_k fails as soon as least < 2 (k - 1) mu, whereas
    the theorem promises success for least >= 2 k mu. -> [features - 1, 2 features], a code for each place of the spike but the
    first, where no wave is negative. Raises ValueError for k - 1 > features / 4, where there are not as many such waves.
    """
    if k - 1 > features // 4:
        raise ValueError(f"k is {k}: it must be at most features / 4 + 1 = {features // 4 + 1}")
    waves = identity_and_hadamard(features)[:, features:]
    codes = np.zeros((features - 1, 2 * features), np.float32)
    for code, place in zip(codes, range(1, features), strict=True):
        other = (
            place % (features - 1) + 1
        )  # of the orthogonal rows but the first, any two have the signs -, + in a quarter
        confusing = np.flatnonzero((waves[place] < 0) & (waves[other] > 0))[: k - 1]
        code[place] = least
        code[features + confusing] = 1
    return codes
