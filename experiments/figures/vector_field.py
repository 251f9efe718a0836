"""Where a denoiser moves points, against the way to the manifold and against the score of a known density."""

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting
from experiments.common.outcome import Outcome, Verdict
from jaxae.data.densities import centres, mixture_score, spiral_curve
from jaxae.measures.scores import angles, best_denoiser, score_estimate, to_curve

UNIT = 30  # of the data: lengths are divided by it
MEANS = centres(3, 0.5)
SPREAD = 0.1  # of each Gaussian of the mixture
LINE = np.linspace(-1, 1, 201)
EDGE = 1.11  # half the width of the spiral's picture, in units of the curve's own
STRAIGHT = 20  # degrees; a random direction is at 90 on average


def outcome(runs, cfg):
    """Arrows on the spiral, the score of the mixture over the noise level, and r(x) between three points."""
    curve = spiral_curve(4001, cfg.data.pitch / UNIT)
    spiral = {
        std: _on_spiral(_denoiser(runs["spiral"], i), runs["spiral"].test.x / UNIT, std, curve)
        for i, std in _levels(runs["spiral"])
    }
    mixture = {
        std: _on_mixture(_denoiser(runs["mixture"], i), runs["mixture"].test.x / UNIT, std)
        for i, std in _levels(runs["mixture"])
    }
    ((_, std),) = _levels(runs["three points"])
    points = _between_points(_denoiser(runs["three points"], 0), std) | {"s": std}
    at = np.linspace(-1, 1, cfg.figure.arrows) * EDGE * np.abs(curve).max()
    grid = np.stack(np.meshgrid(at, at), axis=-1).reshape(-1, 2)
    drawn = min(spiral, key=lambda std: abs(std - cfg.figure.std))
    arrows = grid, _denoiser(runs["spiral"], list(spiral).index(drawn))(grid) - grid
    remark = (
        "Angles are measured at noisy test points farther than s from the spiral. Where s is near half the gap between its "
        "turns, the way back is not known even to the best denoiser. The error of the score is the root mean square over test "
        "points of the mixture, relative to the score's own. The best denoiser knows the density: it gives the score of the "
        "data blurred by the noise, and its error is what the noise level alone costs."
    )
    figure = _draw(arrows, spiral, mixture, points, drawn, curve)
    return Outcome(
        figure,
        _rows(arrows, spiral, mixture, points, drawn),
        _table(spiral, mixture),
        _verdicts(spiral, mixture, points),
        remark,
    )


def _levels(run):
    return enumerate(round(float(std) / UNIT, 6) for std in run.recipes.corruption.keywords["std"])


def _denoiser(run, i):
    """r(x) with lengths in the paper's units."""
    return lambda x: np.asarray(run.reconstructions(jnp.asarray(x * UNIT, jnp.float32), i), np.float64) / UNIT


def _on_spiral(r, x, std, curve):
    noisy = x + np.random.default_rng(0).normal(0, std, x.shape)
    way = to_curve(noisy, curve)
    far = np.linalg.norm(way, axis=1) > std
    best = best_denoiser(noisy, curve, std=std)
    return {
        "angle": float(angles(r(noisy) - noisy, way)[far].mean()),
        "best angle": float(angles(best - noisy, way)[far].mean()),
    }


def _on_mixture(r, x, std):
    truth = mixture_score(x)
    relative = lambda v: float(np.sqrt(np.square(v - truth).mean() / np.square(truth).mean()))  # noqa: E731
    return {
        "error": relative(score_estimate(r(x), x, std=std)),
        "best error": relative(mixture_score(x, std=np.hypot(SPREAD, std))),
        "line": score_estimate(r(LINE[:, None]), LINE[:, None], std=std)[:, 0],
    }


def _between_points(r, std):
    moved = r(LINE[:, None])[:, 0]
    way = to_curve(LINE[:, None], MEANS[:, None])[:, 0]
    inside = (np.abs(way) > 1e-9) & (np.abs(LINE) < 0.75)
    return {
        "r": moved,
        "best": best_denoiser(LINE[:, None], MEANS[:, None], std=std)[:, 0],
        "towards": float(np.mean(np.sign(moved - LINE)[inside] == np.sign(way)[inside])),
    }


def _rows(arrows, spiral, mixture, points, std):
    lines = [("score", s, LINE, n["line"]) for s, n in mixture.items()]
    lines += [("score, exact", None, LINE, mixture_score(LINE))]
    lines += [("r(x)", points["s"], LINE, points["r"]), ("r(x), best denoiser", points["s"], LINE, points["best"])]
    rows = [
        {"panel": "spiral", "s": std, "x1": float(x), "x2": float(y), "value 1": float(u), "value 2": float(v)}
        for (x, y), (u, v) in zip(*arrows, strict=True)
    ]
    rows += [
        {"panel": panel, "s": s, "x1": float(x), "x2": None, "value 1": float(value), "value 2": None}
        for panel, s, places, values in lines
        for x, value in zip(places, values, strict=True)
    ]
    errors = [("error of the score", mixture, "error"), ("angle", spiral, "angle")]
    return rows + [
        {"panel": panel, "s": s, "x1": s, "x2": None, "value 1": n[key], "value 2": n[f"best {key}"]}
        for panel, numbers, key in errors
        for s, n in numbers.items()
    ]


def _table(spiral, mixture):
    row = lambda data, s, measure, n, key: {  # noqa: E731
        "data": data,
        "s": s,
        "measure": measure,
        "autoencoder": n[key],
        "best denoiser": n[f"best {key}"],
    }
    return [row("spiral", s, "mean angle (degrees)", n, "angle") for s, n in spiral.items()] + [
        row("mixture", s, "relative error of the score", n, "error") for s, n in mixture.items()
    ]


def _verdicts(spiral, mixture, points):
    errors, best = ([n[key] for n in mixture.values()] for key in ("error", "best error"))
    known = [n for n in spiral.values() if n["best angle"] < STRAIGHT]
    levels, least = list(mixture), int(np.argmin(errors))
    coarse = [(s, e / b - 1) for s, e, b in zip(levels, errors, best, strict=True) if s >= 0.08]
    return [
        Verdict(
            "a denoiser moves points back to the manifold",
            f"the mean angle to the shortest way is below {STRAIGHT} degrees where the best denoiser's is",
            ", ".join(f"s = {s:g}: {n['angle']:.1f} (best {n['best angle']:.1f})" for s, n in spiral.items()),
            all(n["angle"] < STRAIGHT for n in known) and len(known) > 0,
        ),
        Verdict(
            "(r(x) - x) / s^2 tends to the score as s falls, until learning is what limits it",
            "its error falls at every step down in s to its least, which is below half the largest",
            ", ".join(f"s = {std:g}: {error:.3f}" for std, error in zip(levels, errors, strict=True)),
            bool(np.all(np.diff(errors[least:]) > 0) and errors[least] < max(errors[least:]) / 2),
        ),
        Verdict(
            "for large s the error is that of the noise level alone",
            "within 10 % of the best denoiser's for s from 0.08 on",
            ", ".join(f"s = {s:g}: {ratio:+.1%}" for s, ratio in coarse),
            all(abs(ratio) < 0.1 for _, ratio in coarse),
        ),
        Verdict(
            "between data points r(x) - x points to the nearest",
            "for at least 95 % of x in (-0.75, 0.75)",
            f"{points['towards']:.1%}",
            points["towards"] >= 0.95,
        ),
    ]


def _draw(arrows, spiral, mixture, points, std, curve):
    with plotting.style():
        figure, ((field, score), (line, error)) = plt.subplots(2, 2, figsize=(11, 9.4), height_ratios=(1.25, 1))
        at, move = arrows
        field.plot(*curve.T, color=plotting.COLORS[2], lw=1.5, label="data")
        field.quiver(*at.T, *move.T, angles="xy", scale_units="xy", scale=1, width=0.003, color=plotting.COLORS[1])
        edge = np.abs(at).max()
        field.set(xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal", xlabel="x1", ylabel="x2")
        field.set_title(f"r(x) − x around a spiral, s = {std:g}, mean angle {spiral[std]['angle']:.1f}°")
        field.legend(loc="upper right", frameon=True)
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
