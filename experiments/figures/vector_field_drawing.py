"""The figure of where a denoiser moves points: arrows around a spiral, the score of a mixture, and r(x) between points."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting
from jaxae.data.densities import centres, mixture_score

MEANS = centres(3, 0.5)
LINE = np.linspace(-1, 1, 201)


def draw(field, curve):
    """Arrows around the spiral, scores of the mixture, r(x) between three points, and errors over the noise level."""
    spiral, mixture, points, std = field.spiral, field.mixture, field.points, field.drawn
    with plotting.style():
        figure, ((arrows, score), (line, error)) = plt.subplots(2, 2, figsize=(11, 9.4), height_ratios=(1.25, 1))
        at, move = field.arrows
        arrows.plot(*curve.T, color=plotting.COLORS[2], lw=1.5, label="data")
        arrows.quiver(*at.T, *move.T, angles="xy", scale_units="xy", scale=1, width=0.003, color=plotting.COLORS[1])
        edge = np.abs(at).max()
        arrows.set(xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal", xlabel="x1", ylabel="x2")
        arrows.set_title(f"r(x) − x around a spiral, s = {std:g}, mean angle {spiral[std]['angle']:.1f}°")
        arrows.legend(loc="upper right", frameon=True)
        score.plot(LINE, mixture_score(LINE), "--", color="black", label="exact")
        for s, color in zip(list(mixture)[1::2], plotting.COLORS[1:], strict=False):
            score.plot(LINE, mixture[s]["line"], color=color, label=f"s = {s:g}")
        score.set(xlabel="x", ylabel="score (nats per unit of x)", ylim=(-40, 40))
        score.set_title("(r(x) − x) / s² for three Gaussians")
        score.legend()
        line.plot(LINE, LINE, color="grey", lw=1, ls=":", label="identity")
        line.plot(LINE, points["r"], color=plotting.COLORS[1], label="autoencoder, r(x)")
        line.plot(LINE, points["best"], "--", color=plotting.COLORS[0], label="best denoiser")
        line.plot(MEANS, MEANS, "o", color=plotting.COLORS[2], label="data")
        line.set(xlabel="x", ylabel="r(x)", title=f"three points, s = {points['s']:g}")
        line.legend()
        error.loglog(list(mixture), [n["best error"] for n in mixture.values()], "--", label="best denoiser")
        error.loglog(list(mixture), [n["error"] for n in mixture.values()], "o-", label="autoencoder")
        error.set(xlabel="noise level s (units of x)", ylabel="relative error", title="error of the mixture's score")
        error.legend()
    return figure
