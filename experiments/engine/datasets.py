"""The data that a configuration names, the examples that it holds out, and warped copies of the others."""

import functools

import numpy as np
from omegaconf import ListConfig

from experiments.engine.checks import ConfigurationError, check_number, check_single
from jaxae import data
from jaxae.data.splits import stratified


def load_splits(cfg):
    """The train and test splits of a configuration's data."""
    check_single("data", cfg.data)
    options = {name: value for name, value in cfg.data.items() if name not in ("name", "warp")}
    whole = {
        name: value for name, value in options.items() if name not in ("limit", "count")
    }  # these size the train split
    try:
        return _load(cfg.data.name, "train", tuple(options.items())), _load(cfg.data.name, "test", tuple(whole.items()))
    except (TypeError, ValueError, OSError, ImportError) as error:
        raise ConfigurationError(f"data: {error}") from error


@functools.lru_cache(maxsize=2)  # the jobs of a multirun share the train and test arrays
def _load(name, split, options):
    return data.load(name, split, **dict(options))


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
    return tuple(data.Data(train.x[r], None if train.labels is None else train.labels[r], train.shape) for r in rows)
