"""Robust reconstructions by denoising, robust codes by contraction, and estimates of the contractive penalty."""

from typing import NamedTuple

import jax
import numpy as np
from jax.tree_util import Partial

from experiments.common.outcome import Outcome
from experiments.common.tables import tidy
from experiments.common.verdicts import above, decided, within
from experiments.figures.denoising_vs_contractive_drawing import FINITE, MEASURES, draw
from experiments.figures.denoising_vs_contractive_estimates import (
    ROUNDS,
    check_estimates,
    penalty_estimates,
    root_mean_square,
)
from experiments.figures.denoising_vs_contractive_families import BOOK, verdicts_on_families
from jaxae.measures.contraction_ratio import contraction_ratio
from jaxae.measures.sensitivity import across, noise_excess, noise_terms, relative, sensitivity
from jaxae.measures.subspaces import local_directions
from jaxae.objective import reconstruct
from jaxae.sweeps import take

DENOISING, CONTRACTIVE = "DAE, untied", "RCAE, untied"  # whose reconstructions are compared
ALIKE = 0.9  # cosine of two moves that counts as one direction


class _Measured(NamedTuple):
    """Where sensitivities are measured: test images, directions at each along and across the data, and finite noise."""

    x: np.ndarray  # [images, pixels]
    directions: dict  # {"along", "across": [images, directions, pixels]}
    radius: float  # length of the finite noise
    draws: int  # of it, for each image


def outcome(grids, cfg):
    """Sensitivities of both families over their numbers and at equal error, the penalty's estimates, and the expansion."""
    settings = cfg.figure
    points = _sensitivities(grids, settings)
    estimates = penalty_estimates(grids["CAE"], settings)
    expansion = _expansion(grids[DENOISING], settings)
    verdicts = verdicts_on_families(points, settings.finite)
    verdicts += [_of_penalty(expansion, settings.std[0]), _of_moves(grids, settings)]
    checks = [*check_estimates(estimates), _second_order(expansion, settings.std[0])]
    remark = (
        "Sensitivity: root mean square of |J v| over test images and unit directions v, along the first principal directions "
        "of the nearest training images, or across, random at right angles to them. The code's is in units of the standard "
        "deviations of code and data, since a code can also be shrunk. Equal error: the levels are interpolated from each "
        f"family's least error on. Costs are medians of {ROUNDS} interleaved calls for the penalty's value alone."
    )
    figure = draw(points, estimates, expansion, settings, cfg.data.name)
    rows = _rows(points, estimates, expansion, settings.std)
    return Outcome(figure, rows, [_row(point) for point in points], verdicts, remark, checks=checks)


def _rows(points, estimates, expansion, stds):
    return tidy(
        ("panel", "name", "number", "quantity", "value"),
        (
            ("sensitivity", point["family"], point["level"], name, point[name])
            for point in points
            for name in ("error", *MEASURES, FINITE)
        ),
        (
            ("estimate", estimate["name"], float(estimate["number"]), name, estimate[name])
            for estimate in estimates
            for name in ("error", "cost")
        ),
        (
            ("expansion", "noise", float(std), name, expansion[name][i])
            for i, std in enumerate(stds)
            for name in ("excess", "penalty", "penalty and curvature")
        ),
    )


def _row(point):
    shown = (
        "code along",
        "code across",
        "unscaled code across",
        "reconstruction along",
        "reconstruction across",
        FINITE,
    )
    return {"model": point["label"], "test cross-entropy (nats)": point["error"]} | {
        name: point[name] for name in shown
    }


def _sensitivities(grids, settings):
    """A dict of measures for every run of both families; the denoising one without noise is the plain autoencoder."""
    grid = grids["DAE"]
    x = grid.test.x[: settings.examples]
    near = max(2, min(settings.neighbours, len(grid.train.x)))
    count = min(settings.directions, near - 1, x.shape[1] // 2)  # as many lie across as along
    along = local_directions(x, grid.train.x, neighbours=near, count=count)
    directions = {"along": along, "across": across(jax.random.key(0), along, count)}
    measured = _Measured(x, directions, settings.finite * np.sqrt(x.shape[1]), settings.directions)
    points = []
    for family, key, symbol in (("DAE", "corruption.std", "s"), ("CAE", "weight", "λ")):
        for run, level in enumerate(grids[family].table[key]):
            label = f"{family}, {symbol} = {level:g}" if level else "AE"
            point = {"family": family, "level": float(level), "label": label}
            points.append(point | _sensitivity(grids[family], run, measured))
    return points


def _sensitivity(grid, run, measured):
    """The error of one run, and its sensitivities along and across the data and to finite noise."""
    found = {"error": float(grid.curve["test_error"][run, -1])}
    encoder, codes, whole = grid.encoder(run), grid.codes(grid.test.x, run), _reconstruction(grid, run)
    for name, v in measured.directions.items():
        code = sensitivity(encoder, measured.x, v)
        found[f"unscaled code {name}"] = root_mean_square(code)
        found[f"code {name}"] = root_mean_square(relative(code, grid.test.x, codes))
        found[f"reconstruction {name}"] = root_mean_square(sensitivity(whole, measured.x, v))
    radius = jax.numpy.array([measured.radius])
    shifts = contraction_ratio(whole, measured.x, radius, jax.random.key(1), directions=measured.draws)
    return found | {FINITE: root_mean_square(shifts)}


def _reconstruction(grid, run):
    params = take(grid.params, run)
    return Partial(reconstruct, take(grid.recipes, run), grid.model.encoder(params), grid.model.decoder(params))


def moves(reconstruct, x):
    """The way that a reconstruction moves each point, r(x) - x, of length 1."""
    way = np.asarray(reconstruct(x)) - x
    return way / np.linalg.norm(way, axis=1, keepdims=True)


def _of_moves(grids, settings):
    """The verdict on the reconstructions of noise s and of the penalty s^2, where noise has moved the test images."""
    grid, std = grids[DENOISING], float(grids[DENOISING].table["corruption.std"][0])
    x = grid.test.x[: settings.examples]
    noisy = x + np.random.default_rng(0).normal(0, std, x.shape).astype(np.float32)
    ways = [moves(_reconstruction(grids[name], 0), noisy) for name in (DENOISING, CONTRACTIVE)]
    return above(
        "a penalty s^2 on the reconstruction's Jacobian does what noise s does",
        f"mean cosine of r(x) - x of both, at test images with noise {std:g}, above {ALIKE}",
        [float(np.mean(np.sum(ways[0] * ways[1], axis=1)))],
        "{value:.3f}",
        bound=ALIKE,
        source="Alain & Bengio 2014",
    )


def _expansion(grid, settings):
    """What noise adds to the squared error by its variance, against ||J||^2 and against the whole second order."""
    function, x = _reconstruction(grid, 0), jax.numpy.asarray(grid.test.x[: settings.measured])
    noise = jax.random.normal(jax.random.key(3), (settings.noise, *x.shape))
    penalty, curvature = (float(np.mean(term)) for term in noise_terms(function, x))
    excess = [float(np.mean(noise_excess(function, x, noise, std))) for std in settings.std]
    ones = np.ones(len(excess))
    return {
        "excess": np.array(excess),
        "penalty": penalty * ones,
        "penalty and curvature": (penalty + curvature) * ones,
    }


def _second_order(expansion, std):
    return within(
        "small noise adds s^2 (|J|^2 + (r - x) . laplacian of r) to the squared error",
        f"within 2 % at s = {std:g}",
        [expansion["excess"][0] / expansion["penalty and curvature"][0] - 1],
        "{value:+.2%}",
        bound=0.02,
    )


def _of_penalty(expansion, std):
    alone = expansion["penalty"][0] / expansion["excess"][0]
    return decided(
        "the contractive penalty of the reconstruction is most of what small noise adds to the squared error",
        f"|J|^2 is within 10 % of what is added at s = {std:g}",
        f"{alone:.2f} of it",
        [0.1 - abs(alone - 1)],
        source=f"Alain & Bengio 2014; {BOOK}14.7",
    )
