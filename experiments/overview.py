"""The picture of any run or grid: training curves, filters and reconstructions."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.outcome import Outcome
from jaxae import figures


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
    first = shown[: cfg.figure.runs]
    with figures.style():
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


def _draw_run(figure, grid, row, run, i, label, settings):
    if len(run.train.shape) != 2:
        return
    filters = run.filters(i)[: settings.filters]
    figures.pictures(figure.add_subplot(grid[row, 0]), filters, -(-settings.filters // 3), f"filters {label}")
    x = run.test.x[: settings.images]
    both = np.concatenate([x, np.asarray(run.reconstructions(x, i))]).reshape(-1, *run.test.shape)
    title = f"test examples above, reconstructions below {label}"
    figures.pictures(figure.add_subplot(grid[row, 1]), both, settings.images, title, symmetric=False)
