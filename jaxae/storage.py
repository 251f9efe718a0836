"""Runs on disk: named arrays with a leading axis of runs, and what they mean, in one .npz file."""

import json
import os
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxae.arrays import Params
from jaxae.files import npz
from jaxae.files.atomic import replacing
from jaxae.files.npz import named_leaves, nested
from jaxae.files.schema import (
    check_format,
    describe,
    describe_model,
    header,
    model_from,
    recipe_from,
    with_present_names,
)

__all__ = ["Stored", "load", "save"]

TAKEN = ("recipe", "seed", "description")


class Stored(NamedTuple):
    """Runs as `load` gives them: NumPy arrays with a leading axis of runs, here [runs].

    recipes: a Recipe; params: as model.init gives them; curve: {name: [runs, epochs]}; metadata: the file's description, with
    "format", "jaxae" (version), "model", "recipe" and what the writer added; model: None where its class is neither of
    jaxae.files.schema.MODELS nor given to `load`; seeds: [runs]; more: the other arrays by name.
    """

    recipes: Any
    params: Any
    curve: dict[str, np.ndarray]
    metadata: dict[str, Any]
    model: Any
    seeds: np.ndarray
    more: dict[str, Any]


def save(
    path: str | os.PathLike,
    *,
    model: Any,
    recipes: Any,
    seeds: Any,
    params: Params,
    curve: dict[str, Any],
    metadata: dict[str, Any] | None = None,
    **more: Any,
) -> None:
    """Write runs to one .npz file, at once or not at all, each leaf under its path, as "params/encoder/0/weight".

    path: a file name ending in .npz; arguments as in `Stored`; metadata: a dict of what json can hold; more: trees of arrays.
    Raises TypeError or ValueError for what cannot be stored, OSError naming the path where it cannot be written.
    """
    for name in TAKEN:
        if name in more:
            raise ValueError(f"{name} is a name of the file's own: call the array otherwise")
    description = {**(metadata or {}), **header(), "model": describe_model(model), "recipe": describe(recipes)}
    arrays = named_leaves({"recipe": recipes, "seed": seeds, "params": params, "curve": curve, **more})
    with replacing(path) as file:
        np.savez(file, description=np.asarray(json.dumps(description, default=_plain)), **arrays)


def load(path: str | os.PathLike, functions: Iterable[Callable] = (), models: Iterable[type] = ()) -> Stored:
    """The runs of a file that `save` wrote.

    functions: the recipe's functions that are neither jaxae's nor optax's; one that is not given is a
    jaxae.files.schema.Missing, which raises when it is called; models: further classes that the file's model may be of. Raises
    FileNotFoundError or ValueError with one sentence for a file that is missing, truncated, damaged, of a newer format or not
    of `save`.
    """
    leaves = _read(path)
    if "description" not in leaves:
        raise ValueError(f"{path} has no description: it is not a run.npz of this jaxae")
    try:
        description = json.loads(str(leaves.pop("description")))
    except ValueError as error:
        raise ValueError(f"{path} has a description that is not json: {error}") from error
    check_format(path, description)
    tree = nested(leaves)
    try:
        description["recipe"] = with_present_names(description["recipe"])
        model = model_from(description["model"], models)
        recipes = recipe_from(description["recipe"], tree.pop("recipe"), functions)
        params, curve, seeds = tree.pop("params"), tree.pop("curve", {}), tree.pop("seed")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path} is not a whole run.npz: {type(error).__name__} {error}") from error
    return Stored(recipes, params, curve, description, model, seeds, tree)


def _read(path):
    try:
        if Path(path).stat().st_size and not zipfile.is_zipfile(path):
            raise ValueError("it is truncated or no .npz at all")
        with np.load(path, allow_pickle=False) as archive:
            names = archive.files
        return npz.read(Path(path), names)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist: it should be a run.npz") from None
    except Exception as error:  # flipped bytes make zipfile and numpy raise nearly anything
        raise ValueError(f"{path} cannot be read as a run.npz: {error}") from error


def _plain(value):
    """A NumPy or JAX scalar or array as json takes it."""
    return value.tolist()
