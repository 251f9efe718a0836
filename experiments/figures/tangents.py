"""How much of true image transformations lies in the span of a model's first tangents (Goodfellow et al. 2016, 14.6)."""

import jax
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

from experiments.common import plotting
from experiments.common.outcome import Outcome, Verdict
from jaxae.jacobian import tangents
from jaxae.measures.image_tangents import TRANSFORMATIONS, derivatives
from jaxae.measures.subspaces import explained, local_directions

DRAWN = 5  # tangents and positions in the rows of pictures
MOVES = (-2, -1, 0, 1, 2)  # positions along the first tangent, in steps


def outcome(runs, cfg):
    """Fractions over the number of tangents for the models, local and global PCA and random subspaces, with pictures."""
    settings = cfg.figure
    train = runs["CAE"].train.x
    near = max(2, min(settings.neighbours, len(train)))
    count = min(settings.tangents, runs["CAE"].code_size, train.shape[1], near - 1)
    x, shape = runs["CAE"].test.x[: settings.examples], runs["CAE"].test.shape
    images = x.reshape(-1, *shape)
    truth = np.asarray(derivatives(images))
    bases = {name: np.asarray(tangents(run.encoder(), x, count)) for name, run in runs.items()}
    bases |= _references(train, x, count, near)
    flat = truth.reshape(len(x), len(TRANSFORMATIONS), -1)
    fractions = {name: np.asarray(explained(basis, flat), np.float64) for name, basis in bases.items()}
    m = min(settings.compared, count)
    rows = [
        {
            "subspace": name,
            "transformation": transformation,
            "tangents": k + 1,
            "fraction": float(values[:, t, k].mean()),
            "standard error": float(values[:, t, k].std() / np.sqrt(len(x))),
        }
        for name, values in fractions.items()
        for t, transformation in enumerate(TRANSFORMATIONS)
        for k in range(count)
    ]
    table = [
        {"subspace": name}
        | {t: float(values[:, i, m - 1].mean()) for i, t in enumerate(TRANSFORMATIONS)}
        | {"mean of five": float(values[:, :, m - 1].mean()), "tangents": m}
        for name, values in fractions.items()
    ]
    figure = _draw(fractions, bases, truth, images, m, settings, cfg.data.name)
    remark = (
        f"Fraction of the squared length of the true derivative inside the span of the first {m} directions, mean over "
        f"{len(x)} test images. Derivatives are exact for the cubic spline through the pixels; that of the stroke's thickness "
        f"is the gradient's length, the growth of a dilation by a disc. Local PCA: the {near} nearest training "
        "images; PCA: the first principal components of all training images; random: uniform subspaces."
    )
    return Outcome(figure, rows, table, _verdicts(fractions, m), remark)


def _references(train, x, count, neighbours):
    """Directions without a model: local PCA, the same principal components everywhere, and random ones."""
    local = local_directions(x, train, neighbours=neighbours, count=count)
    shared = np.broadcast_to(PCA(count, svd_solver="covariance_eigh").fit(train).components_, local.shape)
    draws = jax.random.normal(jax.random.key(0), (len(x), x.shape[1], count))
    random = np.linalg.qr(draws)[0].transpose(0, 2, 1)
    return {"local PCA": np.asarray(local), "PCA": shared, "random": np.asarray(random)}


def _verdicts(fractions, m):
    at = {name: values[:, :, m - 1].mean(axis=1) for name, values in fractions.items()}  # a mean per example
    mean = {name: float(values.mean()) for name, values in at.items()}
    each = {name: values[:, :, m - 1].mean(axis=0) for name, values in fractions.items()}
    said = ", ".join(f"{name} {value:.3f}" for name, value in mean.items())
    above = int(np.sum(each["CAE"] > each["PCA"]))
    return [
        Verdict(
            "the contractive autoencoder's strongest directions are tangents",
            f"at {m} directions CAE holds more than PCA and than random subspaces, mean of the five transformations",
            said,
            _more(at, "CAE", "PCA") and _more(at, "CAE", "random"),
        ),
        Verdict(
            "for every transformation",
            f"at {m} directions CAE holds more than PCA for all of the five",
            ", ".join(
                f"{t} {a:.2f} to {b:.2f}" for t, a, b in zip(TRANSFORMATIONS, each["CAE"], each["PCA"], strict=True)
            ),
            above == len(TRANSFORMATIONS),
        ),
        Verdict(
            "contraction makes them so",
            f"at {m} directions CAE holds more than AE",
            f"CAE {mean['CAE']:.3f}, AE {mean['AE']:.3f}",
            _more(at, "CAE", "AE"),
        ),
        Verdict(
            "sharing parameters across the data beats local PCA (Goodfellow et al. 2016, figure 14.10)",
            f"at {m} directions CAE holds more than local PCA",
            f"CAE {mean['CAE']:.3f}, local PCA {mean['local PCA']:.3f}",
            _more(at, "CAE", "local PCA"),
        ),
    ]


def _more(at, one, other):
    """Whether one holds more than the other by twice the standard error of the difference over examples."""
    difference = at[one] - at[other]
    return bool(difference.mean() > 2 * difference.std() / np.sqrt(len(difference)))


def _draw(fractions, bases, truth, images, m, settings, data):
    with plotting.style():
        figure = plt.figure(figsize=(12, 10.5))
        top, bottom = figure.subfigures(2, 1, height_ratios=(4.2, 6.3))
        left, right = top.subplots(1, 2)
        count = fractions["CAE"].shape[-1]
        lines = {name: values.mean(axis=(0, 1)) for name, values in fractions.items()}
        spread = {
            name: 2 * values.mean(axis=1).std(axis=0) / np.sqrt(len(values)) for name, values in fractions.items()
        }
        plotting.curves(
            left,
            np.arange(1, count + 1),
            lines,
            spread=spread,
            xlabel="number of directions m",
            ylabel="fraction of the true derivatives",
        )
        left.axvline(m, color="grey", ls=":", lw=1)
        left.set(
            title=f"mean of five transformations, {data}, {len(images)} test images",
            xlim=(1, max(2, count)),
            ylim=(0, None),
        )
        left.legend()
        width = 0.8 / len(fractions)
        for i, (name, values) in enumerate(fractions.items()):
            position = np.arange(len(TRANSFORMATIONS)) + (i - (len(fractions) - 1) / 2) * width
            right.bar(position, values[:, :, m - 1].mean(axis=0), width, label=name, color=plotting.COLORS[i])
        right.set_xticks(range(len(TRANSFORMATIONS)), [t.replace(" ", "\n") for t in TRANSFORMATIONS])
        right.grid(axis="x", visible=False)
        right.set(title=f"each transformation, first {m} directions", ylabel="fraction of the true derivative")
        _pictures(bottom, bases, truth, images, settings)
    return figure


def _pictures(panel, bases, truth, images, settings):
    """A row per kind of direction: the first of them, and the image moved along the first."""
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
