"""Zeros, errors and densities of the codes of a sweep over lambda."""

import numpy as np

from experiments.figures.sparse_l1_drawing import DESCRIPTIONS, PROXIMAL
from jaxae.measures.sparsity import active_units, exact_zeros, laplace_gain, laplace_gain_per_unit, laplace_scale


def sweeps_of(grids):
    """{code: {lambda: measures}}"""
    sweeps = {name: {} for name in DESCRIPTIONS}
    for label, grid in grids.items():
        name = PROXIMAL if label.startswith(PROXIMAL) else label
        if name in sweeps:
            weights = (round(float(weight), 6) for weight in grid.recipes.weight)
            sweeps[name] |= {weight: measure(grid, run) for run, weight in enumerate(weights)}
    return sweeps


def measure(grid, run):
    """What one run's test codes are like: zeros, active units, error, and the densities fitted to its training codes."""
    codes, fitted = (np.asarray(grid.codes(split.x, run)) for split in (grid.test, grid.train))
    used = (fitted != 0).any(axis=0)
    weight = np.asarray(grid.encoder(run).layers[0].weight)
    # A unit that few examples use has no distribution to speak of.
    enough = ((fitted != 0).sum(axis=0) >= 50) & ((codes != 0).sum(axis=0) >= 50)
    gains = np.asarray(laplace_gain_per_unit(fitted, codes))[enough]
    return {
        "codes": codes,
        "zeros": float(exact_zeros(codes)),
        "active": float(active_units(codes)),
        "error": float(grid.curve["test_error"][run, -1]),
        "least": float(np.abs(codes).min()),
        "dead": float(1 - used.mean()),
        "norm": float(np.median(np.linalg.norm(weight[:, used], axis=0))) if used.any() else 0.0,
        "scale": float(laplace_scale(fitted)) if used.any() else 0.0,
        "deviation": float(np.sqrt(np.mean(np.square(fitted[fitted != 0])))) if used.any() else 0.0,
        "tail": float(np.mean(np.abs(codes[codes != 0]) > 4 * laplace_scale(fitted))) if (codes != 0).any() else 0.0,
        "gain": float(laplace_gain(fitted, codes)) if (codes != 0).any() else 0.0,
        "units": float(np.mean(gains > 0)) if enough.any() else 0.0,
    }


def histogram(measured):
    """Density of the non-zero codes, and of the Laplace and Gaussian fitted to training codes; one-sided where they are.

    None where all codes are 0.
    """
    values = measured["codes"][measured["codes"] != 0]
    if not (len(values) and measured["scale"]):
        return None
    sides = 2 if values.min() < 0 else 1
    end = np.quantile(np.abs(values), 0.999)
    density, edges = np.histogram(values, bins=50 if sides == 2 else 25, range=(-end if sides == 2 else 0, end))
    middle, b, s = (edges[1:] + edges[:-1]) / 2, measured["scale"], measured["deviation"]
    return {
        "code": middle,
        "measured": density / len(values) / np.diff(edges),
        "Laplace": np.exp(-np.abs(middle) / b) / (sides * b),
        "Gaussian": np.exp(-np.square(middle / s) / 2) / (s * np.sqrt(2 * np.pi)) * 2 / sides,
    }


def nearest(wanted, trained):
    """The trained lambdas that are nearest to the wanted ones, each once."""
    return list(dict.fromkeys(min(trained, key=lambda weight: abs(weight - value)) for value in wanted))
