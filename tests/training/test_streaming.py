"""A grid whose examples are read from files trains as one whose examples are in memory."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import optax
import pytest

from jaxae import codes, corruptions, losses, penalties
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.rows import Rows, open_rows
from jaxae.sweeps import expand
from jaxae.training import chunks, fit_grid
from jaxae.training.checkpoints import Checkpoints
from jaxae.training.epoch import epoch_order
from jaxae.training.state import initial_params

ROOT = Path(__file__).parents[2]
X = np.random.default_rng(0).normal(size=(54, 8)).astype(np.float32)
BATCH = 4  # 13 steps an epoch, two examples left out
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
@pytest.mark.parametrize("steps", [5, pytest.param(1, marks=pytest.mark.slow)])  # of a chunk: 13 are 5 + 5 + 3
def test_a_streamed_grid_is_that_in_memory(rows, short, choices, steps):
    short(steps)
    close(grid(rows, choices), grid(X, choices))


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"parallel_runs": 2}, {"precision": "bfloat16"}, {"x_test": None}])
def test_it_is_so_side_by_side_at_other_precisions_and_without_a_test(rows, short, options):
    short(5)
    choices = RECIPES["denoising"] | RECIPES["k_sparse"]
    close(grid(rows, choices, **options), grid(X, choices, **options))


@pytest.mark.slow
@pytest.mark.parametrize("parallel_runs", [1, 2])
def test_the_best_epoch_is_kept_and_training_stops_as_in_memory(rows, short, parallel_runs):
    short(5)
    options = {"x_validation": X[:7], "patience": 1, "epochs": 6, "learning_rate": 0.3, "parallel_runs": parallel_runs}
    streamed, memory = (grid(x, RECIPES["contractive"], **options) for x in (rows, X))
    close(streamed, memory)
    assert np.max(memory.curve["best_epoch"]) < 6


@pytest.mark.slow
@pytest.mark.parametrize("parallel_runs", [1, 3])
def test_a_run_that_diverges_in_any_chunk_ends_before_its_epoch(rows, short, parallel_runs):
    short(4)
    optimizer = configure(optax.sgd, learning_rate=[0.001, 0.3, 1e38])
    recipes, seeds, _ = expand(Recipe(configure(losses.squared_error), optimizer))
    options = {"seeds": seeds, "epochs": 4, "batch_size": BATCH, "parallel_runs": parallel_runs}
    streamed, memory = (fit_grid(Dense(8, 4, "linear"), recipes, x, **options) for x in (rows, X))
    close(streamed, memory)
    assert streamed.diverged[0] == -1 and streamed.diverged[2] == 0
    assert np.isnan(streamed.curve["loss"][2]).all()


@pytest.mark.slow
def test_other_numbers_and_epochs_compile_nothing(rows, short, compilations):
    short(5)
    grid(rows, RECIPES["denoising"])
    before = compilations()
    noise = {"corruption": configure(corruptions.gaussian, std=0.1)}
    grid(rows, noise, seed=7, learning_rate=0.1, epochs=5)
    assert compilations() == before


@pytest.mark.parametrize(
    ("examples", "firsts"), [(54, (0, 5, 10)), (50, (0, 4, 8))]
)  # 13 steps, and 12, which 4 divides
def test_chunks_have_the_steps_of_an_epoch_in_order_and_are_read_two_ahead(rows, short, examples, firsts):
    short(5)
    rows = rows.taken(slice(examples))
    with chunks.Chunks(rows, 3, epochs=2, batch_size=BATCH) as stream:
        for epoch in range(2):
            order = np.asarray(epoch_order(3, epoch, examples=examples, batch_size=BATCH))
            first, batches = zip(*stream.of_epoch(epoch), strict=True)
            assert first == firsts
            np.testing.assert_array_equal(np.concatenate(batches), X[order])
    with chunks.Chunks(rows, 3, epochs=2, batch_size=BATCH) as stream:
        next(stream.of_epoch(0))
        assert len(stream._reading) == chunks.AHEAD


@pytest.mark.slow
def test_a_stopped_grid_goes_on_from_the_epoch_of_its_checkpoint(rows, short, tmp_path):
    short(5)

    class Unplugged(Exception):
        pass

    def stop(index, row):
        if index == 1:
            raise Unplugged

    saved = Checkpoints(tmp_path / "checkpoints", 1, share=1)
    whole = grid(rows, RECIPES["denoising"])
    with pytest.raises(Unplugged):
        grid(rows, RECIPES["denoising"], checkpoints=saved, on_epoch=stop)
    left = []
    again = grid(rows, RECIPES["denoising"], checkpoints=saved, on_epoch=lambda index, row: left.append(index))
    assert left == [2]
    for one, other in zip(jax.tree.leaves(again), jax.tree.leaves(whole), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="checkpoint of another training, with other data"):
        grid(rows.taken(np.arange(54)[::-1]), RECIPES["denoising"], checkpoints=saved)


def test_what_reading_raises_ends_the_training(rows, monkeypatch):
    def fail(self, index):
        raise OSError("the disk is gone")

    monkeypatch.setattr(Rows, "__getitem__", fail)
    with pytest.raises(OSError, match="the disk is gone"):
        grid(rows, {})


def test_several_seeds_have_the_order_of_the_first_and_weights_of_their_own(rows):
    both, first = grid(rows, {}, seed=[0, 1]), grid(rows, {}, seed=0)
    close(jax.tree.map(lambda leaf: leaf[:1], both.params), first.params)
    start = jax.tree.map(lambda leaf: leaf[None], initial_params(Dense(8, 4), 1))
    close(jax.tree.map(lambda leaf: leaf[1:], both.params), grid(rows, {}, seed=0, params=start).params)


def test_a_batch_has_at_most_the_examples_that_there_are(rows):
    with pytest.raises(ValueError, match="batch_size is 55: it must be between 1 and the number of examples, 54"):
        grid(rows, {}, batch_size=55)


ON_FOUR = """
import json, sys
import jax, numpy as np
from jaxae.rows import Rows, open_rows
from jaxae.training import chunks
from test_streaming import BATCH, RECIPES, X, close, grid
chunks.CHUNK = 5 * BATCH * X[0].nbytes
rows = open_rows(sys.argv[1])
for name in ("denoising", "k_sparse"):  # one run, whose batches are divided, and two
    close(grid(rows, RECIPES[name]), grid(X, RECIPES[name]))
print(len(jax.local_devices()))
"""


@pytest.mark.slow
def test_four_devices_share_the_batches_or_the_runs(rows, tmp_path):
    environment = os.environ | {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, Path(__file__).parent))),
    }
    command = [sys.executable, "-c", ON_FOUR, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert result.stdout.split() == ["4"], result.stderr
