"""Dense layers one after another, and the activations and first weights that models name."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import struct
from jaxtyping import Float

from jaxae.arrays import Array

__all__ = ["ACTIVATIONS", "INITIALIZERS", "Layer", "Layers"]

ACTIVATIONS = {
    "linear": lambda x: x,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "gelu": jax.nn.gelu,
    "softplus": jax.nn.softplus,
    "elu": jax.nn.elu,
}
INITIALIZERS = {
    "glorot_uniform": nn.initializers.glorot_uniform(),
    # Glorot & Bengio's rule for the logistic sigmoid, whose slope at 0 is a quarter of tanh's: U(+-4 sqrt(6 / (in + out))).
    "sigmoid_uniform": nn.initializers.variance_scaling(16.0, "fan_avg", "uniform"),
    "lecun_normal": nn.initializers.lecun_normal(),
    "he_normal": nn.initializers.he_normal(),
    "normal_0.01": nn.initializers.normal(0.01),
    "normal_0.1": nn.initializers.normal(0.1),
}


@struct.dataclass
class Layer:
    """One dense layer, activation(x W + b)."""

    __no_type_check__ = True  # of the fields: under JAX's transformations a leaf is anything

    weight: Float[Array, "in out"]
    bias: Float[Array, " out"]
    activation: Callable = struct.field(pytree_node=False)

    def __call__(self, x: Float[Array, "*batch in"]) -> Float[Array, "*batch out"]:
        """Apply the layer."""
        return self.activation(x @ self.weight + self.bias)


@struct.dataclass
class Layers:
    """Dense layers one after another: a callable pytree.

    code_at: where an objective applies its code, after the "last" layer or after "every" one; a call applies none.
    tied: of a decoder, whether its weights are the encoder's, so that a penalty on both counts them once.
    """

    __no_type_check__ = True  # of the fields: under JAX's transformations a leaf is anything

    layers: tuple[Layer, ...]
    code_at: str = struct.field(pytree_node=False, default="last")
    seen: Any = None
    tied: bool = struct.field(pytree_node=False, default=False)

    def __call__(self, x: Float[Array, "*batch in"]) -> Float[Array, "*batch out"]:
        """Apply all layers."""
        return self.layers[-1].activation(self.preactivations(x)[-1])

    def preactivations(self, x: Float[Array, "*batch in"]) -> list[Float[Array, "*batch _"]]:
        """a_l = h_(l-1) W_l + b_l of every layer."""
        if self.seen is not None and self.seen[0] is x:
            return self.seen[1]
        values = []
        for layer in self.layers:
            values.append(x @ layer.weight + layer.bias)
            x = layer.activation(values[-1])
        return values

    def at(self, x: Float[Array, "*batch in"]) -> "Layers":
        """The same layers with the pre-activations of this very x, so that its code and a penalty share one gradient."""
        return self.replace(seen=(x, self.preactivations(x)))
