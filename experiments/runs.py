"""Trained grids as the figures see them, and the files that they leave."""

import csv
import time
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.progress import training_progress
from jaxae import storage
from jaxae.data import Data
from jaxae.objective import Recipe, reconstruct
from jaxae.schedules import at
from jaxae.sweeps import take
from jaxae.training import fit_grid


class Run(NamedTuple):
    """One trained grid: every array has a leading axis of runs; recipes are as at the end of training."""

    model: Any
    recipes: Recipe
    seeds: np.ndarray
    table: dict[str, np.ndarray]
    params: Any
    curve: dict[str, np.ndarray]
    test: Data
    train: Data
    seconds: float

    def encoder(self, run=0):
        """The trained encoder of one run."""
        return self.model.encoder(take(self.params, run))

    def codes(self, x, run=0):
        """The code of x, with what the recipe keeps of it."""
        return take(self.recipes, run).code(self.encoder(run)(jnp.asarray(x)))

    def reconstructions(self, x, run=0):
        """The reconstruction of a clean x."""
        params = take(self.params, run)
        return reconstruct(
            take(self.recipes, run), self.model.encoder(params), self.model.decoder(params), jnp.asarray(x)
        )

    def filters(self, run=0):
        """The first layer's weights as pictures, [units, height, width]."""
        weight = np.asarray(take(self.params, run)["encoder"][0]["weight"])
        return weight.T.reshape(-1, *self.train.shape)

    def labels(self):
        """A few words for each run of the grid: the axes' values."""
        count = len(self.seeds)
        return [
            ", ".join(f"{key.split('.')[-1]} {column[i]:g}" for key, column in self.table.items()) for i in range(count)
        ]


def train(setup, label, directory: Path):
    """Train the grid of a setup, with progress, and leave run.npz and metrics.csv in the directory."""
    started = time.perf_counter()
    samples = len(setup.seeds) * (len(setup.train.x) // setup.sizes["batch_size"]) * setup.sizes["batch_size"]
    with training_progress(label, len(setup.seeds), setup.sizes["epochs"], samples) as on_epoch:
        fitted = fit_grid(
            setup.model,
            setup.recipes,
            setup.train.x,
            seeds=setup.seeds,
            x_test=setup.test.x,
            on_epoch=on_epoch,
            **setup.sizes,
        )
    curve = {name: np.asarray(values) for name, values in fitted.curve.items()}
    storage.save(directory / "run.npz", recipe=setup.recipes, seed=setup.seeds, params=fitted.params, curve=curve)
    rows = [
        {"seed": int(setup.seeds[run])}
        | {key: column[run].item() for key, column in setup.table.items()}
        | {name: float(values[run, -1]) for name, values in curve.items()}
        for run in range(len(setup.seeds))
    ]
    write_csv(directory / "metrics.csv", rows)
    final = jax.vmap(lambda recipe: at(recipe, 1.0))(setup.recipes)
    seconds = time.perf_counter() - started
    return Run(setup.model, final, setup.seeds, setup.table, fitted.params, curve, setup.test, setup.train, seconds)


def write_csv(path: Path, rows):
    """Write a list of dicts with the same keys as a csv file with a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows({key: f"{v:.6g}" if isinstance(v, float) else v for key, v in row.items()} for row in rows)
