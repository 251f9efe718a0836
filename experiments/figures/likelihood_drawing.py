"""The figure of log-likelihoods over training and over s, and of squared errors."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting
from experiments.figures.likelihood_decoder import nats_of

DEVIATIONS = np.geomspace(0.05, 1, 40)  # of the pixels, over which the log-likelihood is drawn


def draw(nats, squares, over, code, pca, plain):
    """The bound over training, the log-likelihood over s after it, and the squared errors of each training."""
    size, pixels = plain.code_size, plain.train.x.shape[1]
    with plotting.style():
        figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4.6))
        for name, values in nats.items():
            left.plot(epochs_of(nats), values, label=name)
        left.axhline(pca.nats, color="grey", ls="--", lw=1.2, label=f"PCA {size}, s fitted")
        left.set(xlabel="epoch", ylabel="E log q(x | y) (nats per test image)", title="the bound less H(X)")
        left.legend(loc="center right", bbox_to_anchor=(1, 0.5))  # between the lines of s = 0.3 and 1
        for name, values in over.items():
            middle.plot(DEVIATIONS, values, "--" if name.startswith("PCA") else "-", label=name)
        middle.plot(code.std, nats_of(code.train, code.std, pixels), "o", color=plotting.COLORS[0], label="fitted s")
        top = max(values.max() for values in over.values())
        middle.set(xscale="log", ylim=(top - 1600, top + 500), xlabel="s (intensity, white = 1)")
        middle.set(ylabel="mean log q(x | y) (nats per image)", title="after training, over s")
        middle.legend(loc="upper right")
        for (name, values), style in zip(squares.items(), ("-", "--", "-.", ":"), strict=False):
            right.plot(epochs_of(squares), values, style, label=name)
        right.axhline(pca.test, color="grey", ls="--", lw=1.2, label=f"PCA {size}")
        right.set(xlabel="epoch", ylabel="squared error per test image", title="trained on squared error or at s")
        right.set(ylim=(0, None))
        right.legend()
    return figure


def epochs_of(lines):
    """The epochs from 1 on of lines that have a value for each."""
    return np.arange(1, len(next(iter(lines.values()))) + 1)
