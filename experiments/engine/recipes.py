"""The recipe that a configuration describes: a configured function for every role, with its numbers and axes."""

from hydra.utils import get_object
from jax.tree_util import Partial
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from experiments.engine.checks import NULLABLE, ConfigurationError, check_number
from jaxae.functions import configure, keywords_of
from jaxae.objective import Recipe
from jaxae.ranges import NUMBERS
from jaxae.schedules import Schedule


def recipe_of(cfg) -> Recipe:
    """The Recipe of a configuration, whose numbers may be axes."""
    groups = {group: _function(group, cfg[group]) for group in ("loss", "optimizer", "corruption", "code", "penalty")}
    weight = 0 if cfg.weight is None else _value("weight", cfg.weight)
    return Recipe(**groups, weight=weight)


def _function(group, node):
    """The Partial that a group describes: `_target_` and its keywords."""
    target = _named(f"{group}._target_", node["_target_"])
    keywords = {name: value for name, value in node.items() if name != "_target_"}
    allowed = keywords_of(target)
    for name in keywords:
        if allowed is not None and name not in allowed:
            known = ", ".join(f"{group}.{key}" for key in allowed) or "none"
            raise ConfigurationError(
                f"{group}.{name} is not a keyword of {node['_target_']}; its keywords are: {known}"
            )
    try:
        values = {name: _value(f"{group}.{name}", value, target.__name__) for name, value in keywords.items()}
        return configure(target, **values)
    except ValueError as error:
        raise error if isinstance(error, ConfigurationError) else ConfigurationError(f"{group}.{error}") from error


def _named(key, name):
    """The function of a name on the Python path."""
    try:
        return get_object(name)
    except (AttributeError, ImportError, ValueError) as error:
        why = str(error.__cause__ or error).splitlines()[0]
        raise ConfigurationError(f"{key} is {name!r}: it must name a function on the Python path ({why})") from error


def _value(key, node, of=""):
    """A keyword's value: a number, a list of numbers, a Schedule of them, or structure (a bool, a string or null).

    of: the name of the function.
    """
    if isinstance(node, DictConfig):
        if "_target_" not in node:
            raise ConfigurationError(
                f"{key} is {plain_values(node)}: it takes a number, a list, or a schedule with a _target_"
            )
        schedule: Partial = _function(key, node)
        for name in ("init_value", "end_value", "value", "peak_value"):
            if name in schedule.keywords:
                check_number(key, schedule.keywords[name], of=of)
        return Schedule(schedule)
    value = plain_values(node)
    if value is None and key in NULLABLE:
        return None
    if key in NUMBERS or not (value is None or isinstance(value, bool | str)):
        check_number(key, value, of=of)
    return value


def numbers_of(value):
    """The numbers in a keyword's value: itself, the elements of a list, or the values that a schedule runs through."""
    if isinstance(value, Schedule):
        keywords = value.schedule.keywords
        return [
            n for name in ("init_value", "end_value", "value") if name in keywords for n in numbers_of(keywords[name])
        ]
    return value if isinstance(value, list) else [value]


def plain_values(node):
    """A node as plain Python values."""
    try:
        return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
    except OmegaConfBaseException as error:
        raise ConfigurationError(str(error).splitlines()[0]) from error
