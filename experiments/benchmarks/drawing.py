"""The picture of a benchmark: steps beside PyTorch, growth, sweeps, and sparse autoencoders beside others'."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, ScalarFormatter, StrMethodFormatter

from experiments.benchmarks.growth import EPOCHS, START
from experiments.benchmarks.sparse import GRID, SIZES
from experiments.benchmarks.steps import JAXAE, PRODUCTS
from experiments.common import plotting

MARKERS = {JAXAE: "o", "PyTorch eager": "s", "PyTorch fused": "^", "PyTorch compiled": "D"}


def draw_steps(table):
    """Milliseconds per step, a panel for each model, a row for each kind, a mark for each library."""
    models = list(dict.fromkeys(row["model"] for row in table))
    kinds = [k for k in dict.fromkeys(row["step"] for row in table) if k != PRODUCTS]
    with plotting.style():
        figure, axes = plt.subplots(
            1, len(models), figsize=(3.4 * len(models) + 1.4, 0.32 * len(kinds) + 1.6), sharey=True, squeeze=False
        )
        for ax, model in zip(axes[0], models, strict=True):
            for i, (library, marker) in enumerate(MARKERS.items()):
                rows = [row for row in table if (row["model"], row["library"]) == (model, library)]
                rows = [row for row in rows if row["step"] != PRODUCTS]
                if not rows:
                    continue
                ax.plot(
                    [row["ms per step"] for row in rows],
                    [kinds.index(row["step"]) + 0.18 * (i - 1.5) for row in rows],
                    marker,
                    color=plotting.COLORS[i],
                    label=library,
                    ms=5,
                    alpha=0.85,
                )
            limit = [row["ms per step"] for row in table if (row["model"], row["step"]) == (model, PRODUCTS)]
            if limit:
                ax.axvline(limit[0], color="grey", ls=":", lw=1.2, label="matrix products alone")
            ax.set(xscale="log", title=model, xlabel="milliseconds per step")
        axes[0, 0].set_yticks(range(len(kinds)), kinds)
        axes[0, 0].set_ylim(max(len(kinds), 1) - 0.5, -0.5)  # whole rows, from above
        _legend(figure)
    return figure


def draw_growth(table):
    """Milliseconds per step over each axis, a line for each kind."""
    names, kinds = (list(dict.fromkeys(row[column] for row in table)) for column in ("axis", "step"))
    with plotting.style():
        figure, axes = plt.subplots(1, len(names), figsize=(3.4 * len(names), 3.6), sharey=True, squeeze=False)
        for ax, name in zip(axes[0], names, strict=True):
            rows = [row for row in table if row["axis"] == name]
            for i, kind in enumerate(kinds):
                line = [(row["point"], row["ms per step"]) for row in rows if row["step"] == kind]
                if line:
                    ax.plot(*np.transpose(line), "o-", label=kind, color=plotting.COLORS[i], ms=4)
            ax.set(xscale="log" if name in (*START, EPOCHS) else "linear", yscale="log")
            ax.set(xlabel=name)
            points = sorted({row["point"] for row in rows})
            ax.set_xticks(points, [str(point) for point in points], minor=False)
            ax.minorticks_off()
        axes[0, 0].set_ylabel("milliseconds per step")
        axes[0, 0].yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        _legend(figure)
    return figure


def draw_sweeps(table):
    """Seconds of the whole command over the number of runs, a panel for each model, a line for each way."""
    models = list(dict.fromkeys(row["model"] for row in table))
    with plotting.style():
        figure, axes = plt.subplots(1, len(models), figsize=(3.4 * len(models), 3.6), squeeze=False)
        ways = list(dict.fromkeys(row["way"] for row in table))
        for ax, model in zip(axes[0], models, strict=True):
            for i, way in enumerate(ways):
                line = [(r["runs"], r["seconds"]) for r in table if (r["model"], r["way"]) == (model, way)]
                if line:
                    ax.plot(*np.transpose(line), "o-", label=way, color=plotting.COLORS[i], ms=4)
            counts = sorted({row["runs"] for row in table})
            ax.set(title=model, xlabel="runs in the sweep")
            _logarithmic(ax, counts)
        axes[0, 0].set_ylabel("seconds, with start and compilation")
        _legend(figure)
    return figure


def draw_sparse(table):
    """Seconds of training over the number of models, a panel for each model, a line for each library and for the grid."""
    models = list(dict.fromkeys(row["model"] for row in table))
    lines = {}
    for row in table:
        lines.setdefault("jaxae, one grid" if row["way"] == GRID else row["library"], []).append(row)
    if "jaxae, one grid" in lines:  # it begins at the single model, too
        lines["jaxae, one grid"] += [row for row in lines.get("jaxae", ()) if row["models"] == 1]
    with plotting.style():
        figure, axes = plt.subplots(1, len(models), figsize=(3.4 * len(models) + 1, 3.9), squeeze=False)
        for ax, model in zip(axes[0], models, strict=True):
            for i, (label, line) in enumerate(sorted(lines.items())):
                points = sorted((row["models"], row["seconds"]) for row in line if row["model"] == model)
                if points:
                    ax.plot(*np.transpose(points), "o-", label=label, color=plotting.COLORS[i], ms=4)
            counts = sorted({row["models"] for row in table})
            ax.set(title=_with_batch(model), xlabel="models, in turn but for the grid")
            _logarithmic(ax, counts)
        axes[0, 0].set_ylabel("seconds of training")
        _legend(figure)
    return figure


def _with_batch(model):
    """The name of a model of sparse.SIZES with its batch size."""
    return f"{model.partition('@')[0]}, batch {SIZES[model][2]}" if model in SIZES else model


def _logarithmic(ax, counts):
    """Both axes logarithmic, with ticks at the counts and at 1, 2 and 5 times powers of 10."""
    ax.set(xscale="log", yscale="log")
    ax.set_xticks(counts, [str(count) for count in counts])
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(ScalarFormatter())


def _legend(figure):
    """One legend below all panels, each name once: a table of few rows need not have all of them in the first panel."""
    names = {}
    for ax in figure.axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            names.setdefault(label, handle)
    columns = max(1, min(len(names), round(figure.get_figwidth() / 2)))
    figure.legend(names.values(), names, loc="outside lower center", ncols=columns)
