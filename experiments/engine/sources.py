"""The code and the files that decide a result: a hash of each, so that a result of other ones is known as such."""

import ast
import functools
import hashlib
import importlib.util
import sysconfig
from pathlib import Path

import jax
from omegaconf import DictConfig, ListConfig

from jaxae.data.prepared import fingerprint

TRAINING = (
    "experiments.engine.configuration",
    "experiments.engine.training",
)  # the modules that make a trained grid of a configuration
PATHS = ("path", "test")  # keys of the data that may name files
INSTALLED = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")}


def of_training(cfgs) -> dict[str, str]:
    """{module: hash} of what trains the configurations: ours, and what they name; with jax's version and their pictures."""
    modules = {*TRAINING, *(module for cfg in cfgs for target in _targets(cfg) if (module := _module(target)))}
    return (
        of(modules)
        | dict(sorted(pair for cfg in cfgs for pair in of_data(cfg.data).items()))
        | {"jax": jax.__version__}
    )


def of_data(options) -> dict[str, str]:
    """{"data.path=PATH": hash of its content} of the files and folders that the keys of data name."""
    named = {key: options.get(key) for key in PATHS}
    return {f"data.{key}={path}": _content(path) for key, path in named.items() if isinstance(path, str)}


def of_drawing(experiment: str) -> dict[str, str]:
    """{module: hash} of an experiment's script and of what it imports."""
    return of({f"experiments.figures.{experiment}"})


def of(modules) -> dict[str, str]:
    """{module: hash of its source} of modules and of all that they import, those of installed packages left out."""
    found, left = {}, sorted(modules)
    while left:
        name = left.pop()
        if name not in found and (source := _source(name)):
            found[name], imported = source
            left += imported
    return dict(sorted(found.items()))


@functools.cache  # the code that a process runs is the code that it began with
def _source(name):
    """The hash of a module's source and the names that it may import, None for a module that is installed or none."""
    path = _path(name)
    if path is None:
        return None
    content = path.read_bytes()
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return hashlib.sha256(content).hexdigest()[:12], [*_parents(name), *_imports(ast.parse(content), package)]


def _path(name):
    """The source file of a module outside installed packages, or None."""
    if name != (top := name.partition(".")[0]) and _is_installed(top):
        return None  # to look for a module within a package would import the package
    spec = _spec(name)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    path = Path(spec.origin).resolve()
    return None if _lies_among_installed(path) else path


@functools.cache
def _is_installed(name):
    spec = _spec(name)
    places = [] if spec is None else [spec.origin, *(spec.submodule_search_locations or [])]
    return all(_lies_among_installed(Path(place).resolve()) for place in places if place)


def _spec(name):
    try:
        return importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):  # a class or function of a module is no module
        return None


def _lies_among_installed(path):
    named = not {"site-packages", "dist-packages"}.isdisjoint(path.parts)
    return named or any(path.is_relative_to(folder) for folder in INSTALLED)


def _parents(name):
    """The packages that a module lies in, whose __init__.py runs before it."""
    parts = name.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]


def _imports(tree, package):
    """The names that the import statements of a module name, each as if it were a module."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            above = parents[: len(parents) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            names += [module, *(f"{module}.{alias.name}" for alias in node.names)]
    return names


def _targets(node):
    """Every _target_ of a configuration, and the modules that model=flax names."""
    if isinstance(node, DictConfig):
        values = [node._get_node(key) for key in node]
        keys = ("_target_", "encoder", "decoder")
        named = [str(value._value()) for key, value in zip(node, values, strict=True) if key in keys]
        return named + [target for value in values for target in _targets(value)]
    return (
        [target for value in node._iter_ex(False) for target in _targets(value)] if isinstance(node, ListConfig) else []
    )


def _module(target):
    """The longest part of a dotted name that is a module outside installed packages, or None."""
    names = [*_parents(target), target]
    return next((name for name in reversed(names) if _path(name)), None)


def _content(path):
    """The hash of a file, or of all files of a folder with their names, as names of folders are classes."""
    place = Path(path).expanduser()
    if not place.is_dir():
        return fingerprint([place] if place.is_file() else [])
    files = sorted(file for file in place.rglob("*") if file.is_file())
    names = "\n".join(file.relative_to(place).as_posix() for file in files)
    return hashlib.sha256(f"{fingerprint(files)}\n{names}".encode()).hexdigest()[:16]
