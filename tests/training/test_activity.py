import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxae import losses
from jaxae.functions import configure
from jaxae.models import Sparse
from jaxae.objective import Recipe, encode
from jaxae.penalties import none
from jaxae.sparse import codes, optimizers, penalties
from jaxae.sweeps import expand, take
from jaxae.training import fit, fit_grid
from jaxae.training.activity import first_activity, next_activity, reads_activity
from jaxae.training.checkpoints import Checkpoints

RNG = np.random.default_rng(0)
DIRECTIONS = RNG.normal(size=(12, 8)) / np.sqrt(8)
X = (((RNG.random((1000, 12)) < 0.25) * RNG.uniform(0.5, 1.5, (1000, 12))) @ DIRECTIONS).astype(np.float32)
MODEL = Sparse(8, 12, code_parameters=("running_threshold",))


def recipe(code, penalty=None, weight=0.0, **optimizer):
    optimizer = configure(optimizers.adam_unit_norm, learning_rate=0.01) if not optimizer else optimizer["optimizer"]
    return Recipe(
        configure(losses.squared_error), optimizer, code=code, penalty=penalty or configure(none), weight=weight
    )


BATCH_TOP_K = recipe(configure(codes.batch_top_k, k=[1.5, 2.0]), configure(penalties.auxk, k=4, dead_after=5), 1 / 32)


def test_steps_without_a_unit_and_the_least_activation_are_counted_as_by_a_loop():
    activity, idle, threshold = first_activity(4), [0] * 4, 0.0
    for _ in range(30):
        code = np.where(RNG.random((3, 4)) < 0.2, RNG.random((3, 4)), 0).astype(np.float32)
        activity = next_activity(activity, code)
        idle = [0 if np.any(code[:, j]) else idle[j] + 1 for j in range(4)]
        if np.any(code > 0):
            least = code[code > 0].min()
            threshold = 0.99 * threshold + 0.01 * least if threshold else least
    np.testing.assert_array_equal(activity.idle, idle)
    np.testing.assert_allclose(activity.threshold, threshold, rtol=1e-5)


@pytest.mark.parametrize(
    ("chosen", "reads"),
    [
        (recipe(configure(codes.top_k_relu, k=2)), False),
        (recipe(configure(codes.batch_top_k, k=2)), True),
        (recipe(configure(codes.relu), configure(penalties.auxk, k=2, dead_after=9)), True),
        (recipe(configure(codes.relu), optimizer=configure(
            optimizers.adam_resampled, learning_rate=0.1, every=9, dead_after=9)), True),
    ],
)  # fmt: skip
def test_it_is_kept_where_a_function_asks_for_it(chosen, reads):
    assert reads_activity(chosen) == reads


def test_the_threshold_of_training_keeps_about_k_units_once_it_is_over():
    recipes, seeds, _ = expand(BATCH_TOP_K, 0)
    fitted = fit_grid(MODEL, recipes, X, seeds=seeds, epochs=40, batch_size=100)
    for run, k in enumerate([1.5, 2.0]):
        code = encode(take(recipes, run), MODEL.encoder(take(fitted.params, run)), X)
        assert abs(float(jnp.mean(jnp.sum(code != 0, axis=1))) - k) < 0.25


def test_a_grid_gives_what_single_runs_give_and_goes_on_from_a_checkpoint_bit_by_bit(tmp_path):
    recipes, seeds, _ = expand(BATCH_TOP_K, 0)
    train = functools.partial(fit_grid, MODEL, recipes, X, seeds=seeds, batch_size=100)
    whole = train(epochs=4)
    alone = fit(MODEL, take(recipes, 1), X, seed=0, epochs=4, batch_size=100)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a[1], b, rtol=1e-3, atol=1e-4), whole.params, alone.params)

    class Killed(Exception):
        pass

    def kill(index, row):
        if index == 2:
            raise Killed

    with pytest.raises(Killed):
        train(epochs=4, checkpoints=Checkpoints(tmp_path, 1, 1), on_epoch=kill)
    again = train(epochs=4, checkpoints=Checkpoints(tmp_path, 1, 1))
    jax.tree.map(np.testing.assert_array_equal, again.params, whole.params)


def test_resampling_in_training_brings_dead_units_back():
    dead = MODEL.init(jax.random.key(0))
    dead = {**dead, "encoder": {**dead["encoder"], "bias": jnp.where(jnp.arange(12) < 6, -50.0, 0.0)}}
    shares = {}
    for name, optimizer in {
        "kept": configure(optimizers.adam_unit_norm, learning_rate=0.01),
        "resampled": configure(optimizers.adam_resampled, learning_rate=0.01, every=20, dead_after=10),
    }.items():
        chosen = recipe(configure(codes.relu), optimizer=optimizer)
        fitted = fit(MODEL, chosen, X, seed=0, epochs=6, batch_size=100, params=dead)
        shares[name] = float(jnp.mean(jnp.all(encode(chosen, MODEL.encoder(fitted.params), X) == 0, axis=0)))
    assert shares["kept"] == 0.5
    assert shares["resampled"] == 0
