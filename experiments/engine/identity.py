"""Trials of a sweep: what decides the results of a run directory, whatever the order and number of jobs."""

import hashlib
import json
from typing import NamedTuple

import hydra
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from experiments.engine import sources
from experiments.engine.numbers import HOST_WITHIN, decides_numbers

LATER = (
    ("data", "warp"),
    ("train", "centred"),
    ("train", "patience"),
)  # keys without effect where unset, which older directories do not have


class Identity(NamedTuple):
    """What decides a trial's results: its configuration and the code and files as {name: hash} decide the trained grids.

    drawing: the `figure` keys, and the code of the figure. `trial`, `code` and `drawn` are the hashes of the three.
    """

    experiment: str
    configuration: dict
    sources: dict
    drawing: dict

    @property
    def trial(self):
        """The hash of the configuration."""
        return _short(self.configuration)

    @property
    def code(self):
        """The hash of the code and files."""
        return _short(self.sources)

    @property
    def drawn(self):
        """The hash of what decides the figure and tables made from the trained grids."""
        return _short(self.drawing)


def compose(overrides) -> tuple[DictConfig, dict[str, DictConfig]]:
    """The configuration with Hydra's own node, and that of every variant, which is the one of "run" where there are none."""
    base = hydra.compose("config", list(overrides), return_hydra_config=True)
    if not base.variants:
        return base, {"run": without_hydra(base)}
    return base, {label: hydra.compose("config", [*extra, *overrides]) for label, extra in base.variants.items()}


def identify(base: DictConfig, cfgs: dict[str, DictConfig]) -> Identity:
    """The identity of composed configurations; a value that cannot be resolved, which `setup` refuses, stays as written."""
    configuration = _configuration(base)
    configuration["variants"] = {label: _configuration(cfg) for label, cfg in cfgs.items()} if base.variants else {}
    experiment = base.hydra.runtime.choices["experiment"]
    figures = {label: _resolved(cfg).get("figure") for label, cfg in cfgs.items()}
    drawing = {"figure": _with_whole_numbers(figures), "sources": sources.of_drawing(experiment)}
    return Identity(experiment, configuration, sources.of_training([without_hydra(base), *cfgs.values()]), drawing)


def searchpath(words) -> list[str]:
    """Of the words of a command line, those that add places to look for configurations."""
    return [
        word for word in words if word.startswith(("hydra.searchpath=", "+hydra.searchpath=", "++hydra.searchpath="))
    ]


def choices(base: DictConfig) -> dict[str, str]:
    """The chosen file of every group, and the scale."""
    chosen = base.hydra.runtime.choices
    return {"scale": base.scale} | {group: name for group, name in chosen.items() if not group.startswith("hydra")}


def trial_name(*, _root_) -> str:
    """The directory of a sweep's job, as the resolver "trial": experiment and trial, whatever the order and number of jobs."""
    words = _root_.hydra.overrides
    base, cfgs = compose([*searchpath(words.hydra), *words.task])
    identity = identify(base, cfgs)
    return f"{identity.experiment}-{identity.trial}" + ("-seeds" if base.seeds is not None else "")


for resolver in ("trial", "cell"):  # the second is its former name
    OmegaConf.register_new_resolver(
        resolver, trial_name, replace=True
    )  # jobs in other processes import this module, too


def without_hydra(cfg: DictConfig) -> DictConfig:
    """A configuration without Hydra's own node."""
    return OmegaConf.masked_copy(cfg, [key for key in cfg if key != "hydra"])


def flat(tree: dict, prefix="") -> dict:
    """A nested dict as one of dotted keys; lists are values."""
    pairs = {}
    for key, value in tree.items():
        pairs |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) and value else {f"{prefix}{key}": value}
    return pairs


def _resolved(cfg):
    """A configuration as plain values, references as written where one of them cannot be resolved."""
    cfg = without_hydra(cfg)
    try:
        return OmegaConf.to_container(cfg, resolve=True)
    except OmegaConfBaseException:
        return OmegaConf.to_container(cfg, resolve=False)


def _configuration(cfg):
    tree = _resolved(cfg)
    scale = tree.get("scale")
    tree = {key: value for key, value in tree.items() if decides_numbers(key)}
    tree["at"] = {key: value for key, value in tree["at"].get(scale, tree["at"]).items() if decides_numbers(key)}
    tree["weight"] = tree["weight"] or 0
    for group, key in LATER:
        if not tree[group].get(key):
            tree[group].pop(key, None)
    tree.pop("variants")
    for group in HOST_WITHIN:
        tree[group] = {key: value for key, value in tree[group].items() if decides_numbers(f"{group}.{key}")}
    return json.loads(json.dumps(_with_whole_numbers(tree)))


def _with_whole_numbers(value):
    """A tree with 1.0 as 1: the same number however it was written."""
    if isinstance(value, dict):
        return {str(key): _with_whole_numbers(element) for key, element in value.items()}
    if isinstance(value, list):
        return [_with_whole_numbers(element) for element in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _short(tree):
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:12]
