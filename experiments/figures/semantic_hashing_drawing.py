"""The figure of retrieval by Hamming distance: precision over recall, activations, quality and cost."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting

PIXELS, COMPONENTS = "pixels, Euclidean", "PCA hashing"
LEVELS = np.linspace(0.02, 1, 50)


def draw(rankings, shares, middles):
    """Precision over recall, the activations of the codes, and quality over microseconds."""
    palette = iter(plotting.COLORS[1:])
    colors = {name: plotting.COLORS[0] if name == PIXELS else next(palette) for name in rankings}
    with plotting.style():
        figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4.7))
        for name, ranking in rankings.items():
            line = "--" if name == PIXELS or name.startswith(COMPONENTS) else "-"
            left.plot(LEVELS, ranking.curve, line, color=colors[name], label=name)
        left.set(xlabel="recall", ylabel="precision, mean over queries", xlim=(0, 1), ylim=(0, 1), title="retrieval")
        for name, values in shares.items():
            middle.plot(middles, values, "o-", ms=3.5, color=colors[name])
        middle.set(xlabel="activation of a code unit, test images", ylabel="share of activations", yscale="log")
        middle.set_title("codes before thresholding")
        quality = [ranking.average_precision.mean() for ranking in rankings.values()]
        for (name, ranking), y in zip(rankings.items(), quality, strict=True):
            right.plot(ranking.microseconds, y, "s" if name.startswith(COMPONENTS) else "o", ms=8, color=colors[name])
        right.set(
            xlabel="microseconds per query", ylabel="mean average precision", xscale="log", ylim=(0, 1.1 * max(quality))
        )
        right.set_title("quality and cost")
        figure.legend(loc="outside lower center", ncols=3)
    return figure
