"""Examples that stay in their files, read where they are asked for."""

import mmap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Int, Num

__all__ = ["Rows", "open_rows", "taken"]

BLOCK = (
    2**19
)  # bytes of examples copied at once from a memory map, whose pages, up to 2 MiB for each, are then given back


class Rows:
    """Examples [n, features] of memory-mapped arrays, one after the other; `rows[index]` reads some as float32.

    shards: arrays [m, ...] of one dtype and one shape of an example; chosen: the places of the examples among them all, in
    their order, every one where it is None; scale: shards' rows [m, ...] -> float32 [m, features], growing with them; the
    values as they are where it is None. It has the shape and dtype of what it reads; nothing that was read is kept.
    """

    dtype = np.dtype(np.float32)

    def __init__(
        self,
        shards: Sequence[np.ndarray],
        *,
        chosen: Int[np.ndarray, " n"] | None = None,
        scale: Callable | None = None,
    ):
        """All examples, or the chosen ones in their order."""
        self.shards, self.chosen, self.scale = tuple(shards), chosen, scale
        self._starts = np.cumsum([0, *map(len, self.shards)])
        self.example_shape = self.shards[0].shape[1:]
        self.shape = int(self._starts[-1]) if chosen is None else len(chosen), int(np.prod(self.example_shape))
        self._block = max(1, BLOCK // (self.shards[0].itemsize * self.shape[1]))  # examples
        self._extremes = None

    def __len__(self) -> int:
        """The number of examples."""
        return self.shape[0]

    @property
    def identity(self) -> tuple:
        """What tells these examples from others without reading them: sizes and times of the files, places and scaling."""
        return self.shape, tuple(_stamp(shard) for shard in self.shards), self.chosen, self.scale

    def __getitem__(self, index: slice | Int[np.ndarray, " m"]) -> Float32[np.ndarray, "m features"]:
        """Examples by a slice or by their numbers, read in the order of the files."""
        places = self._places(index)
        order = np.argsort(places)
        examples = np.empty((len(places), self.shape[1]), np.float32)
        for part, block in self._read(places[order]):
            examples[order[part]] = self._scaled(block)
        return examples

    def taken(self, index: slice | Int[np.ndarray, " m"], scale: Callable | None = None) -> "Rows":
        """Some of the examples, by a slice or by their numbers; scale: in the place of the present one, if given."""
        rows = Rows(self.shards, chosen=self._places(index), scale=self.scale if scale is None else scale)
        rows._extremes = self._extremes
        return rows

    def blocks(self) -> Iterator[Num[np.ndarray, "m ..."]]:
        """The examples as they are in the files, in their order there and without scaling, some at a time."""
        for shard in self.shards:
            _advise(shard, "MADV_SEQUENTIAL")
        for _, block in self._read(np.sort(self._places(slice(None)))):
            yield block
        for shard in self.shards:
            _advise(shard, "MADV_RANDOM")

    def min(self, **unused: Any) -> np.floating:
        """The least value of the files, chosen or not, scaled as the feature in which that is least."""
        return self._ends(0).min()

    def max(self, **unused: Any) -> np.floating:
        """The greatest value of the files, chosen or not, scaled as the feature in which that is greatest."""
        return self._ends(1).max()

    def mean(self, axis: int = 0) -> Float32[np.ndarray, " features"]:
        """The mean example, summed in float64; the only axis is 0."""
        del axis
        chunk = 16 * self._block
        total = sum(self[i : i + chunk].sum(axis=0, dtype=np.float64) for i in range(0, len(self), chunk))
        return np.float32(total / len(self))

    def check_finite(self) -> None:
        """Read the files once in their order; raises ValueError with the first example that is not finite."""
        low, high = [], []
        for shard in self.shards:
            _advise(shard, "MADV_SEQUENTIAL")
            for begin in range(0, len(shard), self._block):
                block = np.asarray(shard[begin : begin + self._block])
                ends = block.min(), block.max()
                if not np.isfinite(np.float32(ends)).all():
                    _refuse_first(shard, begin, block)
                low.append(ends[0]), high.append(ends[1])
                _advise(shard, "MADV_DONTNEED")
            _advise(shard, "MADV_RANDOM")
        self._extremes = min(low), max(high)

    def _read(self, places):
        """(which of the places, their examples as in the files), some at a time; places: ascending."""
        bounds = np.searchsorted(places, self._starts)
        for shard, start, first, last in zip(self.shards, self._starts[:-1], bounds[:-1], bounds[1:], strict=True):
            for begin in range(first, last, self._block):
                part = slice(begin, min(begin + self._block, last))
                yield part, shard[places[part] - start]
                _advise(shard, "MADV_DONTNEED")

    def _ends(self, which):
        if self._extremes is None:
            self.check_finite()
        return np.float32(self._scaled(np.full((1, *self.example_shape), self._extremes[which])))

    def _places(self, index):
        if self.chosen is not None:
            return self.chosen[index]
        return np.arange(len(self))[index] if isinstance(index, slice) else index

    def _scaled(self, values):
        return values.reshape(len(values), -1) if self.scale is None else self.scale(values)


def taken(x: Any, index: slice | Int[np.ndarray, " m"]) -> Any:
    """Some examples of an array or of Rows, which stay in their files."""
    return x.taken(index) if isinstance(x, Rows) else x[index]


def open_rows(path: Path | str) -> Rows:
    """The examples of a .npy, or of all .npy of a folder in the order of their names; raises ValueError with the file."""
    path = Path(path)
    files = sorted(path.glob("*.npy")) if path.is_dir() else [path]
    if not files:
        raise ValueError(f"Folder {path} has no .npy; allowed is one or more.")
    shards = [_mapped(file) for file in files]
    for file, shard in zip(files, shards, strict=True):
        found, wanted = (shard.dtype, shard.shape[1:]), (shards[0].dtype, shards[0].shape[1:])
        if found != wanted:
            raise ValueError(
                f"File {file} has examples {list(found[1])} of {found[0]} and {files[0]} {list(wanted[1])} of {wanted[0]}; "
                "allowed is one kind."
            )
    return Rows(shards)


def _mapped(file):
    """The array of a .npy as a memory map."""
    if file.suffix.lower() != ".npy":
        raise ValueError(f"File {file} is no .npy; only these are streamed.")
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a damaged header makes NumPy raise nearly anything
        words = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"File {file} cannot be read ({words}); allowed is a whole .npy without pickles.") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf" or array.ndim < 2:
        raise ValueError(f"File {file} is no array of numbers [n, ...]; allowed are integers, booleans and floats.")
    if not array.size:
        raise ValueError(f"File {file} has the shape {list(array.shape)}; allowed is one example or more.")
    if not array.flags.c_contiguous:
        raise ValueError(f"File {file} is in Fortran's order, by columns; allowed is the order of C, by examples.")
    _advise(array, "MADV_RANDOM")  # or each fault reads far more than an example
    return array


def _refuse_first(shard, begin, block):
    index = np.argwhere(~np.isfinite(block.astype(np.float32)))[0].tolist()
    place = f"example {begin + index[0]}, place {index[1:]}"
    raise ValueError(
        f"File {getattr(shard, 'filename', '')}, {place} is {block[tuple(index)]}; allowed are finite numbers of float32."
    )


def _advise(shard: Any, advice: str):
    """Tell the system how the pages of a memory map are used, where it can be told."""
    if isinstance(shard, np.memmap) and isinstance(shard.base, mmap.mmap) and hasattr(mmap, advice):
        shard.base.madvise(getattr(mmap, advice))


def _stamp(shard):
    """Size and time of change of the file of a memory map; the array itself of another array."""
    if not isinstance(shard, np.memmap):
        return shard
    facts = Path(shard.filename).stat()
    return facts.st_size, facts.st_mtime_ns
