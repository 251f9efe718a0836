import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.optimize import minimize, rosen, rosen_der

from jaxae import losses, training
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.optimizers import adadelta_of_mean, conjugate_gradient


def minimise(value_fn, params, steps):
    optimizer = conjugate_gradient()
    state = optimizer.init(params)

    @jax.jit
    def step(params, state):
        value, gradient = jax.value_and_grad(value_fn)(params)
        update, state = optimizer.update(gradient, state, params, value=value, grad=gradient, value_fn=value_fn)
        return optax.apply_updates(params, update), state

    for _ in range(steps):
        params, state = step(params, state)
    return params


def test_conjugate_gradient_solves_a_quadratic_of_n_unknowns_in_about_n_steps():
    matrix = jax.random.normal(jax.random.key(0), (8, 6))
    curvature = matrix.T @ matrix + 0.1 * jnp.eye(6)
    target = jax.random.normal(jax.random.key(1), (6,))

    def value(params):
        x = jnp.concatenate([params["a"], params["b"]])
        return 0.5 * x @ curvature @ x - target @ x

    found = minimise(value, {"a": jnp.zeros(4), "b": jnp.zeros(2)}, 12)  # n steps if the line searches were exact
    exact = np.linalg.solve(np.asarray(curvature, np.float64), np.asarray(target, np.float64))
    np.testing.assert_allclose(jnp.concatenate([found["a"], found["b"]]), exact, atol=2e-2)


def test_conjugate_gradient_finds_the_minimum_of_rosenbrocks_function_as_scipy_does():
    start = jnp.array([-1.2, 1.0])
    found = minimise(lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2, start, 60)
    reference = minimize(rosen, np.asarray(start, np.float64), jac=rosen_der, method="CG").x
    np.testing.assert_allclose(found, reference, atol=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", [configure(optax.lbfgs), configure(conjugate_gradient)])
def test_a_full_batch_with_a_line_search_descends_at_every_step_and_counts_its_evaluations(optimizer):
    x = jax.random.uniform(jax.random.key(0), (30, 12))
    recipe = Recipe(configure(losses.squared_error), optimizer)
    recipe = jax.tree.map(lambda number: jnp.asarray(number, jnp.float32)[None], recipe)
    fitted = training.fit_grid(Dense(12, 4), recipe, x, seeds=[0], epochs=15, batch_size=30)
    assert np.all(np.diff(fitted.curve["loss"][0]) < 0)
    assert np.all(fitted.curve["evaluations"] >= 2)  # the gradient, and a value or more along the line


def test_adadelta_on_a_sum_over_features_takes_the_steps_of_zeiler_s_rule_on_the_mean():
    rng, features, rho, epsilon = np.random.default_rng(0), 784, 0.95, 1e-8
    optimizer = adadelta_of_mean(learning_rate=1.0)
    state = optimizer.init(jnp.zeros(3))
    squares, steps = np.zeros(3), np.zeros(3)
    for _ in range(20):
        gradient = rng.normal(size=3) * 1e-4  # of the mean, of the size of epsilon's root
        squares = rho * squares + (1 - rho) * gradient**2
        step = -np.sqrt(steps + epsilon) / np.sqrt(squares + epsilon) * gradient
        steps = rho * steps + (1 - rho) * step**2
        update, state = optimizer.update(jnp.asarray(features * gradient, jnp.float32), state, jnp.zeros(3))
        np.testing.assert_allclose(update, step, rtol=1e-4)
