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
from jaxae.data.table import PICTURE_CHANNELS
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


def any_pictures(
    split: str,
    *,
    dir: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    name: Any = None,
    colour: Any = False,
    limit: Any = None,
) -> Data:
    """The pictures of any set that is prepared, as level / 255: grey ones as they are, others as luma or in `colour`.

    name: "kmnist", or "emnist/letters"; its pictures must be bytes of one size, its splits named train and test. Labels are
    those of TFDS, None where there are none. Raises ValueError for what is not so.
    """
    if not isinstance(name, str):
        raise ValueError(f"Data option 'name' is {name!r}; it must be that of a prepared set of TFDS, as kmnist.")
    if not isinstance(colour, bool):
        raise ValueError(f"Data option 'colour' is {colour!r}; allowed are true and false.")
    with quiet():
        features = checked_features(name, split, opened(name, dir, prepare=False))
    pictures = colour_pictures if colour or features["image"].shape[-1] == 1 else grey_pictures
    data = pictures(name, split, dir=dir, cache=cache, limit=limit)
    return data if "label" in features else data._replace(labels=None)


def checked_features(name: str, split: str, builder: Any) -> Any:
    """The features of a set of pictures; raises ValueError where it has no pictures of bytes and one size, or no such split."""
    features, splits = builder.info.features, builder.info.splits
    if split not in splits:
        raise ValueError(f"Data set {name!r} has the splits {', '.join(splits)}; allowed is one with train and test.")
    image, label = map(dict(features.items()).get, ("image", "label"))
    shape = getattr(image, "shape", None) or ()
    if len(shape) != 3 or None in shape or shape[-1] not in PICTURE_CHANNELS or np.dtype(image.np_dtype) != np.uint8:
        found = f"of shape {shape}" if image is not None else f"none among {', '.join(features)}"
        raise ValueError(f"Data set {name!r} has pictures {found}; allowed are bytes of one size in 1 or 3 channels.")
    if label is not None and not (label.shape == () and np.issubdtype(label.np_dtype, np.integer)):
        raise ValueError(
            f"Data set {name!r} has labels of shape {label.shape}; allowed is one whole number for a picture."
        )
    return features


def decoded(
    name: str, split: str, dir: str | os.PathLike | None, cache: str | os.PathLike | None, limit: Any
) -> tuple[UInt8[np.ndarray, "n rows columns channels"], Num[np.ndarray, " n"]]:
    """The first `limit` pictures and labels of a TFDS set."""
    with quiet():
        builder = opened(name, dir)
        info = builder.info.splits[split]
        rows = leading(limit, info.num_examples)
        path = (
            data_cache.folder(cache)
            / f"{name.replace('/', '-')}-{builder.version}-{split}-{fingerprint(info.filepaths)}.npz"
        )
        arrays = data_cache.remembered(path, ("images", "labels"), lambda: decode(builder, split))
    return arrays["images"][rows], arrays["labels"][rows]


def opened(name: str, dir: str | os.PathLike | None, *, prepare: bool = True) -> Any:
    """TFDS builder of a prepared set; prepares it where it is not, which needs TensorFlow (ModuleNotFoundError).

    With `prepare` false, one that is not prepared is refused. Raises ValueError also for an unknown name.
    """
    tfds = imported("tensorflow_datasets")

    # TFDS itself reads the variable only when it is imported.
    dir = dir or os.environ.get("TFDS_DATA_DIR") or None
    try:
        builder = tfds.builder(name, data_dir=dir and os.path.expanduser(dir))
    except Exception as error:  # TFDS tells of an unknown name or a damaged folder in many ways
        words = str(error).split("\n")[0].rstrip(".")
        raise ValueError(
            f"Data set {name!r} cannot be opened by TFDS ({words}); allowed are its prepared sets."
        ) from error
    if builder.is_prepared():
        if builder.info.file_format.value != FORMAT:
            raise ValueError(
                f"Data set {name!r} in {builder.data_dir} is prepared as {builder.info.file_format.value}; allowed is "
                f"{FORMAT}, so let `dir` or TFDS_DATA_DIR name another folder."
            )
    elif not prepare:
        raise ValueError(
            f"Data set {name!r} is not prepared in {builder.data_dir_root}: run `tfds build {name} --file_format={FORMAT}`, or "
            "let `dir` or TFDS_DATA_DIR name a folder that holds it."
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
        images[row], labels[row] = example["image"], example.get("label", -1)
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
