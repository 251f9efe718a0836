"""Picture sets that TFDS prepares, read without TensorFlow and decoded once."""

import contextlib
import hashlib
import importlib.util
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Num, UInt8

from jaxae.data import cache as data_cache
from jaxae.data.dataset import Data, from_levels
from jaxae.data.luma import luma
from jaxae.data.options import leading
from jaxae.extras import imported

FORMAT = "array_record"  # the one of TFDS that is read without TensorFlow


def colour_pictures(
    name: str,
    split: str,
    *,
    dir: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    limit: Any = None,
) -> Data:
    """The TFDS set `name` as pixel / 255, channels last; a single channel is left out of the shape."""
    images, labels = decoded(name, split, dir, cache, limit)
    return from_levels(images[..., 0] if images.shape[-1] == 1 else images, labels, white=255)


def grey_pictures(
    name: str,
    split: str,
    *,
    dir: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    limit: Any = None,
) -> Data:
    """The TFDS set `name` as luma / 255, in [0, 1]."""
    images, labels = decoded(name, split, dir, cache, limit)
    x = luma(images).reshape(len(images), -1)
    x /= np.float32(255)
    return Data(x, labels.astype(np.int32), images.shape[1:3])


def decoded(
    name: str, split: str, dir: str | os.PathLike | None, cache: str | os.PathLike | None, limit: Any
) -> tuple[UInt8[np.ndarray, "n rows columns channels"], Num[np.ndarray, " n"]]:
    """The first `limit` pictures and labels of a TFDS set."""
    with quiet():
        builder = opened(name, dir)
        info = builder.info.splits[split]
        rows = leading(limit, info.num_examples)
        path = data_cache.folder(cache) / f"{name}-{builder.version}-{split}-{fingerprint(info.filepaths)}.npz"
        arrays = data_cache.remembered(path, ("images", "labels"), lambda: decode(builder, split))
    return arrays["images"][rows], arrays["labels"][rows]


def opened(name: str, dir: str | os.PathLike | None) -> Any:
    """TFDS builder of a prepared set; prepares it where it is not, which needs TensorFlow (ModuleNotFoundError)."""
    tfds = imported("tensorflow_datasets")

    # TFDS itself reads the variable only when it is imported.
    dir = dir or os.environ.get("TFDS_DATA_DIR") or None
    builder = tfds.builder(name, data_dir=dir and os.path.expanduser(dir))
    if builder.is_prepared():
        if builder.info.file_format.value != FORMAT:
            raise ValueError(
                f"Data set {name!r} in {builder.data_dir} is prepared as {builder.info.file_format.value}; allowed is "
                f"{FORMAT}, so let `dir` or TFDS_DATA_DIR name another folder."
            )
    else:
        if importlib.util.find_spec("tensorflow") is None:
            raise ModuleNotFoundError(
                f"Data set {name!r} is not prepared in {builder.data_dir_root} and preparing it needs TensorFlow: "
                "run `pip install 'jaxae[prepare]'`, or let `dir` or TFDS_DATA_DIR name a folder that holds it."
            )
        # TFDS names an extracted file after its archive alone, and MNIST and Fashion-MNIST name their archives alike.
        downloads = builder.data_dir_root / "downloads" / name
        builder.download_and_prepare(download_dir=downloads, file_format=FORMAT)
    return builder


def decode(builder: Any, split: str) -> dict[str, np.ndarray]:
    """All pictures and labels of a prepared split as a dict of arrays, in the order of TFDS."""
    source = builder.as_data_source(split=split)
    images = np.empty((len(source), *builder.info.features["image"].shape), np.uint8)
    labels = np.empty(len(source), np.int32)
    for row, example in enumerate(source):
        images[row], labels[row] = example["image"], example["label"]
    return {"images": images, "labels": labels}


def fingerprint(files: Iterable[str | os.PathLike]) -> str:
    """Hash of the content of files, so that two different prepared copies never share a cache file."""
    digest = hashlib.sha256()
    for file in files:
        with Path(file).open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Only errors in the log of TFDS inside the block; it warns of things that concern no user of this library."""
    from absl import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)
