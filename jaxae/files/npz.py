"""Arrays with names in .npz files, and the trees that the names stand for."""

import os
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import numpy as np

from jaxae.files.atomic import replacing

__all__ = ["named_leaves", "nested", "read", "write"]


def read(path: str | os.PathLike, names: Iterable[str]) -> dict[str, np.ndarray]:
    """The arrays `names` of an .npz file; raises if any byte of their content is not what was written."""
    with np.load(path, allow_pickle=False) as archive:
        # The zip format keeps a CRC-32 of each array. Reading alone checks it only when a damaged array header does not
        # make numpy stop before the end.
        damaged = archive.zip.testzip()
        if damaged is not None:
            raise zipfile.BadZipFile(f"wrong checksum of {damaged}")
        return {name: archive[name] for name in names}


def write(path: str | os.PathLike, arrays: Mapping[str, Any]) -> None:
    """Writes arrays as an .npz file at once or not at all: readers never see a part of it."""
    with replacing(path) as file:
        np.savez(file, **arrays)


def named_leaves(tree: Any) -> dict[str, np.ndarray]:
    """The leaves of a tree as a flat dict of arrays, named by fields, keys and positions joined with "/"."""
    pairs, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {"/".join(_name(key) for key in path if _name(key) is not None): np.asarray(leaf) for path, leaf in pairs}


def nested(leaves: Mapping[str, Any]) -> Any:
    """The tree of a flat dict that `named_leaves` made, as nested dicts and lists."""
    tree = {}
    for name, leaf in leaves.items():
        *branches, last = name.split("/")
        node = tree
        for branch in branches:
            node = node.setdefault(branch, {})
        node[last] = leaf
    return _lists(tree)


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
