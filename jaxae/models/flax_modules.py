"""Autoencoders of two Flax modules of one's own, linen or nnx, given as objects or by their names."""

import dataclasses
import functools
import inspect
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen, nnx

from jaxae.arrays import Array, Key, Params
from jaxae.functions import Structured, class_named
from jaxae.models.flax_functions import Linen, LinenFunction, Nnx, NnxFunction

__all__ = ["FlaxModules", "from_linen", "from_names", "from_nnx"]

OUTSIDE = ("parent", "name", "rngs", "self")  # parameters that are no options of a module


@dataclass(frozen=True)
class FlaxModules:
    """An autoencoder of two Flax modules, as `from_linen`, `from_nnx` and `from_names` make it.

    encoder_of, decoder_of: a linen module, a function of the keyword rngs that makes an nnx module, or (name, ((keyword,
    value), ...)) of a class of either, which json holds and files keep; shape: of an example, None where nothing reads it. Its
    parameters are {"encoder": ..., "decoder": ...}, of linen the params collection, of nnx {path joined by dots: array};
    a module without any has no entry. Raises TypeError for a module with other state than parameters or one that needs random
    keys, ValueError for names that are none and where the decoder does not come back to the shape.
    """

    __no_type_check__ = True  # of the fields: __post_init__ refuses by its own words

    encoder_of: Any
    decoder_of: Any
    shape: tuple[int, ...] | None = None

    def __post_init__(self):
        """Check both modules by their shapes."""
        x = self._example()
        self._encoder().check(x)
        code = self._code()
        self._decoder().check(code)
        if x is not None and (decoded := _output(self._decoder(), code)).shape != x.shape:
            raise ValueError(
                f"the decoder gives shape {decoded.shape[1:]}: it must be that of an example, {self.shape}"
            )

    def init(self, key: Key) -> Params:
        """Random parameters as the modules draw them."""
        keys = jax.random.split(key)
        params = {
            "encoder": self._encoder().init(keys[0], self._example()),
            "decoder": self._decoder().init(keys[1], self._code()),
        }
        return {role: drawn for role, drawn in params.items() if drawn}

    def encoder(self, params: Params) -> LinenFunction | NnxFunction:
        """The encoder f as a callable pytree: [..., features] -> [..., code], as its module takes them."""
        return self._encoder().function(params.get("encoder", {}))

    def decoder(self, params: Params) -> LinenFunction | NnxFunction:
        """The decoder g as a callable pytree: [..., code] -> [..., features], logits where the loss reads logits."""
        return self._decoder().function(params.get("decoder", {}))

    def _encoder(self):
        return _part(self.encoder_of, "encoder")

    def _decoder(self):
        return _part(self.decoder_of, "decoder")

    def _example(self):
        return None if self.shape is None else jax.ShapeDtypeStruct((1, *self.shape), jnp.float32)

    def _code(self):
        return None if self.shape is None else _output(self._encoder(), self._example())


def from_linen(encoder: Any, decoder: Any, example: Array | jax.ShapeDtypeStruct) -> FlaxModules:
    """An autoencoder of two linen modules, x -> code and code -> x, each called with one batch.

    example: a batch of data [n, ...], or its shape. Lists among the modules' fields become tuples, so that they have a hash.
    Raises as `FlaxModules`.
    """
    for role, module in (("encoder", encoder), ("decoder", decoder)):
        if not isinstance(module, linen.Module):
            raise TypeError(f"the {role} is a {type(module).__name__}: from_linen takes two flax.linen modules")
    if len(example.shape) < 2:
        raise ValueError(f"example has shape {example.shape}: it must be a batch, [n, features]")
    return FlaxModules(*(_linen_by_value(module) for module in (encoder, decoder)), tuple(example.shape[1:]))


def from_nnx(make_encoder: Any, make_decoder: Any) -> FlaxModules:
    """An autoencoder of two nnx modules, x -> code and code -> x, each called with one batch.

    make_encoder, make_decoder: make_encoder(rngs=flax.nnx.Rngs(...)) gives a module: its class, a functools.partial of it or a
    function. A class and a partial of it are equal by value, another function only to itself. Raises as `FlaxModules`.
    """
    for role, make in (("encoder", make_encoder), ("decoder", make_decoder)):
        if not callable(make) or isinstance(make, linen.Module | nnx.Module):
            raise TypeError(f"make_{role} is a {type(make).__name__}: it must be a function that makes an nnx module")
    return FlaxModules(_maker_by_value(make_encoder), _maker_by_value(make_decoder))


def from_names(encoder: Any, decoder: Any, *, shape: Sequence[int], **options: Any) -> FlaxModules:
    """An autoencoder of two classes of Flax modules, linen or nnx, by their dotted names, as "my_nets.Encoder".

    shape: of an example, whose features data are flat. Each class is given by keyword what it has a parameter for: of the data
    `features`, their number, and `shape`; and of the options. Raises as `FlaxModules`, and TypeError for an option that
    neither has.
    """
    offered = {"features": math.prod(shape), "shape": tuple(shape)} | options
    taken = [
        {name: offered[name] for name in _parameters(_class(role, path)) if name in offered}
        for role, path in (("encoder", encoder), ("decoder", decoder))
    ]
    if unknown := options.keys() - taken[0].keys() - taken[1].keys():
        raise TypeError(f"model.{min(unknown)} is no parameter of {encoder} or {decoder}")
    specs = ((path, tuple(sorted(own.items()))) for path, own in zip((encoder, decoder), taken, strict=True))
    return FlaxModules(*specs, (offered["features"],))


def _part(spec, role):
    """The functions of a module as FlaxModules names it."""
    if isinstance(spec, tuple):
        path, options = spec
        kind = _class(role, path)
        if issubclass(kind, nnx.Module):
            return Nnx(Structured(kind, options), role)
        spec = kind(**dict(options))
    return Linen(spec, role) if isinstance(spec, linen.Module) else Nnx(spec, role)


def _class(role, path):
    """The class of Flax modules of a dotted name; what is imported is nothing else, whatever a file says."""
    meaning = "a Flax module, of flax.linen or flax.nnx, as my_nets.Encoder"
    return class_named(f"model.{role}", path, (linen.Module, nnx.Module), meaning)


def _parameters(kind):
    """The names of the parameters that options of a class may have."""
    return [name for name in inspect.signature(kind.__init__).parameters if name not in OUTSIDE]


def _output(part, x):
    return jax.eval_shape(lambda x: part.function(part.init(jax.random.key(0), x))(x), x)


def _linen_by_value(module):
    """A linen module as FlaxModules names it: by the name of its class where json holds its fields."""
    module = _with_tuples(module)
    return _named(type(module), _fields(module)) or module


def _with_tuples(value):
    if isinstance(value, linen.Module):
        return value.clone(**{name: _with_tuples(field) for name, field in _fields(value).items()})
    return tuple(map(_with_tuples, value)) if type(value) in (list, tuple) else value


def _fields(module):
    """The fields of a linen module that are not at their default."""
    fields = [field for field in dataclasses.fields(module) if field.init and field.name != "parent"]
    values = {field.name: (getattr(module, field.name), field.default) for field in fields}
    return {name: value for name, (value, default) in values.items() if value is not default}


def _maker_by_value(make):
    """A maker as FlaxModules names it: by its name and options where json holds them."""
    function, options = make, {}
    if isinstance(make, functools.partial):
        function = make.func
        signed = function.__init__ if isinstance(function, type) else function
        before = (None,) if isinstance(function, type) else ()  # self
        bound = inspect.signature(signed).bind_partial(*before, *make.args, **make.keywords)
        options = dict(list(bound.arguments.items())[len(before) :])
        if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in bound.signature.parameters.values()):
            return make
    return _named(function, options) or (Structured(function, tuple(sorted(options.items()))) if options else function)


def _named(kind, options):
    """(name, options) of a class that can be imported, with options that json holds; else None."""
    words = tuple(sorted(options.items()))
    path = f"{getattr(kind, '__module__', '__main__')}.{getattr(kind, '__qualname__', '')}"
    try:
        held = json.loads(json.dumps(options)) == {name: _listed(value) for name, value in words}
        found = held and not path.startswith("__main__.") and isinstance(kind, type) and _class("encoder", path)
    except (TypeError, ValueError):
        return None
    return (path, words) if found is kind else None


def _listed(value):
    return list(map(_listed, value)) if isinstance(value, tuple) else value
