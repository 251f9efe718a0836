"""What a model is: pure functions that make parameters, an encoder and a decoder."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp

__all__ = ["Autoencoder", "LayerWise", "check_model", "code_size"]


@runtime_checkable
class Autoencoder(Protocol):
    """What objectives, training and figures need of a model.

    It is hashable and compares by value, as a frozen dataclass does, because compiled programs are kept by it; one whose fields
    json holds is also stored and found again by its class (jaxae.storage, jaxae.export).
    """

    def init(self, key: jax.Array) -> Any:
        """Random parameters, a tree of float32 arrays; storage names each by its path."""

    def encoder(self, params: Any) -> Callable:
        """The encoder f: [..., features] -> [..., code], a callable pytree whose leaves are parameters.

        Closed forms of penalties read its `layers`, each with weight, bias and activation, where it has them.
        """

    def decoder(self, params: Any) -> Callable:
        """The decoder g: [..., code] -> [..., features], logits where the loss reads logits."""


@runtime_checkable
class LayerWise(Autoencoder, Protocol):
    """What greedy layer-wise pretraining needs besides: each layer as an autoencoder of its own, and their stack."""

    @property
    def depth(self) -> int:
        """How many layers the encoder has."""

    def layer(self, index: int, *, logits: bool) -> Autoencoder:
        """The autoencoder of one layer, whose decoder gives logits of its input or the input itself."""

    def reads_probabilities(self, index: int) -> bool:
        """Whether a layer's input lies in [0, 1]: sigmoid units, or for the first layer the data of a cross-entropy."""

    def has_code(self, index: int) -> bool:
        """Whether the recipe's code acts on a layer."""

    def stack(self, params: Sequence[Any]) -> Any:
        """The parameters of the whole from those of every layer's autoencoder, the first one first."""


def check_model(model: Any, protocol: type = Autoencoder):
    """Refuse, by TypeError, a model that lacks something of the protocol."""
    needed = [name for name in dir(protocol) if not name.startswith("_")]
    missing = [name for name in needed if not hasattr(model, name)]
    if missing:
        raise TypeError(
            f"the model {type(model).__name__} has no {', '.join(missing)}: jaxae.models.{protocol.__name__} says what it needs"
        )
    if protocol is Autoencoder and type(model).__hash__ is None:
        raise TypeError(f"the model {type(model).__name__} has no hash: make it a frozen dataclass")


def code_size(model: Autoencoder, *shape: int) -> int:
    """How many numbers the model's code of an example of this shape has."""
    x = jax.ShapeDtypeStruct((1, *shape), jnp.float32)
    return jax.eval_shape(lambda x: model.encoder(model.init(jax.random.key(0)))(x), x).shape[-1]
