"""One experiment from the command line: configuration -> recipe, model, data -> training -> files and figure.

python -m experiments.run penalty=contractive_closed_form 'weight=[0,0.01,0.1,1]'
"""

import contextlib
import importlib
import math
import os
import sys
import time
import traceback
from pathlib import Path
from typing import NamedTuple

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from experiments import cells, compilation, directories, tracking
from experiments.checks import ConfigurationError, DivergenceError
from experiments.config import setup
from experiments.keys import mistyped
from experiments.outcome import Outcome
from experiments.progress import console
from experiments.runs import reused, train
from jaxae import storage
from jaxae.files import replacing


class Result(NamedTuple):
    """A finished experiment: its name, configuration, outcome, trained grids, seconds that each took, and mean score.

    One that was complete before has neither outcome nor grids.
    """

    name: str
    cfg: DictConfig
    outcome: Outcome | None
    runs: dict
    seconds: dict[str, float]
    value: float = math.nan


def execute(overrides: list[str], directory: Path, *, redraw=False) -> Result:
    """Compose, check, train and draw the experiment that the overrides name; leaves its files in the directory.

    Every variant is checked before the first one trains. What an earlier run of the same cell and code has completed there is
    not done again (with `redraw`, drawn again), and what it has begun goes on; with `reuse`, the variants are read from that
    directory, where a run of the same configuration left them. Hydra must be initialised. Raises ConfigurationError,
    also for what another configuration or code has left in the directory, unless `resume` allows it.
    """
    started = time.perf_counter()
    base, cfgs = cells.compose(overrides)
    tracking.check(base.track)
    identity = cells.identify(base, cfgs)
    setups = None if directory.exists() else _checked(cfgs)
    directory.mkdir(parents=True, exist_ok=True)
    with directories.lock(directory):
        found = directories.admit(directory, identity, base.resume)
        damaged = directories.drop_damaged(directory, found) if found.get("status") == "completed" else []
        if damaged:
            console.print(f"{os.path.relpath(directory)}: {', '.join(damaged)} damaged, done again", highlight=False)
        elif found.get("status") == "completed" and not (redraw or base.reuse):
            (directory / "traceback.txt").unlink(missing_ok=True)
            console.print(f"{os.path.relpath(directory)} is complete", highlight=False, soft_wrap=True)
            return Result(identity.experiment, base, None, {}, found["seconds"], found["value"])
        about = {
            "experiment": identity.experiment,
            "cell": identity.cell,
            "code": identity.code,
            "overrides": list(overrides),
            "choices": cells.choices(base),
            "configuration": identity.configuration,
            "sources": identity.sources,
        }
        directories.write(directory, "running", **about)
        place = lambda label: label if len(cfgs) > 1 else ""  # noqa: E731
        try:
            setups = setups or _checked(cfgs)
            runs = {
                label: reused(s, Path(base.reuse) / place(label))
                if base.reuse
                else _trained(s, label, directory / place(label))
                for label, s in setups.items()
            }
            outcome = importlib.import_module(f"experiments.{identity.experiment}").outcome(runs, base)
            outcome.write(directory)
            tracking.write(base.track, directory, identity.experiment, runs, cfgs)
        except BaseException as error:
            with contextlib.suppress(OSError):  # of a full disk: what went wrong first is what is raised
                write_traceback(directory, error)
                directories.write(directory, "failed", error=sentence(error), **about)
            raise
        value = float(sum(run.score.mean() for run in runs.values()) / len(runs))
        seconds = {label: run.seconds for label, run in runs.items()} | {"total": time.perf_counter() - started}
        (directory / "traceback.txt").unlink(missing_ok=True)
        files = directories.fingerprints(directory, cfgs)
        directories.write(directory, "completed", value=value, seconds=seconds, files=files, **about)
    return Result(identity.experiment, base, outcome, runs, seconds, value)


def sentence(error: BaseException) -> str:
    """What went wrong, in the words of status.json."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return str(error) if isinstance(error, ConfigurationError) else f"{type(error).__name__}: {error}"


def write_traceback(directory: Path, error: BaseException):
    """Leave the traceback of an error in traceback.txt, with the sentence in one line at its end."""
    text = "".join(traceback.format_exception(error)) + "\n" + " ".join(sentence(error).split()) + "\n"
    with replacing(directory / "traceback.txt") as file:
        file.write(text.encode())


def _checked(cfgs):
    return {label: setup(cfg) for label, cfg in cfgs.items()}


def _trained(setup, label, directory):
    """The grid that an earlier run has completed in the directory, else trained, from the last checkpoint where one is."""
    path = directory / "run.npz"
    if path.exists() and (directory / "metrics.csv").exists() and not (directory / "checkpoints").exists():
        try:
            storage.load(path)
        except (OSError, ValueError) as error:
            console.print(f"{error}: trained again", highlight=False, soft_wrap=True, markup=False)
        else:
            return reused(setup, directory)
    return train(setup, label, directory)


def job() -> float:
    """Run one job and return the mean score of its runs, which sweepers minimise; infinity where a job of a sweep fails.

    A job of a sweep costs itself only: its error stays in its directory, and experiments.sweep lists it at the end.
    """
    compilation.keep()  # in a launcher's worker, which does not begin as a process of its own does
    composed = HydraConfig.get()
    many = composed.mode == RunMode.MULTIRUN
    directory = compilation.own(Path(composed.runtime.output_dir))
    try:
        result = execute(list(composed.overrides.task), directory)
    except KeyboardInterrupt:
        key = f"hydra.sweep.dir={composed.sweep.dir}" if many else f"hydra.run.dir={os.path.relpath(directory)}"
        console.print(f"interrupted: the same command with {key} goes on", highlight=False, soft_wrap=True)
        raise
    except Exception as error:
        if not many:
            if isinstance(error, ConfigurationError | DivergenceError):
                sys.tracebacklimit = 0  # the sentence says all
            raise
        if not isinstance(error, directories.Locked):
            directory.mkdir(parents=True, exist_ok=True)
            write_traceback(directory, error)
        console.print(sentence(error), highlight=False, soft_wrap=True, markup=False)
        return math.inf  # an optimiser of hyperparameters takes it as the worst, and refuses NaN
    if result.outcome:
        result.outcome.show()
        console.print(f"{os.path.relpath(directory)}/figure.png", highlight=False)
    return result.value if math.isfinite(result.value) else math.inf


@hydra.main(version_base="1.3", config_path="../conf", config_name="config")
def main(cfg: DictConfig) -> float:
    """Run `job`: launchers send this function as code to their workers, which import all else by its name."""
    del cfg  # composed again for every variant
    from experiments.run import job

    return job()


if __name__ == "__main__":
    refusal = mistyped(sys.argv[1:], str(Path(__file__).parents[1] / "conf"), "config")
    if refusal:
        sys.exit(refusal)
    compilation.begin()
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        compilation.show()
