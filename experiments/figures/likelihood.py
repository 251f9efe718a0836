"""The decoder's log-likelihood, the part of a bound on the mutual information that training changes, beside squared error."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy import optimize, stats
from sklearn.decomposition import PCA

from experiments.common import plotting
from experiments.common.outcome import Outcome
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import tidy
from experiments.common.verdicts import below, decided, greater, listed
from jaxae import losses
from jaxae.functions import configure
from jaxae.objective import objective
from jaxae.sweeps import take

DEVIATIONS = np.geomspace(0.05, 1, 40)  # of the pixels, over which the log-likelihood is drawn
ROUNDING = 1e-6  # relative; float32 keeps 1.2e-7 of each of the terms that are summed


class _Decoder(NamedTuple):
    """A decoder with Gaussian noise: its squared errors, and the s that makes the training images most likely."""

    train: float  # squared error, summed over pixels, mean over images
    test: float
    std: float
    nats: float  # mean log q(x | y) of the test images


def outcome(grids, cfg):
    """Log-likelihoods over training and over s, the identity with squared error, and PCA at the same code size."""
    plain, gaussian = grids["squared error"], grids["Gaussian likelihood"]
    stds = [round(float(std), 6) for std in gaussian.recipes.loss.keywords["std"]]
    pixels = plain.train.x.shape[1]
    code = _decoder(
        *(_mean_square(plain.reconstructions(data.x), data.x) for data in (plain.train, plain.test)), pixels
    )
    pca, probabilistic = _pca(plain)
    errors = {
        std: _mean_square(gaussian.reconstructions(gaussian.test.x, run), gaussian.test.x)
        for run, std in enumerate(stds)
    }
    nats, squares = _curves(plain, gaussian, stds)
    over = {
        "training images": _nats(code.train, DEVIATIONS, pixels),
        "test images": _nats(code.test, DEVIATIONS, pixels),
        f"PCA {plain.code_size}, test images": _nats(pca.test, DEVIATIONS, pixels),
    }
    rows = _rows(nats, squares, over) + _points(code, pca, plain)
    table = _table(code, pca, probabilistic, errors, plain)
    verdicts = [
        _rising(nats["s fitted"]),
        greater(
            "a nonlinear code keeps more than a linear one of the same size",
            "more nats per test image than PCA, each with s fitted to training images",
            code.nats,
            pca.nats,
            "{:.1f} against {:.1f}",
            source="Goodfellow et al. 2016, section 14.3",
        ),
    ]
    checks = [
        _identity(plain, (code.std, *stds)),
        _same_slope(plain, stds, cfg.train.batch_size),
        _fitted(code, pixels),
        _same_place(code.test, errors),
    ]
    remark = (
        "I(X; Y) >= H(X) + E log q(x | y): H(X) is the data's own, so that training can only raise the second term, which is "
        f"shown for {pixels} pixels with density q = N(x; g(y), s^2 I). A fitted s^2 is the mean squared error per training "
        "pixel, of the epoch where it is drawn over training. The marginal log p(x) of probabilistic PCA is another quantity: "
        "it pays for the code as well."
    )
    return Outcome(_draw(nats, squares, over, code, pca, plain), rows, table, verdicts, remark, checks=checks)


def _rows(nats, squares, over):
    return tidy(
        ("panel", "line", "x", "value"),
        (
            (panel, name, x, value)
            for panel, lines, places in (
                ("nats over training", nats, _epochs(nats)),
                ("squared error over training", squares, _epochs(squares)),
                ("nats over s", over, DEVIATIONS),
            )
            for name, values in lines.items()
            for x, value in zip(places, values, strict=True)
        ),
    )


def _points(code, pca, plain):
    """Rows of the single numbers in the panels."""
    return tidy(
        ("panel", "line", "x", "value"),
        [
            ("nats over training", f"PCA {plain.code_size}, s fitted", None, pca.nats),
            ("squared error over training", f"PCA {plain.code_size}", None, pca.test),
            ("nats over s", "fitted s", code.std, _nats(code.train, code.std, plain.train.x.shape[1])),
        ],
    )


def _epochs(lines):
    return np.arange(1, len(next(iter(lines.values()))) + 1)


def _table(code, pca, probabilistic, errors, plain):
    size, pixels = plain.code_size, plain.train.x.shape[1]
    return tidy(
        ("model", "test squared error per image", "s", "nats per test image"),
        [
            ("autoencoder, log q(x | y)", code.test, code.std, code.nats),
            (f"PCA {size}, log q(x | y)", pca.test, pca.std, pca.nats),
            (f"probabilistic PCA {size}, log p(x)", None, *probabilistic),
        ],
        (
            (f"trained at s = {std:g}, log q(x | y)", error, std, _nats(error, std, pixels))
            for std, error in errors.items()
        ),
    )


def _nats(error, std, pixels):
    """Mean log-likelihood per image, -error / (2 s^2) - pixels log(s sqrt(2 pi)). error: squared, summed over pixels."""
    return -error / (2 * np.square(std)) - pixels * np.log(np.sqrt(2 * np.pi) * std)


def _decoder(train, test, pixels):
    std = float(np.sqrt(train / pixels))
    return _Decoder(train, test, std, float(_nats(test, std, pixels)))


def _mean_square(reconstructed, x):
    return float(np.square(np.asarray(reconstructed, np.float64) - x).sum(axis=1).mean())


def _pca(grid):
    """PCA as a decoder with a fitted s, and the s and the mean log p(x) of test images of probabilistic PCA."""
    x, x_test = grid.train.x.astype(np.float64), grid.test.x.astype(np.float64)
    fitted = PCA(grid.code_size, svd_solver="covariance_eigh").fit(x)
    components = PrincipalComponents.of(fitted)
    decoder = _decoder(components.squared_error(x), components.squared_error(x_test), x.shape[1])
    return decoder, (float(np.sqrt(fitted.noise_variance_)), float(fitted.score(x_test)))


def _curves(plain, gaussian, stds):
    """Per epoch on test images: nats with s fitted or fixed in training, and the squared error of each training."""
    pixels = plain.train.x.shape[1]
    error, std = plain.curve["test_error"][0], np.sqrt(plain.curve["error"][0] / pixels)
    nats, squares = {"s fitted": _nats(error, std, pixels)}, {"squared error": error}
    for run, fixed in enumerate(stds):
        name = f"s = {fixed:g}"
        nats[name] = -gaussian.curve["test_error"][run].astype(np.float64)
        squares[name] = 2 * fixed**2 * (_nats(0, fixed, pixels) - nats[name])
    return nats, squares


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
    formula = float(_nats(_mean_square(reconstructed, x), std, x.shape[1]))
    scale = _mean_square(reconstructed, x) / (2 * std**2) + x.shape[1] * abs(np.log(np.sqrt(2 * np.pi) * std))
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
        return -_nats(code.train, std, pixels)

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


def _rising(nats):
    return decided(
        "the bound rises over training",
        "log q with fitted s is larger after the last epoch than after the first, by most of its range",
        f"{nats[0]:.0f} to {nats[-1]:.0f} nats per test image",
        [nats[-1] - nats[0] - 0.9 * np.ptp(nats)],
    )


def _draw(nats, squares, over, code, pca, plain):
    size, pixels = plain.code_size, plain.train.x.shape[1]
    with plotting.style():
        figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4.6))
        for name, values in nats.items():
            left.plot(_epochs(nats), values, label=name)
        left.axhline(pca.nats, color="grey", ls="--", lw=1.2, label=f"PCA {size}, s fitted")
        left.set(xlabel="epoch", ylabel="E log q(x | y) (nats per test image)", title="the bound less H(X)")
        left.legend(loc="center right", bbox_to_anchor=(1, 0.3))  # between the lines of s = 0.3 and 1
        for name, values in over.items():
            middle.plot(DEVIATIONS, values, "--" if name.startswith("PCA") else "-", label=name)
        middle.plot(code.std, _nats(code.train, code.std, pixels), "o", color=plotting.COLORS[0], label="fitted s")
        top = max(values.max() for values in over.values())
        middle.set(xscale="log", ylim=(top - 1600, top + 500), xlabel="s (intensity, white = 1)")
        middle.set(ylabel="mean log q(x | y) (nats per image)", title="after training, over s")
        middle.legend(loc="upper right")
        for (name, values), style in zip(squares.items(), ("-", "--", "-.", ":"), strict=False):
            right.plot(_epochs(squares), values, style, label=name)
        right.axhline(pca.test, color="grey", ls="--", lw=1.2, label=f"PCA {size}")
        right.set(xlabel="epoch", ylabel="squared error per test image", title="trained on squared error or at s")
        right.set(ylim=(0, None))
        right.legend()
    return figure
