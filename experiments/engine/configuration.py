"""A Hydra configuration as a model, a grid of recipes and data, checked as a whole before anything trains."""

import functools
from typing import Any, NamedTuple

import numpy as np
from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from experiments.engine import dry_run
from experiments.engine.checks import (
    SIZES,
    ConfigurationError,
    check_number,
    check_on_divergence,
    check_patience,
    check_products,
    check_single,
    check_size,
)
from experiments.engine.datasets import beyond_unit, held_out, load_splits, with_copies
from experiments.engine.needs import check_choice, check_data, check_dense
from experiments.engine.recipes import numbers_of, plain_values, recipe_of
from experiments.engine.settings import check_figure
from experiments.engine.shards import shard_of
from experiments.engine.streaming import check_streamed
from jaxae import codes, data, losses
from jaxae.files.schema import describe_model
from jaxae.functions import keywords_of, takes, unset_keywords
from jaxae.models import CODE_PARAMETERS, Dense, LayerWise, Sparse, check_model, code_size
from jaxae.objective import Recipe
from jaxae.rows import Rows
from jaxae.sweeps import expand

LISTS = (
    "hidden",
    "activation",
    "channels",
    "decoder_padding",
    "code_parameters",
)  # keys of a model with a value per layer


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
    sizes = _checked_sizes(cfg)
    recipe, seed = recipe_of(cfg), plain_values(cfg.seed)
    check_number("seed", seed)
    check_figure(cfg)
    cfg = check_choice(cfg)
    train, test = load_splits(cfg)
    train, validation = held_out(train, cfg.validation)
    train = with_copies(train, cfg.data.get("warp", 0))
    _check_finite(cfg, train, test)
    check_data(cfg, train, test, functools.partial(_code_size, cfg, train))
    model = model_of(cfg, train)
    _check_model(cfg, model)
    check_dense(cfg, model)
    _check_code(cfg, recipe.code, model, train)
    _check_loss(cfg, recipe.loss, model, train, test)
    if cfg.train.batch_size > len(train.x):
        raise ConfigurationError(
            f"train.batch_size is {cfg.train.batch_size}: {cfg.data.name} has {len(train.x)} training examples, and allowed "
            "are at most as many"
        )
    recipes, seeds, table = shard_of(cfg.shard, *expand(recipe, seed))
    if isinstance(train.x, Rows):
        check_streamed(cfg)
    if cfg.train.epochs:  # layer-wise pretraining alone has the penalty of single layers
        dry_run.check(model, recipes, train.x, cfg.train.batch_size)
    return Setup(model, recipes, seeds, table, train, test, sizes, validation)


def _checked_sizes(cfg):
    """The sizes of training, {"epochs": number, ...}."""
    if cfg.scale not in cfg.at:
        raise ConfigurationError(f"scale is {cfg.scale!r}: it must be one of {', '.join(cfg.at)}")
    sizes = {key: OmegaConf.select(cfg, key) for key in SIZES}
    for key, value in sizes.items():
        check_size(key, value)
    check_products(cfg.train.precision)
    check_on_divergence(cfg.train.on_divergence)
    check_patience(cfg.train.patience, cfg.validation, cfg.train.epochs)
    if not cfg.train.epochs and not cfg.train.pretrain:
        raise ConfigurationError("train.epochs is 0: it must be from 1 on unless train.pretrain is")
    if not cfg.train.epochs and cfg.train.precision != "float32":
        raise ConfigurationError(
            f"train.precision is {cfg.train.precision}: it must be float32 where train.epochs is 0, as pretraining is"
        )
    sizes = {key.removeprefix("train."): value for key, value in sizes.items()}
    if not isinstance(cfg.train.centred, bool) and cfg.train.centred != "geometric_median":
        raise ConfigurationError(f"train.centred is {cfg.train.centred!r}: it must be true, false or geometric_median")
    if cfg.train.centred and cfg.train.pretrain:
        raise ConfigurationError("train.centred and train.pretrain: pretraining sets the biases, one of them is given")
    options = ("precision", "on_divergence", "centred", "patience")
    return sizes | {name: cfg.train[name] for name in options}


def _check_finite(cfg, *splits):
    for split in splits:
        if isinstance(split.x, Rows):  # their loading refuses what is not finite
            continue
        if not len(split.x) or not np.isfinite(split.x).all():
            fault = "values that are not finite numbers" if len(split.x) else "a split without examples"
            raise ConfigurationError(f"data={cfg.data.name} has {fault}: every pixel must be a finite number")


def _check_model(cfg, model):
    try:
        check_model(model)
    except TypeError as error:
        raise ConfigurationError(str(error)) from error
    if describe_model(model) is None:
        raise ConfigurationError(
            f"model is a {type(model).__name__}, which could not be read again: it must be a dataclass in a module, with "
            "fields that json holds"
        )
    if cfg.train.centred and not isinstance(model, Dense | Sparse):
        raise ConfigurationError(
            f"train.centred is {cfg.train.centred}: only the biases of jaxae.models.Dense and Sparse can be centred"
        )
    if cfg.train.pretrain and not isinstance(model, LayerWise):
        raise ConfigurationError(
            f"train.pretrain is {cfg.train.pretrain}: only a model with layers of its own is pretrained, as jaxae.models.Dense"
        )


def _check_code(cfg, code, model, train):
    if getattr(code.func, "function", code.func) is codes.noisy_sigmoid and _last_activation(model) != "linear":
        raise ConfigurationError(
            f"code=noisy_sigmoid applies a sigmoid itself: model.activation must end in linear, not {_last_activation(model)}"
        )
    if "k" in cfg.code:
        for number in numbers_of(code.keywords["k"]):
            name = cfg.code["_target_"].rpartition(".")[2]
            check_number("code.k", number, highest=code_size(model, train.x.shape[1]), of=name)


def _check_loss(cfg, loss, model, train, test):
    if loss.func is losses.binary_cross_entropy:
        if getattr(model, "output", "linear") != "linear":
            raise ConfigurationError("model.output must be linear with loss=binary_cross_entropy, which reads logits")
        for split in (train, test):
            if split.x.min() < 0 or split.x.max() > 1:
                words = f"loss=binary_cross_entropy needs data in [0, 1], and data={cfg.data.name} is not"
                advice = ", choose data.scaling=unit or loss=squared_error" if split.origin else ""
                raise ConfigurationError(words + beyond_unit(split) + advice)


def model_of(cfg, train):
    """The model that a configuration describes, for data of this shape."""
    options = {name: plain_values(value) for name, value in cfg.model.items() if name != "_target_"}
    target = get_object(cfg.model["_target_"])
    if keywords_of(target) is not None:  # one that takes any keyword says itself what each may be
        check_single("model", {name: value for name, value in options.items() if name not in LISTS})
    options = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
    if options.get("code_parameters", ()) is None:
        asked = unset_keywords(recipe_of(cfg).code)
        options["code_parameters"] = tuple(name for name in CODE_PARAMETERS if name in asked)
    size = {"shape": train.shape} if takes(target, "shape") else {"features": train.x.shape[1]}
    try:
        return target(**size, **options)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{error}") from error


def _last_activation(model):
    """The name of the code's activation, "linear" for a model that names none."""
    names = getattr(model, "activation", "linear")
    return names if isinstance(names, str) else names[-1]


def _code_size(cfg, train):
    return code_size(model_of(cfg, train), train.x.shape[1])
