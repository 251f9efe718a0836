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
from omegaconf.errors import OmegaConfBaseException

from experiments import cells, compilation, directories, failures, keys, metrics, tracking
from experiments.checks import ConfigurationError, DivergenceError, check_penalty_weights
from experiments.config import setup
from experiments.outcome import Outcome
from experiments.progress import console
from experiments.runs import reused, train, whole
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

    Nothing is written before all variants are checked, and what is in the directory. What an earlier run of the same cell and
    code has completed there is not done again (with `redraw`, drawn again), and what it has begun goes on; with `reuse`, the
    variants are read from that directory, where a run of the same configuration left them. Hydra must be initialised. Raises
    ConfigurationError, also for what another configuration or code has left in the directory, unless `resume` allows it.
    """
    started = time.perf_counter()
    base, cfgs = cells.compose(overrides)
    tracking.check(base.track)
    identity = cells.identify(base, cfgs)
    drawn_again = redraw or base.reuse is not None
    if found := _completed(directory, identity, base, drawn_again):
        return found
    if directories.busy(directory):
        raise directories.Locked(f"{directory} is being worked on by another process")
    setups = _checked(cfgs)
    check_penalty_weights(cfgs)
    places = {label: Path(label) if len(cfgs) > 1 else Path() for label in cfgs}
    with directories.lock(directory):
        if found := _completed(directory, identity, base, drawn_again):  # another process may have been here since
            return found
        kept = _kept(setups, places, directory, identity, base)
        about = {
            "experiment": identity.experiment,
            "cell": identity.cell,
            "code": identity.code,
            "overrides": list(overrides),
            "choices": cells.choices(base),
            "configuration": identity.configuration,
            "sources": identity.sources,
            "drawing": identity.drawing,
        }
        directories.write(directory, "running", **about)
        try:
            directories.describe(directory, base, overrides)
            runs = {}
            for label, ready in setups.items():
                runs[label] = kept[label] or train(ready, label, directory / places[label])
                metrics.write(ready, runs[label], directory / places[label] / "metrics.csv")
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


def _checked(cfgs):
    """{label: setup} of every variant; a refusal is one line that names the variant where there are several."""
    setups = {}
    for label, cfg in cfgs.items():
        try:
            setups[label] = setup(cfg)
        except (ConfigurationError, OmegaConfBaseException) as error:
            place = f"variant {label}: " if len(cfgs) > 1 else ""
            raise ConfigurationError(place + str(error).splitlines()[0]) from error
    return setups


def _completed(directory, identity, base, drawn_again):
    """The Result of a directory in which nothing is left to do, else None; raises ConfigurationError for another run's."""
    found = directories.admit(directory, identity, base.resume)
    if drawn_again or not directories.is_complete(directory, found, identity, base.track):
        return None
    console.print(f"{os.path.relpath(directory)} is complete", highlight=False, soft_wrap=True)
    return Result(identity.experiment, base, None, {}, found["seconds"], found["value"])


def _kept(setups, places, directory, identity, base):
    """{label: the trained grid that need not be trained, or None}, once what is damaged or to be begun anew is deleted."""
    if base.reuse is not None:
        return {label: reused(setup, Path(base.reuse) / places[label]) for label, setup in setups.items()}
    if base.resume == "fresh":
        directories.clear(directory, identity)
        return dict.fromkeys(setups)
    found = directories.admit(directory, identity, base.resume)
    if damaged := directories.drop_damaged(directory, found):
        what = "done" if any(Path(name).name == "run.npz" for name in damaged) else "drawn"
        words = f"{os.path.relpath(directory)}: {', '.join(damaged)} damaged or deleted, {what} again"
        console.print(words, highlight=False, soft_wrap=True)
    return {
        label: reused(setup, directory / places[label]) if whole(directory / places[label]) else None
        for label, setup in setups.items()
    }


def sentence(error: BaseException) -> str:
    """What went wrong, in the words of status.json."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    said = isinstance(error, ConfigurationError | DivergenceError)
    return str(error) if said else f"{type(error).__name__}: {error}"


def write_traceback(directory: Path, error: BaseException):
    """Leave the traceback of an error in traceback.txt, with the sentence in one line at its end."""
    text = "".join(traceback.format_exception(error)) + "\n" + " ".join(sentence(error).split()) + "\n"
    with replacing(directory / "traceback.txt") as file:
        file.write(text.encode())


def job() -> float:
    """Run one job and return the mean score of its runs, which sweepers minimise; infinity where a job of a sweep fails.

    A job of a sweep costs itself only: it tells of its failure, and experiments.sweep lists it at the end.
    """
    compilation.keep()  # in a launcher's worker, which does not begin as a process of its own does
    composed = HydraConfig.get()
    many = composed.mode == RunMode.MULTIRUN
    directory = compilation.own(Path(composed.runtime.output_dir))
    words = [*cells.searchpath(composed.overrides.hydra), *composed.overrides.task]
    try:
        result = execute(words, directory)
    except KeyboardInterrupt:
        key = f"hydra.sweep.dir={composed.sweep.dir}" if many else f"hydra.run.dir={os.path.relpath(directory)}"
        console.print(f"interrupted: the same command with {key} goes on", highlight=False, soft_wrap=True)
        raise
    except Exception as error:
        if many or not any(word.startswith("hydra.run.dir=") for word in composed.overrides.hydra):
            with contextlib.suppress(OSError):
                directory.rmdir()  # Hydra made it, and a refused command leaves nothing
        if not many:
            if isinstance(error, ConfigurationError | DivergenceError | OSError) and not os.environ.get(
                "HYDRA_FULL_ERROR"
            ):
                sys.exit(sentence(error))
            raise
        try:
            locked = isinstance(error, directories.Locked)
            failures.leave(Path(composed.sweep.dir), directory.name, sentence(error), locked=locked)
        except OSError:  # of a full disk, which ends the sweep
            raise error from None
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
    compilation.begin()
    try:
        keys.check_arguments(sys.argv[1:])
        main()
    except ConfigurationError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        compilation.show()
