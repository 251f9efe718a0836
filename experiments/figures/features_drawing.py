"""The figure of features as classifiers: errors on fixed and fine-tuned features beside the published ones."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting
from experiments.common.intervals import half_interval

RAW, FRESH = "pixels", "no pretraining"


def draw(fixed, tuned, published, count, data):
    """Two panels of test errors in percent, {features: error}; published: the same of both; count: test examples."""
    with plotting.style():
        ratios = [len(fixed), len(tuned)]
        figure, axes = plt.subplots(1, 2, figsize=(12, 4.4), width_ratios=ratios)
        titles = "logistic regression on fixed features", "fine-tuned"
        for ax, errors, paper, title in zip(axes, (fixed, tuned), published, titles, strict=True):
            names, places = list(errors), np.arange(len(errors))
            values = list(errors.values())
            bars = [half_interval(error, count) for error in values]
            ax.errorbar(places, values, bars, fmt="o", ms=8, color=plotting.COLORS[1], ecolor="0.3", label="measured")
            if found := [(place, paper[name]) for place, name in enumerate(names) if name in paper]:
                ax.plot(*zip(*found, strict=True), "D", color=plotting.COLORS[2], ms=6, mfc="none", label="published")
            ax.set_xticks(places, [_in_lines(name) for name in names])
            ax.set(title=f"{data}, {title}", ylabel="test error (%)", ylim=(0, None), xlim=(-0.5, len(names) - 0.5))
        axes[0].legend()
    return figure


def _in_lines(name):
    """A name below an axis: what a comma parts stands in lines of its own."""
    return "\n".join(textwrap.fill(part, 9, break_long_words=False) for part in name.split(", "))
