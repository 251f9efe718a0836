"""Contraction ratio over the radius, by model and by depth (Rifai et al. 2011, figures 1 and 3)."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from experiments.common import published
from experiments.common.outcome import Outcome
from experiments.common.tables import tidy
from experiments.common.verdicts import Verdict, decided, falls, least, listed, same_order, within
from experiments.figures.contraction_curves import distances_between, measure
from experiments.figures.contraction_drawing import draw
from jaxae.models import Layers

STACK = "stack"
BY_MODEL, BY_DEPTH = "Rifai et al. 2011, figure 1", "Rifai et al. 2011, figure 3"
FAR = 20  # radius by which the published curves have made most of their way


class _Paper(NamedTuple):
    """The published curves of these data: {model: ratios} and {depth: ratios} at these radii, empty without any."""

    models: dict
    depths: dict
    radii: tuple


def outcome(grids, cfg):
    """Curves of the models and of the stack cut at each depth, with their heights at 0 and at their largest."""
    settings, grid, data = cfg.figure, grids["AE"], cfg.data.name
    x = grid.test.x[: settings.examples]
    radii = np.arange(settings.radius + 1, dtype=np.float32)
    layers = grids[STACK].encoder().layers
    models = {name: measure(grid.encoder(), x, radii, settings) for name, grid in grids.items() if name != STACK}
    depths = {depth: measure(Layers(layers[:depth]), x, radii, settings) for depth in range(1, len(layers) + 1)}
    distances = distances_between(grid.train.x[: settings.distances])
    paper = _Paper(
        published.CONTRACTION.get(data, {}),
        published.CONTRACTION_DEPTH if data == "mnist" else {},
        published.CONTRACTION_RADII.get(data, ()),
    )
    table = [_row(name, numbers, paper.radii, paper.models.get(name)) for name, numbers in models.items()]
    table += [
        _row(f"stacked CAE, {depth} layers", numbers, paper.radii, paper.depths.get(depth))
        for depth, numbers in depths.items()
    ]
    figure = draw(models, depths, radii, distances, paper, data)
    near = data if data in published.CONTRACTION else "mnist"
    verdicts = _of_models(models, radii, distances[2], near) + _of_depths(list(depths.values()))
    if paper.models:
        verdicts.append(_published_order(models, paper.models))
    checks = [_norm_at_zero(models)]
    return Outcome(figure, _rows(models, depths, radii), table, verdicts, _remark(data, distances), checks=checks)


def _rows(models, depths, radii):
    return tidy(
        ("panel", "curve", "radius", "ratio", "standard error"),
        (
            (panel, str(name), *point)
            for panel, group in (("models", models), ("depth", depths))
            for name, numbers in group.items()
            for point in zip(radii, numbers["ratio"], numbers["error"], strict=True)
        ),
    )


def _row(name, numbers, radii, paper):
    top = int(np.argmax(paper)) if paper else None
    return {
        "model": name,
        "ratio at 0": numbers["zero"],
        "published at 0": paper and paper[0],
        "root mean square at 0": numbers["square"],
        "sqrt(|J|^2 / d)": numbers["identity"],
        "largest ratio": numbers["height"],
        "published largest": paper and paper[top],
        "at radius": numbers["place"],
        "published radius": paper and float(radii[top]),
    }


def _norm_at_zero(models):
    return within(
        "at radius 0 the ratio is the Jacobian's norm",
        "its root mean square over directions is within 2 % of sqrt(|J|^2 / d) for each model",
        {name: numbers["square"] / numbers["identity"] - 1 for name, numbers in models.items()},
        "{name} {value:+.2%}",
        bound=0.02,
    )


def _of_models(models, radii, largest, data):
    """The verdicts on the models of one layer, beside the paper's curves of `data`.

    largest: the largest distance between training examples.
    """
    zero = {name: numbers["zero"] for name, numbers in models.items()}
    cae = models["CAE"]
    paper, places = published.CONTRACTION[data], published.CONTRACTION_RADII[data]
    farthest, bump = published.TRAINING_DISTANCES[data][2], int(np.argmax(paper["CAE"]))
    falling = [name for name in ("AE", "AE+wd", "DAE-b") if max(np.diff(paper[name])) < 0]
    least_falls = {name: -np.diff(models[name]["ratio"]).max() for name in falling}
    return [
        least(
            f"next to the data the contractive autoencoder contracts most (published: CAE {paper['CAE'][0]:.2f} least of all)",
            "CAE has the least ratio at 0",
            zero,
            "{name} {value:.3g}",
            of="CAE",
            source=BY_MODEL,
        ),
        decided(
            f"its ratio first rises with the radius (published: from {paper['CAE'][0]:.2f} to {paper['CAE'][bump]:.2f})",
            "CAE's largest ratio is above that at 0 by more than twice the standard error of the rise",
            f"from {cae['zero']:.3g} to {cae['height']:.3g} ({cae['height'] / cae['zero']:.2f} times)",
            [cae["height"] - cae["zero"]],
            noise=[cae["rise error"]],
            source=BY_MODEL,
        ),
        decided(
            f"and is largest near the largest distance between examples (published: {places[bump]} against {farthest:g})",
            "CAE's largest ratio lies within a factor of two of that distance, before the last radius",
            f"largest at radius {cae['place']:.0f}, largest distance {largest:.1f}",
            [cae["place"] / largest - 0.5, 2 - cae["place"] / largest, radii[-1] - cae["place"]],
            source=BY_MODEL,
        ),
        decided(
            "without a bump where the paper has none",
            f"{', '.join(falling)} fall from each radius to the next, as published",
            ", ".join(f"{name} {'falls' if step > 0 else 'rises somewhere'}" for name, step in least_falls.items()),
            least_falls.values(),
            source=BY_MODEL,
        ),
        _flattest(models, radii, paper["DAE-g"][places.index(FAR)] / paper["DAE-g"][0] - 1),
    ]


def _flattest(models, radii, published_change):
    far = min(int(np.searchsorted(radii, FAR)), len(radii) - 1)
    change = {name: numbers["ratio"][far] / numbers["ratio"][0] - 1 for name, numbers in models.items()}
    return decided(
        f"the one with Gaussian noise is nearly flat (published: {published_change:+.0%})",
        f"DAE-g changes least of all from radius 0 to {radii[far]:g}",
        listed(change, "{name} {value:+.0%}"),
        [abs(value) - abs(change["DAE-g"]) for name, value in change.items() if name != "DAE-g"],
        source=BY_MODEL,
    )


def _of_depths(by_depth):
    """The verdicts on the stack cut at each depth."""
    places = [numbers["place"] for numbers in by_depth]
    return [
        falls(
            "depth contracts more (published: 0.26 > 0.15 > 0.12)",
            "the ratio at 0 falls with each layer",
            [numbers["zero"] for numbers in by_depth],
            "{value:.3g}",
            join=" > ",
            source=BY_DEPTH,
        ),
        Verdict(
            "and the region of strong contraction grows (published: bump at 20, 30, 30)",
            "the bump does not come nearer with any layer, and is further for three layers than for one",
            listed(places, "{value:.0f}"),
            all(low <= high for low, high in pairwise(places)) and places[0] < places[-1],
            BY_DEPTH,
            (places[-1] - places[0],),
        ),
    ]


def _published_order(models, paper):
    zero = {name: numbers["zero"] for name, numbers in models.items() if name in paper}
    at_zero = {name: paper[name][0] for name in zero}
    return same_order("the models' order at radius 0 is the paper's", zero, at_zero, source=BY_MODEL)


def _remark(data, distances):
    words = (
        "Mean of |f(x1) - f(x0)| / r over test examples x0 and x1 uniform on the sphere of radius r; shading: two standard "
        "errors over examples. The paper does not print its lambda, noise levels and weight decay."
    )
    if data in published.TRAINING_DISTANCES:
        words += (
            " Dashed: the paper's curves, read off its figures; those by depth are of MNIST-rot, another data set. Its "
            f"smallest distance, {published.TRAINING_DISTANCES[data][0]}, is not that of all pairs, {distances[0]:.1f} here."
        )
    return words
