"""Codes of two numbers from a deep autoencoder and from PCA (Hinton & Salakhutdinov 2006, figures 3, S3 and S4)."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting
from experiments.common.outcome import Outcome
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import tidy
from experiments.common.verdicts import decided, less
from jaxae.losses import squared_error
from jaxae.probes import k_nearest

# Ten colours that readers with any colour vision tell apart: Paul Tol's "muted" scheme and black; the classes are named too.
CLASSES = ["#000000", "#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499"]
CANVAS = 850 / 28  # pixels per side of the picture of images, per pixel of the longer side of one
AXIS = "{} number: asinh((z − median) / spread)"
LABEL = 0.05  # width of a class label, as a share of the axes
SHOWN = (0.5, 99.5)  # percentiles of the codes between which the axes run


def outcome(grids, cfg):
    """Test codes of both models, the accuracy of their nearest neighbours, and the error of the pictures made from them."""
    (grid,) = grids.values()
    train, test = grid.train, grid.test
    models = {"PCA": _pca(train.x, test.x), "autoencoder": _autoencoder(grid)}
    measured = {name: _measure(model, train.labels, test, cfg) for name, model in models.items()}
    shown = _first_of_each_class(test.labels, cfg.figure.per_class)
    pictures = test.x[shown].reshape(-1, *test.shape)
    panels = {name: _panel(model["test"][shown], pictures) for name, model in models.items()}
    rows = tidy(
        ("model", "example", "class", "x", "y", "drawn"),
        (
            (name, example, test.labels[example], *place, int(drawn))
            for name, panel in panels.items()
            for example, place, drawn in zip(shown, panel["codes"], panel["drawn"], strict=True)
        ),
    )
    table = [{"model": f"{name}, 2 numbers", **numbers} for name, numbers in measured.items()]
    outside = np.mean([panel["outside"] for panel in panels.values()])
    remark = (
        f"Both panels show the same {len(shown)} test images, at most {cfg.figure.per_class} of each class; the models and the "
        f"neighbours are from the {len(train.x):,} training images. An axis shows asinh of a code less its median, in units of "
        f"the median absolute deviation, and leaves out the outermost {outside:.1%}; an image is drawn where none is yet. "
        "The paper prints no numbers for its figure."
    )
    widths = "-".join(str(width) for width in (grid.model.features, *grid.model.hidden))
    figure = _draw(panels, measured, test.labels[shown], widths)
    return Outcome(figure, rows, table, _verdicts(measured, len(test.x)), remark)


def _pca(train, test):
    pca = PrincipalComponents.fit(train, 2)
    codes = {"train": pca.encode(train), "test": pca.encode(test)}
    return codes | {"reconstructed": pca.decode(codes["test"])}


def _autoencoder(grid):
    codes = {split: np.asarray(grid.codes(x)) for split, x in (("train", grid.train.x), ("test", grid.test.x))}
    return codes | {"reconstructed": grid.decode(codes["test"])}


def _measure(model, labels, test, cfg):
    most = len(labels) - len(labels) // 6  # the validation split leaves no fewer
    neighbours = sorted({min(k, most) for k in cfg.figure.neighbours})
    probe = k_nearest(model["train"], labels, model["test"], test.labels, neighbours=neighbours)
    return {
        "k-NN accuracy": probe.accuracy,
        "neighbours": probe.chosen["neighbours"],
        "test squared error": float(np.mean(squared_error(model["reconstructed"], test.x))),
    }


def _first_of_each_class(labels, count):
    """Indices of the first `count` examples of each class, in the order of the examples."""
    kept = np.concatenate([np.flatnonzero(labels == label)[:count] for label in np.unique(labels)])
    return np.sort(kept)


def _panel(codes, images):
    """Where the codes stand, the limits of the axes, and the images where no other is: `drawn` [n], `canvas`, `owner`.

    A code stands at asinh((z - median) / median absolute deviation) on each axis, which draws the far codes nearer.
    """
    middle = np.median(codes, axis=0)
    spread = np.median(np.abs(codes - middle), axis=0)
    codes = np.arcsinh((codes - middle) / np.where(spread > 0, spread, 1))
    low, high = np.percentile(codes, SHOWN, axis=0)
    margin = np.where(high > low, 0.04 * (high - low), 1)
    low, high = low - margin, high + margin
    height, width = images.shape[1:]
    canvas_side = round(CANVAS * max(height, width))
    room = np.array([canvas_side - width, canvas_side - height])
    corners = np.round((codes - low) / (high - low) * room).astype(int)
    corners[:, 1] = room[1] - corners[:, 1]  # rows run downwards
    inside = np.all((corners >= 0) & (corners <= room), axis=1)
    canvas, owner = np.zeros((canvas_side, canvas_side)), np.full((canvas_side, canvas_side), -1)
    drawn = np.zeros(len(codes), bool)
    for i in np.flatnonzero(inside):
        column, row = corners[i]
        place = slice(row, row + height), slice(column, column + width)
        if np.all(owner[place] < 0):
            canvas[place], owner[place], drawn[i] = images[i], i, True
    limits = [(low[axis], high[axis]) for axis in range(2)]
    return {
        "codes": codes,
        "limits": limits,
        "outside": 1 - inside.mean(),
        "drawn": drawn,
        "canvas": canvas,
        "owner": owner,
    }


def _verdicts(measured, count):
    pca, deep = measured["PCA"], measured["autoencoder"]
    better, worse = deep["k-NN accuracy"], pca["k-NN accuracy"]
    noise = np.sqrt(sum(share * (1 - share) for share in (better, worse)) / count)
    return [
        decided(
            "the autoencoder's codes separate classes that PCA's do not",
            "k-NN accuracy on its codes is higher than on PCA's, by more than two standard errors",
            f"{better:.1%} against {worse:.1%}, standard error {noise:.1%}",
            [better - worse - 2 * noise],
            source="Hinton & Salakhutdinov 2006, figure 3",
        ),
        decided(
            "most of PCA's confusions are gone",
            "the share of test images that k-NN names wrongly is less than half of that with PCA's codes",
            f"{1 - better:.1%} against {1 - worse:.1%}",
            [0.5 * (1 - worse) - (1 - better)],
        ),
        less(
            "two numbers from the autoencoder say more about the picture than two principal components",
            "smaller test squared error per image",
            deep["test squared error"],
            pca["test squared error"],
            source="Goodfellow et al. 2016, section 14.3",
        ),
    ]


def _draw(panels, measured, labels, widths):
    titles = {"PCA": "first two principal components", "autoencoder": f"autoencoder {widths}"}
    with plotting.style():
        figure, axes = plt.subplots(2, 2, figsize=(11.5, 12))
        for column, (name, panel) in zip(axes.T, panels.items(), strict=True):
            numbers = measured[name]
            _scatter(column[0], panel, labels)
            column[0].set_title(
                f"{titles[name]}\nk-NN accuracy {numbers['k-NN accuracy']:.1%}, "
                f"squared error {numbers['test squared error']:.1f} per image"
            )
            _digits(column[1], panel, labels)
    return figure


def _scatter(ax, panel, labels):
    codes = panel["codes"]
    for label in np.unique(labels):
        own = codes[labels == label]
        ax.plot(*own.T, "o", ms=3, color=_color(label), alpha=0.7, mec="none")
    present = np.unique(labels)
    middles = _apart(np.array([np.median(codes[labels == label], axis=0) for label in present]), panel["limits"])
    for label, middle in zip(present, middles, strict=True):
        dark = np.dot(plt.matplotlib.colors.to_rgb(_color(label)), [0.3, 0.59, 0.11]) < 0.6
        box = {"boxstyle": "circle,pad=0.15", "fc": _color(label), "ec": "white", "lw": 1.2}
        color = "white" if dark else "black"
        ax.text(*middle, str(label), color=color, weight="bold", size=12, ha="center", va="center", bbox=box)
    ax.set(xlim=panel["limits"][0], ylim=panel["limits"][1], xlabel=AXIS.format("first"), ylabel=AXIS.format("second"))


def _color(label):
    """The colour of a class; those of more than ten classes come again."""
    return CLASSES[int(label) % len(CLASSES)]


def _apart(places, limits):
    """The places moved, where two are nearer than a label is wide, until none overlap."""
    low, high = np.array(limits).T
    places = (places - low) / (high - low)
    for _ in range(100):
        gap = places[:, None] - places
        distance = np.linalg.norm(gap, axis=2) + np.eye(len(places))
        push = np.maximum(0, LABEL - distance) / np.maximum(distance, 1e-9)
        np.fill_diagonal(push, 0)
        places = places + 0.5 * np.sum(push[..., None] * gap, axis=1)
    return low + places * (high - low)


def _digits(ax, panel, labels):
    """The digits at their codes, in the colours of their classes on white."""
    colors = np.array([plt.matplotlib.colors.to_rgb(_color(label)) for label in labels])
    ink = np.where(panel["owner"][..., None] >= 0, colors[panel["owner"]], 1)
    (left, right), (bottom, top) = panel["limits"]
    picture = 1 - panel["canvas"][..., None] * (1 - ink)
    ax.imshow(picture, extent=(left, right, bottom, top), aspect="auto", interpolation="antialiased")
    ax.set(xlabel=AXIS.format("first"), ylabel=AXIS.format("second"))
    ax.grid(False)
