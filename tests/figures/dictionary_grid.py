"""A grid of TopK codes on a dictionary that is known, as trained grids are given to figures."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.common.trained_grid import TrainedGrid
from jaxae import losses
from jaxae.data import Data
from jaxae.functions import configure
from jaxae.models import Sparse
from jaxae.objective import Recipe
from jaxae.sparse import codes
from jaxae.sweeps import expand


def dictionary_grid(weight, bias, ks, *, train, test):
    """weight: [units, features], the same both ways; bias: of the decoder; ks: of the runs; train, test: examples."""
    units, features = weight.shape
    params = {
        "encoder": {"weight": jnp.asarray(weight.T), "bias": jnp.zeros(units)},
        "decoder": {"weight": jnp.asarray(weight), "bias": jnp.asarray(bias)},
    }
    code = configure(codes.top_k_relu, k=ks)
    recipes, seeds, table = expand(
        Recipe(configure(losses.squared_error), configure(optax.sgd, learning_rate=0.1), code=code)
    )
    return TrainedGrid(
        model=Sparse(features, units),
        recipes=recipes,
        seeds=seeds,
        table=table,
        params=jax.tree.map(lambda leaf: jnp.stack([leaf] * len(ks)), params),
        curve={},
        diverged=np.full(len(ks), -1),
        test=Data(np.float32(test), None, (features,)),
        train=Data(np.float32(train), None, (features,)),
        seconds=0.0,
        score=np.zeros(len(ks)),
    )
