import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxae.models import Dense, Sparse
from jaxae.sparse.optimizers import adam_resampled, adam_unit_norm, unit_norm_decoder
from jaxae.training.activity import Activity

MODEL = Sparse(4, 6)
PARAMS = MODEL.init(jax.random.key(0))
RNG = np.random.default_rng(0)


def gradient():
    return jax.tree.map(lambda p: jnp.asarray(RNG.normal(size=p.shape), jnp.float32), PARAMS)


def test_decoder_rows_keep_norm_1_and_the_step_is_orthogonal_to_first_order():
    optimizer, slope = unit_norm_decoder(optax.sgd(1e-3)), gradient()
    change, _ = optimizer.update(slope, optimizer.init(PARAMS), PARAMS)
    rows, slopes = np.asarray(PARAMS["decoder"]["weight"], float), np.asarray(slope["decoder"]["weight"], float)
    for row, g, got in zip(rows, slopes, np.asarray(change["decoder"]["weight"], float), strict=True):
        moved = row - 1e-3 * (g - (g @ row) * row)
        np.testing.assert_allclose(row + got, moved / np.sqrt(moved @ moved), atol=1e-6)
    np.testing.assert_allclose(change["encoder"]["weight"], -1e-3 * slope["encoder"]["weight"], rtol=1e-6)


def test_adam_on_unit_rows_goes_on_for_many_steps():
    optimizer, params = adam_unit_norm(learning_rate=0.1), PARAMS
    state = optimizer.init(params)
    for _ in range(30):
        change, state = optimizer.update(gradient(), state, params)
        params = optax.apply_updates(params, change)
    np.testing.assert_allclose(np.linalg.norm(params["decoder"]["weight"], axis=1), 1, atol=1e-5)


def test_a_model_without_such_a_decoder_is_refused():
    with pytest.raises(TypeError, match="choose it, or another optimizer"):
        adam_unit_norm(learning_rate=0.1).init(Dense(4, 6).init(jax.random.key(0)))


def test_dead_units_begin_anew_at_examples_drawn_by_their_squared_loss():
    optimizer = adam_resampled(learning_rate=0.01, every=2, dead_after=10)
    state, params = optimizer.init(PARAMS), PARAMS
    x = jnp.asarray(RNG.normal(size=(5, 4)), jnp.float32)
    errors = jnp.array([0.0, 0.0, 7.0, 0.0, 0.0])  # the third example is the only one that can be drawn
    idle = jnp.array([0, 10, 3, 50, 9, 0])
    more = {"activity": Activity(idle, 0.0), "examples": x, "errors": errors, "key": jax.random.key(1)}
    plain = adam_unit_norm(learning_rate=0.01)
    plain_state, dead = plain.init(PARAMS), np.array([1, 3])
    for step in (1, 2):
        slope = gradient()
        expected, plain_state = plain.update(slope, plain_state, params)
        change, state = optimizer.update(slope, state, params, **more)
        if step == 1:  # not yet due
            jax.tree.map(np.testing.assert_array_equal, change, expected)
            params = optax.apply_updates(params, change)
    after = optax.apply_updates(params, change)
    unit = np.asarray(x[2] - params["decoder"]["bias"])
    unit = unit / np.linalg.norm(unit)
    living = np.setdiff1d(np.arange(6), dead)
    length = 0.2 * np.linalg.norm(np.asarray(params["encoder"]["weight"])[:, living], axis=0).mean()
    np.testing.assert_allclose(np.asarray(after["decoder"]["weight"])[dead], [unit, unit], atol=1e-6)
    np.testing.assert_allclose(np.asarray(after["encoder"]["weight"])[:, dead].T, [length * unit] * 2, atol=1e-6)
    np.testing.assert_allclose(np.asarray(after["encoder"]["bias"])[dead], 0, atol=1e-7)
    for role, place in (("encoder", (slice(None), living)), ("decoder", (living, slice(None)))):
        np.testing.assert_array_equal(change[role]["weight"][place], expected[role]["weight"][place])
    moments = optax.tree_utils.tree_get(state, "mu")
    assert np.all(np.asarray(moments["decoder"]["weight"])[dead] == 0)
    assert np.all(np.asarray(moments["decoder"]["weight"])[living] != 0)
