"""The contractive penalty by the cheapest exact way for an encoder: the choice, and what it was chosen by."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Float

from jaxae.arrays import Array, Encoder
from jaxae.contractive import layer_products
from jaxae.contractive.operation_counts import multiplications
from jaxae.integers import ceiling_division
from jaxae.maps import as_pytree

__all__ = ["Plan", "penalty", "plan", "ways"]


class Plan(NamedTuple):
    """An exact way to ||J||_F^2 and its cost.

    way: a name of `chains`, or jacrev or jacfwd; operations: multiply-adds of the penalty and its gradient with respect to the
    encoder for the whole batch, as `operation_counts.multiplications` counts them; bytes: estimate of what the pass holds at
    once; chunk: examples at a time; considered: {way: operations} of every way that is exact for this encoder.
    """

    way: str
    operations: int
    bytes: int
    chunk: int
    considered: dict[str, int]

    def __str__(self) -> str:
        """The choice in one line."""
        others = ", ".join(f"{way} {count / 1e6:.4g}" for way, count in self.considered.items() if way != self.way)
        return (
            f"{self.way}, {self.operations / 1e6:.4g} million multiply-adds, about {self.bytes / 2**20:.3g} MiB, "
            f"{self.chunk} examples at a time" + (f" ({others})" if others else "")
        )


def plan(encoder: Encoder, x: Float[Array, "batch ..."] | jax.ShapeDtypeStruct, *, memory: int = 256) -> Plan:
    """The way with the fewest operations among those of which one example fits into `memory` MiB, and how it is cut.

    x: the batch, or its shape. Nothing is run. Where not even one example of any way fits, the way that needs the least memory
    is taken. A way that the encoder does not allow, as jacfwd of a jax.custom_vjp, is left out; raises what JAX does where
    none is left.
    """
    costs, refused = {}, None
    for name, way in ways(encoder).items():
        try:
            costs[name] = _costs(way, encoder, x)
        except (TypeError, ValueError) as error:
            refused = error
    if not costs:
        raise refused
    budget = memory * 2**20
    fitting = {name: operations for name, (operations, _, each) in costs.items() if each <= budget}
    name = min(fitting, key=fitting.get) if fitting else min(costs, key=lambda name: costs[name][2])
    operations, fixed, each = costs[name]
    cuts = ceiling_division(x.shape[0] * each, budget)
    chunk = ceiling_division(x.shape[0], max(1, cuts))
    return Plan(name, operations, fixed + chunk * each, chunk, {name: cost[0] for name, cost in costs.items()})


def penalty(encoder: Encoder, x: Float[Array, "batch ..."], *, memory: int = 256) -> Float[Array, " batch"]:
    """||J||_F^2 per example by the way that `plan` chooses."""
    chosen = plan(encoder, x, memory=memory)
    return ways(encoder)[chosen.way](encoder, x, chosen.chunk)


def ways(encoder: Encoder) -> dict[str, Callable]:
    """{name: (encoder, x, chunk) -> [batch]} of the ways that are exact for an encoder."""
    layers = getattr(encoder, "layers", None)
    if not hasattr(encoder, "preactivations") or not all(
        layer_products.is_elementwise(layer.activation) for layer in layers
    ):
        return {"jacrev": _differentiated(jax.jacrev), "jacfwd": _differentiated(jax.jacfwd)}
    if len(layers) == 1:
        return {"closed_form": _chained(layer_products.closed_form)}
    return {
        way.__name__: _chained(way)
        for way in (layer_products.from_code, layer_products.from_code_gram, layer_products.from_data)
    }


def _chained(way):
    def penalty(encoder, x, chunk):
        # The forward pass is of the whole batch, as the objective has it; only the chain is cut.
        slopes = layer_products.slopes(encoder.layers, encoder.preactivations(x))
        if chunk >= len(x):
            return way(encoder.layers, slopes)
        return _cut(lambda one: way(encoder.layers, [slope[None] for slope in one])[0], slopes, chunk)

    return penalty


def _differentiated(transform):
    def penalty(encoder, x, chunk):
        def one(example):
            return jnp.sum(jnp.square(transform(lambda v: encoder(v[None])[0])(example)))

        return jax.vmap(one)(x) if chunk >= len(x) else _cut(one, x, chunk)

    return penalty


def _cut(one, examples, chunk):
    # Recomputing in the backward pass keeps the Jacobians of one chunk in memory.
    return jax.lax.map(jax.checkpoint(one), examples, batch_size=chunk)


def _costs(way, encoder, x):
    """(operations of value and gradient, bytes whatever the batch, bytes per example)."""
    leaves = jax.tree.leaves(as_pytree(encoder))
    if not leaves or not all(hasattr(leaf, "dtype") for leaf in leaves):  # any other function is differentiated by x
        encoder, way = x, lambda x, _, count, f=encoder, way=way: way(f, x, count)

    def kept(count):
        few = jax.ShapeDtypeStruct((count, *x.shape[1:]), x.dtype)
        first = few if encoder is x else encoder
        pull = jax.eval_shape(lambda e, x: jax.vjp(lambda e: way(e, x, count), e)[1], first, few)
        return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(pull))

    def value(e, x):
        return jnp.sum(way(e, x, x.shape[0]))

    operations = multiplications(jax.value_and_grad(value, allow_int=True), encoder, x)
    one, two = kept(1), kept(2)
    # The backward pass holds the gradient of what the forward pass keeps.
    return operations, max(0, 2 * one - two), 2 * (two - one)
