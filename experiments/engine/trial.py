"""One trial: from the words of a command to a finished directory."""

import contextlib
import importlib
import math
import os
import time
import traceback
from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from experiments.common.console import console
from experiments.common.machine import commit, machine
from experiments.common.outcome import Outcome
from experiments.engine import directories, identity, locks, metrics, stored_grid, tracking
from experiments.engine.checks import ConfigurationError, DivergenceError, check_penalty_weights
from experiments.engine.configuration import setup
from experiments.engine.status import fingerprints, write_status
from experiments.engine.streaming import check_figure_of_streamed
from experiments.engine.training import train
from jaxae.files.atomic import replacing


class Result(NamedTuple):
    """A finished trial: its experiment, configuration, outcome, trained grids, seconds that each took, and mean score.

    One that was complete before has neither outcome nor grids.
    """

    name: str
    cfg: DictConfig
    outcome: Outcome | None
    grids: dict
    seconds: dict[str, float]
    value: float = math.nan


class Trial(NamedTuple):
    """A composed configuration, that of each variant, what it is known by, and its directory."""

    base: DictConfig
    cfgs: dict[str, DictConfig]
    identity: identity.Identity
    directory: Path

    def place(self, label):
        """The directory of a variant: the trial's own where there is one variant only."""
        return self.directory / label if len(self.cfgs) > 1 else self.directory

    def facts(self, overrides):
        """What status.json says of the trial, however far it is."""
        return {
            "experiment": self.identity.experiment,
            "trial": self.identity.trial,
            "code": self.identity.code,
            "overrides": list(overrides),
            "choices": identity.choices(self.base),
            "configuration": self.identity.configuration,
            "sources": self.identity.sources,
            "drawing": self.identity.drawing,
            "commit": commit(),
            "machine": machine(),
        }


def execute(overrides: list[str], directory: Path, *, redraw=False, composed=None) -> Result:
    """Compose, check, train and draw the experiment that the overrides name; leaves its files in the directory.

    Nothing is written before all variants are checked, and what is in the directory. What an earlier run of the same trial and
    code has completed there is not done again (with `redraw`, drawn again), and what it has begun goes on; with `reuse`, the
    variants are read from that directory, where a run of the same configuration left them. composed: the configurations of
    the overrides, where the caller has them. Hydra must be initialised. Raises
    ConfigurationError, also for what another configuration or code has left in the directory, unless `resume` allows it.
    """
    started = time.perf_counter()
    base, cfgs = composed or identity.compose(overrides)
    tracking.check(base.track)
    trial = Trial(base, cfgs, identity.identify(base, cfgs), directory)
    check_figure_of_streamed(trial.identity.experiment, cfgs)
    drawn_again = redraw or base.reuse is not None
    if result := _completed(trial, drawn_again):
        return result
    if locks.busy(directory):
        raise locks.Locked(f"{directory} is being worked on by another process")
    setups = _checked_setups(cfgs)
    check_penalty_weights(cfgs)
    with locks.lock(directory):
        if result := _completed(trial, drawn_again):  # another process may have been here since
            return result
        found = directories.check_resumable(directory, trial.identity, base.resume)
        grids, facts = _trained_before(trial, setups, found), trial.facts(overrides)
        write_status(directory, "running", **facts)
        try:
            directories.describe(directory, base, overrides)
            outcome, grids = _finish(trial, setups, grids)
        except BaseException as error:
            with contextlib.suppress(OSError):  # of a full disk: what went wrong first is what is raised
                write_traceback(directory, error)
                write_status(directory, "failed", error=sentence(error), **facts)
            raise
        value = float(sum(grid.score.mean() for grid in grids.values()) / len(grids))
        seconds = _seconds(grids, found.get("seconds", {}), time.perf_counter() - started)
        (directory / "traceback.txt").unlink(missing_ok=True)
        files = fingerprints(directory, cfgs)
        write_status(directory, "completed", value=value, seconds=seconds, files=files, **facts)
    return Result(trial.identity.experiment, base, outcome, grids, seconds, value)


def _seconds(grids, before, elapsed):
    """The training seconds of every grid, those of an earlier command for one that it trained, and the total with them."""
    trained = {label: grid.seconds or before.get(label, 0.0) for label, grid in grids.items()}
    earlier = sum(seconds for label, seconds in trained.items() if not grids[label].seconds)
    return trained | {"total": elapsed + earlier}


def _checked_setups(cfgs):
    """{label: setup} of every variant; a refusal is one line that names the variant where there are several."""
    setups = {}
    for label, cfg in cfgs.items():
        try:
            setups[label] = setup(cfg)
        except (ConfigurationError, OmegaConfBaseException) as error:
            place = f"variant {label}: " if len(cfgs) > 1 else ""
            raise ConfigurationError(place + str(error).splitlines()[0]) from error
    return setups


def _completed(trial, drawn_again):
    """The Result of a directory in which nothing is left to do, else None; raises ConfigurationError for another trial's."""
    found = directories.check_resumable(trial.directory, trial.identity, trial.base.resume)
    if drawn_again or not directories.is_complete(trial.directory, found, trial.identity, trial.base.track):
        return None
    console.print(f"{os.path.relpath(trial.directory)} is complete", highlight=False, soft_wrap=True)
    return Result(trial.identity.experiment, trial.base, None, {}, found["seconds"], found["value"])


def _trained_before(trial, setups, found):
    """{label: trained grid, or None}, once what is damaged or to be begun anew is deleted."""
    base, directory = trial.base, trial.directory
    if base.reuse is not None:
        source = trial._replace(directory=Path(base.reuse))
        if changed := directories.check_reusable(source.directory, trial.identity):
            more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
            words = f"reuse: {base.reuse} was trained before a change of {', '.join(changed[:3])}{more}"
            console.print(words, highlight=False, soft_wrap=True, markup=False)
        return {label: stored_grid.load(ready, source.place(label)) for label, ready in setups.items()}
    if base.resume == "fresh":
        directories.clear(directory, trial.identity)
        return dict.fromkeys(setups)
    if damaged := directories.drop_damaged(directory, found):
        what = "done" if any(Path(name).name == "run.npz" for name in damaged) else "drawn"
        words = f"{os.path.relpath(directory)}: {', '.join(damaged)} damaged or deleted, {what} again"
        console.print(words, highlight=False, soft_wrap=True)
    grids = {}
    for label, ready in setups.items():
        place = trial.place(label)
        grids[label] = stored_grid.load(ready, place) if stored_grid.is_trained(place) else None
    return grids


def _finish(trial, setups, trained):
    """Train the grids that are not yet, draw, and write everything but the status -> (Outcome, {label: TrainedGrid})."""
    grids = {}
    for label, ready in setups.items():
        grids[label] = trained[label] or _trained(trial, ready, label)
        metrics.write(ready, grids[label], trial.place(label) / "metrics.csv")
    figure = importlib.import_module(f"experiments.figures.{trial.identity.experiment}")
    outcome = figure.outcome(grids, trial.base)
    outcome.settled = trial.base.settled or ""
    outcome.write(trial.directory)
    tracking.write(trial.base.track, trial.directory, trial.identity.experiment, grids, trial.cfgs)
    return outcome, grids


def _trained(trial, ready, label):
    """The grid of a variant, whose curves a tracker shows while it trains."""
    with tracking.watched(trial.base.track, trial.directory, trial.identity.experiment, label, ready) as watch:
        return train(ready, label, trial.place(label), watch)


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
