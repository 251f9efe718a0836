"""One job of Hydra: a trial in its directory, and what becomes of one that fails."""

import contextlib
import math
import os
import sys
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from experiments.common.console import console
from experiments.engine import compilation, failures, locks, over_seeds, trial_names
from experiments.engine.checks import ConfigurationError, DivergenceError
from experiments.engine.identity import searchpath
from experiments.engine.trial import sentence


def run_job() -> float:
    """Run one job and return the mean score of its runs, which sweepers minimise; infinity where a job of a sweep fails.

    A job of a sweep costs itself only: it tells of its failure, and experiments.engine.callbacks lists it at the end.
    """
    compilation.keep_programs()  # in a launcher's worker, which does not begin as a process of its own does
    composed = HydraConfig.get()
    many = composed.mode == RunMode.MULTIRUN
    directory = compilation.process_directory(Path(composed.runtime.output_dir))
    words = [*searchpath(composed.overrides.hydra), *composed.overrides.task]
    try:
        result = over_seeds.execute(words, directory)
    except KeyboardInterrupt:
        key = f"hydra.sweep.dir={composed.sweep.dir}" if many else f"hydra.run.dir={os.path.relpath(directory)}"
        console.print(f"interrupted: the same command with {key} goes on", highlight=False, soft_wrap=True)
        raise
    except Exception as error:
        if many or not any(word.startswith("hydra.run.dir=") for word in composed.overrides.hydra):
            with contextlib.suppress(OSError):
                directory.rmdir()  # Hydra made it, and a refused command leaves nothing
        if many:
            return _failed_job(Path(composed.sweep.dir), directory.name, error)
        said = isinstance(error, ConfigurationError | DivergenceError | OSError)
        if said and not os.environ.get("HYDRA_FULL_ERROR"):
            sys.exit(sentence(error))
        raise
    if result.outcome:
        if many:
            console.print(trial_names.of_this_job(), highlight=False, markup=False)
        result.outcome.show()
        console.print(f"{os.path.relpath(directory)}/figure.png", highlight=False)
    return result.value if math.isfinite(result.value) else math.inf


def _failed_job(sweep, name, error):
    """Tell of a sweep's job that failed, while the others go on -> its value."""
    try:
        failures.record(sweep, name, sentence(error), locked=isinstance(error, locks.Locked))
    except OSError:  # of a full disk, which ends the sweep
        raise error from None
    console.print(sentence(error), highlight=False, soft_wrap=True, markup=False)
    return math.inf  # an optimiser of hyperparameters takes it as the worst, and refuses NaN
