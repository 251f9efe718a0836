"""Where the experiments are, for a reader who stands elsewhere: python -m jaxae."""

from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def place() -> str:
    """A sentence that says where the commands of the experiments are run."""
    if (ROOT / "experiments" / "run.py").exists() and (ROOT / "conf").is_dir():
        return f"The experiments are run from {ROOT}: cd {ROOT} && python -m experiments.run --help"
    return "This is the library alone: the experiments are run from a clone of its repository"


if __name__ == "__main__":
    print(f"jaxae {metadata.version('jaxae')}\n{place()}")
