"""One experiment from the command line: configuration -> recipe, model, data -> training -> files and figure.

python -m experiments.run penalty=contractive_closed_form 'weight=[0,0.01,0.1,1]'
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from experiments import compilation
from experiments.checks import ConfigurationError
from experiments.config import setup
from experiments.keys import mistyped
from experiments.outcome import Outcome
from experiments.progress import console
from experiments.runs import reused, train


class Result(NamedTuple):
    """A finished experiment: its name, configuration, outcome, trained grids and the seconds that each took."""

    name: str
    cfg: DictConfig
    outcome: Outcome
    runs: dict
    seconds: dict[str, float]


def execute(overrides: list[str], directory: Path) -> Result:
    """Compose, check, train and draw the experiment that the overrides name; leaves its files in the directory.

    Every variant is checked before the first one trains; with `reuse`, the variants are read from that directory, where an
    earlier run of the same configuration left them, and only the drawing is done. Hydra must be initialised. Raises
    ConfigurationError.
    """
    started = time.perf_counter()
    base = hydra.compose("config", overrides, return_hydra_config=True)
    name = base.hydra.runtime.choices["experiment"]
    variants = base.variants or {"run": []}
    cfgs = {label: hydra.compose("config", [*extra, *overrides]) for label, extra in variants.items()}
    setups = {label: setup(cfg) for label, cfg in cfgs.items()}
    place = lambda label: label if len(setups) > 1 else ""  # noqa: E731
    directory.mkdir(parents=True, exist_ok=True)
    write_status(directory, "running")
    try:
        runs = {
            label: reused(s, Path(base.reuse) / place(label))
            if base.reuse
            else train(s, label, directory / place(label))
            for label, s in setups.items()
        }
        outcome = importlib.import_module(f"experiments.{name}").outcome(runs, base)
        outcome.write(directory)
    except BaseException as error:
        write_status(directory, "failed", error=f"{type(error).__name__}: {error}")
        raise
    seconds = {label: run.seconds for label, run in runs.items()} | {"total": time.perf_counter() - started}
    write_status(directory, "completed", seconds=seconds)
    return Result(name, base, outcome, runs, seconds)


def write_status(directory, status, **details):
    """Say how far the work in a directory is, in status.json."""
    (directory / "status.json").write_text(json.dumps({"status": status, **details}, indent=1) + "\n")


@hydra.main(version_base="1.3", config_path="../conf", config_name="config")
def main(cfg: DictConfig) -> float:
    """Run one job and return the mean test error at its end, which sweepers minimise."""
    del cfg  # composed again for every variant
    job = HydraConfig.get()
    directory = compilation.own(Path(job.runtime.output_dir))
    try:
        result = execute(list(job.overrides.task), directory)
    except ConfigurationError:
        sys.tracebacklimit = 0  # the sentence says all
        raise
    result.outcome.show()
    console.print(f"{os.path.relpath(directory)}/figure.png", highlight=False)
    errors = [run.curve["test_error"][:, -1].mean() for run in result.runs.values()]
    return float(sum(errors) / len(errors))


if __name__ == "__main__":
    refusal = mistyped(sys.argv[1:], str(Path(__file__).parents[1] / "conf"), "config")
    if refusal:
        sys.exit(refusal)
    compilation.begin()
    main()
    compilation.show()
