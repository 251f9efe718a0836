"""The figure of the tangents: fractions by number and by transformation, and pictures of one example's directions."""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting
from jaxae.measures.image_tangents import AFFINE, TRANSFORMATIONS

DRAWN = 8  # directions in a row of pictures
MOVES = (-2, -1, 0, 1, 2)  # positions along the first direction, in steps
TURN = AFFINE.index("rotation")
GREY = "#999999"


class Pictures(NamedTuple):
    """Test images, the true derivatives of each, and directions of each by subspace."""

    images: np.ndarray  # [images, height, width], or with the colours last
    truth: np.ndarray  # [images, transformations, height, width]
    bases: dict  # {subspace: [images, directions, pixels]}


def draw(fractions, pictures, m, settings, data):
    """Curves of the affine mean, bars of every transformation with thickening apart, and a row of directions per subspace."""
    rows = len(fractions)  # the random directions have none, the true derivatives have one
    with plotting.style():
        figure = plt.figure(figsize=(12, 5.2 + 0.85 * rows))
        top, bottom = figure.subfigures(2, 1, height_ratios=(4.8, 0.4 + 0.85 * rows))
        apart = pictures.truth.shape[1] - len(AFFINE)
        axes = top.subplots(1, 2 + apart, width_ratios=(1, 1.25, *[0.45] * apart))
        _draw_means(axes[0], fractions, m)
        axes[0].set_title(f"affine mean, {data}, {len(pictures.images)} test images")
        _draw_bars(axes[1], fractions, AFFINE, m)
        axes[1].set(title=f"affine, first {m} directions", ylabel="fraction of the true derivative")
        if apart:
            _draw_bars(axes[2], fractions, TRANSFORMATIONS[len(AFFINE) :], m)
            axes[2].set_title("not affine")
        top.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=rows)
        _draw_pictures(bottom, pictures, settings)
    return figure


def _colors(fractions):
    return [*plotting.COLORS[: len(fractions) - 1], GREY]  # the random subspaces are last


def _draw_means(ax, fractions, m):
    affine = {name: values[:, : len(AFFINE)].mean(axis=1) for name, values in fractions.items()}  # [images, directions]
    count = affine["CAE"].shape[-1]
    ax.set_prop_cycle(color=_colors(fractions))
    plotting.curves(
        ax,
        np.arange(1, count + 1),
        {name: values.mean(axis=0) for name, values in affine.items()},
        spread={name: 2 * values.std(axis=0) / np.sqrt(len(values)) for name, values in affine.items()},
        xlabel="number of directions m",
        ylabel="fraction of the true derivatives",
    )
    ax.axvline(m, color="grey", ls=":", lw=1)
    ax.set(xlim=(1, max(2, count)), ylim=(0, None))


def _draw_bars(ax, fractions, shown, m):
    width, first = 0.85 / len(fractions), TRANSFORMATIONS.index(shown[0])
    for i, (values, color) in enumerate(zip(fractions.values(), _colors(fractions), strict=True)):
        means = values[:, first : first + len(shown), m - 1].mean(axis=0)
        ax.bar(np.arange(len(shown)) + (i - (len(fractions) - 1) / 2) * width, means, width, color=color)
    ax.set_xticks(range(len(shown)), [name.replace(" ", "\n") for name in shown])
    ax.set_ylim(0, None)
    ax.grid(axis="x", visible=False)


def _draw_pictures(panel, pictures, settings):
    """A row for the true derivatives and one per subspace: its first directions, and the image moved along the first."""
    images, truth, bases = pictures
    i, shape = min(settings.example, len(images) - 1), images.shape[1:]
    colours = len(shape) == 3
    rows = {"true": truth[i]}
    rows |= {name: basis[i, :DRAWN].reshape(-1, *shape) for name, basis in bases.items() if name != "random"}
    directions = np.full((len(rows), DRAWN, *shape), np.nan)
    moved = np.empty((len(rows), len(MOVES), *shape))
    for row, (name, vectors) in enumerate(rows.items()):
        signed = [_along_growing_ink(vector) for vector in vectors] if name != "true" else vectors
        for place, vector in enumerate(signed):
            directions[row, place] = 0.5 + 0.5 * vector / (np.abs(vector).max() or 1)
        first = signed[TURN if name == "true" else 0]
        first = first / (np.linalg.norm(first) or 1)
        moved[row] = [np.clip(images[i] + move * settings.step * first, 0, 1) for move in MOVES]
    left, right = panel.subplots(1, 2, width_ratios=(DRAWN, len(MOVES)))
    for ax, shown in ((left, directions), (right, moved)):
        plotting.tiles(ax, plotting.gaps(shown, colours=colours))
        plotting.name_rows(ax, rows, shape[0] + 1)
        ax.tick_params(labelsize=10)
    right.set_yticks([])
    width = shape[1] + 1
    _name_columns(left, width, range(1, DRAWN + 1))
    left.set(title="true derivatives, and the strongest directions\n", xlabel="direction")
    for place, name in enumerate(TRANSFORMATIONS[: len(truth[i])]):
        left.text(width * (place + 0.5), -2, name.replace("translation", "shift"), ha="center", fontsize=9)
    _name_columns(right, width, ["image" if move == 0 else f"{move * settings.step:+g}" for move in MOVES])
    right.set(title="moved along direction 1, and truly turned\n", xlabel="step")


def _along_growing_ink(vector):
    """The sign of a singular vector is arbitrary: here the one by which the picture's ink grows."""
    return vector * np.sign(vector.sum() or 1)


def _name_columns(ax, width, names):
    ax.set_xticks(width * (np.arange(len(names)) + 0.5), names)
