"""What the estimators compile: training, and rows through a trained autoencoder; model is static, all else are arrays."""

import functools

import jax
import numpy as np

from jaxae import losses, training
from jaxae.objective import encode, per_example
from jaxae.training.epoch import train_epoch
from jaxae.training.state import initial_state


@functools.partial(jax.jit, static_argnames=("model", "epochs", "batch_size"))
def fit(model, recipe, x, seed, params, *, epochs, batch_size):
    """Parameters and curves of a training, as `jaxae.training.fit` gives them."""
    return training.fit(model, recipe, x, seed=seed, epochs=epochs, batch_size=batch_size, params=params)


@functools.partial(jax.jit, static_argnames="model")
def initial(model, recipe, seed, params):
    """The state before the first epoch; params: where to start, random weights if None."""
    return initial_state(model, recipe, seed, params, shape=(model.features,))


@functools.partial(jax.jit, static_argnames=("model", "batch_size"))
def epoch(model, recipe, state, x, seed, index, *, batch_size):
    """The state after one more epoch, and its mean loss."""
    state, row = train_epoch(
        model, recipe, state, x=x, x_test=None, seed=seed, index=index, epochs=1, batch_size=batch_size
    )
    return state, row["loss"]


@functools.partial(jax.jit, static_argnames="model")
def codes(model, recipe, params, x):
    """The codes of rows [n, features], [n, code]."""
    return encode(recipe, model.encoder(params), x)


@functools.partial(jax.jit, static_argnames="model")
def reconstructions(model, recipe, params, z):
    """The reconstructions of codes [n, code], [n, features] in units of the data."""
    return losses.mean_prediction(recipe.loss, model.decoder(params)(z))


@functools.partial(jax.jit, static_argnames="model")
def errors(model, recipe, params, x):
    """The loss of the reconstruction of each row, [n]."""
    output = model.decoder(params)(encode(recipe, model.encoder(params), x))
    return per_example("loss", recipe.loss, recipe.loss(output, x), x)


def float32(recipe):
    """The recipe with numbers of one type, so that 1 and 1.0 are one program."""
    return jax.tree.map(lambda number: np.float32(number), recipe)
