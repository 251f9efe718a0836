"""Command-line experiments: `run` makes one, `reproduce` makes a report of many, `benchmark` measures what a step costs."""

import sys

from experiments.engine import interrupt

if sys.argv[:1] == ["-m"]:  # Python's own placeholder while it looks for the module of `python -m`
    interrupt.leave_at_once()
