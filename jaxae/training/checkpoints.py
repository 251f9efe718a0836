"""Checkpoints of a grid in training: written whole or not at all, checked when they are read, the newest two kept."""

import contextlib
import hashlib
import json
import logging
import re
import shutil
import warnings
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import UInt8

from jaxae.files.atomic import replacing
from jaxae.files.npz import named_leaves

__all__ = ["Checkpoint", "Checkpoints", "identity"]

MANIFEST = "files.json"  # written last: a checkpoint without it is not whole


class Checkpoint(NamedTuple):
    """Where a grid stands: epochs done, runs side by side, the state of every run and the curve so far, [runs, epoch]."""

    epoch: int
    parallel_runs: int
    states: Any
    curve: dict[str, Any]


@dataclass(frozen=True)
class Checkpoints:
    """A directory of checkpoints, one every so many epochs where their writing stays within a share of the training's time.

    share: of the time since the training began, in (0, 1], kept by a CheckpointWriter; 1 writes every one. Raises
    ValueError for other numbers.
    """

    __no_type_check__ = True  # of the fields: __post_init__ refuses by its own words

    directory: Path
    every: int = 25
    share: float = 0.02

    def __post_init__(self):
        """Refuse a distance and a share that are none."""
        if not isinstance(self.every, int) or self.every < 1:
            raise ValueError(f"every is {self.every!r}: it must be a whole number of epochs from 1 on")
        if not isinstance(self.share, Real) or isinstance(self.share, bool) or not 0 < self.share <= 1:
            raise ValueError(f"share is {self.share!r}: it must be a number above 0 and at most 1")

    def due(self, epoch: int) -> bool:
        """Whether a checkpoint is asked for after so many epochs."""
        return epoch % self.every == 0

    def save(self, checkpoint: Checkpoint, identity: dict[str, np.ndarray]) -> None:
        """Write a checkpoint and drop all but it and the one before; raises OSError where it cannot, and keeps what there is.

        identity: of the training, as the function `identity` gives it, stored beside the checkpoint.
        """
        path = self._path(checkpoint.epoch)
        leaves = {name: np.atleast_1d(leaf) for name, leaf in named_leaves(checkpoint._asdict()).items()}
        leaves |= named_leaves({"identity": identity, "best": _best(checkpoint.curve)})
        leaves["digest"] = _digest(leaves)
        try:
            with _orbax() as (checkpointer, ocp):
                checkpointer.save(path, args=ocp.args.PyTreeSave(leaves), force=True)
            manifest = json.dumps(_files(path)).encode()
            with replacing(path / MANIFEST) as file:
                file.write(manifest)
        except Exception as error:  # a full disk comes as an error of any layer below
            raise OSError(f"The checkpoint {path} cannot be written ({_first_line(error)})") from error
        before = max((epoch for epoch in self._epochs() if epoch < checkpoint.epoch), default=None)
        for other in Path(self.directory).glob("epoch_*"):  # also what a killed process has left half-written
            if other not in (path, self._path(before)):
                shutil.rmtree(other, ignore_errors=True)

    def newest(self, identity: dict[str, np.ndarray], like: Any) -> Checkpoint | None:
        """The newest checkpoint that is whole, or None; each damaged one is a warning.

        like: states of the same structure. Raises ValueError where it is of another training: its identity differs.
        """
        for epoch in sorted(self._epochs(), reverse=True):
            path = self._path(epoch)
            try:
                leaves = _read(path)
            except Exception as error:  # flipped bytes make the layers below raise nearly anything
                warnings.warn(f"The checkpoint {path} is damaged ({_first_line(error)}) and passed over.", stacklevel=2)
                continue
            other = [
                name for name, part in identity.items() if not np.array_equal(part, leaves.get(f"identity/{name}"))
            ]
            wanted = named_leaves({"states": like})
            states = [leaves.get(name, np.zeros(())) for name in wanted]
            if any(a.shape != b.shape or a.dtype != b.dtype for a, b in zip(wanted.values(), states, strict=True)):
                other.append("parameters or optimizer state")
            if other:
                raise ValueError(f"{path} is a checkpoint of another training, with other {' and '.join(other)}")
            curve = {name.removeprefix("curve/"): leaf for name, leaf in leaves.items() if name.startswith("curve/")}
            return Checkpoint(
                epoch, int(leaves["parallel_runs"][0]), jax.tree.unflatten(jax.tree.structure(like), states), curve
            )
        return None

    def _path(self, epoch):
        return Path(self.directory).absolute() / f"epoch_{epoch}"

    def _epochs(self):
        names = (re.fullmatch(r"epoch_([1-9]\d*)", path.name) for path in Path(self.directory).glob("epoch_*"))
        return [int(name[1]) for name in names if name]


def identity(**parts: Any) -> dict[str, UInt8[np.ndarray, "32"]]:
    """What training it is, as a SHA-256 digest of each named part: a pytree of arrays, functions and plain values.

    Arrays count by their bytes, functions by their names, so that the digests are those of any process.
    """
    return {name: _digest(_described(part)) for name, part in parts.items()}


def _described(part):
    leaves, structure = jax.tree.flatten(part)
    arrays = {str(place): np.asarray(leaf) for place, leaf in enumerate(leaves) if hasattr(leaf, "dtype")}
    words = repr((structure, [leaf for leaf in leaves if not hasattr(leaf, "dtype")]))
    words = re.sub(r" at 0x[0-9a-f]+", "", words)
    return {**arrays, "words": np.frombuffer(words.encode(), np.uint8)}


def _digest(leaves):
    """SHA-256 of named arrays, their names, types and shapes -> uint8 [32]."""
    digest = hashlib.sha256()
    for name in sorted(leaves):
        leaf = np.ascontiguousarray(leaves[name])
        digest.update(f"{name} {leaf.dtype} {leaf.shape} ".encode())
        digest.update(leaf.reshape(-1).view(np.uint8))
    return np.frombuffer(digest.digest(), np.uint8)


def _files(path):
    """SHA-256 of every file of a checkpoint but its manifest."""
    files = sorted(file for file in path.rglob("*") if file.is_file() and file.name != MANIFEST)
    return {file.relative_to(path).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _read(path):
    # Damaged files never reach Orbax, whose reader leaves a broken event loop behind when it fails.
    if json.loads((path / MANIFEST).read_bytes()) != _files(path):
        raise ValueError("its files are not those that were written")
    with _orbax() as (checkpointer, _):
        leaves = checkpointer.restore(path)
    if not np.array_equal(leaves.pop("digest"), _digest(leaves)):
        raise ValueError("its digest is not that of its content")
    return {_present_name(name): leaf for name, leaf in leaves.items()}


def _present_name(name):
    """The name of a leaf today: files of before 2026-12 say width and moments."""
    name = "parallel_runs" if name == "width" else name
    return name.replace("states/moments", "states/opt_state", 1) if name.startswith("states/moments") else name


def _best(curve):
    """The least test error so far of every run and the number of epochs after which it was reached."""
    if "test_error" not in curve:
        return {}
    errors = np.where(np.isnan(curve["test_error"]), np.inf, curve["test_error"])
    return {"test_error": errors.min(axis=1), "epoch": errors.argmin(axis=1).astype(np.int32) + 1}


@contextlib.contextmanager
def _orbax():
    """Orbax's checkpointer with its log limited to errors; of several processes only the first has one."""
    import orbax.checkpoint as ocp

    if jax.process_index():
        raise NotImplementedError("of several processes, Orbax writes NumPy arrays in the first one only")
    log = logging.getLogger("absl")
    level = log.level
    log.setLevel(logging.ERROR)
    options = ocp.options.MultiprocessingOptions()
    if jax.process_count() > 1:
        options = ocp.options.MultiprocessingOptions(0, {0}, "process_0")  # waits for no other process
    try:
        handler = ocp.PyTreeCheckpointHandler(multiprocessing_options=options)
        with ocp.Checkpointer(handler, multiprocessing_options=options) as checkpointer:
            yield checkpointer, ocp
    finally:
        log.setLevel(level)


def _first_line(error):
    return f"{type(error).__name__}: {error}".splitlines()[0][:120]
