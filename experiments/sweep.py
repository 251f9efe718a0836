"""The end of a sweep: one table of its cells, and the cells that failed."""

import sys
import traceback
from pathlib import Path

import jax
from hydra.experimental.callback import Callback

from experiments.progress import console


class JointTable(Callback):
    """Writes the joint table once every job of a multirun is through; the exit code is 1 where one of them failed."""

    def on_multirun_start(self, config, **details):
        """Note the failures of earlier commands, which are not this one's."""
        self._before = _failures(Path(config.hydra.sweep.dir))

    def on_multirun_end(self, config, **details):
        """Write the table, list what failed in this command, and why."""
        if jax.process_index():
            return
        from experiments import table  # pandas is imported by the process that needs it

        directory = Path(config.hydra.sweep.dir)
        try:
            table.write([directory])
        except Exception:  # Hydra would make a warning of it
            traceback.print_exc()
            sys.exit(1)
        failed = [place for place, when in _failures(directory).items() if self._before.get(place) != when]
        for place in failed:
            why = (place / "traceback.txt").read_text(encoding="utf-8").strip().splitlines()[-1]
            console.print(
                f"failed: {place.relative_to(directory)}: {why}", highlight=False, soft_wrap=True, markup=False
            )
        if failed:
            console.print(
                f"failed: {len(failed)} of this command's cells; the same command tries them again", highlight=False
            )
            sys.exit(1)


def _failures(directory):
    """The directories below one in which a job has failed, and when."""
    return {path.parent: path.stat().st_mtime_ns for path in sorted(directory.rglob("traceback.txt"))}
