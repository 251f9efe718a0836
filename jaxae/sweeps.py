"""Grids over the numbers of a recipe: a number is a run, a list is an axis, lists multiply."""

import itertools
from numbers import Real
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import FlattenedIndexKey
from jaxtyping import UInt32

from jaxae.arrays import Number
from jaxae.functions import is_axis

__all__ = ["check_seed", "expand", "numbers_of", "take"]


def expand(recipe: Any, seed: Any = 0) -> tuple[Any, UInt32[np.ndarray, " runs"], dict[str, np.ndarray]]:
    """All runs of a recipe whose numbers may be axes: the product of the axes, the later fields varying faster, seed fastest.

    recipe: a Recipe with numbers or axes as leaves, an axis being a list, tuple, range or array [values] of numbers; seed: a
    whole number from 0 to 2^32 - 1 or an axis of them -> (the recipe with every number [runs], seeds, table: {"seed":
    [runs], "code.k": [runs], ...} of the axes). Raises ValueError, with the path, for a leaf that is neither.
    """
    paths, leaves, structure = _flatten(recipe, seed)
    axes = [_values(path, leaf) for path, leaf in zip(paths, leaves, strict=True)]
    check_seed(axes[-1])
    columns = [np.asarray(column) for column in zip(*itertools.product(*axes), strict=True)]
    table = {path: column for path, leaf, column in zip(paths, leaves, columns, strict=True) if is_axis(leaf)}
    *numbers, seeds = columns
    stacked = [jnp.asarray(column, jnp.float32) for column in numbers]
    recipes, _ = jax.tree.unflatten(structure, [*stacked, 0])
    return recipes, np.asarray(seeds, np.uint32), table


def check_seed(seed: Any) -> None:
    """Refuse, by ValueError, a seed or seeds that are no whole numbers from 0 to 2^32 - 1; a traced one passes."""
    if isinstance(seed, jax.core.Tracer):
        return
    for value in np.atleast_1d(np.asarray(seed, object)).ravel():
        if not _is_number(value) or not 0 <= value < 2**32 or value != int(value):
            raise ValueError(f"seed is {value!r}: it must be a whole number from 0 to {2**32 - 1}")


def numbers_of(recipe: Any) -> dict[str, Any]:
    """The numbers and axes of a recipe by their paths, as "code.k"."""
    paths, leaves, _ = _flatten(recipe, 0)
    return dict(zip(paths[:-1], leaves[:-1], strict=True))


def take(tree: Any, run: Number) -> Any:
    """One run of a tree whose leaves have a leading axis of runs."""
    return jax.tree.map(lambda leaf: leaf[run], tree)


def _flatten(recipe, seed):
    pairs, structure = jax.tree_util.tree_flatten_with_path((recipe, seed), _is_leaf, is_leaf_takes_path=True)
    paths = [".".join(_names(path)) or "seed" for path, _ in pairs]
    return paths, [leaf for _, leaf in pairs], structure


def _is_leaf(path, node):
    """Axes, and what is missing in the place of a number; a Partial's arguments by position are a tuple and no axis."""
    inside = path and not isinstance(path[-1], FlattenedIndexKey)
    return bool(inside) and (is_axis(node) or (node is None and len(path) < 3))


def _values(path, leaf):
    """The numbers of a leaf, one or those of its axis."""
    if isinstance(leaf, np.ndarray | jax.Array):
        values = list(np.atleast_1d(np.asarray(leaf)))
    else:
        values = list(leaf) if is_axis(leaf) else [leaf]
    if not values or not all(map(_is_number, values)):
        shown = " ".join(repr(leaf).split())
        raise ValueError(
            f"{path} is {shown}: it must be a number, or as an axis of a grid a flat list of one number or more"
        )
    return values


def _is_number(value):
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return value.ndim == 0 and jnp.issubdtype(value.dtype, jnp.number) and not jnp.iscomplexobj(value)
    return isinstance(value, Real) and not isinstance(value, bool)


def _names(path):
    """The field and keyword names along a path of keys, without the positions inside Partials and Schedules."""
    names = (getattr(key, "name", None) or getattr(key, "key", None) for key in path[1:])
    return [name for name in names if isinstance(name, str) and name != "schedule"]
