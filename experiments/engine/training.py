"""The grid of a setup, trained with progress and left in a directory."""

import functools
import shutil
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from experiments.common.console import console
from experiments.common.trained_grid import TrainedGrid, label
from experiments.engine.checks import DivergenceError
from experiments.engine.progress import training_progress
from experiments.engine.shards import advice
from jaxae import losses, penalties, storage
from jaxae.contractive import exact
from jaxae.measures.centres import geometric_median
from jaxae.models import Sparse
from jaxae.models.dense import centred
from jaxae.pretraining import pretrain
from jaxae.rows import Rows
from jaxae.schedules import at
from jaxae.sweeps import take
from jaxae.training import evaluation_error, fit_grid
from jaxae.training.checkpoints import Checkpoints
from jaxae.training.devices import gather
from jaxae.training.state import initial_params


def train(setup, name, directory: Path, watch=None) -> TrainedGrid:
    """Train the grid of a setup, with progress, and leave run.npz in the directory.

    Layer-wise pretraining comes first where the sizes ask for it; without epochs after it the curve has one value, that of
    the unrolled autoencoder. A run that diverges keeps its last finite epoch, or raises DivergenceError where the sizes say
    "fail". The grid's checkpoints lie in the directory until its files do, and a second call goes on from them; layer-wise
    pretraining has none: it is deterministic and done again. watch: is called with every epoch's index and curve values.
    """
    started = time.perf_counter()
    if excess := advice(setup):
        console.print(f"{name}: {excess}", highlight=False, soft_wrap=True)
    x = setup.train.x if isinstance(setup.train.x, Rows) else jnp.asarray(setup.train.x)
    x_test = jnp.asarray(setup.test.x)
    params = _start(setup, x)
    _show_plan(setup, x[: setup.sizes["batch_size"]])
    if setup.sizes["epochs"]:
        params, curve, diverged = _fitted(setup, name, x, x_test, params, directory / "checkpoints", watch)
    else:
        curve = {"error": errors(setup, params, x), "test_error": errors(setup, params, x_test)}
        diverged = np.full(len(setup.seeds), -1, np.int32)
    curve = {quantity: np.asarray(values) for quantity, values in curve.items()}
    storage.save(
        directory / "run.npz",
        model=setup.model,
        recipes=setup.recipes,
        seeds=setup.seeds,
        params=params,
        curve=curve,
        diverged=diverged,
        metadata={"label": name, "axes": list(setup.table), "sizes": setup.sizes, "data": data_facts(setup)}
        | _data_notes(setup),
    )
    shutil.rmtree(directory / "checkpoints", ignore_errors=True)
    return trained_grid(setup, params, curve, diverged, time.perf_counter() - started)


def trained_grid(setup, params, curve, diverged, seconds) -> TrainedGrid:
    """What figures see of a setup once its training has ended."""
    if setup.validation is None:
        score = curve["test_error"][:, -1]
    else:
        score = np.asarray(errors(setup, params, setup.validation.x)[:, 0])
    return TrainedGrid(
        model=setup.model,
        recipes=jax.vmap(functools.partial(at, time=1.0))(setup.recipes),
        seeds=setup.seeds,
        table=setup.table,
        params=params,
        curve=curve,
        diverged=diverged,
        test=setup.test,
        train=setup.train,
        seconds=seconds,
        score=score,
        validation=setup.validation,
    )


def errors(setup, params, x):
    """The reconstruction error of every run in float32, [runs, 1]."""
    with jax.default_matmul_precision("float32"):
        values = [
            evaluation_error(setup.model, at(take(setup.recipes, run), 1.0), take(params, run), x)
            for run in range(len(setup.seeds))
        ]
    return jnp.stack(values)[:, None]


def data_facts(setup):
    """What a stored grid says about its data."""
    return {"examples": len(setup.train.x), "shape": list(setup.train.shape)}


def _data_notes(setup):
    """What was done to a user's own data, for the description of a stored grid."""
    origins = [split.origin for split in (setup.train, setup.test) if split.origin]
    return {"data_notes": [note for origin in origins for note in origin.notes]} if origins else {}


def _fitted(setup, name, x, x_test, params, directory, watch):
    """Parameters, curves and epochs of divergence of the grid, trained from its newest checkpoint on."""
    runs, sizes, chosen = len(setup.seeds), setup.sizes, []
    samples = runs * (len(x) // sizes["batch_size"]) * sizes["batch_size"]
    every, patience = sizes["checkpoint"], sizes.get("patience")
    with training_progress(name, runs, sizes["epochs"], samples) as progress:

        def on_epoch(index, row):
            progress(index, row)
            if watch is not None:
                watch(index, row)

        fitted = fit_grid(
            setup.model,
            setup.recipes,
            x,
            seeds=setup.seeds,
            epochs=sizes["epochs"],
            batch_size=sizes["batch_size"],
            x_test=x_test,
            parallel_runs=sizes["parallel_runs"],
            precision=sizes["precision"],
            params=params,
            checkpoints=Checkpoints(directory, every, sizes["checkpoint_share"]) if every else None,
            on_epoch=on_epoch,
            on_parallel_runs=chosen.append,
            on_divergence=functools.partial(_fail, setup) if sizes["on_divergence"] == "fail" else None,
            x_validation=None if patience is None else jnp.asarray(setup.validation.x),
            patience=patience,
        )
    diverged = np.asarray(fitted.diverged)
    if np.any(diverged >= 0):
        console.print(f"{_divergence(setup, diverged)}, stopped there and kept", highlight=False, soft_wrap=True)
    if patience is not None:
        best = np.asarray(fitted.curve["best_epoch"])[:, -1]
        console.print(f"best epochs on validation: {', '.join(map(str, best))} of {sizes['epochs']}", highlight=False)
    if chosen and runs > 1:
        console.print(f"{chosen[0]} of {runs} runs in parallel", highlight=False)
    return gather(fitted.params), fitted.curve, diverged


def _start(setup, x):
    """Parameters that training begins with, with a leading axis of runs; None for the model's own random ones."""
    if setup.sizes["pretrain"]:
        return _pretrained(setup, x)
    if not setup.sizes["centred"]:
        return None
    centre = geometric_median(x) if setup.sizes["centred"] == "geometric_median" else x.mean(axis=0)
    runs = [_centred(setup, initial_params(setup.model, int(seed)), centre) for seed in setup.seeds]
    return jax.tree.map(_stacked, *runs)


def _centred(setup, params, centre):
    if isinstance(setup.model, Sparse):
        return setup.model.centred(params, centre)
    return centred(params, centre, logits=setup.recipes.loss.func is losses.binary_cross_entropy)


def _stacked(*leaves):
    return jnp.stack(leaves)


def _pretrained(setup, x):
    """Parameters of the unrolled autoencoders, with a leading axis of runs."""
    sizes = {"epochs": setup.sizes["pretrain"], "batch_size": setup.sizes["batch_size"]}
    runs = [
        pretrain(setup.model, take(setup.recipes, run), x, seed=seed, **sizes).params
        for run, seed in enumerate(setup.seeds)
    ]
    return jax.tree.map(_stacked, *runs)


def _show_plan(setup, batch):
    """Print the way that the exact contractive penalty takes, and the operations counted."""
    function = setup.recipes.penalty.func
    if getattr(function, "function", function) is penalties.contractive_exact:
        params = jax.eval_shape(setup.model.init, jax.random.key(0))
        chosen = exact.plan(setup.model.encoder(params), batch, **dict(getattr(function, "keywords", ())))
        console.print(f"contractive_exact: {chosen}", highlight=False)


def _fail(setup, diverged):
    raise DivergenceError(
        f"{_divergence(setup, diverged)}: train.on_divergence is fail, keep lets the other runs go on"
    )


def _divergence(setup, diverged):
    """Which runs became non-finite and when, in a few words."""
    told = []
    for run, epoch in enumerate(diverged):
        place = f" ({label(setup.table, run)})" if setup.table else ""
        told += [f"run {run}{place} in epoch {epoch}"] if epoch >= 0 else []
    return f"Not finite any more, epochs counted from 0: {', '.join(told)}"
