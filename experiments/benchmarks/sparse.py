"""A TopK autoencoder by jaxae and by other libraries' own steps, and a sweep of many in one grid beside one after another."""

import functools
import itertools
from typing import NamedTuple

import jax
import numpy as np
import optax

from experiments.benchmarks.rounds import Case
from experiments.benchmarks.sparse_peers import LIBRARIES
from experiments.benchmarks.timing import ratio, spread, timed_fit
from jaxae import losses
from jaxae.data.features import features, world
from jaxae.functions import configure
from jaxae.measures.matched_features import mcc
from jaxae.measures.reconstructions import explained_variance
from jaxae.models import Sparse
from jaxae.objective import Recipe, reconstruct
from jaxae.sparse import codes, penalties
from jaxae.sweeps import expand, take

JAXAE = "jaxae"
# name: (features, latents, batch size), @ says a second batch size; the data have as many true features as there are latents.
SIZES = {"64-512": (64, 512, 1024), "64-512@128": (64, 512, 128), "784-1000": (784, 1000, 100)}
K, RATE, DEAD = 16, 3e-4, 1000
EPOCHS, FEW = 11, 3  # of one model and of a sweep, whose speed is that of every epoch; the first is not timed
STEPS = 100  # of an epoch
COUNTS = (8, 32)  # of models in a sweep
GRID, TURNS = "one grid", "one after another, by the time of one"


class Problem(NamedTuple):
    """What all libraries are given; true: the directions of the features [latents, features]; start: of Sparse."""

    x: np.ndarray
    held_out: np.ndarray
    true: np.ndarray
    model: Sparse
    start: dict


def clipped_adam(*, learning_rate):
    """Adam on a gradient whose norm is clipped to 1, as all of the peers have it."""
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(learning_rate))


def cases(peers, *, names=SIZES, counts=COUNTS, steps=STEPS):
    """What is measured: {(model, runs, library): Case}, of the peers one model; peers: a Peers, or None."""
    found = {}
    for name in names:
        for library in (JAXAE, *(LIBRARIES if peers else ())):
            measured = _ours if library == JAXAE else functools.partial(_theirs, peers, library)
            found[name, 1, library] = Case(functools.partial(measured, name, 1, steps))
        for runs in counts:
            found[name, runs, JAXAE] = Case(functools.partial(_ours, name, runs, steps))
    return found


def rows(measured, *, steps=STEPS):
    """The table: samples per second, seconds, their ratio to jaxae's of the same round, and what was learnt.

    measured: {(model, runs, library): [rounds]} of {"samples per second", "explained variance", "MCC"}. "seconds" are those of
    all epochs but the first for every model, at this speed, without starting and compiling; sweeps of one model after another
    have the speed of one.
    """
    speeds = {names: np.array([value["samples per second"] for value in values]) for names, values in measured.items()}
    table = []
    for (name, runs, library), speed in speeds.items():
        way = GRID if runs > 1 else "one model"
        row = _timed(name, runs, library, way, speed, speeds, steps)
        if runs == 1:
            values = measured[name, runs, library]
            row |= {what: float(np.median([v[what] for v in values])) for what in ("explained variance", "MCC")}
        table.append(row)
    for (name, runs, _), (other, one, library) in itertools.product(speeds, speeds):
        if runs > 1 and one == 1 and name == other:
            table.append(_timed(name, runs, library, TURNS, speeds[name, 1, library], speeds, steps))
    columns = list(dict.fromkeys(itertools.chain(*table)))
    return [{column: row.get(column) for column in columns} for row in table]


@functools.cache
def problem(name, steps):
    """The data of a world of known features, [steps * batch size, features], and the initial weights."""
    size, latents, batch_size = SIZES[name]
    options = {"world": "benchmark", "features": latents, "size": size, "seed": 0}
    x, held_out = (
        np.asarray(features(split, count=count, **options).x)
        for split, count in (("train", steps * batch_size), ("test", 5000))
    )
    model = Sparse(size, latents, scaled_by_norms=True)
    true = world("benchmark", seed=0, features=latents, size=size).directions
    return Problem(x, held_out, true, model, jax.tree.map(np.asarray, model.init(jax.random.key(0))))


def _timed(name, runs, library, way, speed, speeds, steps):
    """What a row says of its time."""
    samples = runs * (EPOCHS - 1) * steps * SIZES[name][2]
    row = {"model": name, "models": runs, "library": library, "way": way} | spread("samples per second", speed)
    row |= spread("seconds", samples / speed)
    return row | ratio("seconds / jaxae's", speeds.get((name, runs, JAXAE)), speed)


def _ours(name, runs, steps):
    """jaxae: a grid of k and seeds, or one model from the common weights."""
    given, batch_size = problem(name, steps), SIZES[name][2]
    recipe = Recipe(
        losses.squared_error,
        configure(clipped_adam, learning_rate=RATE),
        # With the auxiliary loss that SAELens and dictionary_learning have for units that are dead.
        penalty=configure(penalties.auxk, k=given.model.features // 2, dead_after=DEAD),
        weight=1.0,
        code=configure(codes.top_k_relu, k=K if runs == 1 else [8 * i for i in range(1, runs // 4 + 1)]),
    )
    recipes, seeds, _ = expand(recipe, seed=0 if runs == 1 else [0, 1, 2, 3])
    start = jax.tree.map(lambda leaf: leaf[None], given.start) if runs == 1 else None
    sizes = {"epochs": EPOCHS if runs == 1 else FEW, "batch_size": batch_size, "parallel_runs": "auto"}
    fit, seconds = timed_fit(given.model, recipes, given.x, seeds=seeds, params=start, **sizes)
    found = {"samples per second": runs * steps * batch_size / float(np.median(seconds))}
    if runs == 1:
        params, one = take((fit.params, recipes), 0)
        again = reconstruct(one, given.model.encoder(params), given.model.decoder(params), given.held_out)
        found["explained variance"] = float(explained_variance(given.held_out, again))
        found["MCC"] = float(mcc(params["decoder"]["weight"], given.true))
    return found


def _theirs(peers, library, name, runs, steps):
    """A peer's model from the same weights, on the same examples in their order; None where it does not run."""
    del runs
    given = problem(name, steps)
    encoder, decoder = given.start["encoder"], given.start["decoder"]
    start = {"W_enc": encoder["weight"], "b_enc": encoder["bias"], "W_dec": decoder["weight"], "b_dec": decoder["bias"]}
    sizes = {"batch_size": SIZES[name][2], "warm": steps, "steps": (EPOCHS - 1) * steps}
    found = peers.values(library, name, given.x, given.held_out, start, rows=sizes, k=K, learning_rate=RATE)
    if found is None:
        return None
    facts = {what: found[what] for what in ("samples per second", "explained variance")}
    return facts | {"MCC": float(mcc(found["atoms"], given.true))}
