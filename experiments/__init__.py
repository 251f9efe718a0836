"""Command-line experiments: `run` makes one, `reproduce` makes a report of many, `benchmark` measures what a step costs."""

import sys

from jaxae import extras

if _missing := [name for name in extras.missing("experiments") if (name, sys.platform) != ("array_record", "win32")]:
    sys.exit(f"experiments need {', '.join(_missing)}: pip install -e '.[experiments]'")

from experiments.engine import interrupt

if sys.argv[:1] == ["-m"]:  # Python's own placeholder while it looks for the module of `python -m`
    interrupt.leave_at_once()
