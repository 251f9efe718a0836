"""Any function as a map that a compiled function takes."""

import functools
from collections.abc import Callable
from typing import Any

import jax
from jax.tree_util import Partial

__all__ = ["as_pytree", "compiled"]


def as_pytree(function: Callable) -> Callable:
    """The function itself where it is a pytree, as encoders of jaxae.models are, else a Partial of it, static by identity."""
    return Partial(function) if jax.tree_util.all_leaves([function]) else function


def compiled(function: Callable | None = None, **options: Any) -> Callable:
    """As jax.jit with its options, for a function of maps: any callable among its arguments, a lambda included, is taken."""
    if function is None:
        return functools.partial(compiled, **options)
    inner = jax.jit(function, **options)

    @functools.wraps(function)
    def call(*arguments, **keywords):
        return inner(*map(_taken, arguments), **{name: _taken(value) for name, value in keywords.items()})

    return call


def _taken(argument):
    return as_pytree(argument) if callable(argument) else argument
