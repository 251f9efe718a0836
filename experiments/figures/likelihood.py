"""The decoder's log-likelihood, the part of a bound on the mutual information that training changes, beside squared error."""

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy import optimize, stats
from sklearn.decomposition import PCA

from experiments.common import plotting
from experiments.common.outcome import Outcome, Verdict
from jaxae import losses
from jaxae.functions import configure
from jaxae.objective import objective
from jaxae.sweeps import take

DEVIATIONS = np.geomspace(0.05, 1, 40)  # of the pixels, over which the log-likelihood is drawn
ROUNDING = 1e-6  # relative; float32 keeps 1.2e-7 of each of the terms that are summed


def outcome(runs, cfg):
    """Log-likelihoods over training and over s, the identity with squared error, and PCA at the same code size."""
    plain, gaussian = runs["squared error"], runs["Gaussian likelihood"]
    fixed = [round(float(std), 6) for std in gaussian.recipes.loss.keywords["std"]]
    pixels, size = plain.train.x.shape[1], plain.code_size
    errors = {
        split: _mean_square(plain.reconstructions(data.x), data.x)
        for split, data in (("train", plain.train), ("test", plain.test))
    }
    fitted = float(np.sqrt(errors["train"] / pixels))
    pca = _pca(plain, size)
    identity = max(_identity(plain, std) for std in (fitted, *fixed))
    slope = max(_slope_difference(plain, std, cfg.train.batch_size) for std in fixed)
    sums = {
        f"s = {std:g}": _mean_square(gaussian.reconstructions(gaussian.test.x, i), gaussian.test.x)
        for i, std in enumerate(fixed)
    }
    curves = _curves(plain, gaussian, fixed, pixels)
    over = {
        "training images": _nats(errors["train"], DEVIATIONS, pixels),
        "test images": _nats(errors["test"], DEVIATIONS, pixels),
        f"PCA {size}, test images": _nats(pca["test"], DEVIATIONS, pixels),
    }
    best = optimize.minimize_scalar(
        lambda std: -_nats(errors["train"], std, pixels), bounds=(0.01, 1), method="bounded"
    ).x
    held_out = float(_nats(errors["test"], fitted, pixels))
    rows = [
        {"panel": panel, "line": name, "x": float(x), "value": float(value)}
        for panel, places, lines in (
            ("nats over training", np.arange(1, cfg.train.epochs + 1), curves["nats"]),
            ("squared error over training", np.arange(1, cfg.train.epochs + 1), curves["error"]),
            ("nats over s", DEVIATIONS, over),
        )
        for name, values in lines.items()
        for x, value in zip(places, values, strict=True)
    ]
    rows += [
        {"panel": "nats over training", "line": f"PCA {size}, s fitted", "x": None, "value": pca["nats"]},
        {"panel": "squared error over training", "line": f"PCA {size}", "x": None, "value": pca["test"]},
        {
            "panel": "nats over s",
            "line": "fitted s",
            "x": fitted,
            "value": float(_nats(errors["train"], fitted, pixels)),
        },
    ]
    table = [
        _row("autoencoder, log q(x | y)", errors["test"], fitted, held_out),
        _row(f"PCA {size}, log q(x | y)", pca["test"], pca["std"], pca["nats"]),
        _row(f"probabilistic PCA {size}, log p(x)", None, pca["noise"], pca["marginal"]),
    ]
    table += [
        _row(f"trained at {name}, log q(x | y)", error, std, float(_nats(error, std, pixels)))
        for std, (name, error) in zip(fixed, sums.items(), strict=True)
    ]
    remark = (
        "I(X; Y) >= H(X) + E log q(x | y): H(X) is the data's own, so that training can only raise the second term, which is "
        f"shown for {pixels} pixels with density q = N(x; g(y), s^2 I). A fitted s^2 is the mean squared error per training "
        "pixel, of the epoch where it is drawn over training. The marginal log p(x) of probabilistic PCA is another quantity: "
        "it pays for the code as well."
    )
    figure = _draw(curves, over, pca, errors, fitted, pixels, size)
    verdicts = _verdicts(identity, slope, fitted, best, errors, sums, held_out, pca, curves["nats"]["s fitted"])
    return Outcome(figure, rows, table, verdicts, remark)


def _nats(error, std, pixels):
    """Mean log-likelihood per image, -error / (2 s^2) - pixels log(s sqrt(2 pi)). error: squared, summed over pixels."""
    return -error / (2 * np.square(std)) - pixels * np.log(np.sqrt(2 * np.pi) * std)


def _mean_square(reconstructed, x):
    return float(np.square(np.asarray(reconstructed, np.float64) - x).sum(axis=1).mean())


def _pca(run, size):
    """PCA as a decoder with a fitted s, and as probabilistic PCA with its own noise."""
    x, x_test = run.train.x.astype(np.float64), run.test.x.astype(np.float64)
    pca = PCA(size, svd_solver="covariance_eigh").fit(x)
    train, test = (_mean_square(pca.inverse_transform(pca.transform(v)), v) for v in (x, x_test))
    std = float(np.sqrt(train / x.shape[1]))
    return {
        "test": test,
        "std": std,
        "nats": float(_nats(test, std, x.shape[1])),
        "noise": float(np.sqrt(pca.noise_variance_)),
        "marginal": float(pca.score(x_test)),
    }


def _identity(run, std):
    """Relative difference of the library's mean log-likelihood and const - MSE / (2 s^2) from SciPy's density in float64."""
    x, reconstructed = run.test.x, np.asarray(run.reconstructions(run.test.x))
    density = stats.norm(reconstructed.astype(np.float64), std).logpdf(x).sum(axis=1).mean()
    loss = -float(jnp.mean(losses.gaussian_nll(jnp.asarray(reconstructed), jnp.asarray(x), std=std)))
    formula = float(_nats(_mean_square(reconstructed, x), std, x.shape[1]))
    scale = _mean_square(reconstructed, x) / (2 * std**2) + x.shape[1] * abs(np.log(np.sqrt(2 * np.pi) * std))
    return max(abs(loss - density), abs(formula - density)) / scale


def _slope_difference(run, std, count):
    """Relative difference of 2 s^2 times the gradient of the likelihood's loss from the gradient of the squared error."""
    params, x, key = take(run.params, 0), jnp.asarray(run.train.x[:count]), jax.random.key(0)

    @jax.jit
    def gradient(loss):
        recipe = take(run.recipes, 0)._replace(loss=loss)
        mean = lambda p: objective(recipe, run.model.encoder(p), run.model.decoder(p), key, x)[0]  # noqa: E731
        return ravel_pytree(jax.grad(mean)(params))[0]

    square = gradient(configure(losses.squared_error))
    likelihood = gradient(configure(losses.gaussian_nll, std=std))
    return float(jnp.linalg.norm(2 * std**2 * likelihood - square) / jnp.linalg.norm(square))


def _curves(plain, gaussian, fixed, pixels):
    """Per epoch on test images: nats with s fitted or fixed in training, and the squared error of each training."""
    error, std = plain.curve["test_error"][0], np.sqrt(plain.curve["error"][0] / pixels)
    nats, errors = {"s fitted": _nats(error, std, pixels)}, {"squared error": error}
    for i, fixed_std in enumerate(fixed):
        name = f"s = {fixed_std:g}"
        nats[name] = -gaussian.curve["test_error"][i].astype(np.float64)
        errors[name] = 2 * fixed_std**2 * (_nats(0, fixed_std, pixels) - nats[name])
    return {"nats": nats, "error": errors}


def _row(model, error, std, nats):
    return {"model": model, "test squared error per image": error, "s": std, "nats per test image": nats}


def _verdicts(identity, slope, fitted, best, errors, sums, held_out, pca, rising):
    worst = max(abs(error / errors["test"] - 1) for error in sums.values())
    return [
        Verdict(
            "the Gaussian log-likelihood is const - MSE / (2 s^2)",
            f"both within {ROUNDING:g} of SciPy's density, relative to the sum of its terms, at every s",
            f"largest difference {identity:.1e}",
            identity < ROUNDING,
        ),
        Verdict(
            "its gradient is that of the squared error, 1 / (2 s^2) times as large",
            "relative difference below 1e-4, the rounding of a float32 backward pass",
            f"{slope:.1e}",
            slope < 1e-4,
        ),
        Verdict(
            "the s of maximum likelihood is the root of the mean squared error per pixel",
            "within 0.1 % of the maximum over s of the training images' log-likelihood",
            f"{fitted:.5f} against {best:.5f}",
            bool(abs(fitted / best - 1) < 1e-3),
        ),
        Verdict(
            "training either ends in the same place",
            "test squared errors of every fixed s within 3 % of that of squared error (Adam divides by the gradient's size)",
            f"{errors['test']:.2f}; " + ", ".join(f"{name}: {error:.2f}" for name, error in sums.items()),
            worst < 0.03,
        ),
        Verdict(
            "the bound rises over training",
            "log q with fitted s is larger after the last epoch than after the first, by most of its range",
            f"{rising[0]:.0f} to {rising[-1]:.0f} nats per test image",
            bool(rising[-1] - rising[0] > 0.9 * np.ptp(rising)),
        ),
        Verdict(
            "a nonlinear code keeps more than a linear one of the same size",
            "more nats per test image than PCA, each with s fitted to training images",
            f"{held_out:.1f} against {pca['nats']:.1f}",
            held_out > pca["nats"],
        ),
    ]


def _draw(curves, over, pca, errors, fitted, pixels, size):
    with plotting.style():
        figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4.6))
        epochs = np.arange(1, len(curves["error"]["squared error"]) + 1)
        for name, values in curves["nats"].items():
            left.plot(epochs, values, label=name)
        left.axhline(pca["nats"], color="grey", ls="--", lw=1.2, label=f"PCA {size}, s fitted")
        left.set(xlabel="epoch", ylabel="E log q(x | y) (nats per test image)", title="the bound less H(X)")
        left.legend(loc="center right")
        for name, values in over.items():
            middle.plot(DEVIATIONS, values, "--" if name.startswith("PCA") else "-", label=name)
        middle.plot(fitted, _nats(errors["train"], fitted, pixels), "o", color=plotting.COLORS[0], label="fitted s")
        top = max(values.max() for values in over.values())
        middle.set(xscale="log", ylim=(top - 1600, top + 500), xlabel="s (intensity, white = 1)")
        middle.set(ylabel="mean log q(x | y) (nats per image)", title="after training, over s")
        middle.legend(loc="upper right")
        for (name, values), style in zip(curves["error"].items(), ("-", "--", "-.", ":"), strict=False):
            right.plot(epochs, values, style, label=name)
        right.axhline(pca["test"], color="grey", ls="--", lw=1.2, label=f"PCA {size}")
        right.set(xlabel="epoch", ylabel="squared error per test image", title="trained on squared error or at s")
        right.set(ylim=(0, None))
        right.legend()
    return figure
