"""Where a denoiser moves points, against the way to the manifold and against the score of a known density."""

from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from experiments.common.outcome import Outcome
from experiments.common.tables import tidy
from experiments.common.verdicts import Verdict, decided, listed, within
from experiments.figures.vector_field_drawing import LINE, MEANS, draw
from jaxae.data.densities import mixture_score, spiral_curve
from jaxae.measures.scores import angles, best_denoiser, score_estimate, to_curve

UNIT = 30  # of the data: lengths are divided by it
SPREAD = 0.1  # of each Gaussian of the mixture
EDGE = 1.11  # half the width of the spiral's picture, in units of the curve's own
STRAIGHT = 20  # degrees; a random direction is at 90 on average
BOOK = "Goodfellow et al. 2016, "


class _Field(NamedTuple):
    """What denoisers do on the three densities; lengths are in the paper's units."""

    arrows: Any  # (places [n, 2], moves [n, 2]) around the spiral
    drawn: float  # the noise level of the arrows
    spiral: dict  # {noise level: measures}
    mixture: dict  # {noise level: measures}
    points: dict  # measures between three points


def outcome(grids, cfg):
    """Arrows on the spiral, the score of the mixture over the noise level, and r(x) between three points."""
    curve = spiral_curve(4001, cfg.data.pitch / UNIT)
    spiral, mixture, points = (grids[name] for name in ("spiral", "mixture", "three points"))
    on_spiral = {
        std: _on_spiral(r, spiral.test.x / UNIT, std, curve)
        for std, r in zip(_levels(spiral), _denoisers(spiral), strict=True)
    }
    on_mixture = {
        std: _on_mixture(r, mixture.test.x / UNIT, std)
        for std, r in zip(_levels(mixture), _denoisers(mixture), strict=True)
    }
    (std,), (r,) = _levels(points), _denoisers(points)
    between = _between_points(r, std) | {"s": std}
    drawn = min(on_spiral, key=lambda std: abs(std - cfg.figure.std))
    side = np.linspace(-1, 1, cfg.figure.arrows) * EDGE * np.abs(curve).max()
    places = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    moves = _denoisers(spiral)[list(on_spiral).index(drawn)](places) - places
    field = _Field((places, moves), drawn, on_spiral, on_mixture, between)
    remark = (
        "Angles are measured at noisy test points farther than s from the spiral. Where s is near half the gap between its "
        "turns, the way back is not known even to the best denoiser. The error of the score is the root mean square over test "
        "points of the mixture, relative to the score's own. The best denoiser knows the density: it gives the score of the "
        "data blurred by the noise, and its error is what the noise level alone costs."
    )
    return Outcome(draw(field, curve), _rows(field), _table(field), _verdicts(field), remark)


def _levels(grid):
    """The noise level of every run, in the paper's units."""
    return [round(float(std) / UNIT, 6) for std in grid.recipes.corruption.keywords["std"]]


def _denoisers(grid):
    """r(x) of every run, with lengths in the paper's units."""
    return [partial(_denoised, grid, run) for run in range(len(grid.seeds))]


def _denoised(grid, run, x):
    return np.asarray(grid.reconstructions(jnp.asarray(x * UNIT, jnp.float32), run), np.float64) / UNIT


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
    return {
        "error": _relative_error(score_estimate(r(x), x, std=std), truth),
        "best error": _relative_error(mixture_score(x, std=np.hypot(SPREAD, std)), truth),
        "line": score_estimate(r(LINE[:, None]), LINE[:, None], std=std)[:, 0],
    }


def _relative_error(values, truth):
    return float(np.sqrt(np.square(values - truth).mean() / np.square(truth).mean()))


def _between_points(r, std):
    moved = r(LINE[:, None])[:, 0]
    way = to_curve(LINE[:, None], MEANS[:, None])[:, 0]
    inside = (np.abs(way) > 1e-9) & (np.abs(LINE) < 0.75)
    return {
        "r": moved,
        "best": best_denoiser(LINE[:, None], MEANS[:, None], std=std)[:, 0],
        "towards": float(np.mean(np.sign(moved - LINE)[inside] == np.sign(way)[inside])),
    }


def _rows(field):
    points = field.points
    lines = [("score", s, numbers["line"]) for s, numbers in field.mixture.items()]
    lines += [("score, exact", None, mixture_score(LINE))]
    lines += [("r(x)", points["s"], points["r"]), ("r(x), best denoiser", points["s"], points["best"])]
    errors = [("error of the score", field.mixture, "error"), ("angle", field.spiral, "angle")]
    return tidy(
        ("panel", "s", "x1", "x2", "value 1", "value 2"),
        (("spiral", field.drawn, *place, *move) for place, move in zip(*field.arrows, strict=True)),
        ((panel, s, x, None, value, None) for panel, s, values in lines for x, value in zip(LINE, values, strict=True)),
        (
            (panel, s, s, None, numbers[key], numbers[f"best {key}"])
            for panel, levels, key in errors
            for s, numbers in levels.items()
        ),
    )


def _table(field):
    measures = [
        ("spiral", "mean angle (degrees)", field.spiral, "angle"),
        ("mixture", "relative error of the score", field.mixture, "error"),
    ]
    return tidy(
        ("data", "s", "measure", "autoencoder", "best denoiser"),
        (
            (data, s, measure, numbers[key], numbers[f"best {key}"])
            for data, measure, levels, key in measures
            for s, numbers in levels.items()
        ),
    )


def _verdicts(field):
    angles_of = field.spiral.items()
    known = [n["angle"] for n in field.spiral.values() if n["best angle"] < STRAIGHT]
    errors = {s: n["error"] for s, n in field.mixture.items()}
    excess = {s: n["error"] / n["best error"] - 1 for s, n in field.mixture.items() if s >= 0.08}
    return [
        decided(
            "a denoiser moves points back to the manifold",
            f"the mean angle to the shortest way is below {STRAIGHT} degrees where the best denoiser's is",
            ", ".join(f"s = {s:g}: {n['angle']:.1f} (best {n['best angle']:.1f})" for s, n in angles_of),
            [STRAIGHT - max(known, default=STRAIGHT)],
            source=BOOK + "figures 14.4 and 14.5",
        ),
        decided(
            "(r(x) - x) / s^2 tends to the score as s falls, until learning is what limits it",
            "its error falls at every step down in s to its least, which is below half the largest",
            listed(errors, "s = {name:g}: {value:.3f}"),
            _falls_to_its_least(list(errors.values())),
            source=f"Alain & Bengio 2014; {BOOK}section 14.5.1",
        ),
        within(
            "for large s the error is that of the noise level alone",
            "within 10 % of the best denoiser's for s from 0.08 on",
            excess,
            "s = {name:g}: {value:+.1%}",
            bound=0.1,
            source=BOOK + "section 14.5.1",
        ),
        Verdict(
            "between data points r(x) - x points to the nearest",
            "for at least 95 % of x in (-0.75, 0.75)",
            f"{field.points['towards']:.1%}",
            bool(field.points["towards"] >= 0.95),
            BOOK + "figure 14.7",
            (field.points["towards"] - 0.95,),
        ),
    ]


def _falls_to_its_least(errors):
    """The least rise of the errors, from the least level on, beyond their least; how far that is below half the largest."""
    errors = errors[int(np.argmin(errors)) :]
    return [min(np.diff(errors), default=0), max(errors) / 2 - errors[0]]
