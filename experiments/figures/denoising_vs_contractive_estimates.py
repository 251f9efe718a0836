"""Estimates of the contractive penalty: their errors and costs beside those of the definition."""

from functools import partial

import jax
import numpy as np

from experiments.common.timing import in_turn, seconds
from experiments.common.verdicts import decided
from jaxae import penalties

ROUNDS = 5  # of the interleaved timings


def penalty_estimates(grid, settings):
    """Relative error per example and cost of each estimate of the penalty, on the middle one of the contractive models."""
    encoder, x = grid.encoder(len(grid.seeds) // 2), jax.numpy.asarray(grid.test.x[: settings.measured])
    functions = _penalties(settings)
    values = {name: np.asarray(penalty(encoder, x), np.float64) for name, penalty in functions.items()}
    costs = _costs(functions, encoder, x, settings)
    exact, unit = values["definition", 0], costs["definition", 0]
    return [
        {
            "name": name,
            "number": number,
            "error": root_mean_square(value / exact - 1),
            "cost": costs[name, number] / unit,
        }
        for (name, number), value in values.items()
        if name != "definition"
    ]


def _penalties(settings):
    """{(estimate, its number): the penalty of an encoder and x}"""
    difference = jax.jit(penalties.contractive_finite_difference)
    projection = jax.jit(penalties.contractive_hutchinson, static_argnames="samples")
    return {
        ("definition", 0): jax.jit(penalties.contractive),
        ("closed form", 0): jax.jit(penalties.contractive_closed_form),
        **{("finite difference", epsilon): partial(difference, epsilon=epsilon) for epsilon in settings.epsilon},
        **{
            ("random projections", samples): partial(projection, key=jax.random.key(2), samples=samples)
            for samples in settings.samples
        },
    }


def _costs(functions, encoder, x, settings):
    """The median seconds of each estimate; those of every finite difference are the first one's, which is the same program."""
    first, *others = (("finite difference", epsilon) for epsilon in settings.epsilon)
    calls = {name: partial(_finished, f, encoder, x) for name, f in functions.items() if name not in others}
    found = in_turn({name: partial(seconds, call) for name, call in calls.items()}, ROUNDS, np.median)
    return found | {name: found[first] for name in others}


def _finished(function, *arguments):
    return jax.block_until_ready(function(*arguments))


def check_estimates(estimates):
    """Whether the estimates of the penalty come near it, and at what cost."""
    differences = [e for e in estimates if e["name"] == "finite difference"]
    projections = [e for e in estimates if e["name"] == "random projections"]
    counts = np.log([e["number"] for e in projections])
    several = len(set(counts)) > 1
    slope = np.polyfit(counts, np.log([e["error"] for e in projections]), 1)[0] if several else np.nan
    return [
        decided(
            "finite differences approximate the penalty",
            "relative error per example below 1 % for steps from 0.001 to 0.1",
            ", ".join(f"{e['number']:g}: {e['error']:.2g}" for e in differences)
            + f"; cost {differences[0]['cost']:.2g} of the definition's",
            [0.01 - e["error"] for e in differences if 0.001 <= e["number"] <= 0.1],
        ),
        decided(
            "random projections do so cheaply, with an error that falls as 1 / sqrt(samples)",
            "exponent within 0.1 of -0.5, and one projection costs less than a tenth of the definition",
            f"exponent {slope:.2f}; "
            + ", ".join(f"{e['number']}: error {e['error']:.2g}, cost {e['cost']:.2g}" for e in projections),
            [0.1 - abs(slope + 0.5), 0.1 - projections[0]["cost"]],
        ),
    ]


def root_mean_square(values):
    """Over all of them."""
    return float(np.sqrt(np.mean(np.square(values))))
