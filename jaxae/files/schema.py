"""Models and recipes in words: json that names classes and functions, beside the arrays that hold the numbers."""

import importlib
import importlib.metadata
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

import jax
import numpy as np
import optax
from jax.tree_util import Partial

from jaxae.functions import Given, Structured
from jaxae.models import Convolutional, Dense, Sparse
from jaxae.objective import Recipe
from jaxae.schedules import Schedule

__all__ = [
    "FORMAT",
    "MODELS",
    "Missing",
    "check_format",
    "check_shapes",
    "describe",
    "describe_model",
    "function_from",
    "header",
    "model_from",
    "recipe_from",
    "with_present_names",
]

FORMAT = 1  # of the files of jaxae.storage and jaxae.export
MODELS = {"Dense": Dense, "Convolutional": Convolutional, "Sparse": Sparse}
GIVEN = "an optimizer as it stands"
# Names that older files use, and those of today.
RENAMED = {
    "jaxae.codes:dense": "jaxae.codes:identity",
    "jaxae.hashing:noisy_sigmoid": "jaxae.codes:noisy_sigmoid",
}


@dataclass(frozen=True)
class Missing:
    """A function that a file names and that is neither of jaxae or optax nor given: calling it raises ValueError."""

    name: str

    def __call__(self, *arguments: Any, **keywords: Any) -> None:
        """Refuse."""
        if self.name == GIVEN:
            raise ValueError(f"the recipe had {GIVEN}, which no file holds: give it by recipe._replace(optimizer=...)")
        raise ValueError(f"{self.name} is no function of jaxae or optax: give it to load by functions=[...]")


def header() -> dict[str, Any]:
    """The format and the version of jaxae, as every description begins."""
    try:
        version = importlib.metadata.version("jaxae")
    except importlib.metadata.PackageNotFoundError:
        version = "not installed"
    return {"format": FORMAT, "jaxae": version}


def check_format(path: Any, description: Any) -> None:
    """Refuse, by ValueError, a description that is not one of this format."""
    found = description.get("format") if isinstance(description, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise ValueError(f"{path} names no format: it is not a file of jaxae")
    if found > FORMAT:
        raise ValueError(f"{path} has format {found}: this jaxae reads formats up to {FORMAT}, a newer one reads it")


def check_shapes(model: Any, params: Any, part: str = "autoencoder") -> None:
    """Refuse, by ValueError, parameters that are not shaped as the model's, or as its encoder's alone."""
    wanted = jax.eval_shape(model.init, jax.random.key(0))
    wanted = jax.tree.map(np.shape, {"encoder": wanted["encoder"]} if part == "encoder" else wanted)
    found = jax.tree.map(np.shape, params)
    if wanted != found:
        raise ValueError(f"the parameters have shapes {found}: those of the model's {part} are {wanted}")


def describe_model(model: Any) -> dict[str, Any] | None:
    """{"class": name, "fields": {...}}, or None for a model that cannot be made again from words.

    name: of MODELS, or "module:name" of another dataclass that can be imported and whose fields json holds, tuples included.
    """
    if type(model) in MODELS.values():
        return {"class": type(model).__name__, "fields": asdict(model)}
    kind = type(model)
    if not is_dataclass(model) or getattr(sys.modules.get(kind.__module__), kind.__qualname__, None) is not kind:
        return None
    try:
        words = {"class": f"{kind.__module__}:{kind.__qualname__}", "fields": asdict(model)}
        same = model_from(json.loads(json.dumps(words)), [kind]) == model
    except (TypeError, ValueError):
        return None
    return words if same and kind.__module__ != "__main__" else None


def describe(thing: Any) -> dict[str, Any] | None:
    """Words for a recipe or a configured function, a node each; null stands for an array, which lies under the same path.

    A recipe is {field: node}; a configured function is {"function": "module:name", "structure": {keyword: value}, "numbers":
    {keyword: node}}; a Schedule is {"schedule": node}. Raises TypeError for a function that is not configured.
    """
    if isinstance(thing, Recipe):
        return {name: describe(field) for name, field in thing._asdict().items()}
    if isinstance(thing, Schedule):
        return {"schedule": describe(thing.schedule)}
    if isinstance(thing, Partial) and not thing.args:
        function, structure = thing.func, {}
        if isinstance(function, Structured):
            function, structure = function.function, dict(function.keywords)
        numbers = {name: describe(value) for name, value in thing.keywords.items()}
        return {"function": _name(function), "structure": structure, "numbers": numbers}
    if callable(thing):
        raise TypeError(f"{thing} cannot be described: a recipe's functions come from jaxae.functions.configure")
    return None


def model_from(description: Any, models: Iterable[type] = ()) -> Any:
    """The model of a description, or None where it has none, or one whose class is neither of MODELS nor of `models`.

    Raises ValueError for an unknown class of jaxae and for wrong fields.
    """
    known = MODELS | {f"{kind.__module__}:{kind.__qualname__}": kind for kind in models}
    if description is None or (":" in str(description.get("class")) and description["class"] not in known):
        return None
    try:
        fields = {name: _tuples(value) for name, value in description["fields"].items()}
        return known[description["class"]](**fields)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"the model {description} cannot be made: {error}") from error


def with_present_names(description: Any) -> Any:
    """A node of a description as `describe` would write it today, functions under the names that they have now."""
    if not isinstance(description, dict):
        return description
    renamed = {name: with_present_names(node) for name, node in description.items()}
    if "function" in renamed:
        renamed["function"] = RENAMED.get(renamed["function"], renamed["function"])
    return renamed


def recipe_from(description: Any, arrays: Any, functions: Iterable[Callable] = ()) -> Recipe:
    """The recipe of a description with its numbers from a nested dict of arrays.

    Functions are looked up in jaxae and optax and among `functions`, never elsewhere; any other becomes a Missing.
    """
    known = {_name(function): function for function in functions}
    fields = {name: function_from(node, arrays.get(name, {}), known) for name, node in description.items()}
    return Recipe(**fields)


def function_from(node: Any, arrays: Any, known: Mapping[str, Callable] | None = None) -> Any:
    """The configured function, Schedule or number of one node of a description."""
    if node is None:
        return arrays
    if "schedule" in node:
        return Schedule(function_from(node["schedule"], arrays["schedule"], known))
    function = _find(node["function"], known or {})
    if node["structure"]:
        function = Structured(function, tuple(sorted(node["structure"].items())))
    return Partial(function, **{name: function_from(n, arrays[name], known) for name, n in node["numbers"].items()})


def _tuples(value):
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _name(function):
    if isinstance(function, Given):
        return GIVEN
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", type(function).__qualname__)
    if _is_ours(module) and getattr(optax, name, None) is function:
        module = "optax"  # not the private module that it lies in
    return f"{module}:{name}"


def _find(name, known):
    module, _, attribute = name.partition(":")
    if name in known or not _is_ours(module) or attribute.startswith("_"):
        return known.get(name, Missing(name))
    try:
        function = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError):
        return Missing(name)
    return function if callable(function) and _is_ours(getattr(function, "__module__", None)) else Missing(name)


def _is_ours(module):
    return str(module).split(".")[0] in ("jaxae", "optax")
