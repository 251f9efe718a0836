"""The squared Frobenius norm of a dense encoder's Jacobian as a product of its layers', J = D_L W_L^T ... D_1 W_1^T.

D_l is the diagonal of the slopes s_l'(a_l), so each layer must be elementwise. Every function takes (layers, slopes), the
slopes as `slopes` gives them, and gives ||J||_F^2 per example; they differ in what they cost. Rows of all examples are
multiplied together, as one large product per layer.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from jaxae.arrays import Array

__all__ = ["closed_form", "from_code", "from_code_gram", "from_data", "is_elementwise", "rows", "slopes"]


def slopes(layers: Sequence[Any], preactivations: Sequence[Float[Array, "*batch _"]]) -> list[Float[Array, "*batch _"]]:
    """s_l'(a_l) of every layer; preactivations: a_l of every layer."""
    return [
        jax.jvp(layer.activation, (a,), (jnp.ones_like(a),))[1] for layer, a in zip(layers, preactivations, strict=True)
    ]


def closed_form(layers: Sequence[Any], slopes: Sequence[Float[Array, "batch _"]]) -> Float[Array, " batch"]:
    """One layer, sum_j s'(a_j)^2 sum_i W_ij^2: O(n_0 n_1 + batch n_1) beyond the pre-activation."""
    (layer,), (slope,) = layers, slopes
    return jnp.square(slope) @ jnp.sum(jnp.square(layer.weight), axis=0)


def rows(layers: Sequence[Any], slopes: Sequence[Float[Array, "batch _"]]) -> Float[Array, "batch last first"]:
    """D_L W_L^T ... W_2^T D_1, the Jacobian of the code with respect to the first pre-activation."""
    if len(layers) == 1:
        return slopes[0][:, :, None] * jnp.eye(slopes[0].shape[1], dtype=slopes[0].dtype)
    product = slopes[-1][:, :, None] * layers[-1].weight.T
    for layer, slope in zip(layers[-2:0:-1], slopes[-2:0:-1], strict=True):
        product = _times(product * slope[:, None, :], layer.weight.T)
    return product * slopes[0][:, None, :]


def from_code(layers: Sequence[Any], slopes: Sequence[Float[Array, "batch _"]]) -> Float[Array, " batch"]:
    """The rows of the last layer pushed back to the data, n_L sum_l n_(l-1) n_l per example: for narrow codes."""
    return jnp.sum(jnp.square(_times(rows(layers, slopes), layers[0].weight.T)), axis=(1, 2))


def from_code_gram(layers: Sequence[Any], slopes: Sequence[Float[Array, "batch _"]]) -> Float[Array, " batch"]:
    """As `from_code`, with tr(R G R^T), G = W_1^T W_1, for the first layer: n_1^2 n_L in the place of n_0 n_1 n_L."""
    return _quadratic(rows(layers, slopes), layers[0].weight.T @ layers[0].weight)


def from_data(layers: Sequence[Any], slopes: Sequence[Float[Array, "batch _"]]) -> Float[Array, " batch"]:
    """The rows of the first layer pushed on to the code, n_0 sum_l n_(l-1) n_l per example: for narrow data."""
    product = layers[0].weight[None] * slopes[0][:, None, :]
    for layer, slope in zip(layers[1:], slopes[1:], strict=True):
        product = _times(product, layer.weight) * slope[:, None, :]
    return jnp.sum(jnp.square(product), axis=(1, 2))


@functools.lru_cache
def is_elementwise(activation: Callable) -> bool:
    """Whether the activation's Jacobian is diagonal, seen at a few points of both signs."""
    with jax.ensure_compile_time_eval():
        points = jnp.array([-3.0, -0.7, -0.1, 0.2, 0.9, 2.5])
        slopes = np.asarray(jax.jacfwd(activation)(points))
    return slopes.shape == (6, 6) and not np.any(slopes[~np.eye(6, dtype=bool)])


def _times(matrices, weight):
    """[batch, m, k] x [k, n] as one product of batch m rows."""
    batch, m, k = matrices.shape
    return (matrices.reshape(batch * m, k) @ weight).reshape(batch, m, -1)


@jax.custom_jvp
def _quadratic(matrices, gram):
    """tr(R G R^T) per example for a symmetric G."""
    return jnp.sum(_times(matrices, gram) * matrices, axis=(1, 2))


@_quadratic.defjvp
def _quadratic_jvp(primals, tangents):
    # With G symmetric R G serves the value and its derivative, which saves one of three products.
    (matrices, gram), (d_matrices, d_gram) = primals, tangents
    product = _times(matrices, gram)
    value = jnp.sum(product * matrices, axis=(1, 2))
    moved = 2 * jnp.sum(product * d_matrices, axis=(1, 2))
    return value, moved + jnp.sum(_times(matrices, d_gram) * matrices, axis=(1, 2))
