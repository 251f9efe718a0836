"""Cells of a sweep: what decides the results of a run directory, whatever the order and number of jobs."""

import functools
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import hydra
import jax
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

import jaxae

# Keys that change no result. What `scale` chooses stays, as its column of `at` and in the values that read it.
HOST = ("hydra", "scale", "resume", "reuse", "track", "claim", "paper", "labelled")
HOST_WITHIN = {"train": ("width", "checkpoint", "on_divergence"), "data": ("dir",)}


class Identity(NamedTuple):
    """What decides a cell's results: its configuration, and the code as {file: hash}; `cell` and `code` are their hashes."""

    experiment: str
    configuration: dict
    sources: dict

    @property
    def cell(self):
        """The hash of the configuration."""
        return _short(self.configuration)

    @property
    def code(self):
        """The hash of the code."""
        return _short(self.sources)


def compose(overrides) -> tuple[DictConfig, dict[str, DictConfig]]:
    """The configuration with Hydra's own node, and that of every variant, which is the one of "run" where there are none."""
    base = hydra.compose("config", list(overrides), return_hydra_config=True)
    if not base.variants:
        return base, {"run": _plain(base)}
    return base, {label: hydra.compose("config", [*extra, *overrides]) for label, extra in base.variants.items()}


def identify(base: DictConfig, cfgs: dict[str, DictConfig]) -> Identity:
    """The identity of composed configurations; a value that cannot be resolved, which `setup` refuses, stays as written."""
    configuration = _configuration(base)
    configuration["variants"] = {label: _configuration(cfg) for label, cfg in cfgs.items()} if base.variants else {}
    experiment = base.hydra.runtime.choices["experiment"]
    return Identity(experiment, configuration, sources(experiment))


def choices(base: DictConfig) -> dict[str, str]:
    """The chosen file of every group, and the scale."""
    chosen = base.hydra.runtime.choices
    return {"scale": base.scale} | {group: name for group, name in chosen.items() if not group.startswith("hydra")}


def directory_name(*, _root_) -> str:
    """The directory of a sweep's job, as the resolver "cell": experiment and cell, whatever the order and number of jobs."""
    identity = identify(*compose(_root_.hydra.overrides.task))
    return f"{identity.experiment}-{identity.cell}"


OmegaConf.register_new_resolver("cell", directory_name, replace=True)  # jobs in other processes import this module, too


@functools.cache  # the code that a process runs is the code that it began with
def sources(experiment: str) -> dict[str, str]:
    """The code that decides an experiment's results: a hash per file of the library and of the running, and jax's version."""
    library, here = Path(jaxae.__file__).parent, Path(__file__).parent
    own = [here / f"{name}.py" for name in ("config", "parts", "runs", "run", experiment)]
    files = {path.relative_to(path.parents[1]) if path in own else path.relative_to(library.parent): path
             for path in [*sorted(library.rglob("*.py")), *own] if path.exists()}  # fmt: skip
    hashes = {name.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12] for name, path in files.items()}
    return hashes | {"jax": jax.__version__}


def flat(tree: dict, prefix="") -> dict:
    """A nested dict as one of dotted keys; lists are values."""
    pairs = {}
    for key, value in tree.items():
        pairs |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) and value else {f"{prefix}{key}": value}
    return pairs


def _plain(cfg):
    """A configuration without Hydra's own node."""
    return OmegaConf.masked_copy(cfg, [key for key in cfg if key != "hydra"])


def _configuration(cfg):
    cfg = _plain(cfg)
    try:
        tree = OmegaConf.to_container(cfg, resolve=True)
    except OmegaConfBaseException:
        tree = OmegaConf.to_container(cfg, resolve=False)
    scale = tree.get("scale")
    tree = {key: value for key, value in tree.items() if key not in HOST}
    tree["at"] = tree["at"].get(scale, tree["at"])
    tree.pop("variants")
    for group, names in HOST_WITHIN.items():
        tree[group] = {key: value for key, value in tree[group].items() if key not in names}
    return json.loads(json.dumps(_whole(tree)))


def _whole(value):
    """A tree with 1.0 as 1: the same number however it was written."""
    if isinstance(value, dict):
        return {str(key): _whole(element) for key, element in value.items()}
    if isinstance(value, list):
        return [_whole(element) for element in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _short(tree):
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:12]
