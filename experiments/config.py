"""A Hydra configuration as a model, a grid of recipes and data, checked as a whole before anything trains."""

import functools
from typing import Any, NamedTuple

import jax
import numpy as np
from hydra.utils import get_object
from jax.tree_util import Partial
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from experiments import dry_run
from experiments.checks import (
    NUMBERS,
    SIZES,
    ConfigurationError,
    check_number,
    check_on_divergence,
    check_products,
    check_single,
    check_size,
)
from experiments.needs import check_choice, check_data
from experiments.parts import part_of
from experiments.settings import check_figure
from jaxae import data, losses
from jaxae.data.splits import stratified
from jaxae.descriptions import describe_model
from jaxae.functions import configure, keywords_of
from jaxae.hashing import noisy_sigmoid
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.schedules import Schedule
from jaxae.sweeps import expand

LISTS = ("hidden", "activation", "channels", "decoder_padding")  # keys of a model with a value per layer


class Setup(NamedTuple):
    """What one configuration says: a model, the stacked recipes and seeds of its grid, the table of its axes, and data."""

    model: Any
    recipes: Recipe
    seeds: Any
    table: dict
    train: data.Data
    test: data.Data
    sizes: dict
    validation: data.Data | None = None


def setup(cfg: DictConfig) -> Setup:
    """Check the configuration, load its data and build everything that training needs; raises ConfigurationError."""
    if cfg.scale not in cfg.at:
        raise ConfigurationError(f"scale is {cfg.scale!r}: it must be one of {', '.join(cfg.at)}")
    sizes = {key: OmegaConf.select(cfg, key) for key in SIZES}
    for key, value in sizes.items():
        check_size(key, value)
    check_products(cfg.train.precision)
    check_on_divergence(cfg.train.on_divergence)
    if not cfg.train.epochs and not cfg.train.pretrain:
        raise ConfigurationError("train.epochs is 0: it must be from 1 on unless train.pretrain is")
    if not cfg.train.epochs and cfg.train.precision != "float32":
        raise ConfigurationError(
            f"train.precision is {cfg.train.precision}: it must be float32 where train.epochs is 0, as pretraining is"
        )
    recipe, seed = _recipe(cfg), _plain(cfg.seed)
    check_number("seed", seed)
    check_figure(cfg)
    cfg = check_choice(cfg)
    train, test = _data(cfg)
    train, validation = _held_out(train, cfg.validation)
    for split in (train, test):
        if not len(split.x) or not np.isfinite(split.x).all():
            fault = "values that are not finite numbers" if len(split.x) else "a split without examples"
            raise ConfigurationError(f"data={cfg.data.name} has {fault}: every pixel must be a finite number")
    check_data(cfg, train, test, lambda: _code_size(_model(cfg, train), train.x))
    model = _model(cfg, train)
    if describe_model(model) is None:
        raise ConfigurationError(
            f"model is a {type(model).__name__}, which could not be read again: it must be a dataclass in a module, with "
            "fields that json holds"
        )
    if cfg.train.pretrain and not isinstance(model, Dense):
        raise ConfigurationError(
            f"train.pretrain is {cfg.train.pretrain}: only jaxae.models.Dense is pretrained by layers"
        )
    if getattr(recipe.code.func, "function", recipe.code.func) is noisy_sigmoid and _last_activation(model) != "linear":
        raise ConfigurationError(
            f"code=noisy_sigmoid applies a sigmoid itself: model.activation must end in linear, not {_last_activation(model)}"
        )
    if "k" in cfg.code:
        for number in _numbers(recipe.code.keywords["k"]):
            check_number("code.k", number, highest=_code_size(model, train.x))
    if recipe.loss.func is losses.binary_cross_entropy:
        if getattr(model, "output", "linear") != "linear":
            raise ConfigurationError("model.output must be linear with loss=binary_cross_entropy, which reads logits")
        if train.x.min() < 0 or train.x.max() > 1:
            raise ConfigurationError(f"loss=binary_cross_entropy needs data in [0, 1], and data={cfg.data.name} is not")
    if cfg.train.batch_size > len(train.x):
        raise ConfigurationError(
            f"train.batch_size is {cfg.train.batch_size}: {cfg.data.name} has {len(train.x)} examples"
        )
    sizes = {key.removeprefix("train."): value for key, value in sizes.items()}
    sizes["precision"] = cfg.train.precision
    sizes["on_divergence"] = cfg.train.on_divergence
    recipes, seeds, table = part_of(cfg.part, *expand(recipe, seed))
    if cfg.train.epochs:  # layer-wise pretraining alone has the penalty of single layers
        dry_run.check(model, recipes, train.x, cfg.train.batch_size)
    return Setup(model, recipes, seeds, table, train, test, sizes, validation)


def _held_out(train, share):
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


def _recipe(cfg):
    groups = {group: _function(group, cfg[group]) for group in ("loss", "optimizer", "corruption", "code", "penalty")}
    weight = 0 if cfg.weight is None else _value("weight", cfg.weight)
    return Recipe(**groups, weight=weight)


def _function(group, node):
    """The Partial that a group describes: `_target_` and its keywords."""
    target = get_object(node["_target_"])
    keywords = {name: value for name, value in node.items() if name != "_target_"}
    allowed = keywords_of(target)
    for name in keywords:
        if allowed is not None and name not in allowed:
            known = ", ".join(f"{group}.{key}" for key in allowed) or "none"
            raise ConfigurationError(
                f"{group}.{name} is not a keyword of {node['_target_']}; its keywords are: {known}"
            )
    try:
        return configure(target, **{name: _value(f"{group}.{name}", value) for name, value in keywords.items()})
    except ValueError as error:
        raise error if isinstance(error, ConfigurationError) else ConfigurationError(f"{group}.{error}") from error


def _value(key, node):
    """A keyword's value: a number, a list of numbers, a Schedule of them, or structure (a bool, a string or null)."""
    if isinstance(node, DictConfig):
        if "_target_" not in node:
            raise ConfigurationError(
                f"{key} is {_plain(node)}: it takes a number, a list, or a schedule with a _target_"
            )
        schedule: Partial = _function(key, node)
        for name in ("init_value", "end_value", "value", "peak_value"):
            if name in schedule.keywords:
                check_number(key, schedule.keywords[name])
        return Schedule(schedule)
    value = _plain(node)
    if key in NUMBERS or not (value is None or isinstance(value, bool | str)):
        check_number(key, value)
    return value


def _numbers(value):
    """The numbers in a keyword's value: itself, the elements of a list, or the values that a schedule runs through."""
    if isinstance(value, Schedule):
        keywords = value.schedule.keywords
        return [
            n for name in ("init_value", "end_value", "value") if name in keywords for n in _numbers(keywords[name])
        ]
    return value if isinstance(value, list) else [value]


def _model(cfg, train):
    options = {name: _plain(value) for name, value in cfg.model.items() if name != "_target_"}
    check_single("model", {name: value for name, value in options.items() if name not in LISTS})
    options = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
    target = get_object(cfg.model["_target_"])
    size = {"shape": train.shape} if "shape" in (keywords_of(target) or ()) else {"features": train.x.shape[1]}
    try:
        return target(**size, **options)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{error}") from error


def _last_activation(model):
    """The name of the code's activation, "linear" for a model that names none."""
    names = getattr(model, "activation", "linear")
    return names if isinstance(names, str) else names[-1]


def _code_size(model, x):
    return jax.eval_shape(lambda: model.encoder(model.init(jax.random.key(0)))(x[:1])).shape[-1]


def _data(cfg):
    check_single("data", cfg.data)
    options = {name: value for name, value in cfg.data.items() if name != "name"}
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


def _plain(node):
    """A node as plain Python values."""
    try:
        return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
    except OmegaConfBaseException as error:
        raise ConfigurationError(str(error).splitlines()[0]) from error
