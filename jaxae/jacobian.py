"""The encoder's Jacobian per example, its singular values and the tangents that they rank."""

import functools

import jax
import jax.numpy as jnp

__all__ = ["jacobian", "singular_values", "tangents"]


def jacobian(encoder, x):
    """The Jacobian dh_j / dx_i of every example by forward mode, jax.jacfwd.

    encoder: a differentiable function of a batch, example by example; x: [batch, ...features] -> [batch, code, ...features].
    """

    def one(example):
        return encoder(example[None])[0]

    return jax.vmap(jax.jacfwd(one))(x)


@functools.partial(jax.jit, static_argnames="chunk")
def singular_values(encoder, x, *, chunk=16):
    """Singular values of each example's Jacobian, largest first (Rifai et al. 2011, figure 2 shows their mean over x).

    x: [batch, ...features] -> [batch, min(code, features)], units of code per unit of data. Float32 LAPACK without squaring;
    `chunk` Jacobians are held at a time. The encoder is a pytree, as of jaxae.models or a jax.tree_util.Partial.
    """

    def one(example):
        J = _matrix(encoder, example)
        return jnp.linalg.svd(J, compute_uv=False)

    return jax.lax.map(one, x, batch_size=chunk)


@functools.partial(jax.jit, static_argnames=("count", "chunk"))
def tangents(encoder, x, count, *, chunk=16):
    """The `count` leading right singular vectors of each example's Jacobian: the directions the code is most sensitive to.

    x: [batch, ...features] -> [batch, count, ...features], orthonormal per example; the sign is arbitrary (Goodfellow et al.
    2016, section 14.6). Raises ValueError where count exceeds min(code, features).
    """

    def one(example):
        J = _matrix(encoder, example)
        if not 1 <= count <= min(J.shape):
            raise ValueError(f"count is {count}: it must be between 1 and min(code, features) = {min(J.shape)}")
        return jnp.linalg.svd(J, full_matrices=False)[2][:count].reshape(count, *example.shape)

    return jax.lax.map(one, x, batch_size=chunk)


def _matrix(encoder, example):
    J = jacobian(encoder, example[None])[0]
    return J.reshape(-1, example.size)
