"""What tells the trials of a sweep apart, in words: the overrides that differ, for progress, links and tables."""

import json
import os
import re
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode

from experiments.engine.checks import ConfigurationError
from experiments.engine.status import read_status

SWEPT = "JAXAE_SWEPT"  # the variable by which a sweep's jobs know the keys that its command sweeps
LINKS = "by_name"  # the folder of links within a sweep's directory
LONGEST = 120  # characters of a link's name


def begin(words: list[str]):
    """Name the keys that the words of a command sweep, for its jobs, which inherit the variable."""
    parsed = OverridesParser.create().parse_overrides(list(words))
    os.environ[SWEPT] = json.dumps([override.key_or_group for override in parsed if override.is_sweep_override()])


def of_this_job() -> str:
    """The swept overrides of a sweep's job, as "code.k=10, seed=1"; "" where this is none, or none is known."""
    if not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN:
        return ""
    swept = json.loads(os.environ.get(SWEPT, "[]"))
    return ", ".join(word for word in HydraConfig.get().overrides.task if _key(word) in swept)


def link(sweep: Path):
    """Leave in the sweep's by_name/ a link to every trial, named by the overrides that tell it from the others."""
    trials = {}
    for path in sorted(sweep.glob("*/status.json")):
        try:
            trials[path.parent.name] = {_key(word): word for word in read_status(path.parent).get("overrides", [])}
        except ConfigurationError:  # a damaged one is named by the joint table
            continue
    keys = {key for words in trials.values() for key in words}
    telling = sorted(key for key in keys if len({words.get(key) for words in trials.values()}) > 1)
    folder = sweep / LINKS
    for old in folder.glob("*") if telling else ():
        if old.is_symlink():
            old.unlink()
    for name, words in trials.items():
        readable = ",".join(words[key] for key in telling if key in words)
        place = folder / re.sub(r"[^\w.,=+\[\]-]+", "_", readable)[:LONGEST]
        if readable and not place.exists():
            folder.mkdir(exist_ok=True)
            place.symlink_to(Path("..", name), target_is_directory=True)


def _key(word):
    return word.partition("=")[0].lstrip("+~")
