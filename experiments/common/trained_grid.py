"""Trained grids as the figures see them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxae import losses
from jaxae.data import Data
from jaxae.models import code_size
from jaxae.objective import Recipe, encode
from jaxae.sweeps import take

_encode = jax.jit(encode)


class TrainedGrid(NamedTuple):
    """One trained grid: every array has a leading axis of runs; recipes are as at the end of training."""

    model: Any
    recipes: Recipe
    seeds: np.ndarray
    table: dict[str, np.ndarray]
    params: Any
    curve: dict[str, np.ndarray]
    diverged: np.ndarray  # the epoch in which each run became non-finite, or -1
    test: Data
    train: Data
    seconds: float
    score: np.ndarray  # what a search minimises: the error on the validation examples, or on the test ones without them
    validation: Data | None = None  # the examples that are held out of training, where `validation` asks for them

    @property
    def code_size(self):
        """How many numbers a code has."""
        return code_size(self.model, self.train.x.shape[1])

    def encoder(self, run=0):
        """The trained encoder of one run."""
        return self.model.encoder(take(self.params, run))

    def codes(self, x, run=0):
        """The code of x, with what the recipe keeps of it."""
        return _encode(take(self.recipes, run), self.encoder(run), jnp.asarray(x))

    def decode(self, codes, run=0):
        """The reconstruction that a code stands for, in units of the data."""
        decoder = self.model.decoder(take(self.params, run))
        return losses.mean_prediction(self.recipes.loss, decoder(jnp.asarray(codes)))

    def reconstructions(self, x, run=0):
        """The reconstruction of a clean x."""
        return self.decode(self.codes(x, run), run)

    def filters(self, run=0):
        """The first layer's weights as pictures, [units, height, width] or [units, height, width, colours], or None.

        Of convolutions they are the kernels. None where the encoder has neither, or the data are no pictures.
        """
        if len(self.train.shape) not in (2, 3):
            return None
        encoder = self.encoder(run)
        layers = getattr(encoder, "layers", None) or getattr(encoder, "convolutions", None) or [None]
        weight = np.moveaxis(np.asarray(getattr(layers[0], "weight", ())), -1, 0)
        if weight.shape[1:] == (np.prod(self.train.shape),):
            return weight.reshape(-1, *self.train.shape)
        if weight.ndim != 4:
            return None
        return weight[..., 0] if weight.shape[-1] == 1 else weight

    def labels(self):
        """A few words for each run of the grid: the axes' values."""
        return [label(self.table, run) for run in range(len(self.seeds))]


def label(table, run):
    """A few words for one run of a grid with a table of axes, {name: [runs]}."""
    return ", ".join(f"{key.split('.')[-1]} {column[run]:g}" for key, column in table.items())
