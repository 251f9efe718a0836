"""The figure of the capacity experiment: errors over code size, ratios, and gaps to the identity."""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting

WIDE = "over-complete"
LINEAR = {"tied": "linear, tied", "untied": "linear, untied"}
SHOWN = 3  # images of each set


class LinearMaps(NamedTuple):
    """Linear maps along the principal directions of the data, of which `span` hold most of the variance."""

    maps: dict  # {name: {"gain", "gap": [directions], "span", "whole"}}
    optima: dict  # {name: gains of the optimum in theory [directions]}
    span: int


def under_complete(grids):
    """The grids of the under-complete autoencoders."""
    return [grid for label, grid in grids.items() if label.startswith("code ")]


def draw(grids, sets, models, errors, linear, settings):
    """Examples, errors and their ratios over code size, gaps of the linear maps to the identity, and filters."""
    under = under_complete(grids)
    under = under[min(settings.shown, len(under) - 1)]
    with plotting.style():
        figure = plt.figure(figsize=(12, 13))
        rows = figure.add_gridspec(4, 1, height_ratios=(3.8, 3.8, 3.2, 1.6))
        top, middle, filters = (rows[i].subgridspec(1, 3) for i in (0, 1, 3))
        axes = [figure.add_subplot(top[0])]
        axes += [figure.add_subplot(top[1])]
        axes += [figure.add_subplot(top[2], sharey=axes[1])]
        _draw_errors(axes[0], errors)
        for ax, name in zip(axes[1:], ("autoencoder", "PCA"), strict=True):
            _draw_ratios(ax, errors, name)
        axes[1].legend(fontsize=9, ncols=2, loc="upper left")
        for i, kind in enumerate(LINEAR):
            _draw_gaps(figure.add_subplot(middle[i]), linear, kind)
        _draw_spans(figure.add_subplot(middle[2]), linear.maps, settings)
        chosen = _chosen(models, under.code_size, grids[WIDE].code_size)
        _draw_reconstructions(figure.add_subplot(rows[2]), sets, chosen, grids[WIDE].test.shape)
        for i, (title, bank) in enumerate(_banks(under, grids[WIDE]).items()):
            plotting.pictures(figure.add_subplot(filters[i]), bank[:16], 8, title)
    return figure


def _chosen(models, size, wide):
    """{name: reconstruct} of the models whose reconstructions are shown."""
    return {
        "original": np.asarray,
        f"{size} units": models["autoencoder", size],
        f"PCA, {size}": models["PCA", size],
        f"{wide} units": models[WIDE, wide],
        f"{wide}, noise": models[f"{WIDE}, noise", wide],
    }


def _banks(under, wide):
    return {
        f"what each of {under.code_size} units draws": _drawings(under),
        f"filters, {wide.code_size} units": wide.filters(0),
        f"filters, {wide.code_size} units, noise": wide.filters(1),
    }


def _series(errors, name):
    """Code sizes and {set: values} of one kind of model."""
    found = {size: values for (model, size), values in errors.items() if model == name}
    return list(found), {
        kind: np.array([values[kind] for values in found.values()]) for kind in next(iter(found.values()))
    }


def _draw_errors(ax, errors):
    """The share lost of the test images, and its mean over the other sets; the over-complete code stands alone."""
    for (name, mark), color in zip(
        (("autoencoder", "o-"), ("PCA", "s--"), (WIDE, "D")), plotting.COLORS[1:], strict=False
    ):
        sizes, series = _series(errors, name)
        inside, *outside = series.values()
        ax.loglog(sizes, inside, mark, color=color, ms=5, label=f"{name}, test images")
        ax.loglog(sizes, np.mean(outside, axis=0), mark, color=color, ms=5, alpha=0.4, label=f"{name}, others (mean)")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high * (high / low) ** 0.6)  # room for the legend
    ax.set(xlabel="units of the code", ylabel="share of the variance lost", title="reconstruction error")
    ax.legend(fontsize=9, loc="upper left")


def _draw_ratios(ax, errors, name):
    marks = {name: "o-"} | ({WIDE: "D"} if name == "autoencoder" else {})
    for model, mark in marks.items():
        sizes, series = _series(errors, model)
        (_, inside), *outside = series.items()
        for (kind, values), color in zip(outside, plotting.COLORS, strict=False):
            ax.loglog(sizes, values / inside, mark, ms=5, color=color, label=kind if mark == "o-" else None)
    if WIDE in marks:
        ax.plot([], [], "D", ms=5, color="grey", label=WIDE)
        ax.set_ylim(0.8, ax.get_ylim()[1] ** 1.4)
    ax.axhline(1, color="grey", lw=0.8, ls=":")
    ax.set(xlabel="units of the code", ylabel="error ratio, other set / test images", title=f"{name}: out / in")


def _draw_gaps(ax, linear, kind):
    for treatment, color in zip(("untrained", "plain", "weight decay", "noise"), plotting.COLORS, strict=False):
        gap = np.sqrt(linear.maps[f"{kind}, {treatment}"]["gap"])
        ax.semilogx(np.arange(1, len(gap) + 1), gap, color=color, lw=1.4, label=treatment)
        optimum = linear.optima.get(f"{kind}, {treatment}")
        if optimum is not None:
            ax.plot(np.arange(1, len(gap) + 1), 1 - optimum, "k:", lw=1.6, zorder=5)
    ax.plot([], [], "k:", lw=1.6, label="optimum in theory")
    ax.axvline(linear.span, color="grey", lw=0.8, ls=":")
    ax.set_ylim(0, 1.4 * ax.get_ylim()[1])
    ax.set(
        xlabel="principal direction u of the data",
        ylabel="gap |J u - u|",
        title=f"linear, {kind}, {len(gap)} pixels: gap to identity",
    )
    ax.legend(fontsize=9, loc="upper left", ncols=2)


def _draw_spans(ax, maps, settings):
    names = list(maps)
    places = np.arange(len(names))[::-1]
    where = {"span": f"{settings.share:.0%} of the data's variance", "whole": "all pixels"}
    for (key, label), mark, color in zip(where.items(), "oD", plotting.COLORS[1:], strict=False):
        ax.plot([maps[name][key] for name in names], places, mark, ms=6, mfc="none", mew=1.6, color=color, label=label)
    ax.set_yticks(places, names)
    ax.set(xlabel="distance to the identity, |(J - I) P| / |P|", xlim=(-0.05, None), title="linear: the whole map")
    ax.set_ylim(-0.7, len(names) + 1.6)
    ax.legend(fontsize=9, loc="upper right")


def _drawings(grid):
    """What each unit of a code adds to an image: decode(m + s_j e_j) - decode(m), m the mean code, s_j its deviation."""
    codes = np.asarray(grid.codes(grid.train.x))
    moved = codes.mean(axis=0) + np.diag(codes.std(axis=0))
    return np.asarray(grid.decode(moved) - grid.decode(codes.mean(axis=0))).reshape(-1, *grid.train.shape)


def _draw_reconstructions(ax, sets, models, shape):
    """Rows: originals and reconstructions; columns: a few images of each set."""
    examples = np.concatenate([x[:SHOWN] for x in sets.values()])
    images = np.stack([np.asarray(reconstruct(examples)) for reconstruct in models.values()])
    images = plotting.gaps(images.reshape(len(models), len(examples), *shape))
    height, width = images.shape[2:]
    plotting.tiles(ax, images)
    plotting.name_rows(ax, models, height)
    ax.set_xticks(width * SHOWN * (np.arange(len(sets)) + 0.5), list(sets))
