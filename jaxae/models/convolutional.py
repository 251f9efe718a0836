"""Convolutional autoencoders: 3x3 convolutions, 2x2 max pooling and nearest up-sampling, as a frozen description."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Float

from jaxae.arrays import Array, Key, Params
from jaxae.integers import ceiling_division, is_count
from jaxae.models.convolution import convolve, max_pool
from jaxae.models.layers import ACTIVATIONS, INITIALIZERS

__all__ = ["Convolution", "Convolutional", "Convolutions"]


@struct.dataclass
class Convolution:
    """One layer, activation(up(x) * weight + bias), pooled where `pool`; "valid" padding leaves out the outermost pixels."""

    __no_type_check__ = True  # of the fields: under JAX's transformations a leaf is anything

    weight: Float[Array, "3 3 in out"]
    bias: Float[Array, " out"]
    activation: Callable = struct.field(pytree_node=False)
    pool: bool = struct.field(pytree_node=False, default=False)
    up: bool = struct.field(pytree_node=False, default=False)
    padding: str = struct.field(pytree_node=False, default="same")

    def __call__(self, x: Float[Array, "batch height width in"]) -> Float[Array, "batch _ _ out"]:
        """Apply the layer."""
        x = convolve(x, self.weight, up=self.up)
        if self.padding == "valid":
            x = x[:, 1:-1, 1:-1]
        x = self.activation(x + self.bias)
        return max_pool(x) if self.pool else x


@struct.dataclass
class Convolutions:
    """Convolutions one after another between flat rows: a callable pytree.

    shape: (height, width, channels) that a row of x is read as.
    """

    __no_type_check__ = True  # of the fields: under JAX's transformations a leaf is anything

    convolutions: tuple[Convolution, ...]
    shape: tuple[int, int, int] = struct.field(pytree_node=False)
    seen: Any = None

    def at(self, x: Float[Array, "*batch features"]) -> "Convolutions":
        """The same layers with the code of this very x, so that its reconstruction and a penalty share one gradient."""
        return self.replace(seen=(x, self(x)))

    def __call__(self, x: Float[Array, "*batch features"]) -> Float[Array, "*batch out"]:
        """Apply all layers."""
        if self.seen is not None and self.seen[0] is x:
            return self.seen[1]
        y = x.reshape(-1, *self.shape)
        for layer in self.convolutions:
            y = layer(y)
        return y.reshape(*x.shape[:-1], math.prod(y.shape[1:]))


@dataclass(frozen=True)
class Convolutional:
    """A convolutional autoencoder: (convolution, pooling) per layer, mirrored by (convolution, up-sampling), and a last one.

    shape: (height, width) or (height, width, colours) of the picture that a row of x holds; channels: of the encoder's
    layers, the decoder has them in the reverse order; decoder_padding: "same", or "valid", which shrinks the picture by
    two pixels, one name for all the decoder's convolutions before an up-sampling or one for each; activation: a name of
    ACTIVATIONS; output: activation of the last convolution ("linear" also where the loss reads logits); init_weights: a
    name of INITIALIZERS. (16, 8, 8) with ("same", "same", "valid") and (32, 32) with "same" are Chollet's models (2016) for
    28 x 28 pixels. Raises ValueError for names and sizes that are not allowed and for a decoder that ends at another shape.
    """

    __no_type_check__ = True  # of the fields: __post_init__ refuses by its own words

    shape: tuple[int, ...]
    channels: tuple[int, ...] = (16, 8, 8)
    decoder_padding: str | tuple[str, ...] = ("same", "same", "valid")
    activation: str = "relu"
    output: str = "linear"
    init_weights: str = "glorot_uniform"

    def __post_init__(self):
        """Check the names and sizes, and bring single values into the form of tuples."""
        shape = tuple(self.shape)
        channels = (self.channels,) if isinstance(self.channels, Integral) else tuple(self.channels)
        padding = self.decoder_padding
        padding = (padding,) * len(channels) if isinstance(padding, str) else tuple(padding)
        if len(shape) not in (2, 3) or not all(is_count(size) for size in shape):
            raise ValueError(f"shape is {shape}: it must be (height, width) or (height, width, colours), from 1 on")
        if not channels or not all(is_count(size) for size in channels):
            raise ValueError(f"model.channels is {channels}: it must be whole numbers from 1 on, one per layer")
        if len(padding) != len(channels) or not all(name in ("same", "valid") for name in padding):
            raise ValueError(
                f"model.decoder_padding is {padding}: it must be same or valid, one for all or one for each of the "
                f"{len(channels)} layers"
            )
        for key, allowed in (("activation", ACTIVATIONS), ("output", ACTIVATIONS), ("init_weights", INITIALIZERS)):
            if getattr(self, key) not in allowed:
                raise ValueError(f"model.{key} is {getattr(self, key)!r}: it must be one of {', '.join(allowed)}")
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "channels", channels)
        object.__setattr__(self, "decoder_padding", padding)
        decoded = tuple(_decoded(size, padding) for size in self.code_shape[:2])
        if decoded != shape[:2]:
            raise ValueError(
                f"model.decoder_padding is {', '.join(padding)}: from {shape[0]} x {shape[1]} pixels the decoder comes "
                f"back to {decoded[0]} x {decoded[1]}, it must be the same"
            )

    @property
    def code_shape(self) -> tuple[Integral, Integral, Integral]:
        """The code as a stack of pictures, (height, width, channels)."""
        return (*(ceiling_division(size, 2 ** len(self.channels)) for size in self.shape[:2]), self.channels[-1])

    def init(self, key: Key) -> Params:
        """Random weights and zero biases.

        {"encoder": [{"weight": [3, 3, in, out], "bias": [out]}, ...], "decoder": [...]}.
        """
        draw = INITIALIZERS[self.init_weights]
        colours = self._picture()[2]
        stacks = {"encoder": (colours, *self.channels), "decoder": (self.channels[-1], *self.channels[::-1], colours)}
        return {
            name: [
                {
                    "weight": draw(jax.random.fold_in(k, i), (3, 3, *pair), jnp.float32),
                    "bias": jnp.zeros(pair[1], jnp.float32),
                }
                for i, pair in enumerate(pairwise(sizes))
            ]
            for k, (name, sizes) in zip(jax.random.split(key), stacks.items(), strict=True)
        }

    def encoder(self, params: Params) -> Convolutions:
        """The encoder f as a callable pytree: [..., height * width * colours] -> [..., code]."""
        activation = ACTIVATIONS[self.activation]
        layers = [Convolution(p["weight"], p["bias"], activation, pool=True) for p in params["encoder"]]
        return Convolutions(tuple(layers), self._picture())

    def decoder(self, params: Params) -> Convolutions:
        """The decoder g as a callable pytree: [..., code] -> [..., height * width * colours]; for some losses logits."""
        names = (*(self.activation,) * len(self.channels), self.output)
        layers = [
            Convolution(p["weight"], p["bias"], ACTIVATIONS[name], up=i > 0, padding=padding)
            for i, (p, name, padding) in enumerate(
                zip(params["decoder"], names, (*self.decoder_padding, "same"), strict=True)
            )
        ]
        return Convolutions(tuple(layers), self.code_shape)

    def _picture(self):
        return self.shape if len(self.shape) == 3 else (*self.shape, 1)


def _decoded(size, padding):
    """The side of the decoder's picture from the code's side."""
    for name in padding:
        size = 2 * (size - 2 * (name == "valid"))
    return size
