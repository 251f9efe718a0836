"""The data that a configuration names, the examples that it holds out, and warped copies of the others."""

import functools

import numpy as np
from omegaconf import ListConfig

from experiments.common.console import console
from experiments.engine.checks import ConfigurationError, check_number, check_single
from experiments.engine.sources import of_data
from jaxae import data
from jaxae.data.splits import stratified
from jaxae.rows import Rows, taken

LISTS = ("shape",)  # keys of data with several values


def load_splits(cfg):
    """The train and test splits of a configuration's data."""
    check_single("data", {name: value for name, value in cfg.data.items() if name not in LISTS})
    options = {
        name: tuple(value) if isinstance(value, ListConfig) else value
        for name, value in cfg.data.items()
        if name not in ("name", "source", "warp")
    }
    source = cfg.data.get("source")  # of many sets, of which the name chooses one
    if source:
        options["name"] = cfg.data.name
    whole = {
        name: value for name, value in options.items() if name not in ("limit", "count")
    }  # these size the train split
    try:
        files = tuple(of_data(options).items())
        return tuple(
            _load(source or cfg.data.name, split, tuple(chosen.items()), files)
            for split, chosen in (("train", options), ("test", whole))
        )
    except (TypeError, ValueError, OSError, ImportError) as error:
        raise ConfigurationError(f"data: {error}") from error


@functools.lru_cache(maxsize=2)  # the jobs of a multirun share the train and test arrays
def _load(name, split, options, files):  # files: changed ones are read again
    loaded = data.load(name, split, **dict(options))
    for note in loaded.origin.notes if loaded.origin else ():
        console.print(f"data: {note}", highlight=False, soft_wrap=True, markup=False)
    return loaded


def with_copies(train, copies):
    """The training examples with as many warped copies of each, of what is left once others are held out."""
    try:
        return data.warped(train, copies)
    except ValueError as error:
        raise ConfigurationError(f"data: {error}") from error


def held_out(train, share):
    """The examples to train on, and those that runs are chosen by: a share of every class, or None for 0."""
    check_number("validation", share)
    if isinstance(share, list | ListConfig):
        raise ConfigurationError(f"validation is {list(share)}: it takes one value; sweep it with -m")
    if not share:
        return train, None
    labels = np.zeros(len(train.x), int) if train.labels is None else train.labels
    rows = [stratified(labels, split, share=1 - share) for split in ("train", "test")]
    if not min(map(len, rows)):
        raise ConfigurationError(f"validation is {share}: it leaves {' and '.join(str(len(r)) for r in rows)} examples")
    kept, held = (
        train._replace(x=taken(train.x, r), labels=None if train.labels is None else train.labels[r]) for r in rows
    )
    return kept, held._replace(x=held.x[:])  # the second in memory


def beyond_unit(split):
    """Of a user's own data: ": FILE has VALUE in PLACE" for the first value outside [0, 1]; else ""."""
    if split.origin is None or isinstance(split.x, Rows):
        return ""
    row, feature = np.argwhere((split.x < 0) | (split.x > 1))[0]
    if split.origin.columns:
        place = f"column {split.origin.columns[feature]!r}"
    else:
        place = f"place {[int(i) for i in np.unravel_index(feature, split.shape)]} of an example"
    return f": {split.origin.name} has {split.x[row, feature]:.3g} in {place}"
