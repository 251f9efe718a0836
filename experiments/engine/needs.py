"""What an experiment needs of its data and its model, by the key `needs` of its file: each refusal is one sentence."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from experiments.engine.checks import ConfigurationError
from experiments.engine.datasets import beyond_unit
from jaxae import data
from jaxae.models import Autoencoder, Dense

MEMBERS = 6  # examples of a class, of which a probe's validation split takes one


class Loaded(NamedTuple):
    """A configuration with its data, and a call for the number of units of its code: what the needs are compared with."""

    cfg: DictConfig
    train: data.Data
    test: data.Data
    code: Callable[[], int]


def check_choice(cfg: DictConfig) -> DictConfig:
    """The configuration, with `fixed_data` in the place of the chosen data where a variant names them; before any are loaded.

    Raises ConfigurationError where the chosen data are not among the `sets` that the experiment is about.
    """
    sets = _resolved(cfg, "needs").get("sets") or [cfg.data.name]
    if cfg.data.name not in sets:
        raise ConfigurationError(
            f"data={cfg.data.name} is not what this experiment is about: it takes {' or '.join(sets)}"
        )
    fixed = _resolved(cfg, "fixed_data")
    if not fixed.get("name"):
        return cfg
    cfg = cfg.copy()
    with open_dict(cfg):
        cfg.data = {"dir": cfg.data.get("dir")} | fixed
    return cfg


def check_data(cfg: DictConfig, train: data.Data, test: data.Data, code: Callable[[], int]):
    """Refuse data without what the experiment needs; code: gives the number of the code's units. Raises ConfigurationError."""
    loaded, needs = Loaded(cfg, train, test, code), _resolved(cfg, "needs")
    if unknown := needs.keys() - CHECKS.keys() - {"sets", "dense", "validation"}:
        raise ConfigurationError(
            f"needs.{min(unknown)} is not a need: it must be one of sets, dense, validation, {', '.join(CHECKS)}"
        )
    if needs.get("validation") and not cfg.validation:
        raise ConfigurationError("validation is 0: this experiment chooses by held-out examples, a share above 0")
    for need, lack_of in CHECKS.items():
        if needs.get(need) and (lack := lack_of(loaded, needs[need])):
            raise ConfigurationError(f"data={cfg.data.name} has {lack}")


def check_dense(cfg: DictConfig, model: Autoencoder):
    """Refuse another model than one of dense layers where the experiment reads their weights or widths; ConfigurationError."""
    if _resolved(cfg, "needs").get("dense") and not isinstance(model, Dense):
        raise ConfigurationError(
            f"model is a {type(model).__name__}: this experiment reads the layers of jaxae.models.Dense, as of model=dense"
        )


def _resolved(cfg, key):
    """A node as plain values, without keys where there is none."""
    try:
        return OmegaConf.to_container(cfg.get(key) or OmegaConf.create({}), resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigurationError(f"{key}: {str(error).splitlines()[0]}") from error


def _labels(loaded, wanted):
    """Classes enough for a probe; wanted: true, or the number of training examples that it sees."""
    train, test = loaded.train.labels, loaded.test.labels
    if train is None or test is None:
        return "no labels, which this experiment needs"
    seen = train if wanted is True else train[:wanted]
    classes, counts = np.unique(seen, return_counts=True)
    if (many := int(np.sum(counts >= MEMBERS))) < 2:
        return f"{many} classes of {MEMBERS} or more among {len(seen)} training examples, this experiment needs two"
    if len(unknown := np.setdiff1d(test, classes)):
        return f"test examples of class {unknown[0]}, of which this experiment needs training examples as well"


def _pictures(loaded, wanted):
    shape, coloured = loaded.train.shape, wanted == "coloured"
    if len(shape) != 2 and not (coloured and len(shape) == 3):
        needed = "grey pictures, height x width" + (", or coloured ones" if coloured else "")
        return f"examples of shape {_by(shape)}, this experiment needs {needed}"


def _square(loaded, wanted):
    if len(set(loaded.train.shape)) != 1:
        return f"pictures of {_by(loaded.train.shape)}, this experiment needs square ones"


def _side(loaded, wanted):
    if min(loaded.train.shape) < wanted:
        return f"pictures of {_by(loaded.train.shape)}, this experiment needs {wanted} pixels or more on a side"


def _shape(loaded, wanted):
    if list(loaded.train.shape) != wanted:
        return f"examples of {_by(loaded.train.shape)}, this experiment needs {_by(wanted)}"


def _unit(loaded, wanted):
    low, high = (float(f([f(loaded.train.x), f(loaded.test.x)])) for f in (np.min, np.max))
    if low < 0 or high > 1:
        words = f"values from {low:.3g} to {high:.3g}, this experiment needs them in [0, 1]"
        first = next(split for split in (loaded.train, loaded.test) if split.x.min() < 0 or split.x.max() > 1)
        return words + beyond_unit(first)


def _features(loaded, wanted):
    if (found := loaded.train.x.shape[1]) < np.max(wanted):
        return f"{found} numbers per example, this experiment needs {np.max(wanted)} or more"


def _examples(loaded, wanted):
    for split, least in wanted.items():
        if (found := len(getattr(loaded, split).x)) < np.max(least):
            return f"{found} {split} examples, this experiment needs {np.max(least)} or more"


def _compresses(loaded, wanted):
    """PCA with as many components as the code has units must leave something out."""
    found, size = loaded.train.x.shape, loaded.code()
    if min(found) <= size:
        words = f"{found[0]} training examples of {found[1]} numbers"
        return f"{words}, this experiment needs more of both than the {size} units of its code"


def _code(loaded, wanted):
    if (found := loaded.code()) != wanted:
        return f"a code of {found} units with this model, this experiment needs {wanted}"


def _world(loaded, wanted):
    if (found := loaded.cfg.data.get("world")) != wanted:
        return f"{f'the world {found}' if found else 'no known features'}, this experiment needs data.world={wanted}"


def _beside(loaded, wanted):
    """A further set, on which the trained models are tried."""
    try:
        shape = data.load(wanted, "test", dir=loaded.cfg.data.get("dir"), limit=1).shape
    except (ValueError, OSError, ImportError) as error:
        raise ConfigurationError(f"data: {error}") from error
    if shape != loaded.train.shape:
        return f"examples of {_by(loaded.train.shape)} and {wanted}, the further set, of {_by(shape)}: they must be the same"


# Each need in the order of checking, as a function that says what data have instead, or None; `sets` are checked before
# loading, and `dense` once there is a model. A number may be a list, of which the largest counts, so that a file can refer to
# the numbers of its own axes.
CHECKS = {
    "labels": _labels,  # true, or how many training examples are seen
    "pictures": _pictures,  # true: grey; coloured: grey or in colours
    "square": _square,  # true
    "side": _side,  # least pixels
    "shape": _shape,  # [height, width]
    "unit": _unit,  # true: values in [0, 1]
    "features": _features,  # least numbers per example
    "examples": _examples,  # {train: least, test: least}
    "compresses": _compresses,  # true: fewer units in the code than features and training examples
    "code": _code,  # units of the code
    "world": _world,  # name of a world of data=features
    "beside": _beside,  # name of a further set of the same shape
}


def _by(shape):
    return " x ".join(map(str, shape))
