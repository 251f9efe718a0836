"""Arrays and tables in files: .npy, .npz, .safetensors, .csv, .tsv, .parquet."""

import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from jaxae.data.arrays import divided
from jaxae.data.dataset import Data
from jaxae.data.frames import from_csv, from_parquet
from jaxae.data.options import existing_path, leading_of, limited
from jaxae.data.splits import SEED
from jaxae.data.streamed_files import streamed
from jaxae.data.table import Refused, Table, listed
from jaxae.files import npz

SPLITS = {"key": "x_train", "label": "y_train"}, {"key": "x_test", "label": "y_test"}  # the keys of Keras's data sets
PACKED = ".gz"


def array(
    split: str,
    *,
    dir: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    path: Any = None,
    key: Any = None,
    label: Any = None,
    header: Any = True,
    shape: Any = None,
    test: Any = 0.2,
    seed: Any = SEED,
    scaling: Any = "unit",
    limit: Any = None,
    stream: Any = False,
) -> Data:
    """The examples of a file; the numbers are scaled by what is fitted to the whole train split, whatever `limit`.

    path: .npy, .npz, .safetensors, .csv, .tsv (both also with .gz) or .parquet; key: the array of an .npz or .safetensors with
    several; label: the array or column of classes; header: whether the first line of a .csv has names; shape, seed, scaling:
    see `arrays.from_arrays`; test: the share of every class, or the path of a file. An .npz with x_train and x_test, as those
    of Keras, has its own test split, and its classes in y_train and y_test. stream: whether the training examples of a .npy,
    or of a folder of them, stay in their files as jaxae.rows.Rows, for scaling "none", or "unit" of pictures of bytes. Raises
    ValueError with the place of what is wrong.
    """
    options = {"key": key, "label": label, "header": header}
    path = existing_path("path", path)
    if not isinstance(stream, bool):
        raise ValueError(f"Data option 'stream' is {stream!r}; allowed are true and false.")
    if isinstance(test, str | os.PathLike):
        held = existing_path("test", test)
        if held.samefile(path):
            raise ValueError(f"Data option 'test' is {test}, as 'path' is; allowed is another file.")
        test = held if stream else read(held, **options)
    if stream:
        if label is not None or key is not None:
            raise ValueError("Data options 'label' and 'key' are not of streamed files; allowed is null.")
        return leading_of(streamed(path, test, split, seed=seed, scaling=scaling, shape=shape), split, limit)
    if key is None and not isinstance(test, Table) and (splits := _splits(path, label)):
        table, test = (read(path, **names) for names in splits)
    else:
        table = read(path, **options)
    return limited(divided(table, test, seed=seed, scaling=scaling, shape=shape), split, limit)


def _splits(path, label):
    """The keys of the examples and, where the file has them, of the labels of both splits; [] where it has not both splits.

    label: where it is given, that of the training split, which the file must have.
    """
    keys = _keys(path) if label in (None, SPLITS[0]["label"]) else []
    found = [{option: name for option, name in names.items() if name in keys} for names in SPLITS]
    return found if all("key" in names for names in found) and (label is None or label in keys) else []


def _keys(path):
    """The keys of an .npz, none where it is another file or damaged, which `read` tells."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except (OSError, zipfile.BadZipFile):
        return []


def read(path: Path, *, key: Any = None, label: Any = None, header: Any = True) -> Table:
    """The examples of a file; raises ValueError with file, key, row or column of what is wrong."""
    kind = "".join(path.suffixes[-2:] if path.suffix.lower() == PACKED else path.suffixes[-1:]).lower()
    if kind not in READERS:
        raise ValueError(f"File {path} is none that is read; allowed are {', '.join(READERS)}.")
    for option, value in (("key", key), ("label", label)):
        if value is not None and (not isinstance(value, str | int) or isinstance(value, bool)):
            raise ValueError(f"Data option {option!r} is {value!r}; allowed is a name.")
    if not isinstance(header, bool):
        raise ValueError(f"Data option 'header' is {header!r}; allowed are true and false.")
    if not header and READERS[kind] is not _csv:
        raise ValueError(f"Data option 'header' is false and {path} is no .csv; allowed is true.")
    if key is not None and kind not in (".npz", ".safetensors"):
        raise ValueError(f"Data option 'key' is {key!r} and {path} has no keys; they are of .npz and .safetensors.")
    try:
        return READERS[kind](path, *(None if name is None else str(name) for name in (key, label)), header)
    except (Refused, ModuleNotFoundError):
        raise
    except Exception as error:  # a damaged file makes the packages raise nearly anything
        words = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"File {path} cannot be read ({words}); allowed is a whole {kind} file without pickles."
        ) from error


def _npy(path, key, label, header):
    if label is not None:
        raise Refused(
            f"Data option 'label' is {label!r} and {path} holds one array; allowed is an .npz that holds both."
        )
    x = np.load(path, allow_pickle=False)
    if not isinstance(x, np.ndarray):
        raise Refused(f"File {path} is an .npz by its content; allowed is the ending .npz.")
    return Table(x, None, str(path))


def _npz(path, key, label, header):
    with np.load(path, allow_pickle=False) as archive:
        keys = archive.files
    key = _chosen(path, keys, key, label)
    arrays = npz.read(path, [name for name in (key, label) if name is not None])
    return Table(arrays[key], None if label is None else arrays[label], f"{path}, key {key!r}")


def _safetensors(path, key, label, header):
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        key = _chosen(path, list(file.keys()), key, label)
        x, labels = file.get_tensor(key), None if label is None else file.get_tensor(label)
    return Table(x, labels, f"{path}, key {key!r}")


def _chosen(path, keys, key, label):
    """The key of the examples: the one that is asked for, or the only one beside the labels."""
    for option, name in (("key", key), ("label", label)):
        if name is not None and name not in keys:
            raise Refused(f"Data option {option!r} is {name!r}; allowed are the keys of {path}, {listed(keys)}.")
    others = [name for name in keys if name != label]
    if key is None and len(others) != 1:
        raise Refused(f"File {path} has {len(others)} arrays of examples; 'key' must name one of {listed(keys)}.")
    return others[0] if key is None else key


def _csv(path, key, label, header):
    return from_csv(path, label, header=header)


def _parquet(path, key, label, header):
    return from_parquet(path, label)


READERS = {".npy": _npy, ".npz": _npz, ".safetensors": _safetensors, ".csv": _csv, ".tsv": _csv, ".parquet": _parquet}
READERS |= {f"{kind}{PACKED}": _csv for kind in (".csv", ".tsv")}
