"""A run that becomes non-finite ends at its last finite epoch, is marked, and does not touch the others."""

import csv

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from experiments.engine import metrics
from experiments.engine.checks import ConfigurationError, DivergenceError, check_on_divergence, check_size
from experiments.engine.configuration import Setup
from experiments.engine.training import train
from jaxae import losses, storage
from jaxae.data import Data
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.sweeps import expand, take
from jaxae.training import fit, fit_grid

MODEL = Dense(6, 3)
X = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
CALLS = []


def bomb(*, learning_rate, step, spoils_state: bool = False):
    """Gradient descent whose parameters, or state, become non-finite in one step and in no value before.

    Its state has an infinite scalar, as those of optax's line searches have where they find no step, which is no divergence.
    """

    def start(params):
        return {"steps": jnp.zeros(()), "moment": jnp.zeros(2), "error": jnp.array(jnp.inf)}

    def update(gradient, state, params=None):
        steps = state["steps"] + 1
        bad = jnp.where(steps == step, jnp.inf, 0.0)
        moved = jax.tree.map(lambda g: -learning_rate * g + (0.0 if spoils_state else bad), gradient)
        return moved, state | {"steps": steps, "moment": state["moment"] + bad * spoils_state}

    return optax.GradientTransformation(start, update)


def counted(prediction, target):
    """The squared error, with a note of every evaluation."""
    jax.debug.callback(lambda: CALLS.append(1))
    return losses.squared_error(prediction, target)


def recipes_of(steps, loss=losses.squared_error, **options):
    optimizer = configure(bomb, learning_rate=0.01, step=steps, **options)
    return expand(Recipe(configure(loss), optimizer))[0]


def identical(a, b):
    for left, right in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(left, right)


def grid(steps, epochs=4, parallel_runs=1, **options):
    sizes = {"epochs": epochs, "batch_size": 5, "parallel_runs": parallel_runs, "x_test": X}  # four steps an epoch
    return fit_grid(MODEL, recipes_of(steps, **options), X, seeds=range(len(steps)), **sizes)


NEVER = 1e6


@pytest.mark.slow
@pytest.mark.parametrize("parallel_runs", [1, 2])
@pytest.mark.parametrize("spoils_state", [False, True])
def test_a_diverged_run_keeps_its_last_finite_epoch_and_the_others_their_bits(parallel_runs, spoils_state):
    options = {"parallel_runs": parallel_runs, "spoils_state": spoils_state}
    healthy = grid([NEVER] * 4, **options)
    sick = grid([NEVER, 12, NEVER, 1], **options)  # at the end of epoch 2, at once
    np.testing.assert_array_equal(healthy.diverged, [-1] * 4)
    np.testing.assert_array_equal(sick.diverged, [-1, 2, -1, 0])
    assert sick.diverged.dtype == np.int32
    for run in (0, 2):
        identical(take(sick, run), take(healthy, run))
    identical(take(sick.params, 1), take(grid([NEVER] * 4, epochs=2, **options).params, 1))
    for name, values in sick.curve.items():
        np.testing.assert_array_equal(values[1, :2], healthy.curve[name][1, :2])
        assert np.all(np.isnan(values[1, 2:])) and np.all(np.isnan(values[3]))
    start = jax.vmap(lambda seed: MODEL.init(jax.random.fold_in(jax.random.key(seed), 0)))(jnp.arange(4))
    identical(take(sick.params, 3), take(start, 3))


@pytest.mark.slow
def test_a_single_fit_diverges_as_its_grid_does():
    recipes = recipes_of([NEVER, 6.0])
    single = jax.jit(lambda recipe, seed: fit(MODEL, recipe, X, seed=seed, epochs=4, batch_size=5, x_test=X))
    together = grid([NEVER, 6.0])
    for run in range(2):
        alone = single(take(recipes, run), run)
        assert alone.diverged == together.diverged[run] == (-1, 1)[run]
        for left, right in zip(jax.tree.leaves(alone), jax.tree.leaves(take(together, run)), strict=True):
            np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)


def test_a_diverged_run_does_no_further_work():
    steps = {}
    for step in (1, NEVER):
        CALLS.clear()
        grid([step], loss=counted)
        jax.effects_barrier()
        steps[step] = len(CALLS)
    assert steps[1] * 4 == steps[NEVER] > 0


def test_on_divergence_is_told_the_epoch_of_every_run_when_one_is_added():
    told = []
    sizes = {"epochs": 4, "batch_size": 5, "on_divergence": lambda epochs: told.append(epochs.tolist())}
    fit_grid(MODEL, recipes_of([1, NEVER, 12]), X, seeds=range(3), **sizes)
    assert told == [[0, -1, -1], [0, -1, 2]]


def setup(steps, **sizes):
    optimizer = configure(bomb, learning_rate=0.01, step=steps)
    grid = expand(Recipe(configure(losses.squared_error), optimizer))
    data = Data(X, None, (2, 3))
    usual = {"epochs": 4, "batch_size": 5, "parallel_runs": 1, "precision": "float32", "centred": False, "pretrain": 0}
    usual |= {"checkpoint": 25, "checkpoint_share": 0.02, "on_divergence": "keep"}
    return Setup(MODEL, *grid, data, data, usual | sizes)


def table(setup, directory):
    """The grid of a setup, trained, and its rows of metrics.csv."""
    run = train(setup, "run", directory)
    metrics.write(setup, run, directory / "metrics.csv")
    with open(directory / "metrics.csv") as file:
        return run, list(csv.DictReader(file))


def test_a_diverged_run_is_a_column_of_metrics_with_its_last_finite_values(tmp_path, capsys):
    run, rows = table(setup([NEVER, 6]), tmp_path)
    assert [row["diverged"] for row in rows] == ["-1", "1"]
    assert float(rows[1]["test_error"]) == pytest.approx(run.curve["test_error"][1, 0], rel=1e-5)
    np.testing.assert_array_equal(storage.load(tmp_path / "run.npz").more["diverged"], [-1, 1])
    assert capsys.readouterr().err.count("Not finite any more, epochs counted from 0: run 1 (step 6) in epoch 1") == 1
    assert "diverged" not in table(setup([NEVER, NEVER]), tmp_path)[1][0]


def test_on_divergence_fail_names_run_and_epoch_after_the_last_finite_state_is_saved(tmp_path):
    for _ in range(2):  # a second call finds the checkpoint
        with pytest.raises(DivergenceError, match=r"run 1 \(step 6\) in epoch 1: train.on_divergence is fail"):
            train(setup([NEVER, 6], on_divergence="fail"), "run", tmp_path)
        assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["epoch_2"]
    kept, straight = (train(setup([NEVER, 6]), "run", place) for place in (tmp_path, tmp_path / "straight"))
    identical((kept.params, kept.curve), (straight.params, straight.curve))
    assert not (tmp_path / "checkpoints").exists()


def test_keys_that_cannot_be_are_refused_by_name():
    with pytest.raises(ConfigurationError, match=r"train.on_divergence is 'stop': it must be keep or fail"):
        check_on_divergence("stop")
    with pytest.raises(ConfigurationError, match=r"train.checkpoint is -1: it must be a whole number from 0 on"):
        check_size("train.checkpoint", -1)
    for share in (0, 1.5, True, "1", [0.1], float("nan")):
        with pytest.raises(
            ConfigurationError, match=r"train.checkpoint_share is .*: it must be one number above 0 and at"
        ):
            check_size("train.checkpoint_share", share)
    check_size("train.checkpoint_share", 1)
