"""The picture of any run or grid: training curves, filters and reconstructions."""

from types import SimpleNamespace

import jax
import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting
from experiments.common.outcome import Outcome
from experiments.common.sparse_numbers import sparse_numbers
from experiments.common.tables import aligned
from experiments.common.trained_grid import TrainedGrid
from jaxae.integers import ceiling_division
from jaxae.schedules import at


def outcome(grids, cfg):
    """Curves of all runs; filters and reconstructions of the first runs of the grid."""
    shown = [(grid, run, label) for name, grid in grids.items() for run, label in enumerate(_labels(name, grid, grids))]
    rows = [
        {"run": label or "run", "epoch": epoch + 1} | _values(grid, run, epoch)
        for grid, run, label in shown
        for epoch in range(grid.curve["test_error"].shape[1])
    ]
    table = aligned(
        [{"run": label or "run"} | _values(grid, run, -1) | sparse_numbers(grid, run) for grid, run, label in shown]
    )
    first = [each for each in shown if _is_picture(each[0].train.shape)][: cfg.figure.runs]
    with plotting.style():
        figure = plt.figure(figsize=(11, 3.6 + 2.2 * len(first)))
        places = figure.add_gridspec(1 + len(first), 2, width_ratios=(1, 2.4), height_ratios=[3.2] + [2] * len(first))
        _draw_curves(figure.add_subplot(places[0, :]), shown)
        for row, (grid, run, label) in enumerate(first, start=1):
            _draw_run(figure, (places[row, 0], places[row, 1]), grid, run, label, cfg.figure)
    return Outcome(figure, rows, table)


def draw_fit(model, recipe, fit, train, test, *, table=None, runs=3, filters=12, images=10):
    """The figure of a jaxae.training.Fit from Python, without a configuration.

    model, recipe, fit: of jaxae.training.fit or fit_grid, with x_test; train, test: jaxae.data.Data, whose shape says how an
    example is drawn; table: of jaxae.sweeps.expand, whose axes name the runs of a grid; runs, filters, images: how many are
    drawn. Raises ValueError for a fit without test errors.
    """
    if "test_error" not in fit.curve:
        raise ValueError("the fit has no test_error: train it with x_test, whose errors are drawn")
    if np.ndim(fit.diverged) == 0:  # one run is a grid of one
        fit, recipe = jax.tree.map(lambda leaf: np.asarray(leaf)[None], (fit, recipe))
    grid = TrainedGrid(
        model=model,
        recipes=at(recipe, 1.0),
        seeds=np.zeros(len(fit.diverged), np.uint32),
        table=table or {},
        params=fit.params,
        curve={name: np.asarray(values) for name, values in fit.curve.items()},
        diverged=np.asarray(fit.diverged),
        test=test,
        train=train,
        seconds=0.0,
        score=np.asarray(fit.curve["test_error"])[:, -1],
    )
    settings = SimpleNamespace(figure=SimpleNamespace(runs=runs, filters=filters, images=images))
    return outcome({"run": grid}, settings).figure


def _labels(name, grid, grids):
    """A few words for each run of a grid, with the grid's name where there are several."""
    return [" ".join(filter(None, [name if len(grids) > 1 else "", label])) for label in grid.labels()]


def _values(grid, run, epoch):
    return {key: float(curve[run, epoch]) for key, curve in grid.curve.items()}


def _draw_curves(ax, shown):
    for grid, run, label in shown:
        error = grid.curve["test_error"][run]
        ax.plot(np.arange(1, len(error) + 1), error, label=label or "run")
    ax.set(xlabel="epoch", ylabel="test error per example", title="Reconstruction of clean test examples")
    if 1 < len(shown) <= 12:
        ax.legend(ncols=2)


def _is_picture(shape):
    """Whether an example is a grey picture or one of three colours."""
    return len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)


def _draw_run(figure, places, grid, run, label, settings):
    """Filters of a run in the first of two places, where it has some, and reconstructions in the other."""
    filters = grid.filters(run)
    if filters is not None and _is_picture(filters.shape[1:]):
        shown = filters[: settings.filters]
        _pictures(figure.add_subplot(places[0]), shown, ceiling_division(len(shown), 3), f"filters {label}")
    x = grid.test.x[: settings.images]
    both = np.concatenate([x, np.asarray(grid.reconstructions(x, run))]).reshape(-1, *grid.test.shape)
    title = f"test examples above, reconstructions below {label}"
    _pictures(figure.add_subplot(places[1]), both, len(x), title, symmetric=False)


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
