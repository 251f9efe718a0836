"""The picture of any run or grid: training curves, filters and reconstructions."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting
from experiments.common.outcome import Outcome


def outcome(runs, cfg):
    """Curves of all runs; filters and reconstructions of the first runs of the grid."""
    shown = [(name, run, i) for name, run in runs.items() for i in range(len(run.seeds))]
    names = {
        (name, i): " ".join(filter(None, [name if len(runs) > 1 else "", run.labels()[i]])) for name, run, i in shown
    }
    rows, table = [], []
    for name, run, i in shown:
        label = names[name, i] or "run"
        for epoch in range(run.curve["test_error"].shape[1]):
            values = {key: float(curve[i, epoch]) for key, curve in run.curve.items()}
            rows.append({"run": label, "epoch": epoch + 1} | values)
        table.append({"run": label} | {key: float(curve[i, -1]) for key, curve in run.curve.items()})
    first = [each for each in shown if _is_picture(each[1].train.shape)][: cfg.figure.runs]
    with plotting.style():
        figure = plt.figure(figsize=(11, 3.6 + 2.2 * len(first)))
        grid = figure.add_gridspec(1 + len(first), 2, width_ratios=(1, 2.4), height_ratios=[3.2] + [2] * len(first))
        ax = figure.add_subplot(grid[0, :])
        for name, run, i in shown:
            ax.plot(
                np.arange(1, run.curve["test_error"].shape[1] + 1),
                run.curve["test_error"][i],
                label=names[name, i] or "run",
            )
        ax.set(xlabel="epoch", ylabel="test error per example", title="Reconstruction of clean test examples")
        if 1 < len(shown) <= 12:
            ax.legend(ncols=2)
        for row, (name, run, i) in enumerate(first, start=1):
            _draw_run(figure, grid, row, run, i, names[name, i], cfg.figure)
    return Outcome(figure, rows, table)


def _is_picture(shape):
    """Whether an example is a grey picture or one of three colours."""
    return len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)


def _draw_run(figure, grid, row, run, i, label, settings):
    filters = run.filters(i)
    if filters is not None and _is_picture(filters.shape[1:]):
        shown = filters[: settings.filters]
        _pictures(figure.add_subplot(grid[row, 0]), shown, -(-len(shown) // 3), f"filters {label}")
    x = run.test.x[: settings.images]
    both = np.concatenate([x, np.asarray(run.reconstructions(x, i))]).reshape(-1, *run.test.shape)
    title = f"test examples above, reconstructions below {label}"
    _pictures(figure.add_subplot(grid[row, 1]), both, len(x), title, symmetric=False)


def _pictures(ax, images, columns, title, *, symmetric=True):
    """As experiments.common.plotting.pictures, also in colour. images: [n, height, width] or [n, height, width, 3]."""
    if images.ndim == 3:
        plotting.pictures(ax, images, columns, title, symmetric=symmetric)
        return
    _, height, width, colours = images.shape
    # A mosaic of the colours on top of each other scales them together; then they are laid one over the other.
    stacked = np.moveaxis(images, -1, 1).reshape(len(images), colours * height, width)
    tall = np.pad(plotting.mosaic(stacked, columns, symmetric=symmetric), ((0, 1), (0, 0)))
    rows = tall.reshape(-1, colours * height + 1, tall.shape[1])[:, :-1]
    picture = rows.reshape(len(rows), colours, height, -1).transpose(0, 2, 3, 1)
    picture = np.pad(picture, ((0, 0), (0, 1), (0, 0), (0, 0)), constant_values=np.nan)
    ax.imshow(np.nan_to_num(picture.reshape(-1, *picture.shape[2:])[:-1], nan=1), interpolation="nearest")
    ax.set_title(title)
    ax.set_axis_off()
