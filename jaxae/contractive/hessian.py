"""How much the encoder's Jacobian changes beside an example, which stands for its Hessian (Rifai et al. 2011, CAE+H)."""

import jax
import jax.numpy as jnp
from jaxtyping import Float

from jaxae.arrays import Array, Encoder, Key, Number
from jaxae.contractive import layer_products
from jaxae.jacobian import jacobian

__all__ = ["change", "change_by_definition", "change_of_layer"]


def change(
    encoder: Encoder, x: Float[Array, "batch ..."], key: Key, *, std: Number, samples: int
) -> Float[Array, " batch"]:
    """An unbiased estimate of E_eps ||J(x) - J(x + eps)||_F^2, eps ~ N(0, std^2 I), from `samples` draws for each example.

    By `change_of_layer` for one elementwise layer, by `change_by_definition` for any other encoder.
    """
    layers = getattr(encoder, "layers", ())
    one_layer = hasattr(encoder, "preactivations") and len(layers) == 1
    by = change_of_layer if one_layer and layer_products.is_elementwise(layers[0].activation) else change_by_definition
    return by(encoder, x, key, std=std, samples=samples)


def change_by_definition(
    encoder: Encoder, x: Float[Array, "batch ..."], key: Key, *, std: Number, samples: int
) -> Float[Array, " batch"]:
    """Mean over eps of sum_ij (J_ji(x) - J_ji(x + eps))^2, eps = std * normal(key, [samples, *x.shape]), by jax.jacfwd.

    Holds two batches of Jacobians, each batch * code * features floats.
    """
    here = jacobian(encoder, x)

    def squares(total, noise):
        moved = jacobian(encoder, x + std * noise)
        return total + jnp.sum(jnp.square(here - moved).reshape(len(x), -1), axis=-1), None

    # Recomputing in the backward pass keeps the Jacobians of one draw in memory.
    start = jnp.zeros(len(x), here.dtype)
    draws = jax.random.normal(key, (samples, *x.shape), here.dtype)
    return jax.lax.scan(jax.checkpoint(squares), start, draws)[0] / samples


def change_of_layer(
    encoder: Encoder, x: Float[Array, "batch features"], key: Key, *, std: Number, samples: int
) -> Float[Array, " batch"]:
    """The same of one elementwise layer, the mean over n of sum_j (s'(a_j) - s'(a_j + std ||W_j|| n_j))^2 ||W_j||^2.

    J(x) = diag(s'(a)) W^T, and of eps the unit j sees eps W_j ~ N(0, std^2 ||W_j||^2) alone. The sum has a term for each unit,
    so that a normal n_j for each gives the same mean as one eps for all, without a product with W.
    """
    (a,) = encoder.preactivations(x)
    squares = jnp.sum(jnp.square(encoder.layers[0].weight), axis=0)
    # A root has no derivative at 0, where the term is 0 whatever n is.
    norms = jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1)), 0)
    moved = a + std * norms * jax.random.normal(key, (samples, *a.shape), a.dtype)
    here, there = (layer_products.slopes(encoder.layers, [values])[0] for values in (a, moved))
    return jnp.mean(jnp.square(here - there) @ squares, axis=0)
