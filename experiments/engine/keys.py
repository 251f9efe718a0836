"""The words of a command line: one that the configuration does not have, or that Hydra would pass over, is refused."""

import argparse
import difflib
import functools
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from experiments.engine.checks import ConfigurationError

CONF = Path(__file__).resolve().parents[2] / "conf"
OPEN = ("variants", "at", "hydra")  # nodes to which anything may be added
MULTIRUN = ("--multirun", "-m")


def check_arguments(arguments: list[str], config="config"):
    """Check the overrides among the arguments of a process before Hydra begins; raises ConfigurationError.

    config: the name of the configuration in conf/.
    """
    options, words = _own_options(arguments)
    _check_directory(words)
    words = [word for word in words if not word.startswith("-")]
    search = [] if options.config_dir is None else [f"hydra.searchpath=[{Path(options.config_dir).absolute()}]"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        check([*search, *words], config)


def multirun_first(arguments: list[str]) -> list[str]:
    """The arguments with the option of a sweep before the overrides, after which Hydra would not know it."""
    options = [word for word in arguments if word in MULTIRUN]
    return options + [word for word in arguments if word not in MULTIRUN]


def _check_directory(words):
    """Refuse the directory of a sweep alone where there is none, and that of one run for a sweep: Hydra would pass over it."""
    values = {word.partition("=")[0].lstrip("+"): word.partition("=")[2] for word in words}
    given = values.keys() & {"hydra.sweep.dir", "hydra.run.dir"}
    sweeps = values.get("hydra.mode") == "MULTIRUN" or any(word in MULTIRUN for word in words)
    if given == {"hydra.sweep.dir"} and not sweeps:
        raise ConfigurationError("hydra.sweep.dir is of a sweep: add -m, or give the directory as hydra.run.dir")
    if given == {"hydra.run.dir"} and sweeps:
        raise ConfigurationError("hydra.run.dir is of one run: give the directory of a sweep as hydra.sweep.dir")


def check(words: list[str], config="config"):
    """Check overrides, in an initialised Hydra; raises ConfigurationError with one sentence for the first that is refused.

    Refused are keys that the configuration does not have, keys added where nothing reads them, deleted keys that something
    reads, and unknown choices and lists of choices for a group. What else Hydra itself refuses is left to Hydra.
    """
    search = [word for word in words if _is_searchpath(word)]
    try:
        parsed = OverridesParser.create().parse_overrides([word for word in words if word not in search])
        groups = _compose(config, search).hydra.runtime.choices
    except HydraException:
        return
    overrides = [override for override in parsed if not override.key_or_group.startswith("hydra")]
    chosen = {override.key_or_group: override for override in overrides if override.key_or_group in groups}
    options = {group: _options(group, config, search) for group in chosen}
    for group, override in chosen.items():
        _check_choice(override, options[group])
    for override in overrides:
        if override.key_or_group in chosen:
            continue
        first = {name: _values(other, options[name])[0] for name, other in chosen.items()}
        group = override.key_or_group.partition(".")[0]
        swept = _values(chosen[group], options[group]) if group in chosen else [None]
        for value in swept:  # a key must be one of every choice that it is swept with
            choices = first if value is None else first | {group: value}
            try:
                _check_key(override, config, [*search, *(f"{name}={value}" for name, value in choices.items())])
            except HydraException:
                return


@functools.lru_cache(maxsize=64)
def _composed(config, words):
    return compose(config, list(words), return_hydra_config=True)


def _compose(config, words):
    return _composed(config, tuple(words))


def _own_options(arguments):
    """Hydra's option that names a further folder of configurations, and the other arguments."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config-dir", "-cd")
    return parser.parse_known_args(arguments)


def _is_searchpath(word):
    return word.lstrip("+").startswith("hydra.searchpath=")


def _options(group, config, search):
    """The choices of a group, those of further folders included."""
    return GlobalHydra.instance().config_loader().get_group_options(group, ObjectType.CONFIG, config, search)


def _check_choice(override, options):
    """Refuse to delete a group, to give it a list, of which Hydra would take the last, and a choice that it does not have."""
    group = override.key_or_group
    if override.is_delete():
        raise ConfigurationError(f"~{group} leaves the configuration without {group}: choose one as {group}=NAME")
    for value in _values(override, options) or [override.get_value_string()]:
        if value.startswith("["):
            names = value.strip("[]").replace(" ", "")
            raise ConfigurationError(f"{group} is {value}: it takes one choice; sweep it with -m {group}={names}")
        if (value.isidentifier() or _is_glob(override)) and value not in (*options, "null"):
            near = difflib.get_close_matches(value, options, n=1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise ConfigurationError(
                f"{group}={value} is not a choice: {meant}{group} has {', '.join(sorted(options))}"
            )


def _check_key(override, config, choices):
    cfg = _compose(config, choices)
    name = override.key_or_group
    *parents, key = name.split(".")
    above = ".".join(parents)
    node = OmegaConf.select(cfg, above) if parents else cfg
    free = parents and parents[0] in OPEN
    if free and (override.is_add() or override.is_force_add() or override.is_delete()):
        return
    if not isinstance(node, DictConfig):
        raise ConfigurationError(f"{name} is not a key: {above} has no keys of its own")
    known = ", ".join(sorted(each for each in node if each not in ("_target_", "hydra"))) or "no keys"
    takes_keywords = "_target_" in node or (parents and parents[0] == "data")  # a function says itself what it has
    if override.is_delete():
        if key in node and not takes_keywords:
            raise ConfigurationError(
                f"~{name} deletes a key that is needed: {above or 'the configuration'} has {known}"
            )
        return
    if key in node or (takes_keywords and (override.is_add() or override.is_force_add())):
        return
    if len(parents) == 1 and (others := _choices_with(key, above, config, choices)):
        now = f"{above}={cfg.hydra.runtime.choices[above]}"
        have = f"{', '.join(f'{above}={other}' for other in others)} {'has' if len(others) == 1 else 'have'} it"
        example = f"{above}={others[0]} {override.input_line.lstrip('+')}"
        raise ConfigurationError(f"{name} is not a key of {now}: {have}, as in {example}")
    if not parents and (places := _places_of(key, cfg)):
        raise ConfigurationError(f"{name} is not a key: {' and '.join(places)} {'is' if len(places) == 1 else 'are'}")
    raise ConfigurationError(f"{name} is not a key: {above or 'the configuration'} has {known}")


def _places_of(key, cfg):
    """Where a key stands one level down, as model.hidden for hidden."""
    groups = (name for name, node in cfg.items() if isinstance(node, DictConfig) and name not in OPEN and key in node)
    return sorted(f"{group}.{key}" for group in groups)


def _choices_with(key, group, config, choices):
    """The choices of a group whose configuration has a key, names of the fewest words first."""
    options = _options(group, config, [word for word in choices if _is_searchpath(word)])
    others = [word for word in choices if not word.startswith(f"{group}=")]
    found = []
    for option in sorted(options, key=_words):
        try:
            node = OmegaConf.select(_compose(config, [*others, f"{group}={option}"]), group)
        except HydraException:
            continue
        if isinstance(node, DictConfig) and key in node:
            found.append(option)
    return found


def _words(name):
    return name.count("_")


def _is_glob(override):
    return isinstance(override.value(), Glob)


def _values(override, options):
    """The values of a choice as words: one, or those of a sweep, which may be those of the options that fit a glob."""
    if _is_glob(override):
        return override.value().filter(options)
    return list(override.sweep_string_iterator()) if override.is_sweep_override() else [override.get_value_string()]
