"""The Python environment of the peers, apart from jaxae's: SAELens, overcomplete and dictionary_learning beside one PyTorch.

python -m experiments.benchmarks.peers_environment DIRECTORY makes it, 2.5 GB in about two minutes.
"""

import argparse
import os
import subprocess
import venv
from pathlib import Path

# One command with a pinned torch: each of the peers alone would take the newest with its CUDA libraries.
# overcomplete 0.3.0 calls matplotlib.cm.get_cmap, which 3.9 removed.
REQUIREMENTS = (
    "torch==2.13.0",
    "sae-lens==6.54.*",
    "overcomplete==0.3.0",
    "dictionary-learning==0.1.0",
    "matplotlib==3.8.*",
)


def python_of(directory):
    """The Python of an environment."""
    return Path(directory) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make(directory):
    """Make the environment, or complete one that is there -> its Python.

    CalledProcessError where pip fails, whose words are on stderr.
    """
    python = python_of(directory)
    if not python.exists():
        venv.create(directory, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *REQUIREMENTS], check=True)
    return python


def main(arguments=None):
    """Make the environment in the directory asked for and print its Python."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, help="where the environment is made")
    print(make(parser.parse_args(arguments).directory))


if __name__ == "__main__":
    main()
