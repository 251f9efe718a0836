"""The figure of depth: reconstruction errors, seconds, linear probes by layer, and fine-tuned classifiers."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting

RAW, FRESH = "pixels", "no pretraining"


def draw(deep, layers, tuned):
    """Errors over depth, the seconds of an epoch, and classification errors by layer and after fine-tuning.

    layers: {stack: errors in percent from the pixels up}; tuned: {name: error in percent}.
    """
    with plotting.style():
        figure, ((left, right), (below, last)) = plt.subplots(2, 2, figsize=(11, 7.6))
        for way, marker in (("joint", "o-"), ("greedy", "s--")):
            values = {depth_of(name): error for name, error in deep.errors.items() if name.endswith(way)}
            label = "pretrained by layers, then joint" if way == "greedy" else "joint from random weights"
            left.plot(list(values), list(values.values()), marker, label=label)
        left.axhline(deep.pca, color=plotting.COLORS[3], ls=":", label="PCA of the same size")
        left.set(xlabel="depth of the encoder (layers)", ylabel="test squared error per image", xticks=range(1, 5))
        left.set(title=f"Reconstruction from {deep.size} units", ylim=(0, 1.4 * max(deep.pca, *deep.errors.values())))
        depths = range(1, 1 + len(deep.seconds))
        right.bar(depths, list(deep.seconds.values()), color=plotting.COLORS[1], width=0.6)
        right.set(xlabel="depth of the encoder (layers)", ylabel="seconds per epoch", xticks=depths)
        right.set(title="Cost of joint training")
        depth = np.arange(len(next(iter(layers.values()))))
        for (name, values), marker in zip(layers.items(), "os^D", strict=True):
            below.plot(depth, values, marker + "-", label=name)
        below.set(xlabel="layer of the stack (0: pixels)", ylabel="linear probe, test error (%)", xticks=depth)
        below.set(title="What a layer says of the class")
        last.barh(list(tuned), list(tuned.values()), color=plotting.COLORS[1])
        last.invert_yaxis()
        last.set(xlabel="test error of the fine-tuned classifier (%)", title="Fine-tuning the whole stack")
        for ax in (left, below):
            ax.legend()
    return figure


def depth_of(name):
    """The number of layers in a variant's name, as "depth 2, greedy"."""
    return int(name.split()[1].strip(","))
