"""Any function as a map that a compiled function takes."""

import functools

import jax
from jax.tree_util import Partial

__all__ = ["as_pytree", "compiled"]


def as_pytree(function):
    """The function itself where it is a pytree, as encoders of jaxae.models are, else a Partial of it, static by identity."""
    return Partial(function) if jax.tree_util.all_leaves([function]) else function


def compiled(function=None, **options):
    """As jax.jit with its options, for a function whose first argument is a map: any callable, a lambda included."""
    if function is None:
        return functools.partial(compiled, **options)
    inner = jax.jit(function, **options)

    @functools.wraps(function)
    def call(map, *arguments, **keywords):
        return inner(as_pytree(map), *arguments, **keywords)

    return call
