"""One experiment over seeds: a trial for each seed in a directory of its own, and what they show together."""

import os
import time
from pathlib import Path

from omegaconf import ListConfig

from experiments.common.console import console
from experiments.common.over_seeds import joined
from experiments.engine import directories, identity, locks, trial
from experiments.engine.checks import ConfigurationError, check_number
from experiments.engine.status import fingerprints, read_status, write_status
from experiments.engine.trial import Result


def execute(overrides: list[str], directory: Path, *, redraw=False) -> Result:
    """Do the trial that the overrides name; where they ask for `seeds`, one for each, in directory/seed_N.

    The figure, tables and verdicts over seeds are left in the directory. What is complete there is not done again. Raises what
    experiments.engine.trial.execute does, and ConfigurationError where the directory holds another run.
    """
    base, cfgs = identity.compose(overrides)
    if base.seeds is None:
        return trial.execute(overrides, directory, redraw=redraw, composed=(base, cfgs))
    started, seeds, about = time.perf_counter(), seeds_of(base), identity.identify(base, cfgs)
    if any(word.startswith("seed=") for word in overrides):
        raise ConfigurationError("seed and seeds: one of them is given, and seeds is a whole trial for each seed")
    _check_target(directory, about)
    facts = {
        "experiment": about.experiment,
        "trial": about.trial,
        "code": about.code,
        "configuration": about.configuration,
        "seeds": seeds,
        "overrides": list(overrides),
    }
    words = {seed: _words_of(seed, overrides, base) for seed in seeds}
    results = {}
    for seed in seeds:
        console.print(f"seed {seed}", highlight=False)
        results[seed] = trial.execute(words[seed], place_of(seed, directory), redraw=redraw)
        if seed != seeds[-1]:
            results[seed] = results[seed]._replace(grids={})  # the report tells the size of one
        if not (directory / "status.json").exists():
            write_status(directory, "running", **facts)
    with locks.lock(directory):
        found, made_from = read_status(directory), _made_from(seeds, directory)
        done = {"seeds": seeds, "made_from": made_from, "files": fingerprints(directory, ())}
        if not any(result.outcome for result in results.values()) and done.items() <= found.items():
            console.print(f"{os.path.relpath(directory)} is complete", highlight=False, soft_wrap=True)
            return Result(about.experiment, base, None, {}, found["seconds"], found["value"])
        outcomes = {}
        for seed, result in results.items():
            if result.outcome is None:
                again = trial.execute(words[seed], place_of(seed, directory), redraw=True)
                results[seed] = again._replace(grids=again.grids if seed == seeds[-1] else {}, seconds=result.seconds)
            outcomes[seed] = results[seed].outcome
        outcome = joined(outcomes)
        outcome.write(directory)
        value = sum(result.value for result in results.values()) / len(seeds)
        seconds = {f"seed {seed}": result.seconds["total"] for seed, result in results.items()}
        seconds["total"] = time.perf_counter() - started
        facts |= {"files": fingerprints(directory, ()), "made_from": _made_from(seeds, directory)}
        write_status(directory, "completed", value=value, seconds=seconds, **facts)
    return Result(about.experiment, base, outcome, results[seeds[-1]].grids, seconds, value)


def seeds_of(cfg) -> list[int]:
    """The seeds that `seeds` asks for: N is 0 to N - 1; raises ConfigurationError for what is neither number nor list."""
    asked = list(cfg.seeds) if isinstance(cfg.seeds, ListConfig) else cfg.seeds
    if isinstance(asked, int) and not isinstance(asked, bool) and asked >= 1:
        return list(range(asked))
    if isinstance(asked, list) and asked and len(set(asked)) == len(asked):
        check_number("seed", asked)
        return [int(seed) for seed in asked]
    raise ConfigurationError(f"seeds is {asked!r}: it must be a whole number from 1 on, or a list of different seeds")


def place_of(seed: int, directory: Path) -> Path:
    """The directory of one seed."""
    return directory / f"seed_{seed}"


def _words_of(seed, overrides, base):
    """The overrides of the trial of one seed."""
    words = [*overrides, f"seed={seed}", "seeds=null"]
    return words if base.reuse is None else [*words, f"reuse={place_of(seed, Path(base.reuse))}"]


def _check_target(directory, about):
    """Refuse a directory that holds a run of one seed, or of another configuration."""
    found = read_status(directory)
    if found and "seeds" not in found:
        raise ConfigurationError(f"{directory} holds a run of one seed: {directories.OTHER.partition(',')[0]}")
    if found and (other := directories.differences(found, about)):
        raise ConfigurationError(f"{directory} holds another run over seeds: {other}; choose another directory")


def _made_from(seeds, directory):
    """What the trials of the seeds have left, {seed: {file: hash}}."""
    statuses = {str(seed): read_status(place_of(seed, directory)) for seed in seeds}
    return {seed: status.get("files", {}) for seed, status in statuses.items()}
