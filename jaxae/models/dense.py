"""Dense autoencoders, tied or untied, of any depth: frozen descriptions that make parameters, encoders and decoders."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import jax
import jax.numpy as jnp
from jaxtyping import Float

from jaxae.arrays import Array, Key, Params
from jaxae.integers import is_count
from jaxae.models.layers import ACTIVATIONS, INITIALIZERS, Layer, Layers

__all__ = ["Dense", "centred", "untie"]


@dataclass(frozen=True)
class Dense:
    """A dense autoencoder h_l = s_l(h_(l-1) W_l + b_l), decoded in the reverse order.

    features: size of x; hidden: widths of the encoder's layers, the last is the code's; activation: a name of ACTIVATIONS
    for all layers, or one per encoder layer (the decoder mirrors them); output: activation of the decoder's last layer
    ("linear" also where the loss reads logits); tied: the decoder uses W_l^T and has biases only; init_weights: a name of
    INITIALIZERS; code_at: the recipe's code acts on the "last" encoder layer or on "every" one (a stack of k-sparse layers).
    Raises ValueError for names and sizes that are not allowed.
    """

    __no_type_check__ = True  # of the fields: __post_init__ refuses by its own words

    features: int
    hidden: tuple[int, ...]
    activation: str | tuple[str, ...] = "sigmoid"
    output: str = "linear"
    tied: bool = True
    init_weights: str = "glorot_uniform"
    code_at: str = "last"

    def __post_init__(self):
        """Check every field, and bring single values into the form of tuples."""
        hidden = tuple(self.hidden) if isinstance(self.hidden, tuple | list) else (self.hidden,)
        names = (
            tuple(self.activation) if isinstance(self.activation, tuple | list) else (self.activation,) * len(hidden)
        )
        if not is_count(self.features):
            raise ValueError(f"model.features is {self.features!r}: it must be a whole number from 1 on")
        if not hidden or not all(map(is_count, hidden)):
            raise ValueError(
                f"model.hidden is {hidden}: it must be a width or a list of widths, whole numbers from 1 on"
            )
        if len(names) != len(hidden):
            raise ValueError(
                f"model.activation has {len(names)} names for {len(hidden)} layers: give one, or one per layer"
            )
        for key, name, allowed in (
            *(("activation", name, ACTIVATIONS) for name in names),
            ("output", self.output, ACTIVATIONS),
            ("init_weights", self.init_weights, INITIALIZERS),
            ("code_at", self.code_at, ("last", "every")),
        ):
            if not isinstance(name, str) or name not in allowed:
                raise ValueError(f"model.{key} is {name!r}: it must be one of {', '.join(allowed)}")
        if not isinstance(self.tied, bool):
            raise ValueError(f"model.tied is {self.tied!r}: it must be true or false")
        object.__setattr__(self, "features", int(self.features))
        object.__setattr__(self, "hidden", tuple(map(int, hidden)))
        object.__setattr__(self, "activation", names)

    def init(self, key: Key) -> Params:
        """Random weights and zero biases.

        {"encoder": [{"weight": [in, out], "bias": [out]}, ...], "decoder": [...]}; a tied decoder has no "weight".
        """
        widths = (self.features, *self.hidden)
        draw = INITIALIZERS[self.init_weights]
        keys = jax.random.split(key, (2, len(self.hidden)))
        pairs = list(pairwise(widths))
        encoder = [
            {"weight": draw(k, p, jnp.float32), "bias": jnp.zeros(p[1], jnp.float32)}
            for k, p in zip(keys[0], pairs, strict=True)
        ]
        decoder = [{"bias": jnp.zeros(inward, jnp.float32)} for inward, _ in reversed(pairs)]
        if not self.tied:
            for layer, k, pair in zip(decoder, keys[1], reversed(pairs), strict=True):
                layer["weight"] = draw(k, pair[::-1], jnp.float32)
        return {"encoder": encoder, "decoder": decoder}

    @property
    def depth(self) -> int:
        """How many layers the encoder has."""
        return len(self.hidden)

    def layer(self, index: int, *, logits: bool) -> "Dense":
        """The autoencoder of one layer, whose decoder ends as the input's layer does, or in logits of it."""
        widths = (self.features, *self.hidden)
        output = "linear" if logits else self.activation[index - 1] if index else self.output
        sizes = {"features": widths[index], "hidden": widths[index + 1]}
        return replace(self, **sizes, activation=self.activation[index], output=output)

    def reads_probabilities(self, index: int) -> bool:
        """Whether a layer's input lies in [0, 1] where the data do: the data, or sigmoid units."""
        return index == 0 or self.activation[index - 1] == "sigmoid"

    def has_code(self, index: int) -> bool:
        """Whether the recipe's code acts on a layer."""
        return self.code_at == "every" or index == self.depth - 1

    def stack(self, params: Sequence[Params]) -> Params:
        """The parameters of the whole from those of every layer's autoencoder, the first one first."""
        encoder = [layer for each in params for layer in each["encoder"]]
        decoder = [layer for each in reversed(params) for layer in each["decoder"]]
        return {"encoder": encoder, "decoder": decoder}

    def encoder(self, params: Params) -> Layers:
        """The encoder f as a callable pytree: [..., features] -> [..., code]."""
        names = [ACTIVATIONS[name] for name in self.activation]
        layers = (Layer(p["weight"], p["bias"], s) for p, s in zip(params["encoder"], names, strict=True))
        return Layers(tuple(layers), self.code_at)

    def decoder(self, params: Params) -> Layers:
        """The decoder g as a callable pytree: [..., code] -> [..., features], logits where the loss reads logits."""
        names = [ACTIVATIONS[name] for name in (*self.activation[-2::-1], self.output)]
        if self.tied:
            weights = [layer["weight"].T for layer in reversed(params["encoder"])]
        else:
            weights = [layer["weight"] for layer in params["decoder"]]
        biases = [layer["bias"] for layer in params["decoder"]]
        layers = (Layer(W, b, s) for W, b, s in zip(weights, biases, names, strict=True))
        return Layers(tuple(layers), tied=self.tied)


def centred(params: Params, mean: Float[Array, " features"], *, logits: bool = False) -> Params:
    """Parameters of a Dense with biases that take the data's mean out of the code and give it to the reconstruction.

    The first pre-activation is (x - mean) W at the start, so that no unit is ahead of the others on all examples, and the last
    bias is the mean, or log(mean / (1 - mean)) where the decoder gives logits, the mean then kept within 0.001 of 0 and 1.
    params: as of `Dense.init`, whose biases are replaced.
    """
    first, *others = params["encoder"]
    *inner, last = params["decoder"]
    if logits:
        inside = jnp.clip(mean, 1e-3, 1 - 1e-3)
        output = jnp.log(inside) - jnp.log1p(-inside)
    else:
        output = mean
    encoder = [{**first, "bias": -mean @ first["weight"]}, *others]
    return {"encoder": encoder, "decoder": [*inner, {**last, "bias": output}]}


def untie(model: Dense, params: Params) -> tuple[Dense, Params]:
    """The same autoencoder with a decoder weight of its own, W_l^T copied: reconstructions stay bit-identical.

    Raises ValueError for an untied model.
    """
    if not model.tied:
        raise ValueError("untie: the model is untied already; it takes a tied one")
    decoder = [
        {"bias": layer["bias"], "weight": mirrored["weight"].T}
        for layer, mirrored in zip(params["decoder"], reversed(params["encoder"]), strict=True)
    ]
    return replace(model, tied=False), {"encoder": params["encoder"], "decoder": decoder}
