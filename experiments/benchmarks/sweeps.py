"""A sweep as one program against runs one after another and separate processes: seconds, compilations, memory.

python -m experiments.benchmarks.sweeps WAY MODEL RUNS SEED prints one JSON line. Every row is a process of its own, whose
whole time counts.
"""

import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from experiments.benchmarks.rounds import Case
from experiments.benchmarks.timing import spread
from experiments.engine.memory import peak_bytes

ROOT = Path(__file__).parents[2]
# name: (features, hidden, examples of uniform noise or None for the digits, epochs)
SIZES = {
    "64-32, digits": (64, 32, None, 40),
    "784-64": (784, 64, 2000, 10),
    "784-1000": (784, 1000, 4000, 2),
}
PARALLEL_RUNS = {"automatic": "auto", "one run at a time": 1, "all side by side": 64}
WAYS = (*PARALLEL_RUNS, "one after another", "separate processes")
PROCESSES = ("64-32, digits",)  # where a process costs far more than its training, and up to 16 of them are measured


def run(way, name, runs, first_seed=0):
    """Train a sweep of seeds in this process, and say what it took: {"seconds", "samples", "parallel_runs"}."""
    import jax
    import jax.numpy as jnp

    from experiments.benchmarks.kinds import grid
    from jaxae import data
    from jaxae.models import Dense
    from jaxae.sweeps import take
    from jaxae.training import fit_grid

    features, hidden, examples, epochs = SIZES[name]
    if examples:
        x = jax.random.uniform(jax.random.key(0), (examples, features))
    else:
        x = jnp.asarray(data.load("digits", "train").x)
    model = Dense(features, (hidden,))
    recipes, seeds = grid("CAE closed form", runs)
    seeds = seeds + first_seed
    chosen = []
    settings = {"epochs": epochs, "batch_size": 100, "on_parallel_runs": chosen.append}
    started = time.perf_counter()
    if way == "one after another":
        for i in range(runs):
            one = jax.tree.map(lambda number, i=i: number[i : i + 1], recipes)
            jax.block_until_ready(fit_grid(model, one, x, seeds=take(seeds, slice(i, i + 1)), **settings).params)
    else:
        jax.block_until_ready(
            fit_grid(model, recipes, x, seeds=seeds, parallel_runs=PARALLEL_RUNS[way], **settings).params
        )
    seconds = time.perf_counter() - started
    number = chosen[0] if chosen else min(runs, PARALLEL_RUNS.get(way, 1))
    return {"seconds": seconds, "samples": runs * epochs * (len(x) // 100) * 100, "parallel_runs": number}


def cases(*, names=SIZES, counts=(1, 4, 16, 64), ways=WAYS):
    """What is measured, a sweep in processes of its own: {(model, runs, way): Case}."""
    return {
        (name, runs, way): Case(functools.partial(_measured, way, name, runs))
        for name in names
        for runs in counts
        for way in ways
        if way != "separate processes" or (name in PROCESSES and runs <= 16)
    }


def rows(measured):
    """The table: seconds of training and of the whole process, samples per second, compilations and peak memory.

    measured: {(model, runs, way): [rounds]} of what `run` gives, with "whole", "compilations" and "MiB".
    """
    return [
        {"model": name, "runs": runs, "way": way}
        | spread("seconds", [taken["whole"] for taken in values])
        | spread("seconds of training", [taken["seconds"] for taken in values])
        | {"samples per second": values[0]["samples"] / spread("", [taken["seconds"] for taken in values])[""]}
        | {key: max(taken[key] for taken in values) for key in ("compilations", "MiB", "parallel_runs")}
        for (name, runs, way), values in measured.items()
    ]


def _measured(way, name, runs):
    """One row, measured in processes that share a cache of compiled programs that is empty at first."""
    with tempfile.TemporaryDirectory() as cache:
        if way != "separate processes":
            return _process(way, name, runs, 0, cache)
        parts = [_process("one run at a time", name, 1, seed, cache) for seed in range(runs)]
    total = {key: sum(part[key] for part in parts) for key in ("whole", "seconds", "samples", "compilations")}
    return total | {key: max(part[key] for part in parts) for key in ("MiB", "parallel_runs")}


def _process(way, name, runs, seed, cache):
    started = time.perf_counter()
    command = [sys.executable, "-m", "experiments.benchmarks.sweeps", way, name, str(runs), str(seed)]
    environment = os.environ | {"JAXAE_CACHE": cache}
    answer = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
    return json.loads(answer.splitlines()[-1]) | {"whole": time.perf_counter() - started}


def main():
    """Run one row in this process and print what it took."""
    from experiments.engine import compilation

    compilation.keep_programs()
    way, name, runs, seed = sys.argv[1:]
    result = run(way, name, int(runs), int(seed))
    compiled = compilation.counts()["compiled"]
    print(json.dumps(result | {"compilations": compiled, "MiB": (peak_bytes() or 0) / 2**20}))


if __name__ == "__main__":
    main()
