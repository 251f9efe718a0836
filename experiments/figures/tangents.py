"""How much of true image transformations lies in the span of a model's first tangents (Goodfellow et al. 2016, 14.6)."""

from typing import NamedTuple

import jax
import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting
from experiments.common.outcome import Outcome
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import tidy
from experiments.common.verdicts import decided, listed
from jaxae.jacobian import tangents
from jaxae.measures.image_tangents import TRANSFORMATIONS, derivatives
from jaxae.measures.subspaces import explained, local_directions

DRAWN = 5  # tangents and positions in the rows of pictures
MOVES = (-2, -1, 0, 1, 2)  # positions along the first tangent, in steps


class _Pictures(NamedTuple):
    """Test images, the true derivatives of each, and directions of each by subspace."""

    images: np.ndarray  # [images, height, width]
    truth: np.ndarray  # [images, transformations, height, width]
    bases: dict  # {subspace: [images, directions, pixels]}


def outcome(grids, cfg):
    """Fractions over the number of tangents for the models, local and global PCA and random subspaces, with pictures."""
    settings, grid = cfg.figure, grids["CAE"]
    train, x = grid.train.x, grid.test.x[: settings.examples]
    near = max(2, min(settings.neighbours, len(train)))
    count = min(settings.tangents, grid.code_size, train.shape[1], near - 1)
    images = x.reshape(-1, *grid.test.shape)
    truth = np.asarray(derivatives(images))
    bases = {name: np.asarray(tangents(grid.encoder(), x, count)) for name, grid in grids.items()}
    bases |= _references(train, x, count, near)
    flat = truth.reshape(len(x), len(TRANSFORMATIONS), -1)
    fractions = {name: np.asarray(explained(basis, flat), np.float64) for name, basis in bases.items()}
    m = min(settings.compared, count)
    figure = _draw(fractions, _Pictures(images, truth, bases), m, settings, cfg.data.name)
    remark = (
        f"Fraction of the squared length of the true derivative inside the span of the first {m} directions, mean over "
        f"{len(x)} test images. Derivatives are exact for the cubic spline through the pixels; that of the stroke's thickness "
        f"is the gradient's length, the growth of a dilation by a disc. Local PCA: the {near} nearest training "
        "images; PCA: the first principal components of all training images; random: uniform subspaces."
    )
    table = [_row(name, values[:, :, m - 1], m) for name, values in fractions.items()]
    return Outcome(figure, _rows(fractions), table, _verdicts(fractions, m), remark)


def _rows(fractions):
    return tidy(
        ("subspace", "transformation", "tangents", "fraction", "standard error"),
        (
            (name, transformation, k + 1, values[:, t, k].mean(), values[:, t, k].std() / np.sqrt(len(values)))
            for name, values in fractions.items()
            for t, transformation in enumerate(TRANSFORMATIONS)
            for k in range(values.shape[-1])
        ),
    )


def _row(name, values, m):
    each = {transformation: float(values[:, t].mean()) for t, transformation in enumerate(TRANSFORMATIONS)}
    return {"subspace": name} | each | {"mean of five": float(values.mean()), "tangents": m}


def _references(train, x, count, neighbours):
    """Directions without a model: local PCA, the same principal components everywhere, and random ones."""
    local = local_directions(x, train, neighbours=neighbours, count=count)
    shared = np.broadcast_to(PrincipalComponents.fit(train, count).axes, local.shape)
    draws = jax.random.normal(jax.random.key(0), (len(x), x.shape[1], count))
    random = np.linalg.qr(draws)[0].transpose(0, 2, 1)
    return {"local PCA": np.asarray(local), "PCA": shared, "random": np.asarray(random)}


def _verdicts(fractions, m):
    at = {name: values[:, :, m - 1].mean(axis=1) for name, values in fractions.items()}  # a mean per example
    mean = {name: float(values.mean()) for name, values in at.items()}
    each = {name: values[:, :, m - 1].mean(axis=0) for name, values in fractions.items()}
    return [
        decided(
            "the contractive autoencoder's strongest directions are tangents",
            f"at {m} directions CAE holds more than PCA and than random subspaces, mean of the five transformations",
            listed(mean, "{name} {value:.3f}"),
            [_ahead(at, "CAE", "PCA"), _ahead(at, "CAE", "random")],
            source="Goodfellow et al. 2016, section 14.7",
        ),
        decided(
            "for every transformation",
            f"at {m} directions CAE holds more than PCA for all of the five",
            ", ".join(
                f"{t} {a:.2f} to {b:.2f}" for t, a, b in zip(TRANSFORMATIONS, each["CAE"], each["PCA"], strict=True)
            ),
            each["CAE"] - each["PCA"],
        ),
        decided(
            "contraction makes them so",
            f"at {m} directions CAE holds more than AE",
            listed({name: mean[name] for name in ("CAE", "AE")}, "{name} {value:.3f}"),
            [_ahead(at, "CAE", "AE")],
        ),
        decided(
            "sharing parameters across the data beats local PCA",
            f"at {m} directions CAE holds more than local PCA",
            listed({name: mean[name] for name in ("CAE", "local PCA")}, "{name} {value:.3f}"),
            [_ahead(at, "CAE", "local PCA")],
            source="Goodfellow et al. 2016, figure 14.10",
        ),
    ]


def _ahead(at, one, other):
    """By how much one holds more than the other, less twice the standard error of the difference over examples."""
    difference = at[one] - at[other]
    return difference.mean() - 2 * difference.std() / np.sqrt(len(difference))


def _draw(fractions, pictures, m, settings, data):
    with plotting.style():
        figure = plt.figure(figsize=(12, 10.5))
        top, bottom = figure.subfigures(2, 1, height_ratios=(4.2, 6.3))
        left, right = top.subplots(1, 2)
        _draw_means(left, fractions)
        left.axvline(m, color="grey", ls=":", lw=1)
        left.set_title(f"mean of five transformations, {data}, {len(pictures.images)} test images")
        left.legend()
        _draw_transformations(right, {name: values[:, :, m - 1].mean(axis=0) for name, values in fractions.items()})
        right.set(title=f"each transformation, first {m} directions", ylabel="fraction of the true derivative")
        _draw_pictures(bottom, pictures, settings)
    return figure


def _draw_means(ax, fractions):
    count = fractions["CAE"].shape[-1]
    plotting.curves(
        ax,
        np.arange(1, count + 1),
        {name: values.mean(axis=(0, 1)) for name, values in fractions.items()},
        spread={name: 2 * v.mean(axis=1).std(axis=0) / np.sqrt(len(v)) for name, v in fractions.items()},
        xlabel="number of directions m",
        ylabel="fraction of the true derivatives",
    )
    ax.set(xlim=(1, max(2, count)), ylim=(0, None))


def _draw_transformations(ax, means):
    width = 0.8 / len(means)
    for i, (name, values) in enumerate(means.items()):
        position = np.arange(len(TRANSFORMATIONS)) + (i - (len(means) - 1) / 2) * width
        ax.bar(position, values, width, label=name, color=plotting.COLORS[i])
    ax.set_xticks(range(len(TRANSFORMATIONS)), [t.replace(" ", "\n") for t in TRANSFORMATIONS])
    ax.grid(axis="x", visible=False)


def _draw_pictures(panel, pictures, settings):
    """A row per kind of direction: the first of them, and the image moved along the first."""
    images, truth, bases = pictures
    i, shape = min(settings.example, len(images) - 1), images.shape[1:]
    names = ["true", *(name for name in bases if name != "random")]
    axes = panel.subplots(len(names), DRAWN + len(MOVES), gridspec_kw={"wspace": 0.02})
    gray = {"cmap": "gray", "interpolation": "nearest"}
    for row, name in zip(axes, names, strict=True):
        vectors = truth[i] if name == "true" else bases[name][i, :DRAWN].reshape(-1, *shape)
        for ax, vector in zip(row, vectors, strict=False):
            span = np.abs(vector).max()
            ax.imshow(vector, vmin=-span, vmax=span, **gray)
        first = vectors[2 if name == "true" else 0]  # of the true ones, the turn
        first = first / np.linalg.norm(first)
        # The sign of a singular vector is arbitrary: here the direction in which the picture's ink grows.
        first = first * np.sign(first.sum() or 1)
        for ax, move in zip(row[DRAWN:], MOVES, strict=True):
            ax.imshow(images[i] + move * settings.step * first, vmin=0, vmax=1, **gray)
        row[0].set_ylabel("true" if name == "true" else name, rotation=0, ha="right", va="center", fontsize=10)
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.grid(visible=False)
        for side in ax.spines.values():
            side.set_visible(False)
    for ax, t in zip(axes[0], TRANSFORMATIONS, strict=False):
        ax.set_title(t, fontsize=9)
    for ax, k in zip(axes[1], range(1, DRAWN + 1), strict=False):
        ax.set_title(f"direction {k}", fontsize=9)
    for ax, move in zip(axes[0][DRAWN:], MOVES, strict=True):
        ax.set_title("image" if move == 0 else f"turned by {move * settings.step:+g}", fontsize=9)
    for ax, move in zip(axes[1][DRAWN:], MOVES, strict=True):
        ax.set_title("image" if move == 0 else f"along 1 by {move * settings.step:+g}", fontsize=9)
