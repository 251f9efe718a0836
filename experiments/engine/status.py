"""How far the work in a directory is: its status.json, and the files that it vouches for."""

import hashlib
import json
from pathlib import Path

from experiments.engine.checks import ConfigurationError
from experiments.engine.former_names import present_configuration
from jaxae.files.atomic import replacing

# What a run writes: into the directory of each variant, and into its own.
GRID = ("run.npz", "metrics.csv", "checkpoints", "tensorboard", "mlflow")
TRAINED = ("run.npz", "metrics.csv")
FIGURE = ("figure.png", "figure.svg", "figure.csv", "table.csv", "verdicts.csv", "checks.csv")
DRAWN = (*FIGURE, "traceback.txt", "status.json")


class Damaged(ConfigurationError):
    """A status.json that does not say how far the work is."""


def read_status(directory: Path) -> dict:
    """The status.json of a directory, {} where there is none; raises Damaged for one that is not as it was written."""
    path = directory / "status.json"
    try:
        status = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise Damaged(f"{path} cannot be read ({error})") from error
    if not isinstance(status, dict) or "status" not in status:
        raise Damaged(f"{path} is not the status of a run")
    if status.pop("digest", None) != _digest(status):
        raise Damaged(f"{path} is not as it was written")
    if "cell" in status:
        status["trial"] = status.pop("cell")  # its former name
    if "configuration" in status:
        status["configuration"] = present_configuration(status["configuration"])
    return status


def write_status(directory: Path, status: str, **details):
    """Say how far the work in a directory is, in status.json, at once or not at all."""
    content = json.loads(json.dumps({"status": status, **details}))
    text = json.dumps(content | {"digest": _digest(content)}, indent=1) + "\n"
    with replacing(directory / "status.json") as file:
        file.write(text.encode())


def fingerprints(directory: Path, labels) -> dict[str, str]:
    """SHA-256 of the trained grids, their metrics, the figure and its tables, by their path within the directory."""
    files = [directory / name for name in FIGURE]
    files += [place / name for place in (directory, *(directory / label for label in labels)) for name in TRAINED]
    return {
        file.relative_to(directory).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file()
    }


def _digest(content):
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
