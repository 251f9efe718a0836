"""How the cost of a step grows with the batch, the hidden units, the input and the depth, for each way to the penalty."""

import functools

import jax

from experiments.benchmarks.kinds import grid
from experiments.benchmarks.rounds import Case
from experiments.benchmarks.timing import epoch_seconds, spread
from jaxae.models import Dense

KINDS = ("plain", "CAE exact", "CAE hutchinson", "CAE jacrev", "CAE jacfwd")
AXES = {
    "batch size": (25, 50, 100, 200),
    "hidden units": (125, 250, 500, 1000),
    "features": (98, 196, 392, 784),
    "layers of 200 units": (1, 2, 3, 4),
}
START = {"batch size": 100, "hidden units": 250, "features": 392}


def cases(*, axes=AXES, start=START, kinds=KINDS):
    """What is measured, milliseconds per step: {(axis, point, kind): Case}; along an axis the other sizes are as in `start`."""
    found = {}
    for axis, points in axes.items():
        for point in points:
            sizes = start | ({axis: point} if axis in start else {})
            hidden = (sizes["hidden units"],) if axis in start else (200,) * point
            model = Dense(sizes["features"], hidden)
            for kind in kinds:
                found[axis, point, kind] = Case(functools.partial(_milliseconds, model, kind, sizes["batch size"]))
    return found


def rows(milliseconds):
    """The table: milliseconds per step of every kind at every point; milliseconds: {(axis, point, kind): [rounds]}."""
    return [
        {"axis": axis, "point": point, "step": kind} | spread("ms per step", values)
        for (axis, point, kind), values in milliseconds.items()
    ]


def _milliseconds(model, kind, batch_size):
    steps = 1 if kind in ("CAE jacrev", "CAE jacfwd") else 20 if len(model.hidden) == 1 else 4
    x = jax.random.uniform(jax.random.key(0), (steps * batch_size, model.features))
    return 1000 * epoch_seconds(model, *grid(kind), x, batch_size=batch_size) / steps
