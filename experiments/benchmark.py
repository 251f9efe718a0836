"""What a training step costs: milliseconds per step and ratios, measured on this machine in one run.

python -m experiments.benchmark [--rounds N] [--output benchmark.csv]

Synthetic data, 784-1000 tied sigmoid units, batches of 100, cross-entropy, Adam, float32, 40 steps in one compiled scan;
about a minute on two cores.
"""

import argparse
import os
import platform
import time
from pathlib import Path

import jax
import numpy as np
import optax
from rich.console import Console
from rich.table import Table

from experiments.runs import write_csv
from jaxae import codes, corruptions, losses, penalties
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.sweeps import expand
from jaxae.training import fit_grid

PRODUCTS = "matrix products"
KINDS = {
    "plain": {},
    "contractive, closed form": {"penalty": configure(penalties.contractive_closed_form), "weight": 0.1},
    "k-sparse": {"code": configure(codes.top_k, k=25)},
    "masking": {"corruption": configure(corruptions.masking, rate=0.3)},
    "Gaussian noise": {"corruption": configure(corruptions.gaussian, std=0.3)},
    "contractive, Hutchinson": {"penalty": configure(penalties.contractive_hutchinson), "weight": 0.1},
    "l1": {"penalty": configure(penalties.l1), "weight": 0.1},
}
# kind: the highest ratio that is wanted, to the matrix products for the plain step and to the plain step for the others.
BARS = {"plain": 1.5, "contractive, closed form": 1.3, "k-sparse": 1.4}


@jax.jit
def products(weight, batches):
    """The five matrix products of every step of a tied autoencoder and nothing else, in one scan over the batches.

    weight: [features, hidden], batches: [steps, batch, features] -> a number that depends on every product.
    """

    def step(total, x):
        h = x @ weight  # encoder
        d = h @ weight.T  # decoder
        d1 = d @ weight  # gradient to the code
        # Each product depends on the batch, so none leaves the loop; the barrier keeps whole products where one entry is read.
        halves = jax.lax.optimization_barrier((x.T @ d1, d.T @ h))  # the tied weight's gradient
        return total + sum(half[0, 0] for half in halves), None

    return jax.lax.scan(step, 0.0, batches)[0]


def measure(rounds=7, *, features=784, hidden=1000, examples=4000, batch_size=100):
    """Seconds of one epoch of every kind, {kind: [rounds]}, all kinds in turn in each round.

    In turn, so that the drift of a shared machine meets all kinds alike. The epoch before each timed one compiles, the first
    time, and warms the caches.
    """
    x = jax.random.uniform(jax.random.key(0), (examples, features))
    model = Dense(features, (hidden,))
    batches = x[: examples // batch_size * batch_size].reshape(-1, batch_size, features)
    weight = model.init(jax.random.key(1))["encoder"][0]["weight"]
    optimizer = configure(optax.adam, learning_rate=0.001)
    recipes = {
        kind: expand(Recipe(configure(losses.binary_cross_entropy), optimizer, **parts))[0]
        for kind, parts in KINDS.items()
    }
    seconds = {kind: [] for kind in (PRODUCTS, *KINDS)}
    for _ in range(rounds):
        ends = []
        for _ in range(3):
            jax.block_until_ready(products(weight, batches))
            ends.append(time.perf_counter())
        seconds[PRODUCTS].append(ends[-1] - ends[-2])
        for kind, recipe in recipes.items():
            seconds[kind].append(_epoch_seconds(model, recipe, x, batch_size))
    return {kind: np.array(values) for kind, values in seconds.items()}


def rows(seconds, *, features=784, hidden=1000, examples=4000, batch_size=100):
    """The table of measured seconds per epoch: milliseconds per step, and ratios taken within each round."""
    steps = examples // batch_size
    table = []
    for kind, values in seconds.items():
        milliseconds = 1000 * values / steps
        row = {"kind": kind} | _spread("ms per step", milliseconds)
        row["GFLOP/s"] = 10 * batch_size * features * hidden / row["ms per step"] / 1e6 if kind == PRODUCTS else None
        row |= _spread("ratio to plain", values / seconds["plain"])
        row |= _spread("ratio to matrix products", values / seconds[PRODUCTS])
        bar, ratio = BARS.get(kind), row["ratio to matrix products" if kind == "plain" else "ratio to plain"]
        row |= {"bar": bar, "met": bar and ("yes" if ratio <= bar else "no")}
        table.append(row)
    return table


def show(table, console):
    """Print the table: medians, with the least and the greatest of the rounds in brackets."""
    shown = Table(box=None, header_style="bold")
    shown.add_column("", no_wrap=True)
    measured = ("ms per step", "ratio to plain", "ratio to matrix products")
    for name in (*measured, "bar", "met", "GFLOP/s"):
        shown.add_column(name, justify="right")
    for row in table:
        spreads = [f"{row[n]:.2f} ({row[f'{n}, min']:.2f} - {row[f'{n}, max']:.2f})" for n in measured]
        bar, speed = row["bar"] and f"<= {row['bar']}", row["GFLOP/s"] and f"{row['GFLOP/s']:.0f}"
        shown.add_row(row["kind"], *spreads, bar, row["met"], speed)
    console.print(shown)
    console.print(
        "The bar is on the ratio to plain; for plain, on that to the matrix products. Median (min - max) of the rounds."
    )


def describe():
    """The machine in one line: devices, cores and, where the system knows it, the load of the last minute."""
    device = jax.devices()[0]
    load = f", load {os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else ""
    system = f"{platform.system()} {platform.machine()}, {_processor()}, {os.cpu_count()} cores{load}"
    return f"{system}; jax {jax.__version__} on {device.platform} ({device.device_kind})"


def main(arguments=None, **sizes):
    """Measure, print and write the table; sizes: as in `measure`."""
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmark", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="times that every kind is measured")
    parser.add_argument("--output", type=Path, default=Path("benchmark.csv"), help="csv file to write")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error(f"--rounds is {options.rounds}: it must be a whole number from 1 on")
    console = Console()
    if not console.is_terminal:
        console.width = 140
    console.print(describe(), highlight=False)
    table = rows(measure(options.rounds, **sizes), **sizes)
    write_csv(options.output, table)
    show(table, console)


def _epoch_seconds(model, recipe, x, batch_size):
    ends = []

    def on_epoch(_, row):
        jax.block_until_ready(row)
        ends.append(time.perf_counter())

    fit_grid(model, recipe, x, seeds=[0], epochs=2, batch_size=batch_size, on_epoch=on_epoch)
    return ends[1] - ends[0]


def _spread(name, values):
    return {name: float(np.median(values)), f"{name}, min": float(values.min()), f"{name}, max": float(values.max())}


def _processor():
    path = Path("/proc/cpuinfo")  # platform.processor() is empty on most Linux systems
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    main()
