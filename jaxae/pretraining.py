"""Greedy layer-wise pretraining of a deep autoencoder (Hinton & Salakhutdinov 2006; Vincent et al. 2010)."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from jaxtyping import Float

from jaxae import codes, losses
from jaxae.arrays import Array
from jaxae.models import LayerWise, check_model
from jaxae.objective import Recipe, encode
from jaxae.schedules import at
from jaxae.sweeps import check_seed, take
from jaxae.training import fit_grid

__all__ = ["Pretraining", "layers_of", "pretrain"]


class Pretraining(NamedTuple):
    """The parameters of the unrolled deep autoencoder, as its `init` names them, and the training curve of each layer."""

    params: Any
    curves: tuple[dict[str, jax.Array], ...]


def pretrain(
    model: Any, recipe: Recipe, x: Float[Array, "n features"], *, seed: Any = 0, epochs: int, batch_size: int = 100
) -> Pretraining:
    """Train every layer as an autoencoder of the layer below on its clean codes, then unroll them into one deep autoencoder.

    model: a Dense, or another jaxae.models.LayerWise; recipe: acts on each layer in turn, its corruption on the layer's input
    and its penalty on the layer's own map, its code on the layers that `model.has_code` names; epochs: per
    layer -> Pretraining, whose params `fit(model, ..., params=...)` trains on as a whole. A layer on codes that are not of
    sigmoid units is trained by the squared error where the recipe's loss is the cross-entropy. With the penalty
    `jaxae.boltzmann.contrastive_divergence` at weight 1 every layer is a restricted Boltzmann machine.
    """
    check_model(model, LayerWise)
    check_seed(seed)
    params, curves = [], []
    x = jnp.asarray(x)
    for layer, layer_recipe in layers_of(model, recipe):
        stacked = jax.tree.map(lambda number: jnp.asarray(number, jnp.float32)[None], layer_recipe)
        fitted = fit_grid(layer, stacked, x, seeds=[seed], epochs=epochs, batch_size=batch_size)
        params.append(take(fitted.params, 0))
        curves.append(take(fitted.curve, 0))
        x = encode(at(layer_recipe, 1.0), layer.encoder(params[-1]), x)
    return Pretraining(model.stack(params), tuple(curves))


def layers_of(model: LayerWise, recipe: Recipe) -> list[tuple[Any, Recipe]]:
    """The one-layer autoencoders of a deep one, from the data on, each with its own recipe."""
    entropy = recipe.loss.func is losses.binary_cross_entropy
    pairs = []
    for index in range(model.depth):
        logits = entropy and model.reads_probabilities(index)
        loss = Partial(losses.squared_error) if entropy and not logits else recipe.loss
        code = recipe.code if model.has_code(index) else Partial(codes.identity)
        pairs.append((model.layer(index, logits=logits), recipe._replace(loss=loss, code=code)))
    return pairs
