"""What a training step of each kind costs, beside the matrix products it is made of and beside PyTorch."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmarks.kinds import CONVOLUTIONAL, MODELS, PENALTIES, SLOW, grid, kinds_of
from experiments.benchmarks.rounds import Case
from experiments.benchmarks.timing import epoch_seconds, products_seconds, ratio, spread
from jaxae import penalties
from jaxae.contractive.operation_counts import multiplications
from jaxae.objective import objective

PRODUCTS, JAXAE = "matrix products", "jaxae"
STEPS = 40  # in one epoch; one where a step takes seconds, five for deep exact ones
# PyTorch's kinds where they differ in name: its chain is what `contractive_exact` chooses at depth.
PEERS = {"CAE chain": "CAE exact"}
FEW = 2  # rounds of the slow kinds
COMPILED = ("plain", "k-sparse", "CAE closed form")  # with torch.compile, which takes tens of seconds each


def cases(torch, *, models=MODELS, kinds=None, batch_size=100, steps=STEPS):
    """What is measured, seconds per step: {(model, kind, library): Case}.

    torch: a PyTorch of `peer`, or None; kinds: names of steps as in the table, None for all.
    """
    found = {}
    for name, model in models.items():
        if name != CONVOLUTIONAL:
            found[name, PRODUCTS, JAXAE] = Case(functools.partial(_products, model, batch_size, steps))
        for kind in kinds_of(name):
            ours = functools.partial(_ours, model, kind, batch_size, _steps(kind, model, steps))
            found[name, kind, JAXAE] = Case(ours, FEW if kind in SLOW else None)
        for kind, mode in _peers(name) if torch and name != CONVOLUTIONAL else ():
            theirs = functools.partial(_theirs, torch, model, kind, batch_size, _steps(kind, model, steps), mode)
            found[name, PEERS.get(kind, kind), f"PyTorch {mode}"] = Case(theirs, FEW if kind in SLOW else None)
    return {names: case for names, case in found.items() if kinds is None or names[1] in kinds}


def rows(seconds, *, models=MODELS, batch_size=100):
    """The table: milliseconds per step, samples per second, ratios taken within each round, counted operations, memory.

    seconds: {(model, kind, library): [rounds]}.
    """
    seconds = {names: np.array(values) for names, values in seconds.items()}
    table = []
    for (name, kind, library), values in seconds.items():
        row = {"model": name, "step": kind, "library": library} | spread("ms per step", 1000 * values)
        row["samples per second"] = batch_size / float(np.median(values))
        plain = seconds.get((name, "plain", library))
        row |= ratio("ratio to plain", values, plain)
        if kind == "plain":
            row |= ratio("fraction of the matrix-product limit", seconds.get((name, PRODUCTS, JAXAE)), values)
        if library == JAXAE:
            row |= ratio("times PyTorch eager", seconds.get((name, kind, "PyTorch eager")), values)
        if library == JAXAE and kind != PRODUCTS:
            row |= _counted(models[name], kind, batch_size)
            row["GFLOP/s"] = 2e-9 * row["operations"] / float(np.median(values))
        table.append(row)
    columns = list(dict.fromkeys(itertools.chain(*table)))
    return [{column: row.get(column) for column in columns} for row in table]


def relative_error(model, x, projections=100):
    """Root mean squared relative error of one random projection's batch mean, over as many keys; x: [batch, features]."""
    encoder = model.encoder(model.init(jax.random.key(2)))
    exact = jnp.mean(penalties.contractive_exact(encoder, x))
    draw = jax.jit(lambda key: jnp.mean(penalties.contractive_hutchinson(encoder, x, key=key)))
    estimates = jnp.stack([draw(key) for key in jax.random.split(jax.random.key(3), projections)])
    return float(jnp.sqrt(jnp.mean(jnp.square(estimates / exact - 1))))


def _products(model, batch_size, steps):
    weights = [layer["weight"] for layer in model.init(jax.random.key(1))["encoder"]]
    return products_seconds(weights, _data(batch_size, steps).reshape(steps, batch_size, -1)) / steps


def _ours(model, kind, batch_size, steps):
    return epoch_seconds(model, *grid(kind), _data(batch_size, steps), batch_size=batch_size) / steps


def _theirs(torch, model, kind, batch_size, steps, mode):
    taken = torch.seconds(kind, (784, *model.hidden), batch_size, steps, mode)
    return None if taken is None else taken / steps


def _data(batch_size, steps):
    return jax.random.uniform(jax.random.key(0), (steps * batch_size, 784))


def _steps(kind, model, steps):
    if kind in SLOW or (kind == "CAE exact" and not hasattr(model, "features")):
        return 1
    deep = getattr(model, "depth", 2) > 1
    return min(5, steps) if deep and kind in (*PENALTIES, "CAE chain") else steps


def _peers(name):
    """PyTorch's kinds and modes for a dense model."""
    kinds = [kind for kind in kinds_of(name) if kind not in ("CAE exact", "CAE definition", "CAE finite difference")]
    eager = [*kinds, "CAE chain"] if getattr(MODELS[name], "depth", 1) > 1 else kinds
    quick = [kind for kind in eager if kind not in SLOW]
    compiled = [kind for kind in COMPILED if kind in kinds] if name == "784-1000" else []
    return [(k, "eager") for k in eager] + [(k, "fused") for k in quick] + [(k, "compiled") for k in compiled]


@functools.cache
def _counted(model, kind, batch_size):
    """Multiply-adds of a step's value and gradient, MiB that the compiled gradient holds, and what a random penalty errs by."""
    recipe = jax.tree.map(lambda number: number[0], grid(kind)[0])
    x = jax.random.uniform(jax.random.key(0), (batch_size, 784))
    params = model.init(jax.random.key(1))

    def loss(params, x):
        return objective(recipe, model.encoder(params), model.decoder(params), jax.random.key(0), x)[0]

    gradient = jax.value_and_grad(loss)
    memory = jax.jit(gradient).lower(params, x).compile().memory_analysis()
    facts = {"operations": multiplications(gradient, params, x), "MiB": memory and memory.temp_size_in_bytes / 2**20}
    if kind == "CAE hutchinson":
        facts["relative error"] = relative_error(model, x)
    return facts
