"""Checks of the Gaussian likelihood: what holds by definition, whatever the training."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy import optimize, stats

from experiments.common.verdicts import below, decided, listed
from experiments.figures.likelihood_decoder import mean_square, nats_of
from jaxae import losses
from jaxae.functions import configure
from jaxae.objective import objective
from jaxae.sweeps import take

ROUNDING = 1e-6  # relative; float32 keeps 1.2e-7 of each of the terms that are summed


def checks(grid, code, errors, count):
    """The identities of the likelihood with squared error, on the model of squared error.

    code: its decoder; errors: {s: test squared error of the model trained at it}; count: training examples of the gradients.
    """
    pixels = grid.train.x.shape[1]
    return [
        _identity(grid, (code.std, *errors)),
        _same_slope(grid, tuple(errors), count),
        _fitted(code, pixels),
        _same_place(code.test, errors),
    ]


def _identity(grid, stds):
    return below(
        "the Gaussian log-likelihood is const - MSE / (2 s^2)",
        f"both within {ROUNDING:g} of SciPy's density, relative to the sum of its terms, at every s",
        [max(_difference_from_scipy(grid, std) for std in stds)],
        "largest difference {value:.1e}",
        bound=ROUNDING,
        source="Goodfellow et al. 2016, section 14.4",
    )


def _difference_from_scipy(grid, std):
    """Relative difference of the library's mean log-likelihood and const - MSE / (2 s^2) from SciPy's density in float64."""
    x, reconstructed = grid.test.x, np.asarray(grid.reconstructions(grid.test.x))
    density = stats.norm(reconstructed.astype(np.float64), std).logpdf(x).sum(axis=1).mean()
    loss = -float(jnp.mean(losses.gaussian_nll(jnp.asarray(reconstructed), jnp.asarray(x), std=std)))
    formula = float(nats_of(mean_square(reconstructed, x), std, x.shape[1]))
    scale = mean_square(reconstructed, x) / (2 * std**2) + x.shape[1] * abs(np.log(np.sqrt(2 * np.pi) * std))
    return max(abs(loss - density), abs(formula - density)) / scale


def _same_slope(grid, stds, count):
    return below(
        "its gradient is that of the squared error, 1 / (2 s^2) times as large",
        "relative difference below 1e-4, the rounding of a float32 backward pass",
        [max(_slope_difference(grid, std, count) for std in stds)],
        "{value:.1e}",
        bound=1e-4,
    )


def _slope_difference(grid, std, count):
    """Relative difference of 2 s^2 times the gradient of the likelihood's loss from the gradient of the squared error."""
    x = jnp.asarray(grid.train.x[:count])
    gradient = jax.jit(partial(_gradient, grid.model, take(grid.recipes, 0), take(grid.params, 0), x))
    square = gradient(configure(losses.squared_error))
    likelihood = gradient(configure(losses.gaussian_nll, std=std))
    return float(jnp.linalg.norm(2 * std**2 * likelihood - square) / jnp.linalg.norm(square))


def _gradient(model, recipe, params, x, loss):
    recipe, key = recipe._replace(loss=loss), jax.random.key(0)

    def mean(params):
        return objective(recipe, model.encoder(params), model.decoder(params), key, x)[0]

    return ravel_pytree(jax.grad(mean)(params))[0]


def _fitted(code, pixels):
    def negative(std):
        return -nats_of(code.train, std, pixels)

    best = optimize.minimize_scalar(negative, bounds=(0.01, 1), method="bounded").x
    return decided(
        "the s of maximum likelihood is the root of the mean squared error per pixel",
        "within 0.1 % of the maximum over s of the training images' log-likelihood",
        f"{code.std:.5f} against {best:.5f}",
        [1e-3 - abs(code.std / best - 1)],
    )


def _same_place(error, errors):
    """Of the squared error of the model trained on it, and those of the models trained at each fixed s."""
    return decided(
        "training either ends in the same place",
        "test squared errors of every fixed s within 3 % of that of squared error (Adam divides by the gradient's size)",
        f"{error:.2f}; " + listed(errors, "s = {name:g}: {value:.2f}"),
        [0.03 - abs(other / error - 1) for other in errors.values()],
    )
