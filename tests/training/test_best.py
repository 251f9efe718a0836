"""A run keeps its best epoch on validation examples and stops where no better one follows."""

import csv
from pathlib import Path

import hydra
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from experiments.engine.checks import ConfigurationError, check_patience
from experiments.engine.trial import execute
from jaxae import codes, losses, penalties
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.schedules import Schedule, at
from jaxae.sweeps import expand, take
from jaxae.training import evaluation_error, fit, fit_grid
from jaxae.training.best import with_kept_values
from jaxae.training.checkpoints import Checkpoints

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(0)
X, HELD, TEST = (RNG.normal(size=(n, 6)).astype(np.float32) for n in (20, 8, 8))
MODEL = Dense(6, 4, "tanh", tied=False)
EPOCHS = 12
# Too fast, so that some runs are best early; with a code that changes, so that the error is of the recipe's end.
SCHEDULE = Schedule(configure(optax.linear_schedule, init_value=4.0, end_value=3.0, transition_steps=1))
RECIPE = Recipe(
    losses.squared_error,
    configure(optax.adam, learning_rate=[0.001, 0.03, 0.1, 0.3]),
    code=configure(codes.top_k, k=SCHEDULE),
    penalty=penalties.l1,
    weight=0.01,
)
RECIPES = expand(RECIPE)[0]
SEEDS = [0, 1, 2, 3]
SIZES = {"seeds": SEEDS, "batch_size": 5, "x_test": TEST}


def grid(epochs=EPOCHS, recipes=RECIPES, **options):
    return fit_grid(MODEL, recipes, X, **(SIZES | options), epochs=epochs)


def identical(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    jax.tree.map(np.testing.assert_array_equal, a, b)


def validation_error(params, run):
    return evaluation_error(MODEL, at(take(RECIPES, run), 1.0), params, HELD)


@pytest.fixture(scope="module")
def whole():
    """Every epoch's parameters of every run, from checkpoints of a training that does not stop: the oracle."""
    import tempfile

    kept = []
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(Path(folder), 1, 1)

        class Noted(Checkpoints):
            def save(self, checkpoint, identity):
                kept.append(checkpoint.states.params)

        plain = grid(checkpoints=Noted(checkpoints.directory, 1, 1))
    return plain, kept


def expected(kept, run, patience):
    """(best epoch from 1 on, epochs trained) by a loop over the errors of all epochs."""
    best, least = 0, np.inf
    for epoch, params in enumerate(kept, 1):
        error = validation_error(take(params, run), run)
        if error < least:
            best, least = epoch, error
        if epoch - best >= patience:
            return best, epoch
    return best, len(kept)


@pytest.mark.slow
@pytest.mark.parametrize("parallel_runs", [1, 2])
@pytest.mark.parametrize("patience", [2, 4, None])
def test_every_run_keeps_its_best_epoch_and_stops_when_none_better_follows(whole, patience, parallel_runs):
    plain, kept = whole
    found = grid(x_validation=HELD, patience=patience, parallel_runs=parallel_runs)
    ends = []
    for run in range(4):
        best, end = expected(kept, run, patience or EPOCHS)
        ends.append((best, end))
        assert found.curve["best_epoch"][run, -1] == best
        close = {"rtol": 1e-4, "atol": 1e-5} if parallel_runs > 1 else {"rtol": 0, "atol": 0}
        wanted = take(kept[best - 1], run)
        jax.tree.map(lambda a, b, c=close: np.testing.assert_allclose(a, b, **c), take(found.params, run), wanted)
        for name, values in plain.curve.items():  # as without validation until the stop, then those of the best epoch
            trained = min(end, EPOCHS - 1)
            np.testing.assert_allclose(found.curve[name][run, :trained], values[run, :trained], **close)
            np.testing.assert_array_equal(found.curve[name][run, trained:], found.curve[name][run, best - 1])
        np.testing.assert_allclose(
            found.curve["validation_error"][run, -1], validation_error(take(found.params, run), run), rtol=1e-5
        )
    np.testing.assert_array_equal(found.diverged, [-1] * 4)
    if patience == 2:
        assert len(set(ends)) > 1 and min(end for _, end in ends) < EPOCHS  # the runs do differ, and some stop


@pytest.mark.slow
def test_a_single_fit_stops_as_its_grid_does():
    options = {"x_validation": HELD, "patience": 2}
    together = grid(**options)
    single = jax.jit(
        lambda recipe, seed: fit(MODEL, recipe, X, seed=seed, epochs=EPOCHS, batch_size=5, x_test=TEST, **options)
    )
    for run in range(4):
        alone = single(take(RECIPES, run), SEEDS[run])
        assert alone.curve["best_epoch"][-1] == together.curve["best_epoch"][run, -1]
        for left, right in zip(jax.tree.leaves(alone), jax.tree.leaves(take(together, run)), strict=True):
            np.testing.assert_allclose(left, right, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("killed", [1, 4, 7])
def test_a_resumed_grid_is_the_uninterrupted_one_bit_by_bit(killed, tmp_path):
    class Killed(Exception):
        pass

    def kill(index, row):
        if index == killed:
            raise Killed

    options = {"x_validation": HELD, "patience": 4, "checkpoints": Checkpoints(tmp_path, 1, 1)}
    with pytest.raises(Killed):
        grid(**options, on_epoch=kill)
    identical(grid(**options), grid(x_validation=HELD, patience=4))
    for other in ({"x_validation": HELD, "patience": 5}, {"x_validation": HELD + 1, "patience": 4}, {}):
        with pytest.raises(ValueError, match="is a checkpoint of another training, with other data"):
            grid(checkpoints=options["checkpoints"], **other)


@pytest.mark.slow
def test_a_grid_ends_with_its_last_run_and_another_patience_compiles_nothing(compilations):
    epochs = []
    recipes = expand(RECIPE._replace(optimizer=configure(optax.sgd, learning_rate=[0.0, 0.0])))[0]

    def still(patience):
        epochs.clear()
        options = {"seeds": [0, 1], "x_validation": HELD, "patience": patience}
        return grid(40, recipes, **options, on_epoch=lambda index, row: epochs.append(index))

    still(2)
    before = compilations()
    found = still(3)
    assert compilations() == before
    assert epochs == [0, 1, 2, 3]  # parameters that do not move are best in the first epoch
    np.testing.assert_array_equal(found.curve["best_epoch"], np.ones((2, 40)))
    assert np.all(np.isfinite(found.curve["loss"]))


def test_a_run_that_diverges_keeps_its_best_epoch():
    def bomb(*, learning_rate, step):
        start, move = optax.sgd(learning_rate)

        def update(gradient, state, params=None):
            moved, inner = move(gradient, state[1])
            return jax.tree.map(lambda m: m + jnp.where(state[0] + 1 == step, jnp.inf, 0.0), moved), (
                state[0] + 1,
                inner,
            )

        return optax.GradientTransformation(lambda params: (jnp.zeros(()), start(params)), update)

    recipes = expand(RECIPE._replace(optimizer=configure(bomb, learning_rate=0.01, step=[9.0, 1.0])))[0]
    found = grid(5, recipes, seeds=[0, 1], x_validation=HELD)
    np.testing.assert_array_equal(found.diverged, [2, 0])
    np.testing.assert_array_equal(found.curve["best_epoch"][:, -1], [2, 0])
    np.testing.assert_array_equal(found.curve["loss"][0, -1], found.curve["loss"][0, 1])
    assert np.all(np.isnan(found.curve["loss"][0, 2:4])) and np.all(np.isnan(found.curve["loss"][1]))
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(found.params))


def test_curves_end_with_the_values_of_the_best_epoch():
    curve = {
        "best_epoch": jnp.array([[1, 2, 2, 2, 0, 0], [1, 2, 3, 4, 5, 5], [0] * 6]),
        "loss": jnp.arange(18.0).reshape(3, 6),
    }
    kept = with_kept_values(curve, 2)
    np.testing.assert_array_equal(kept["loss"], [[0, 1, 2, 3, 1, 1], [6, 7, 8, 9, 10, 10], [12, 13, 14, 15, 16, 17]])
    np.testing.assert_array_equal(kept["best_epoch"][:, -1], [2, 5, 0])
    np.testing.assert_array_equal(with_kept_values(take(curve, 0), 2)["loss"], kept["loss"][0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"patience": 0, "x_validation": HELD},
            "patience is 0: it must be a whole number of epochs from 1 on, or None",
        ),
        ({"patience": True, "x_validation": HELD}, "patience is True: it must be a whole number"),
        ({"patience": 2}, "patience is 2 and x_validation None: runs stop by their error on examples held out"),
        ({"x_validation": HELD[:, :3]}, r"x_validation has shape \(8, 3\): it must be \[n, 6\]"),
        ({"x_validation": HELD[:0]}, r"x_validation has shape \(0, 6\): .* with n from 1 on"),
    ],
)
def test_what_is_no_patience_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        grid(**options)


@pytest.mark.parametrize(
    ("patience", "validation", "epochs", "words"),
    [
        (0, 0.1, 5, "train.patience is 0: it must be one whole number from 1 on, or null"),
        (2.5, 0.1, 5, "train.patience is 2.5: it must be"),
        ([1, 2], 0.1, 5, "train.patience is .1, 2.: it must be one"),
        (3, 0, 5, "train.patience is 3 and validation 0: hold out examples to wait for, as with validation=0.1"),
        (3, 0.1, 0, "train.patience is 3 and train.epochs 0: there is no epoch to stop after"),
    ],
)
def test_a_patience_without_what_it_needs_is_refused(patience, validation, epochs, words):
    with pytest.raises(ConfigurationError, match=words):
        check_patience(patience, validation, epochs)
    check_patience(None, validation, epochs)


@pytest.mark.slow
def test_a_command_keeps_the_best_epoch_and_says_which(tmp_path):
    words = [
        "scale=smoke",
        "data=digits",
        "model.hidden=9",
        "validation=0.2",
        "figure.runs=1",
        "optimizer.learning_rate=[0.01,0.3]",
    ]
    with hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        done = execute([*words, "train.epochs=30", "train.patience=2"], tmp_path / "run")
        again = execute([*words, "train.epochs=30", "train.patience=2", "figure.runs=2"], tmp_path / "run").grids["run"]
        with pytest.raises(ConfigurationError, match="patience is 2 and validation 0"):
            execute(["scale=smoke", "data=digits", "train.patience=2"], tmp_path / "other")
    found = done.grids["run"]
    rows = list(csv.DictReader((tmp_path / "run" / "metrics.csv").open()))
    identical(jax.tree.map(np.asarray, again.params), jax.tree.map(np.asarray, found.params))  # not trained again
    assert min(found.curve["best_epoch"][:, -1]) < 28  # the fast run stops early
    for run, row in enumerate(rows):
        best = int(float(row["best_epoch"]))
        assert best == found.curve["best_epoch"][run, -1]
        np.testing.assert_allclose(
            float(row["validation_error"]), found.curve["validation_error"][run].min(), rtol=1e-5
        )
        params, recipe = take((found.params, found.recipes), run)
        error = evaluation_error(found.model, recipe, params, jnp.asarray(found.test.x))
        for said in (float(row["test_error"]), found.curve["test_error"][run, best - 1]):  # the file has six digits
            np.testing.assert_allclose(said, error, rtol=1e-5)
        np.testing.assert_allclose(found.score[run], found.curve["validation_error"][run, -1], rtol=1e-5)
