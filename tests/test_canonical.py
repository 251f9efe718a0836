import jax.numpy as jnp
import numpy as np

from experiments.canonical import adadelta


def test_adadelta_on_a_sum_over_pixels_takes_the_steps_of_zeiler_s_rule_on_the_mean():
    rng, pixels, rho, epsilon = np.random.default_rng(0), 784, 0.95, 1e-8
    optimizer = adadelta(learning_rate=1.0)
    state = optimizer.init(jnp.zeros(3))
    squares, steps = np.zeros(3), np.zeros(3)
    for _ in range(20):
        gradient = rng.normal(size=3) * 1e-4  # of the mean, of the size of epsilon's root
        squares = rho * squares + (1 - rho) * gradient**2
        step = -np.sqrt(steps + epsilon) / np.sqrt(squares + epsilon) * gradient
        steps = rho * steps + (1 - rho) * step**2
        update, state = optimizer.update(jnp.asarray(pixels * gradient, jnp.float32), state, jnp.zeros(3))
        np.testing.assert_allclose(update, step, rtol=1e-4)
