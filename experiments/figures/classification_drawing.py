"""The figure of classifiers started by autoencoders: errors, Jacobians and saturation beside the published ones."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting
from experiments.common.intervals import half_interval

OURS, PAPER = "measured", "published"


def draw(models, errors, jacobians, count, data):
    """Three panels over the models. errors, jacobians: the published percent and (entry, saturation); count: test examples."""
    names = list(models)
    percent = [m.validation if m.test is None else m.test for m in models.values()]
    what = "validation" if next(iter(models.values())).test is None else "test"
    with plotting.style():
        figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4))
        bars = [half_interval(error, count) for error in percent]
        _panel(left, names, percent, errors and [errors.get(name) for name in names])
        left.errorbar(range(len(names)), percent, bars, fmt="none", color="0.3")
        left.set(title=f"{data}, fine-tuned", ylabel=f"{what} error (%)", ylim=(0, None))
        _panel(middle, names, [m.entry for m in models.values()], [jacobians[name][0] for name in names])
        middle.set(title="Jacobian before fine-tuning", ylabel="mean squared entry", yscale="log")
        _panel(right, names, [100 * m.saturated for m in models.values()], _percent(jacobians, names))
        right.set(title="Saturation before fine-tuning", ylabel="units below 0.05 or above 0.95 (%)", ylim=(0, 100))
        left.legend()
    return figure


def _percent(jacobians, names):
    return [None if jacobians[name][1] is None else 100 * jacobians[name][1] for name in names]


def _panel(ax, names, values, paper):
    places = np.arange(len(names))
    ax.plot(places, values, "o", color=plotting.COLORS[1], ms=8, label=OURS)
    if found := [(place, value) for place, value in zip(places, paper or [], strict=False) if value is not None]:
        ax.plot(*zip(*found, strict=True), "D", color=plotting.COLORS[2], ms=6, mfc="none", label=PAPER)
    ax.set_xticks(places, names)
    ax.set_xlim(-0.5, len(names) - 0.5)
