"""The figure of denoising: the matrix of training and test noises, every method at every noise, and examples."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting

FILTERS = ["median", "total variation", "PCA"]
ORDER = ["noisy", *FILTERS, "dense", "convolutional"]


def draw(matrix, tested, x, shape, columns):
    """The matrix, the PSNR and SSIM of every method, and rows of images for the noises that all models saw."""
    noises = list(tested)
    trainers = list(dict.fromkeys(trainer for trainer, _ in matrix))
    with plotting.style():
        figure = plt.figure(figsize=(12, 11))
        top, bottom = figure.subfigures(2, 1, height_ratios=[5.2, 5.8])
        left, right = top.subfigures(1, 2, width_ratios=[1.25, 1])
        _draw_matrix(left.subplots(), matrix, trainers, noises)
        axes = right.subplots(2, 1, sharex=True)
        for place, (ax, unit) in enumerate(zip(axes, ("PSNR (dB)", "SSIM"), strict=True)):
            _draw_methods(ax, [numbers.quality for numbers in tested.values()], place)
            ax.set_ylabel(unit)
        axes[-1].set_xticks(range(len(noises)), [str(real) for real in noises], rotation=40, ha="right")
        axes[-1].set_xlabel("noise, of the test images and of the denoiser's training")
        right.legend(*axes[-1].get_legend_handles_labels(), loc="outside upper center", ncols=3)
        shown = [real for real in noises if "convolutional" in tested[real].quality]
        for ax, real in zip(np.atleast_1d(bottom.subplots(1, len(shown))), shown, strict=True):
            _draw_images(ax, {"clean": x} | tested[real].estimates, shape, columns)
            ax.set_title(str(real))
            if real is not shown[0]:
                ax.set_yticks([])
    return figure


def _draw_methods(ax, qualities, place):
    """PSNR or SSIM of every method over the noises."""
    colors = [*plotting.COLORS[:1], *plotting.COLORS[3:6], *plotting.COLORS[1:3]]
    for name, marker, color in zip(ORDER, "x^vso*", colors, strict=True):
        points = [(i, quality[name][place]) for i, quality in enumerate(qualities) if name in quality]
        size = 10 if marker == "*" else 7
        ax.plot(*zip(*points, strict=True), marker, color=color, label=name, ms=size, ls="none")


def _draw_images(ax, estimates, shape, columns):
    """Rows: the clean images and every method's estimates; columns: images."""
    rows = ["clean", *ORDER]
    images = np.clip([np.asarray(estimates[name][:columns]) for name in rows], 0, 1)
    plotting.tiles(ax, images.reshape(len(rows), -1, *shape))
    plotting.name_rows(ax, rows, shape[0])


def _draw_matrix(ax, matrix, trainers, noises):
    values = np.array([[matrix[trainer, noise] for noise in noises] for trainer in trainers])
    loss = values.max(axis=0) - values
    image = ax.imshow(loss, cmap="cividis_r", vmin=0, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        dark = loss[row, column] > 0.55 * loss.max()
        ax.text(column, row, f"{value:.1f}", ha="center", va="center", fontsize=9, color="white" if dark else "black")
        if trainers[row] == noises[column]:
            ax.add_patch(plt.Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec=plotting.COLORS[2], lw=2))
    ax.set_xticks(range(len(noises)), [str(noise) for noise in noises], rotation=40, ha="right")
    ax.set_yticks(range(len(trainers)), [str(trainer) for trainer in trainers])
    ax.set(title="dense: PSNR (dB), the same noise framed", xlabel="tested with", ylabel="trained with")
    ax.grid(False)
    ax.figure.colorbar(image, ax=ax, label="below the best of the column (dB)")
