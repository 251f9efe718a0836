"""Packages that the base install leaves out: imported where they are used, missing ones told with the command."""

import importlib
import importlib.util
from types import ModuleType

__all__ = ["imported", "missing"]

# What each extra of pyproject.toml adds, by the names under which Python imports it.
EXTRAS = {
    "experiments": (
        "hydra",
        "pandas",
        "pyarrow",
        "tensorflow_datasets",
        "array_record",
        "mlxtend",
        "sklearn",
        "threadpoolctl",
        "skimage",
        "PIL",
        "matplotlib",
        "rich",
        "jinja2",
    )
}


def imported(name: str) -> ModuleType:
    """A module of an optional package, "sklearn.neighbors"; raises ModuleNotFoundError with the command that installs it."""
    package = name.partition(".")[0]
    extra = next((extra for extra, packages in EXTRAS.items() if package in packages), None)
    if extra is not None and importlib.util.find_spec(package) is None:
        raise ModuleNotFoundError(f"{package} is not installed: pip install 'jaxae[{extra}]'", name=package)
    return importlib.import_module(name)


def missing(extra: str) -> list[str]:
    """The packages of an extra that are not installed."""
    return [package for package in EXTRAS[extra] if importlib.util.find_spec(package) is None]
