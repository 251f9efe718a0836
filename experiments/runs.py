"""Trained grids as the figures see them, and the files that they leave."""

import csv
import io
import shutil
import time
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.checks import ConfigurationError, DivergenceError
from experiments.parts import advice
from experiments.progress import console, training_progress
from jaxae import exact, losses, penalties, storage
from jaxae.checkpoints import Checkpoints
from jaxae.data import Data
from jaxae.descriptions import describe
from jaxae.devices import gather
from jaxae.files import replacing
from jaxae.objective import Recipe, encode
from jaxae.pretraining import pretrain
from jaxae.schedules import at
from jaxae.sweeps import take
from jaxae.training import fit_grid, test_error

_encode = jax.jit(encode)
SCIENCE = ("epochs", "batch_size", "pretrain", "precision")  # the sizes that change results


class Run(NamedTuple):
    """One trained grid: every array has a leading axis of runs; recipes are as at the end of training."""

    model: Any
    recipes: Recipe
    seeds: np.ndarray
    table: dict[str, np.ndarray]
    params: Any
    curve: dict[str, np.ndarray]
    diverged: np.ndarray  # the epoch in which each run became non-finite, or -1
    test: Data
    train: Data
    seconds: float
    score: np.ndarray  # what a search minimises: the error on the validation examples, or on the test ones without them

    def encoder(self, run=0):
        """The trained encoder of one run."""
        return self.model.encoder(take(self.params, run))

    def codes(self, x, run=0):
        """The code of x, with what the recipe keeps of it."""
        return _encode(take(self.recipes, run), self.encoder(run), jnp.asarray(x))

    def decode(self, codes, run=0):
        """The reconstruction that a code stands for, in units of the data."""
        decoder = self.model.decoder(take(self.params, run))
        return losses.mean_prediction(self.recipes.loss, decoder(jnp.asarray(codes)))

    def reconstructions(self, x, run=0):
        """The reconstruction of a clean x."""
        return self.decode(self.codes(x, run), run)

    def filters(self, run=0):
        """The first layer's weights as pictures, [units, height, width] or [units, height, width, colours], or None.

        Of convolutions they are the kernels. None where the encoder has neither, or the data are no pictures.
        """
        if len(self.train.shape) not in (2, 3):
            return None
        encoder = self.encoder(run)
        layers = getattr(encoder, "layers", None) or getattr(encoder, "convolutions", None) or [None]
        weight = np.moveaxis(np.asarray(getattr(layers[0], "weight", ())), -1, 0)
        if weight.shape[1:] == (np.prod(self.train.shape),):
            return weight.reshape(-1, *self.train.shape)
        if weight.ndim != 4:
            return None
        return weight[..., 0] if weight.shape[-1] == 1 else weight

    def labels(self):
        """A few words for each run of the grid: the axes' values."""
        return [_label(self.table, i) for i in range(len(self.seeds))]


def train(setup, label, directory: Path):
    """Train the grid of a setup, with progress, and leave run.npz in the directory.

    Layer-wise pretraining comes first where the sizes ask for it; without epochs after it the curve has one value, that of
    the unrolled autoencoder. A run that diverges keeps its last finite epoch, or raises DivergenceError where the sizes say
    "fail". The grid's checkpoints lie in the directory until its files do, and a second call goes on from them; layer-wise
    pretraining has none: it is deterministic and done again.
    """
    started = time.perf_counter()
    if excess := advice(setup):
        console.print(f"{label}: {excess}", highlight=False, soft_wrap=True)
    sizes = dict(setup.sizes)
    every, share = sizes.pop("checkpoint"), sizes.pop("checkpoint_share")
    fails = sizes.pop("on_divergence") == "fail"
    diverged = np.full(len(setup.seeds), -1, np.int32)
    x, x_test = jnp.asarray(setup.train.x), jnp.asarray(setup.test.x)
    epochs, params = sizes.pop("pretrain"), None
    if epochs:
        params = _pretrained(setup, x, epochs, sizes["batch_size"])
    _show_plan(setup, x[: sizes["batch_size"]])
    if sizes["epochs"]:
        chosen = []
        samples = len(setup.seeds) * (len(x) // sizes["batch_size"]) * sizes["batch_size"]
        with training_progress(label, len(setup.seeds), sizes["epochs"], samples) as on_epoch:
            params, curve, diverged = fit_grid(
                setup.model,
                setup.recipes,
                x,
                seeds=setup.seeds,
                x_test=x_test,
                on_epoch=on_epoch,
                on_width=chosen.append,
                params=params,
                checkpoints=Checkpoints(directory / "checkpoints", every, share) if every else None,
                on_divergence=(lambda epochs: _refuse(setup, epochs)) if fails else None,
                **sizes,
            )
        diverged = np.asarray(diverged)
        if np.any(diverged >= 0):
            console.print(f"{_story(setup, diverged)}, stopped there and kept", highlight=False, soft_wrap=True)
        if chosen and len(setup.seeds) > 1:
            console.print(f"width {chosen[0]} of {len(setup.seeds)} runs", highlight=False)
        params = gather(params)
    else:
        curve = {"error": errors(setup, params, x), "test_error": errors(setup, params, x_test)}
    curve = {name: np.asarray(values) for name, values in curve.items()}
    storage.save(
        directory / "run.npz",
        model=setup.model,
        recipes=setup.recipes,
        seeds=setup.seeds,
        params=params,
        curve=curve,
        diverged=diverged,
        metadata={"label": label, "axes": list(setup.table), "sizes": setup.sizes, "data": _data(setup)},
    )
    shutil.rmtree(directory / "checkpoints", ignore_errors=True)
    return _run(setup, params, curve, diverged, time.perf_counter() - started)


def whole(directory: Path) -> bool:
    """Whether `train` has finished a grid in a directory; a file that cannot be read is told."""
    path = directory / "run.npz"
    if not path.exists() or (directory / "checkpoints").exists():
        return False
    try:
        storage.load(path)
    except (OSError, ValueError) as error:
        console.print(f"{error}: trained again", highlight=False, soft_wrap=True, markup=False)
        return False
    return True


def reused(setup, directory: Path):
    """The grid of a setup as `train` left it in a directory; raises ConfigurationError where another grid lies there."""
    path = directory / "run.npz"
    try:
        stored = storage.load(path, models=[type(setup.model)])
    except (OSError, ValueError) as error:
        raise ConfigurationError(str(error)) from error
    if difference := _difference(setup, stored):
        raise ConfigurationError(f"{path} holds another grid than this configuration's: {difference}")
    return _run(setup, jax.tree.map(jnp.asarray, stored.params), stored.curve, stored.more["diverged"], 0.0)


def _refuse(setup, diverged):
    raise DivergenceError(f"{_story(setup, diverged)}: train.on_divergence is fail, keep lets the other runs go on")


def _story(setup, diverged):
    """Which runs became non-finite and when, in a few words."""
    names = [f"run {run} ({_label(setup.table, run)})" if setup.table else f"run {run}" for run in range(len(diverged))]
    told = [f"{names[run]} in epoch {epoch}" for run, epoch in enumerate(diverged) if epoch >= 0]
    return f"Not finite any more, epochs counted from 0: {', '.join(told)}"


def _label(table, run):
    return ", ".join(f"{key.split('.')[-1]} {column[run]:g}" for key, column in table.items())


def _difference(setup, stored):
    """What is not of this setup in stored runs, in a few words, or "" where all is."""
    shapes = jax.eval_shape(jax.vmap(setup.model.init), jax.random.split(jax.random.key(0), len(setup.seeds)))
    sizes = stored.metadata.get("sizes", {})
    wanted, found = (storage.named_leaves((tree.recipes, tree.seeds)) for tree in (setup, stored))
    differences = {
        "model": stored.model != setup.model,
        "functions": stored.metadata["recipe"] != describe(setup.recipes),
        "numbers or seeds": wanted.keys() != found.keys()
        or not all(np.array_equal(wanted[name], found[name]) for name in wanted),
        "data": stored.metadata.get("data") != _data(setup),
        "parameters": jax.tree.map(np.shape, stored.params) != jax.tree.map(np.shape, shapes),
    } | {f"train.{name}": sizes.get(name) != setup.sizes[name] for name in SCIENCE}
    return ", ".join(name for name, differs in differences.items() if differs)


def _data(setup):
    """What a stored run says about its data."""
    return {"examples": len(setup.train.x), "shape": list(setup.train.shape)}


def _run(setup, params, curve, diverged, seconds):
    final = jax.vmap(lambda recipe: at(recipe, 1.0))(setup.recipes)
    if setup.validation is None:
        score = curve["test_error"][:, -1]
    else:
        score = np.asarray(errors(setup, params, setup.validation.x)[:, 0])
    ended = {"params": params, "curve": curve, "diverged": diverged, "seconds": seconds, "score": score}
    return Run(setup.model, final, setup.seeds, setup.table, test=setup.test, train=setup.train, **ended)


def _show_plan(setup, batch):
    """Print the way that the exact contractive penalty takes, and the operations counted."""
    function = setup.recipes.penalty.func
    if getattr(function, "function", function) is penalties.contractive_exact:
        params = jax.eval_shape(setup.model.init, jax.random.key(0))
        chosen = exact.plan(setup.model.encoder(params), batch, **dict(getattr(function, "keywords", ())))
        console.print(f"contractive_exact: {chosen}", highlight=False)


def _pretrained(setup, x, epochs, batch_size):
    """Parameters of the unrolled autoencoders, with a leading axis of runs."""
    runs = [
        pretrain(setup.model, take(setup.recipes, i), x, seed=seed, epochs=epochs, batch_size=batch_size).params
        for i, seed in enumerate(setup.seeds)
    ]
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *runs)


def errors(setup, params, x):
    """The reconstruction error of every run in float32, [runs, 1]."""
    with jax.default_matmul_precision("float32"):
        errors = [
            test_error(setup.model, at(take(setup.recipes, i), 1.0), take(params, i), x)
            for i in range(len(setup.seeds))
        ]
    return jnp.stack(errors)[:, None]


def write_csv(path: Path, rows):
    """Write a list of dicts with the same keys as a csv file with a header."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows({key: f"{v:.6g}" if isinstance(v, float) else v for key, v in row.items()} for row in rows)
    with replacing(path) as file:
        file.write(text.getvalue().encode())
