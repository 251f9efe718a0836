"""How the cost of a step grows with the batch, the hidden units, the input, the depth and the epochs, way by way.

python -m experiments.benchmarks.growth EPOCHS STEP prints one JSON line. A point of the epochs is a process of its own, whose
peak memory counts.
"""

import functools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jax
import numpy as np

from experiments.benchmarks.kinds import grid
from experiments.benchmarks.rounds import Case
from experiments.benchmarks.timing import epoch_seconds, spread
from experiments.engine.memory import peak_bytes
from jaxae.models import Dense
from jaxae.training import fit_grid
from jaxae.training.checkpoints import Checkpoints

ROOT = Path(__file__).parents[2]
CHECKPOINTS = (
    "plain, checkpoints"  # asked for every 10 epochs, with the share of the time that they have unless told otherwise
)
KINDS = ("plain", "CAE exact", "CAE hutchinson", "CAE jacrev", "CAE jacfwd", CHECKPOINTS)
EPOCHS = "epochs of 14 steps"
AXES = {
    "batch size": (25, 50, 100, 200),
    "hidden units": (125, 250, 500, 1000),
    "features": (98, 196, 392, 784),
    "layers of 200 units": (1, 2, 3, 4),
    EPOCHS: (100, 300, 1000, 3000, 10000),
}
START = {"batch size": 100, "hidden units": 250, "features": 392}


def cases(*, axes=AXES, start=START, kinds=KINDS):
    """What is measured: {(axis, point, kind): Case}; along an axis the other sizes are as in `start`."""
    found = {}
    for axis, points in axes.items():
        for point in points:
            for kind in kinds:
                if axis == EPOCHS and kind in ("plain", CHECKPOINTS):
                    found[axis, point, kind] = Case(functools.partial(_process, point, kind))
                elif axis != EPOCHS and kind != CHECKPOINTS:
                    sizes = start | ({axis: point} if axis in start else {})
                    hidden = (sizes["hidden units"],) if axis in start else (200,) * point
                    model = Dense(sizes["features"], hidden)
                    found[axis, point, kind] = Case(functools.partial(_milliseconds, model, kind, sizes["batch size"]))
    return found


def rows(measured):
    """The table: milliseconds per step of every kind at every point, along the epochs also per epoch, and peak memory.

    measured: {(axis, point, kind): [rounds]} of milliseconds per step, along the epochs of what `run` gives.
    """
    table = []
    for (axis, point, kind), values in measured.items():
        row = {"axis": axis, "point": point, "step": kind}
        if axis == EPOCHS:
            row |= spread("ms per step", [value["ms per epoch"] / 14 for value in values])
            row["ms per epoch"] = float(np.median([value["ms per epoch"] for value in values]))
            table.append(row | {"MiB": max(value["MiB"] for value in values)})
        else:
            table.append(row | spread("ms per step", values) | {"ms per epoch": None, "MiB": None})
    return table


def run(epochs, kind):
    """Train so many epochs of 14 steps in this process, once it has compiled, and say what it took per epoch and in memory."""
    x = jax.random.uniform(jax.random.key(0), (1400, 64))
    recipes, seeds = grid("plain")
    settings = {"seeds": seeds, "batch_size": 100}
    fit_grid(Dense(64, 16), recipes, x, epochs=1, **settings)
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(Path(folder), 10) if kind == CHECKPOINTS else None
        started = time.perf_counter()
        trained = fit_grid(Dense(64, 16), recipes, x, epochs=epochs, checkpoints=checkpoints, **settings)
        jax.block_until_ready(trained.params)
        seconds = time.perf_counter() - started
    return {"ms per epoch": 1000 * seconds / epochs, "MiB": (peak_bytes() or 0) / 2**20}


def _milliseconds(model, kind, batch_size):
    steps = 1 if kind in ("CAE jacrev", "CAE jacfwd") else 20 if model.depth == 1 else 4
    x = jax.random.uniform(jax.random.key(0), (steps * batch_size, model.features))
    return 1000 * epoch_seconds(model, *grid(kind), x, batch_size=batch_size) / steps


def _process(epochs, kind):
    command = [sys.executable, "-m", "experiments.benchmarks.growth", str(epochs), kind]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return json.loads(answer.splitlines()[-1])


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), sys.argv[2])))
