"""Examples that stay in their file beside the same ones in memory, in turn: samples per second of the same training.

python -m experiments.benchmarks.streaming [ROUNDS]

A 784-1000 autoencoder of tied sigmoid units with cross-entropy and Adam, on 60,000 uniform examples in a .npy of 179 MiB, in
batches of 100 and of 1,000.
"""

import functools
import sys
import tempfile
from pathlib import Path

import numpy as np
import optax

from experiments.benchmarks.rounds import Case, measure
from experiments.benchmarks.timing import ratio, spread, timed_fit
from experiments.common.console import console
from jaxae import losses
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.rows import open_rows
from jaxae.sweeps import expand

FEATURES, HIDDEN, EXAMPLES = 784, 1000, 60_000
BATCHES = (100, 1000)
MEMORY, FILE = "in memory", "from its file"


def cases(path, *, hidden=HIDDEN):
    """{(batch size, way): Case} of samples per second. path: a .npy of float32 [n, features]."""
    ways = {MEMORY: np.load(path), FILE: open_rows(path)}
    return {
        (size, way): Case(functools.partial(samples_per_second, x, size, hidden))
        for size in BATCHES
        for way, x in ways.items()
    }


def samples_per_second(x, batch_size, hidden):
    """Of the median epoch but the first, which compiles."""
    recipe = Recipe(losses.binary_cross_entropy, configure(optax.adam, learning_rate=1e-3))
    recipes, seeds, _ = expand(recipe, seed=0)
    _, seconds = timed_fit(Dense(x.shape[1], hidden), recipes, x, seeds=seeds, epochs=4, batch_size=batch_size)
    return len(x) // batch_size * batch_size / float(np.median(seconds))


def rows(measured):
    """Samples per second, and their ratio to those in memory, round by round. measured: {(batch size, way): values}."""
    return [
        {"batch size": size, "examples": way}
        | spread("samples per second", speeds)
        | ratio("of the speed in memory", speeds, measured.get((size, MEMORY)))
        for (size, way), speeds in measured.items()
    ]


def main(arguments=None):
    """Print the medians over the rounds with the least and the greatest."""
    words = sys.argv[1:] if arguments is None else arguments
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npy"
        np.save(path, np.random.default_rng(0).random((EXAMPLES, FEATURES), np.float32))
        for row in rows(measure("streaming", cases(path), int(words[0]) if words else 5)):
            shown = (
                f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in row.items()
            )
            console.print(", ".join(shown), highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
