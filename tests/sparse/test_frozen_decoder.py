"""Adam that leaves the decoder's rows as they began: everything else moves as by Adam alone."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxae import losses, training
from jaxae.functions import configure
from jaxae.models import Dense, Sparse
from jaxae.objective import Recipe
from jaxae.sparse.codes import top_k_relu
from jaxae.sparse.optimizers import adam_frozen_decoder
from jaxae.training.state import initial_params

NUMBERS = {"learning_rate": 0.01, "b1": 0.8, "b2": 0.95, "eps": 1e-6}


def test_all_but_the_rows_move_as_adam_moves_them():
    params = Sparse(6, 9).init(jax.random.key(0))
    adam, frozen = optax.adam(*NUMBERS.values()), adam_frozen_decoder(**NUMBERS)
    states = adam.init(params), frozen.init(params)
    for step in range(3):
        gradient = jax.tree.map(lambda leaf, step=step: jnp.cos(leaf + step), params)
        expected, first = adam.update(gradient, states[0], params)
        found, second = frozen.update(gradient, states[1], params)
        states = first, second
        np.testing.assert_array_equal(found["decoder"]["weight"], 0)
        expected["decoder"]["weight"] = found["decoder"]["weight"]
        jax.tree.map(np.testing.assert_array_equal, found, expected)


def test_training_lowers_the_error_with_the_rows_as_they_began():
    model, x = Sparse(6, 9), jax.random.normal(jax.random.key(1), (200, 6))
    recipe = Recipe(
        configure(losses.squared_error),
        configure(adam_frozen_decoder, learning_rate=0.01),
        code=configure(top_k_relu, k=3),
    )
    fitted = training.fit(model, recipe, x, seed=4, epochs=10, batch_size=20)
    start = initial_params(model, 4)
    np.testing.assert_array_equal(fitted.params["decoder"]["weight"], start["decoder"]["weight"])
    assert np.all(fitted.params["encoder"]["weight"] != start["encoder"]["weight"])
    assert np.any(fitted.params["decoder"]["bias"] != 0)
    assert fitted.curve["error"][-1] < 0.8 * fitted.curve["error"][0]


def test_a_model_without_such_rows_is_refused():
    with pytest.raises(TypeError, match="a decoder of rows that stay is that of"):
        adam_frozen_decoder(learning_rate=0.1).init(Dense(6, 3).init(jax.random.key(0)))
