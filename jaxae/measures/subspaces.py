"""Subspaces at each example: local PCA, and how much of a direction lies inside a span."""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Float

from jaxae.arrays import Array

__all__ = ["explained", "local_directions"]


@jax.jit
def explained(
    basis: Float[Array, "batch m features"], vectors: Float[Array, "batch n features"]
) -> Float[Array, "batch n m"]:
    """The fraction of each vector's squared length inside the span of the first m basis vectors, for every m.

    basis: orthonormal; vectors: none 0. The fractions rise in m to at most 1. The mean over random bases is m / features.
    """
    parts = jnp.square(jnp.einsum("bnf,bmf->bnm", vectors, basis))
    return jnp.cumsum(parts, axis=-1) / jnp.sum(jnp.square(vectors), axis=-1, keepdims=True)


@functools.partial(jax.jit, static_argnames=("neighbours", "count"))
def local_directions(
    x: Float[Array, "batch features"], data: Float[Array, "n features"], *, neighbours: int, count: int
) -> Float[Array, "batch count features"]:
    """Local PCA: the leading principal directions of the nearest neighbours of each x in the data, about their mean.

    data: without x itself; neighbours: how many, more than `count`. Orthonormal, largest variance first. Raises ValueError for
    sizes that do not fit.
    """
    if not 1 <= count < neighbours <= len(data):
        raise ValueError(
            f"count is {count} and neighbours {neighbours}: 1 <= count < neighbours <= {len(data)} is needed"
        )

    def one(point):
        distance = jnp.sum(jnp.square(data - point), axis=-1)
        near = data[jax.lax.top_k(-distance, neighbours)[1]]
        return jnp.linalg.svd(near - near.mean(axis=0), full_matrices=False)[2][:count]

    return jax.lax.map(one, x)
