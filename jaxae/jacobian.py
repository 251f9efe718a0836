"""The encoder's Jacobian per example, its singular values and the tangents that they rank."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.sparse.linalg import lobpcg_standard
from jaxtyping import Float

from jaxae.arrays import Array, Encoder
from jaxae.contractive import layer_products
from jaxae.maps import compiled

__all__ = ["jacobian", "sensitive_directions", "singular_values", "tangents"]


def jacobian(encoder: Encoder, x: Float[Array, "batch ..."]) -> Float[Array, "batch code ..."]:
    """The Jacobian dh_j / dx_i of every example by forward mode, jax.jacfwd.

    Where the encoder has layers, the rows of the first weight are pushed forward in the place of the identity's, which the
    first layer would turn into them. encoder: differentiable. The axes of an example's features come last.
    """
    if not hasattr(encoder, "preactivations"):
        return jax.vmap(jax.jacfwd(lambda example: encoder(example[None])[0]))(x)
    first, *others = encoder.layers

    def code(a):
        return functools.reduce(lambda h, layer: layer(h), others, first.activation(a))

    def one(a):
        return jax.vmap(lambda row: jax.jvp(code, (a,), (row,))[1], out_axes=-1)(first.weight.astype(a.dtype))

    return jax.vmap(one)(encoder.preactivations(x)[0])


def singular_values(
    encoder: Encoder, x: Float[Array, "batch ..."], *, chunk: int = 16
) -> Float[np.ndarray, "batch rank"]:
    """Singular values of each example's Jacobian, largest first (Rifai et al. 2011, figure 2 shows their mean over x).

    They are the roots of the eigenvalues of J J^T or J^T J, the smaller one, in float64, so that squaring costs only those
    below 1e-8 of the largest; J itself is float32, which moves them by about 1e-7 of it. There are min(code, features) of them,
    in units of code per unit of data; `chunk` examples are held at a time.
    """
    layers = encoder.layers if hasattr(encoder, "preactivations") else ()
    one_layer = len(layers) == 1 and layer_products.is_elementwise(layers[0].activation)
    grams = _scaled_grams(encoder) if one_layer else functools.partial(_grams, encoder)
    x = np.asarray(x)
    values = [np.linalg.eigvalsh(grams(x[i : i + chunk])) for i in range(0, len(x), chunk)]
    return np.sqrt(np.maximum(np.concatenate(values)[:, ::-1], 0)).astype(np.float32)


def _grams(encoder, x):
    """The smaller Gram matrix of every example's Jacobian."""
    J = np.asarray(_matrices(encoder, x), np.float64)
    J = J if J.shape[1] <= J.shape[2] else np.swapaxes(J, 1, 2)
    return J @ np.swapaxes(J, 1, 2)


def _scaled_grams(encoder):
    """`_grams` of J = D W^T: D (W^T W) D with one product for all examples, or W D^2 W^T with fewer features than units."""
    weight = np.asarray(encoder.layers[0].weight, np.float64)

    def slopes(x):
        return np.asarray(_slopes(encoder, x), np.float64)

    if weight.shape[0] < weight.shape[1]:
        return lambda x: (weight * np.square(slopes(x))[:, None, :]) @ weight.T
    gram = weight.T @ weight

    def scaled(x):
        D = slopes(x)
        return D[:, :, None] * gram * D[:, None, :]

    return scaled


@jax.jit
def _slopes(encoder, x):
    return layer_products.slopes(encoder.layers, encoder.preactivations(x))[0]


@compiled
def _matrices(encoder, x):
    """[batch, code, features], in the direction with fewer passes."""
    code = jax.eval_shape(encoder, x).size
    if hasattr(encoder, "preactivations") or code >= x.size:
        J = jacobian(encoder, x)
    else:
        J = jax.vmap(jax.jacrev(lambda example: encoder(example[None])[0]))(x)
    return J.reshape(len(x), -1, x[0].size)


def tangents(
    encoder: Encoder, x: Float[Array, " batch *features"], count: int, *, chunk: int = 16
) -> Float[Array, "batch count *features"]:
    """The `count` leading right singular vectors of each example's Jacobian: the directions the code is most sensitive to.

    They are the first rows of V^T in J = U S V^T, J being [code, features], so that each is a direction of the input; a text
    that takes the transposed Jacobian calls them U. Orthonormal per example; the sign is arbitrary (Goodfellow et al. 2016,
    section 14.6). Those beyond the Jacobian's rank are directions without sensitivity, which `sensitive_directions` tells by
    a 0. Raises ValueError where count exceeds min(code, features).
    """
    return sensitive_directions(encoder, x, count, chunk=chunk)[0]


@compiled(static_argnames=("count", "chunk"))
def sensitive_directions(
    encoder: Encoder, x: Float[Array, " batch *features"], count: int, *, chunk: int = 16
) -> tuple[Float[Array, "batch count *features"], Float[Array, "batch count"]]:
    """The `tangents` with their sensitivities, the leading singular values s_1 >= s_2 >= ... of each example's Jacobian.

    A tenth or less of all are found by products with J and J^T alone (LOBPCG on J^T J, Knyazev 2001), to about 1e-5 of the
    largest singular value; more of them, and those of an example on which LOBPCG fails, as where the rank is below what it
    needs, by a whole singular value decomposition. Sensitivities are in units of code per unit of data, 0 where they are below
    eps sqrt(code + features) of the largest: such a direction has no sensitivity. Raises ValueError where count exceeds
    min(code, features).
    """
    x = jnp.asarray(x)
    features = x[0].size
    size = jax.eval_shape(encoder, x[:1]).size
    rank = min(size, features)
    if not 1 <= count <= rank:
        raise ValueError(f"count is {count}: it must be between 1 and min(code, features) = {rank}")
    # A few vectors more than asked for, so that the last ones converge as well.
    start = jax.random.normal(jax.random.key(0), (features, count + 4), x.dtype)

    def truncated(example):
        push = jax.linearize(lambda v: encoder(v[None])[0].ravel(), example)[1]
        pull = jax.linear_transpose(push, example)
        forward = jax.vmap(lambda v: push(v.reshape(example.shape)), in_axes=1, out_axes=1)
        backward = jax.vmap(lambda u: pull(u)[0].ravel(), in_axes=1, out_axes=1)
        vectors = lobpcg_standard(lambda V: backward(forward(V)), start, m=100)[1][:, :count]
        return vectors.T, jnp.linalg.norm(forward(vectors), axis=0)

    def whole(example):
        _, values, vectors = jnp.linalg.svd(_matrices(encoder, example[None])[0], full_matrices=False)
        return vectors[:count], values[:count]

    def repaired(found):
        def one(inputs):
            example, vectors, values = inputs
            return jax.lax.cond(_orthonormal(vectors), lambda: (vectors, values), lambda: whole(example))

        return jax.lax.map(one, (x, *found))

    if 10 * count <= rank and 5 * (count + 4) < features:
        found = jax.lax.map(truncated, x, batch_size=chunk)
        found = jax.lax.cond(jnp.all(jax.vmap(_orthonormal)(found[0])), lambda found: found, repaired, found)
    else:
        found = jax.lax.map(whole, x, batch_size=chunk)
    vectors, values = found
    # Three times what the decomposition's rounding leaves, measured up to 2000 x 2000.
    tolerance = jnp.finfo(values.dtype).eps * (size + features) ** 0.5
    values = jnp.where(values > tolerance * values[:, :1], values, 0)
    return vectors.reshape(len(x), count, *x.shape[1:]), values


def _orthonormal(vectors):
    """Whether rows are, to what a fair eigensolver leaves; those that are not numbers are not."""
    return jnp.max(jnp.abs(vectors @ vectors.T - jnp.eye(len(vectors)))) < 1e-3
