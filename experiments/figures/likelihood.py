"""The decoder's log-likelihood, the part of a bound on the mutual information that training changes, beside squared error."""

import numpy as np
from sklearn.decomposition import PCA

from experiments.common.outcome import Outcome
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import tidy
from experiments.common.verdicts import decided, greater
from experiments.figures.likelihood_checks import checks
from experiments.figures.likelihood_decoder import decoder_of, mean_square, nats_of
from experiments.figures.likelihood_drawing import DEVIATIONS, draw, epochs_of


def outcome(grids, cfg):
    """Log-likelihoods over training and over s, the identity with squared error, and PCA at the same code size."""
    plain, gaussian = grids["squared error"], grids["Gaussian likelihood"]
    stds = [round(float(std), 6) for std in gaussian.recipes.loss.keywords["std"]]
    pixels = plain.train.x.shape[1]
    code = decoder_of(
        *(mean_square(plain.reconstructions(data.x), data.x) for data in (plain.train, plain.test)), pixels
    )
    pca, probabilistic = _pca(plain)
    errors = {
        std: mean_square(gaussian.reconstructions(gaussian.test.x, run), gaussian.test.x)
        for run, std in enumerate(stds)
    }
    nats, squares = _curves(plain, gaussian, stds)
    over = {
        "training images": nats_of(code.train, DEVIATIONS, pixels),
        "test images": nats_of(code.test, DEVIATIONS, pixels),
        f"PCA {plain.code_size}, test images": nats_of(pca.test, DEVIATIONS, pixels),
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
    remark = (
        "I(X; Y) >= H(X) + E log q(x | y): H(X) is the data's own, so that training can only raise the second term, which is "
        f"shown for {pixels} pixels with density q = N(x; g(y), s^2 I). A fitted s^2 is the mean squared error per training "
        "pixel, of the epoch where it is drawn over training. The marginal log p(x) of probabilistic PCA is another quantity: "
        "it pays for the code as well."
    )
    figure = draw(nats, squares, over, code, pca, plain)
    held = checks(plain, code, errors, cfg.train.batch_size)
    return Outcome(figure, rows, table, verdicts, remark, checks=held)


def _rows(nats, squares, over):
    return tidy(
        ("panel", "line", "x", "value"),
        (
            (panel, name, x, value)
            for panel, lines, places in (
                ("nats over training", nats, epochs_of(nats)),
                ("squared error over training", squares, epochs_of(squares)),
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
            ("nats over s", "fitted s", code.std, nats_of(code.train, code.std, plain.train.x.shape[1])),
        ],
    )


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
            (f"trained at s = {std:g}, log q(x | y)", error, std, nats_of(error, std, pixels))
            for std, error in errors.items()
        ),
    )


def _pca(grid):
    """PCA as a decoder with a fitted s, and the s and the mean log p(x) of test images of probabilistic PCA."""
    x, x_test = grid.train.x.astype(np.float64), grid.test.x.astype(np.float64)
    fitted = PCA(grid.code_size, svd_solver="covariance_eigh").fit(x)
    components = PrincipalComponents.of(fitted)
    decoder = decoder_of(components.squared_error(x), components.squared_error(x_test), x.shape[1])
    return decoder, (float(np.sqrt(fitted.noise_variance_)), float(fitted.score(x_test)))


def _curves(plain, gaussian, stds):
    """Per epoch on test images: nats with s fitted or fixed in training, and the squared error of each training."""
    pixels = plain.train.x.shape[1]
    error, std = plain.curve["test_error"][0], np.sqrt(plain.curve["error"][0] / pixels)
    nats, squares = {"s fitted": nats_of(error, std, pixels)}, {"squared error": error}
    for run, fixed in enumerate(stds):
        name = f"s = {fixed:g}"
        nats[name] = -gaussian.curve["test_error"][run].astype(np.float64)
        squares[name] = 2 * fixed**2 * (nats_of(0, fixed, pixels) - nats[name])
    return nats, squares


def _rising(nats):
    return decided(
        "the bound rises over training",
        "log q with fitted s is larger after the last epoch than after the first, by most of its range",
        f"{nats[0]:.0f} to {nats[-1]:.0f} nats per test image",
        [nats[-1] - nats[0] - 0.9 * np.ptp(nats)],
    )
