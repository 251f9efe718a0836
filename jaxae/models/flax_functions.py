"""Flax modules as pure functions of their parameters: linen by init and apply, nnx by split and merge."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen, nnx, struct, traverse_util
from flax.errors import FlaxError
from jaxtyping import Float

from jaxae.arrays import Array, Key, Params

__all__ = ["Linen", "LinenFunction", "Nnx", "NnxFunction"]

PURE = "a model is a function of its parameters alone, the same in training and after it"


@struct.dataclass
class LinenFunction:
    """A linen module with its parameters, module.apply({"params": params}, x): a callable pytree."""

    __no_type_check__ = True  # of the fields: under JAX's transformations a leaf is anything

    params: Params
    module: linen.Module = struct.field(pytree_node=False)

    def __call__(self, x: Float[Array, " batch *features"]) -> Float[Array, "..."]:
        """Apply the module."""
        return self.module.apply({"params": self.params}, x)


@struct.dataclass
class NnxFunction:
    """An nnx module with its parameters, merge(graphdef, params)(x): a callable pytree.

    params: {name: array}, names as `Nnx.init` gives them; paths: of each in the module.
    """

    __no_type_check__ = True  # of the fields: under JAX's transformations a leaf is anything

    params: Params
    graphdef: nnx.GraphDef = struct.field(pytree_node=False)
    paths: tuple[tuple[Any, ...], ...] = struct.field(pytree_node=False)

    def __call__(self, x: Float[Array, " batch *features"]) -> Float[Array, "..."]:
        """Apply the module."""
        state = nnx.from_flat_state([(path, self.params[_name(path)]) for path in self.paths])
        return nnx.merge(self.graphdef, state)(x)


@dataclass(frozen=True)
class Linen:
    """The functions of a linen module; role: "encoder" or "decoder", for what is refused of it."""

    __no_type_check__ = True  # of the fields: a module is any

    module: linen.Module
    role: str

    def init(self, key: Key, x: Any) -> Params:
        """Random parameters for inputs as x, which is the params collection; x: an array or a jax.ShapeDtypeStruct."""
        return self.module.init(key, jnp.zeros(x.shape, x.dtype)).get("params", {})

    def function(self, params: Params) -> LinenFunction:
        """The module with its parameters."""
        return LinenFunction(params, self.module)

    def check(self, x: Any) -> None:
        """Refuse, by TypeError, a module that is more than a function of its parameters."""
        try:
            hash(self.module)
            variables = jax.eval_shape(self.module.init, jax.random.key(0), x)
            left = {name: tree for name, tree in variables.items() if name != "params"}
            if not left:
                jax.eval_shape(lambda params, x: self.function(params)(x), variables.get("params", {}), x)
        except FlaxError as error:  # such as random keys asked for
            raise TypeError(f"the {self.role} cannot be applied ({_first_line(error)}): {PURE}") from error
        except TypeError as error:
            raise TypeError(f"the {self.role} cannot be applied to one batch: {_first_line(error)}") from error
        if left:
            names = ", ".join(map("/".join, traverse_util.flatten_dict(left)))
            raise TypeError(f"the {self.role} has {names} beside its parameters: {PURE}")


@dataclass(frozen=True)
class Nnx:
    """The functions of an nnx module; make: gives it new from the keyword rngs; role: as of `Linen`."""

    __no_type_check__ = True  # of the fields: a maker is any

    make: Callable
    role: str

    def init(self, key: Key, x: Any = None) -> Params:
        """Random parameters, {name: array}, a name being the path in the module joined by dots, as "layers.0.kernel"."""
        state = nnx.split(self.make(rngs=nnx.Rngs(key)))[1]
        return {_name(path): variable.get_value() for path, variable in nnx.to_flat_state(state)}

    def function(self, params: Params) -> NnxFunction:
        """The module with its parameters."""
        graphdef, state = _described(self.make)
        return NnxFunction(params, graphdef, tuple(path for path, _ in state))

    def check(self, x: Any = None) -> None:
        """Refuse, by TypeError, a module that is more than a function of its parameters."""
        try:
            graphdef, state = _described(self.make)
            hash(graphdef)
        except TypeError as error:
            raise TypeError(f"the {self.role} cannot be made or kept by its value: {_first_line(error)}") from error
        left = [f"{type(kept).__name__} {_name(path)}" for path, kept in state if not isinstance(kept, nnx.Param)]
        if left:
            raise TypeError(f"the {self.role} has {', '.join(left)} beside its parameters: {PURE}")


@functools.lru_cache
def _described(make):
    """(graphdef, ((path, variable of shapes), ...)) of what a maker makes; nothing is computed."""

    def made():
        module = make(rngs=nnx.Rngs(0))
        if not isinstance(module, nnx.Module):
            raise TypeError(f"it is a {type(module).__name__}, no nnx module")
        return module

    module = nnx.eval_shape(made)
    graphdef, state = nnx.split(module)
    return graphdef, tuple(nnx.to_flat_state(state))


def _name(path):
    return ".".join(map(str, path))


def _first_line(error):
    return str(error).splitlines()[0].partition(" (https")[0]
