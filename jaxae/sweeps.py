"""Grids over the numbers of a recipe: a number is a run, a list is an axis, lists multiply."""

import itertools
from numbers import Number

import jax
import jax.numpy as jnp
import numpy as np

__all__ = ["expand", "take"]


def expand(recipe, seed=0):
    """All runs of a recipe whose numbers may be lists: the product of the lists, the later fields varying faster, seed fastest.

    recipe: a Recipe with numbers or lists of numbers as leaves; seed: a whole number or a list of them ->
    (the recipe with every number [runs], seeds [runs], table: {"seed": [runs], "code.k": [runs], ...} of the axes).
    Raises ValueError for an empty list and for a list within a list.
    """
    paths, leaves, structure = _flatten(recipe, seed)
    for path, leaf in zip(paths, leaves, strict=True):
        values = leaf if isinstance(leaf, list) else [leaf]
        if not values or not all(isinstance(value, Number | jax.Array) for value in values):
            raise ValueError(f"{path} is {leaf}: an axis of a grid is a list of one number or more")
        if path == "seed" and not all(value == int(value) and 0 <= value < 2**32 for value in values):
            raise ValueError(f"seed is {leaf}: it must be a whole number from 0 to {2**32 - 1}, or a list of them")
    runs = list(itertools.product(*(leaf if isinstance(leaf, list) else [leaf] for leaf in leaves)))
    columns = list(zip(*runs, strict=True))
    table = {
        p: np.asarray(column) for p, leaf, column in zip(paths, leaves, columns, strict=True) if isinstance(leaf, list)
    }
    *numbers, seeds = (np.asarray(column) for column in columns)
    stacked = [jnp.asarray(column, jnp.float32) for column in numbers]
    recipes, _ = jax.tree.unflatten(structure, [*stacked, 0])
    return recipes, np.asarray(seeds, np.uint32), table


def take(tree, run):
    """One run of a tree whose leaves have a leading axis of runs."""
    return jax.tree.map(lambda leaf: leaf[run], tree)


def _flatten(recipe, seed):
    is_leaf = lambda leaf: isinstance(leaf, list)  # noqa: E731
    pairs, structure = jax.tree_util.tree_flatten_with_path((recipe, seed), is_leaf=is_leaf)
    paths = [".".join(_names(path)) or "seed" for path, _ in pairs]
    return paths, [leaf for _, leaf in pairs], structure


def _names(path):
    """The field and keyword names along a path of keys, without the positions inside Partials and Schedules."""
    names = (getattr(key, "name", None) or getattr(key, "key", None) for key in path[1:])
    return [name for name in names if isinstance(name, str) and name != "schedule"]
