"""The figure of the canonical autoencoders: losses over training, four choices at one code size, and reconstructions."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting, published

NAMES = {
    "simple_adam": "simple, Adam",
    "sigmoid_encoder": "sigmoid encoder, Adam",
    "tied": "tied weights, Adam",
    "squared_error": "squared error, Adam",
    "simple_adadelta": "simple, Adadelta",
    "sparse": "sparse, Adadelta",
    "sparse_summed": "sparse, L1 summed over the batch",
    "deep_adam": "deep, Adam",
    "deep_adadelta": "deep, Adadelta",
    "convolutional": "convolutional, Adam",
}
CURVES = ["simple_adam", "simple_adadelta", "sparse", "deep_adam", "deep_adadelta", "convolutional"]
CHOICES = ["simple_adam", "sigmoid_encoder", "tied", "squared_error"]
SHOWN = ["simple_adam", "squared_error", "sparse", "deep_adam", "convolutional"]


def draw(grids, measured, reference, columns):
    """Curves of the losses, bars of four choices at one code size, and rows of images."""
    with plotting.style():
        figure = plt.figure(figsize=(11, 9.2))
        top, bottom = figure.subfigures(2, 1, height_ratios=[4.2, 5])
        curves, entropy, squares = top.subplots(1, 3, width_ratios=[2.2, 1, 1])
        _draw_curves(curves, grids, reference)
        size = grids["simple_adam"].code_size
        _draw_choices(entropy, {name: measured[name]["cross-entropy"] - reference.floor for name in CHOICES}, "%.4f")
        entropy.set(title=f"cross-entropy, code of {size}", xlabel="less the entropy floor\n(nats per pixel)")
        _draw_choices(squares, {name: measured[name]["squared error"] for name in CHOICES}, "%.1f")
        squares.set(title=f"squared error, code of {size}", xlabel="sum over pixels, per image", yticks=[])
        label = f"PCA, {size}: {reference.errors[size]:.1f}"
        squares.axvline(reference.errors[size], color=plotting.COLORS[2], ls="--", label=label)
        squares.legend(fontsize=9, loc="upper right", bbox_to_anchor=(1, -0.16))
        _draw_images(bottom.subplots(), grids, measured, reference.pca[size], columns)
    return figure


def _draw_curves(ax, grids, reference):
    for name in filter(grids.__contains__, CURVES):
        values = loss_curve(grids[name])
        (line,) = ax.plot(np.arange(1, len(values) + 1), values, label=NAMES[name])
        if reference.of_paper:
            paper = published.KERAS[NAMES[name]][0]
            ax.plot(len(values), paper, "o", mfc="white", color=line.get_color(), ms=6, clip_on=False, zorder=3)
    if reference.of_paper:
        ax.plot([], [], "o", mfc="white", color="grey", label="as published (MNIST)")
    ax.axhline(reference.floor, color="grey", ls=":", label="entropy of the pixels")
    ax.set(
        title="test loss",
        xlabel="epoch",
        ylabel="cross-entropy per pixel (nats)",
        ylim=(0.05, 0.28) if reference.of_paper else None,
        xlim=(0, None),
    )
    ax.legend(fontsize=9, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.15))


def _draw_choices(ax, values, form):
    labels = [NAMES[name].removesuffix(", Adam") for name in values]
    bars = ax.barh(labels, list(values.values()), color=plotting.COLORS[1], height=0.6)
    ax.bar_label(bars, fmt=form, padding=3, fontsize=9)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.4 * max(values.values()))
    ax.grid(False, axis="y")


def _draw_images(ax, grids, measured, pca, columns):
    """Rows: test images, PCA's and the models' reconstructions; columns: images."""
    test = grids["simple_adam"].test
    rows = {f"original, {test.x.shape[1]}": test.x, f"PCA, {len(pca)}": pca.reconstruct(test.x)}
    for name in filter(grids.__contains__, SHOWN):
        rows[f"{NAMES[name].split(',')[0]}, {grids[name].code_size}"] = measured[name]["reconstructions"]
    images = np.clip([np.asarray(row[:columns]) for row in rows.values()], 0, 1)
    plotting.tiles(ax, images.reshape(len(rows), -1, *test.shape))
    plotting.name_rows(ax, rows, test.shape[0])
    ax.set_title("test images and their reconstructions from codes of this size")


def loss_curve(grid):
    """The test loss per pixel over the epochs."""
    return grid.curve["test_error"][0] / grid.test.x.shape[1]
