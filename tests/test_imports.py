import ast
import json
import pathlib
import subprocess
import sys

import pytest

import jaxae

PACKAGE = pathlib.Path(jaxae.__file__).parent
HEAVY = ["hydra", "omegaconf", "tensorflow", "tensorflow_datasets", "matplotlib", "sklearn", "skimage"]
DRAWING_AND_SOURCES = {"figures", "data"}  # the rooms whose purpose is what the others stay free of
MODULES = sorted({path.stem for path in PACKAGE.glob("*.py")} - {"__init__"} - DRAWING_AND_SOURCES)

PROGRAM = """
import importlib, json, sys
loaded = {}
for name in sys.argv[2:]:
    importlib.import_module(name)
    loaded[name] = [heavy for heavy in json.loads(sys.argv[1]) if heavy in sys.modules]
import jax
print(json.dumps([loaded, jax.config.jax_enable_x64]))
"""


def imports(path):
    """The names of all modules that a file imports, also those inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_importing_the_library_loads_nothing_heavy_prints_nothing_and_sets_nothing():
    names = ["jaxae", *(f"jaxae.{name}" for name in MODULES)]
    command = [sys.executable, "-W", "error:::jaxae", "-c", PROGRAM, json.dumps(HEAVY), *names]
    result = subprocess.run(command, capture_output=True, text=True, cwd=PACKAGE.parent, timeout=300)
    assert result.returncode == 0, result.stderr
    loaded, x64 = json.loads(result.stdout)  # a print of the library's would not parse
    assert loaded == {name: [] for name in names}
    assert not x64


@pytest.mark.parametrize("name", ["losses", "penalties", "corruptions", "codes", "models"])
def test_the_five_kinds_of_functions_know_none_of_each_other(name):
    others = {f"jaxae.{other}" for other in ("losses", "penalties", "corruptions", "codes", "models")} - {
        f"jaxae.{name}"
    }
    assert not others & set(imports(PACKAGE / f"{name}.py"))


def test_the_library_imports_no_experiment():
    for path in PACKAGE.rglob("*.py"):
        assert not [name for name in imports(path) if name and name.split(".")[0] == "experiments"], path
