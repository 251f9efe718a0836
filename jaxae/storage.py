"""Runs on disk: named arrays with a leading axis of runs in one .npz file."""

from pathlib import Path

import jax
import numpy as np

from jaxae.data import cache

__all__ = ["load", "named_leaves", "save"]


def save(path, **trees):
    """Write trees of arrays to one .npz file, at once or not at all, each leaf under its path, as "params/encoder/0/weight".

    path: a file name ending in .npz; trees: pytrees by name; numbers are stored as arrays.
    """
    cache.write(Path(path), named_leaves(trees))


def load(path):
    """The trees of a file that `save` wrote, as nested dicts and lists of NumPy arrays.

    Raises FileNotFoundError or ValueError with one sentence for a file that is missing or is not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            leaves = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist: it should be a run.npz") from None
    except Exception as error:
        raise ValueError(f"{path} cannot be read as a run.npz: {error}") from error
    tree = {}
    for name, leaf in leaves.items():
        *branches, last = name.split("/")
        node = tree
        for branch in branches:
            node = node.setdefault(branch, {})
        node[last] = leaf
    return _lists(tree)


def named_leaves(tree):
    """The leaves of a tree as a flat dict of arrays, named by fields, keys and positions joined with "/"."""
    pairs, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {"/".join(_name(key) for key in path if _name(key) is not None): np.asarray(leaf) for path, leaf in pairs}


def _name(key):
    for attribute in ("name", "idx", "key"):
        value = getattr(key, attribute, None)
        if value is not None:
            # the position of the keywords inside a Partial has a whole-number key and says nothing
            return None if attribute == "key" and isinstance(value, int) else str(value)
    return None


def _lists(node):
    if not isinstance(node, dict):
        return node
    children = {name: _lists(child) for name, child in node.items()}
    if children and all(name.isdigit() for name in children):
        return [children[str(i)] for i in range(len(children))]
    return children
