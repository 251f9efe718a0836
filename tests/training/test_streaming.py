"""A grid whose examples are read from files trains as one whose examples are in memory."""

import jax
import numpy as np
import optax
import pytest

from jaxae import codes, corruptions, losses, penalties
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.rows import open_rows
from jaxae.sweeps import expand
from jaxae.training import chunks, fit_grid

X = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
BATCH = 4  # 12 steps an epoch, two examples left out
RECIPES = {
    "plain": {},
    "denoising": {"corruption": configure(corruptions.gaussian, std=0.5)},
    "k_sparse": {"code": configure(codes.top_k, k=[1, 3])},
    "contractive": {"penalty": configure(penalties.contractive_exact), "weight": [0.0, 0.1]},
    "dropout": {"code": configure(codes.dropout, rate=0.5)},
}


@pytest.fixture
def rows(tmp_path):
    """The examples in three shards."""
    for number, shard in enumerate(np.split(X, [13, 20])):
        np.save(tmp_path / f"{number}.npy", shard)
    return open_rows(tmp_path)


@pytest.fixture
def short(monkeypatch):
    """Gives chunks a number of steps."""
    return lambda steps: monkeypatch.setattr(chunks, "CHUNK", steps * BATCH * X[0].nbytes)


def grid(x, choices, seed=0, learning_rate=0.01, **options):
    optimizer = configure(optax.adam, learning_rate=learning_rate)
    recipes, seeds, _ = expand(Recipe(configure(losses.squared_error), optimizer, **choices), seed)
    options = {"epochs": 3, "batch_size": BATCH, "x_test": X[:9]} | options
    return fit_grid(Dense(8, 4), recipes, x, seeds=seeds, **options)


def close(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for left, right in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("choices", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("steps", [4, 5])
def test_a_streamed_grid_is_that_in_memory(rows, short, choices, steps):
    short(steps)
    streamed, memory = grid(rows, choices), grid(X, choices)
    close(streamed, memory)
    diff = max(
        float(np.max(np.abs(np.asarray(a) - np.asarray(b))))
        for a, b in zip(jax.tree.leaves(streamed), jax.tree.leaves(memory))
    )
    print("DIFF", diff)
