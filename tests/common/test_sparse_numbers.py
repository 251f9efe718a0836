"""What a sparse code comes to, against NumPy loops, and that a dense code has no such numbers."""

import jax
import numpy as np
import optax
import pytest

from experiments.common.sparse_numbers import EXAMPLES, sparse_numbers
from experiments.common.trained_grid import TrainedGrid
from jaxae import codes, losses
from jaxae.data import Data
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.sweeps import expand


def untrained(code, activation="linear", examples=12):
    """A grid of one run of 5 units with random weights, and random numbers as its test examples."""
    x = np.random.default_rng(0).normal(size=(examples, 4)).astype(np.float32)
    model, data = Dense(4, 5, activation=activation), Data(x, None, (4,))
    recipes, seeds, table = expand(
        Recipe(configure(losses.squared_error), configure(optax.sgd, learning_rate=0.1), code=code)
    )
    return TrainedGrid(
        model=model,
        recipes=recipes,
        seeds=seeds,
        table=table,
        params=jax.vmap(model.init)(jax.random.split(jax.random.key(0), 1)),
        curve={},
        diverged=np.full(1, -1),
        test=data,
        train=data,
        seconds=0.0,
        score=np.zeros(1),
    )


@pytest.mark.parametrize(
    ("code", "activation"),
    [
        (configure(codes.top_k, k=2), "linear"),
        (configure(codes.soft_threshold, threshold=0.5), "linear"),
        (configure(codes.identity), "relu"),
    ],
)
def test_numbers_of_a_sparse_code_are_those_of_loops(code, activation):
    grid = untrained(code, activation)
    found, x = sparse_numbers(grid, 0), np.asarray(grid.test.x, np.float64)
    h, back = np.asarray(grid.codes(x)), np.asarray(grid.reconstructions(x), np.float64)
    assert 0 < found["active_units"] < 5
    assert found["active_units"] == pytest.approx(np.mean([sum(value != 0 for value in row) for row in h]))
    assert found["dead_units"] == pytest.approx(np.mean([all(value == 0 for value in unit) for unit in h.T]))
    lost = sum(np.sum((row - other) ** 2) for row, other in zip(x, back, strict=True))
    spread = sum(np.sum((row - x.mean(axis=0)) ** 2) for row in x)
    assert found["explained_variance"] == pytest.approx(1 - lost / spread, rel=1e-5)


def test_a_dense_code_has_no_such_numbers():
    assert sparse_numbers(untrained(configure(codes.identity), "sigmoid"), 0) == {}


def test_only_so_many_examples_are_encoded():
    grid = untrained(configure(codes.top_k, k=2), examples=EXAMPLES + 1)
    few = grid._replace(test=grid.test._replace(x=grid.test.x[:EXAMPLES]))
    assert sparse_numbers(grid, 0) == sparse_numbers(few, 0)
