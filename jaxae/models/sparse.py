"""Sparse autoencoders: one linear layer each way, a dictionary of unit vectors, and the parameters of their codes."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Float

from jaxae.arrays import Array, Key, Number, Params
from jaxae.integers import is_count
from jaxae.models.layers import ACTIVATIONS, Layer, Layers

__all__ = ["CODE_PARAMETERS", "Sparse", "SparseEncoder"]

LINEAR = ACTIVATIONS["linear"]
# What a code may ask the model for, and whether there is one for each unit.
CODE_PARAMETERS = {"threshold": True, "running_threshold": False, "log_scale": True, "magnitude_bias": True}


@struct.dataclass
class SparseEncoder:
    """Pre-activations z = ((x - centre) W + b) s, a callable pytree; s are the norms of the decoder's rows or 1.

    parameters: by name what a code asks for, as `threshold`; gate_bias is b s.
    """

    __no_type_check__ = True  # of the fields: under JAX's transformations a leaf is anything

    weight: Float[Array, "in out"]
    bias: Float[Array, " out"]
    centre: Any
    scale: Any
    parameters: dict[str, Any]
    seen: Any = None

    def __call__(self, x: Float[Array, "*batch in"]) -> Float[Array, "*batch out"]:
        """The pre-activations."""
        if self.seen is not None and self.seen[0] is x:
            return self.seen[1]
        z = (x if self.centre is None else x - self.centre) @ self.weight + self.bias
        return z if self.scale is None else z * self.scale

    def at(self, x: Float[Array, "*batch in"]) -> "SparseEncoder":
        """The same encoder with the pre-activations of this very x, so that its code and a penalty share one gradient."""
        return self.replace(seen=(x, self(x)))

    def preactivations(self, x: Float[Array, "*batch in"]) -> list[Float[Array, "*batch out"]]:
        """Those of its one layer."""
        return [self(x)]

    @property
    def layers(self) -> tuple[Layer]:
        """The encoder as one linear layer."""
        bias = self.bias if self.centre is None else self.bias - self.centre @ self.weight
        scale = 1.0 if self.scale is None else self.scale
        return (Layer(self.weight * scale, bias * scale, LINEAR),)


@dataclass(frozen=True)
class Sparse:
    """A sparse autoencoder: pre-activations z = (x - b_dec) W_enc + b_enc, from whose code h it decodes h W_dec + b_dec.

    features: size of x; hidden: units of the code; pre_bias: whether the encoder takes b_dec off its input; tied_start: W_enc
    starts as the transpose of W_dec, whose rows start as random unit vectors, else as other random unit vectors;
    scaled_by_norms: the code is in units of the reconstruction, z_j times the norm of the decoder's row j, which the decoder
    divides by; code_parameters: what a code asks the model for, names of CODE_PARAMETERS; initial_threshold: of `threshold`,
    above 0. Raises ValueError for names and sizes that are not allowed.
    """

    __no_type_check__ = True  # of the fields: __post_init__ refuses by its own words

    features: int
    hidden: int
    pre_bias: bool = True
    tied_start: bool = True
    scaled_by_norms: bool = False
    code_parameters: tuple[str, ...] = ()
    initial_threshold: float = 0.001

    def __post_init__(self):
        """Check every field."""
        for name in ("features", "hidden"):
            size = getattr(self, name)
            if not is_count(size):
                raise ValueError(f"model.{name} is {size!r}: it must be a whole number from 1 on")
            object.__setattr__(self, name, int(size))
        for name in ("pre_bias", "tied_start", "scaled_by_norms"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"model.{name} is {getattr(self, name)!r}: it must be true or false")
        names = self.code_parameters
        if not isinstance(names, tuple | list) or not set(names) <= CODE_PARAMETERS.keys():
            raise ValueError(f"model.code_parameters is {names!r}: it must be a list of {', '.join(CODE_PARAMETERS)}")
        object.__setattr__(self, "code_parameters", tuple(names))
        if not isinstance(self.initial_threshold, int | float) or not self.initial_threshold > 0:
            raise ValueError(f"model.initial_threshold is {self.initial_threshold!r}: it must be a number above 0")

    def init(self, key: Key) -> Params:
        """Random unit vectors and zero biases.

        {"encoder": {"weight": [features, hidden], "bias": [hidden]}, "decoder": {"weight": [hidden, features], "bias":
        [features]}, "code": {name: [hidden] or []}}, the last where there are code_parameters.
        """
        keys = jax.random.split(key)
        rows = _unit_rows(keys[0], (self.hidden, self.features))
        columns = rows.T if self.tied_start else _unit_rows(keys[1], (self.hidden, self.features)).T
        params = {
            "encoder": {"weight": columns, "bias": jnp.zeros(self.hidden)},
            "decoder": {"weight": rows, "bias": jnp.zeros(self.features)},
        }
        if self.code_parameters:
            starts = {"threshold": float(self.initial_threshold)}
            params["code"] = {
                name: jnp.full((self.hidden,) if CODE_PARAMETERS[name] else (), starts.get(name, 0.0))
                for name in self.code_parameters
            }
        return params

    def encoder(self, params: Params) -> SparseEncoder:
        """The encoder as a callable pytree: [..., features] -> pre-activations [..., hidden]."""
        weight, bias = params["encoder"]["weight"], params["encoder"]["bias"]
        centre = params["decoder"]["bias"] if self.pre_bias else None
        scale = self._norms(params) if self.scaled_by_norms else None
        gate_bias = bias if scale is None else bias * scale  # in units of the pre-activations
        return SparseEncoder(weight, bias, centre, scale, {"gate_bias": gate_bias, **params.get("code", {})})

    def decoder(self, params: Params) -> Layers:
        """The decoder as a callable pytree: [..., hidden] -> [..., features]."""
        weight = params["decoder"]["weight"]
        if self.scaled_by_norms:
            weight = weight / self._norms(params)[:, None]
        return Layers((Layer(weight, params["decoder"]["bias"], LINEAR),))

    def centred(self, params: Params, centre: Float[Array, " features"]) -> Params:
        """Parameters whose decoder's bias is the centre of the data, as its mean or geometric median."""
        return {**params, "decoder": {**params["decoder"], "bias": centre}}

    def with_running_threshold(self, params: Params, threshold: Number) -> Params:
        """Parameters with the threshold that training has come to, where a code asks for it."""
        if "running_threshold" not in self.code_parameters:
            return params
        return {**params, "code": {**params["code"], "running_threshold": threshold}}

    def _norms(self, params):
        return jnp.linalg.norm(params["decoder"]["weight"], axis=1)


def _unit_rows(key, shape):
    rows = jax.random.normal(key, shape)
    return rows / jnp.linalg.norm(rows, axis=1, keepdims=True)
