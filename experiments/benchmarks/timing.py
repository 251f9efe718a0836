"""How the benchmark takes times: epochs of fit_grid, the matrix products alone, medians with their spread, the machine."""

import os
import platform
import time

import jax
import numpy as np

from experiments.common.machine import processor
from jaxae.training import fit_grid


def epoch_seconds(model, recipes, seeds, x, *, batch_size, parallel_runs=1):
    """Seconds of the second of two epochs."""
    return timed_fit(model, recipes, x, seeds=seeds, epochs=2, batch_size=batch_size, parallel_runs=parallel_runs)[1][0]


def timed_fit(*arguments, **settings):
    """What fit_grid gives, and the seconds of every epoch but the first, which compiles and warms the caches."""
    ends = []

    def on_epoch(_, row):
        jax.block_until_ready(row)
        ends.append(time.perf_counter())

    fit = fit_grid(*arguments, **settings, on_epoch=on_epoch)
    return fit, np.diff(ends)


@jax.jit
def products(weights, batches):
    """The matrix products of every step of a tied autoencoder and nothing else, in one scan over the batches.

    Six for each layer but the first, which has five: forward in encoder and decoder, the gradients to both inputs, without
    that to the data, and both halves of the tied weight's. weights: [in, out] of every layer, batches: [steps, batch,
    features] -> a number that depends on every product.
    """

    def step(total, x):
        codes = [x]
        for weight in weights:
            codes.append(codes[-1] @ weight)
        outputs = [codes[-1]]
        for weight in weights[::-1]:
            outputs.append(outputs[-1] @ weight.T)
        gradient, halves = outputs[-1], []
        for weight, inward in zip(weights, outputs[-2::-1], strict=True):
            halves.append(gradient.T @ inward)
            gradient = gradient @ weight
        for i in reversed(range(len(weights))):
            halves.append(codes[i].T @ gradient)
            gradient = gradient @ weights[i].T if i else gradient
        # Each product depends on the batch, so none leaves the loop; the barrier keeps whole products where one entry is read.
        return total + sum(half[0, 0] for half in jax.lax.optimization_barrier(halves)), None

    return jax.lax.scan(step, 0.0, batches)[0]


def products_seconds(weights, batches):
    """Seconds of one pass of `products` over the batches, after one that compiles or warms."""
    jax.block_until_ready(products(weights, batches))
    started = time.perf_counter()
    jax.block_until_ready(products(weights, batches))
    return time.perf_counter() - started


def spread(name, values):
    """The median under a name, with the least and the greatest beside it."""
    values = np.asarray(values, float)
    return {name: float(np.median(values)), f"{name}, min": float(values.min()), f"{name}, max": float(values.max())}


def ratio(name, above, below):
    """The spread of a ratio, taken round by round, or nothing where one of them was not measured."""
    if above is None or below is None:
        return {}
    rounds = min(len(above), len(below))
    return spread(name, np.asarray(above)[:rounds] / np.asarray(below)[:rounds])


def describe():
    """The machine in one line: devices, cores and, where the system knows it, the load of the last minute."""
    device = jax.devices()[0]
    load = f", load {os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else ""
    system = f"{platform.system()} {platform.machine()}, {processor()}, {os.cpu_count()} cores{load}"
    return f"{system}; jax {jax.__version__} on {device.platform} ({device.device_kind})"
