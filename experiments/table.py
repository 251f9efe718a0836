"""One table of all trials below some directories, its means over seeds, and one figure.

python -m experiments.table sweeps/lambda
"""

import argparse
from pathlib import Path

from experiments.engine.checks import ConfigurationError
from experiments.engine.joint_table import write


def main():
    """Write the table of the directories on the command line."""
    parser = argparse.ArgumentParser(prog="python -m experiments.table", description=__doc__.splitlines()[0])
    parser.add_argument("directories", nargs="+", type=Path, metavar="DIR", help="of runs or sweeps, also running ones")
    parser.add_argument("--output", type=Path, metavar="DIR", help="where the table is written, else the first DIR")
    arguments = parser.parse_args()
    for place in [*arguments.directories, *filter(None, [arguments.output])]:
        if not place.is_dir():
            parser.exit(1, f"{place} is not a directory\n")
    try:
        write(arguments.directories, arguments.output)
    except ConfigurationError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
