"""A small model, its data and recipes, of which a fit takes no time."""

import numpy as np
import optax

from jaxae import losses
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe

FEATURES = 6
MODEL = Dense(FEATURES, 3, activation="tanh")


def data(n=20, seed=0):
    return np.random.default_rng(seed).normal(size=(n, FEATURES)).astype(np.float32)


def recipe(optimizer=None, **choices):
    optimizer = configure(optax.adam, learning_rate=0.01) if optimizer is None else optimizer
    return Recipe(**{"loss": configure(losses.squared_error), "optimizer": optimizer, **choices})


def sgd(learning_rate):
    return configure(optax.sgd, learning_rate=learning_rate)
