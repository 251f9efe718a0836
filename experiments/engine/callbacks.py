"""The beginning and the end of a command: a place that can be written, one table of a sweep's trials, and those that failed."""

import contextlib
import os
import sys
import traceback
from pathlib import Path

import jax
from hydra.experimental.callback import Callback

from experiments.common.console import console
from experiments.engine import failures, trial_names
from experiments.engine.checks import ConfigurationError


class Place(Callback):
    """Refuses a directory that cannot be written before Hydra makes it."""

    def on_run_start(self, config, **details):
        """Check the directory of a run."""
        _check_place(Path(config.hydra.run.dir))

    def on_multirun_start(self, config, **details):
        """Check the directory of a sweep."""
        _check_place(Path(config.hydra.sweep.dir))


class JointTable(Callback):
    """Writes the joint table once every job of a multirun is through; the exit code is 1 where one of them failed."""

    def on_multirun_start(self, config, **details):
        """Refuse a directory whose tables are not a sweep's before any job trains."""
        from experiments.engine import joint_table  # pandas is imported by the process that needs it

        try:
            joint_table.check_target(Path(config.hydra.sweep.dir))
        except ConfigurationError as error:
            sys.exit(str(error))
        failures.begin()
        trial_names.begin(config.hydra.overrides.task)

    def on_multirun_end(self, config, **details):
        """Write the table, list what failed in this command, and why."""
        if jax.process_index():
            return
        from experiments.engine import joint_table

        directory = Path(config.hydra.sweep.dir)
        try:
            failed = failures.collect(directory)
            (directory / "multirun.yaml").unlink(
                missing_ok=True
            )  # of the last command, which the trials need not be of
            if any(directory.glob("*/status.json")):
                joint_table.write([directory])
                with contextlib.suppress(OSError):  # not every file system has links
                    trial_names.link(directory)
        except ConfigurationError as error:
            sys.exit(str(error))
        except Exception:  # Hydra would make a warning of it
            traceback.print_exc()
            sys.exit(1)
        for job, why in failed.items():
            console.print(f"failed: {job}: {why}", highlight=False, soft_wrap=True, markup=False)
        if failed:
            console.print(
                f"failed: {len(failed)} of this command's trials; the same command tries them again", highlight=False
            )
            sys.exit(1)


def _check_place(directory):
    """End the process with one sentence where a directory can neither be read nor made."""
    place = next(place for place in (directory, *directory.absolute().parents) if place.exists())
    if not place.is_dir():
        sys.exit(f"{directory} cannot be made: {place} is a file")
    if place != directory and not os.access(place, os.W_OK):
        sys.exit(f"{directory} cannot be made: {place} cannot be written")
