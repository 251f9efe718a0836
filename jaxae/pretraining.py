"""Greedy layer-wise pretraining of a deep autoencoder (Hinton & Salakhutdinov 2006; Vincent et al. 2010)."""

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jaxae import codes, losses
from jaxae.objective import encode
from jaxae.schedules import at
from jaxae.sweeps import check_seed, take
from jaxae.training import fit_grid

__all__ = ["Pretraining", "layers_of", "pretrain"]


class Pretraining(NamedTuple):
    """The parameters of the unrolled deep autoencoder, as `Dense.init` names them, and the training curve of each layer."""

    params: Any
    curves: tuple[dict[str, jax.Array], ...]


def pretrain(model, recipe, x, *, seed=0, epochs, batch_size=100):
    """Train every layer as an autoencoder of the layer below on its clean codes, then unroll them into one deep autoencoder.

    model: a Dense; recipe: acts on each layer in turn, its corruption on the layer's input and its penalty on the layer's own
    map, its code on the layers that `model.code_at` names; x: [n, features]; epochs: per layer -> Pretraining, whose params
    `fit(model, ..., params=...)` trains on as a whole. A layer on codes that are not of sigmoid units is trained by the
    squared error where the recipe's loss is the cross-entropy.
    """
    check_seed(seed)
    params, curves = {"encoder": [], "decoder": []}, []
    x = jnp.asarray(x)
    for layer, layer_recipe in layers_of(model, recipe):
        stacked = jax.tree.map(lambda number: jnp.asarray(number, jnp.float32)[None], layer_recipe)
        fitted = fit_grid(layer, stacked, x, seeds=[seed], epochs=epochs, batch_size=batch_size)
        trained = take(fitted.params, 0)
        params = {"encoder": params["encoder"] + trained["encoder"], "decoder": trained["decoder"] + params["decoder"]}
        curves.append(take(fitted.curve, 0))
        x = encode(at(layer_recipe, 1.0), layer.encoder(trained), x)
    return Pretraining(params, tuple(curves))


def layers_of(model, recipe):
    """The one-layer autoencoders of a deep one, from the data on, each with its own recipe: [(Dense, Recipe), ...]."""
    widths = (model.features, *model.hidden)
    pairs = []
    for depth, name in enumerate(model.activation):
        below = model.activation[depth - 1] if depth else None
        entropy = recipe.loss.func is losses.binary_cross_entropy
        logits = entropy and below in (None, "sigmoid")
        loss = Partial(losses.squared_error) if entropy and not logits else recipe.loss
        coded = model.code_at == "every" or depth == len(model.hidden) - 1
        layer = replace(
            model,
            features=widths[depth],
            hidden=widths[depth + 1],
            activation=name,
            output="linear" if logits else below or model.output,
        )
        pairs.append((layer, recipe._replace(loss=loss, code=recipe.code if coded else Partial(codes.identity))))
    return pairs
