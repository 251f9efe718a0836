"""Configured functions: the structure is static, the numbers are leaves."""

import functools
import inspect
import pkgutil
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import optax
from jax.tree_util import Partial

from jaxae.schedules import Schedule

__all__ = [
    "Given",
    "Structured",
    "as_partial",
    "class_named",
    "configure",
    "is_axis",
    "keywords_of",
    "takes",
    "takes_key",
    "unset_keywords",
]

ROLES = {"key", "encoder", "decoder", "code", "error", "state", "x", "z", "prediction", "logits", "target"}


@dataclass(frozen=True)
class Structured:
    """A function with its structural keywords, compared by value so that equal configurations compile once."""

    function: Callable
    keywords: tuple[tuple[str, Any], ...]

    def __call__(self, *args: Any, **numbers: Any) -> Any:
        """Call the function with the structural keywords and the numbers."""
        return self.function(*args, **numbers, **dict(self.keywords))

    @property
    def __signature__(self) -> inspect.Signature:
        """The signature of the function, for those who ask whether it takes a key."""
        return inspect.signature(self.function)


@dataclass(frozen=True)
class Given:
    """An optax optimizer as it stands, without numbers to sweep; a call gives it."""

    optimizer: optax.GradientTransformation

    def __repr__(self) -> str:
        """Words by which optimizers of other numbers differ, in any process."""
        return f"Given({_words(self.optimizer)})"

    def __call__(self) -> optax.GradientTransformation:
        """The optimizer."""
        return self.optimizer


def as_partial(role: Any) -> Any:
    """A function, a functools.partial of one, or an optax optimizer, as a Partial; anything else as it is."""
    if isinstance(role, optax.GradientTransformation):
        return Partial(Given(role))
    if isinstance(role, Partial) or not callable(role):
        return role
    if isinstance(role, functools.partial) and not role.args:
        return configure(role.func, **role.keywords)
    return Partial(role)


def class_named(key: str, name: Any, of: type | tuple[type, ...], meaning: str) -> type:
    """The class of a dotted name, a subclass of `of`; ValueError with the key and the meaning of what it must name."""
    try:
        found = pkgutil.resolve_name(name)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        detail = f" ({error})" if isinstance(name, str) else ""
        raise ValueError(f"{key} is {name!r}: it must name {meaning}, and nothing is found{detail}") from error
    if not isinstance(found, type) or not issubclass(found, of):
        other = "another class" if isinstance(found, type) else f"a {type(found).__name__}"
        raise ValueError(f"{key} is {name!r}: it must name {meaning}, and it names {other}")
    return found


def configure(function: Callable, **keywords: Any) -> Partial:
    """A Partial of `function` whose numbers are pytree leaves and whose other keywords are structure.

    A keyword is structure where its value is a bool, a string or None, or where the signature annotates it as int, bool or
    str (a count that fixes a shape). A Schedule, an axis of a grid (a list, tuple, range or array) and any other number are
    leaves. Raises TypeError for a keyword that the function does not have and ValueError for an axis given to a structural
    keyword.
    """
    allowed = keywords_of(function)
    for name, value in keywords.items():
        if allowed is not None and name not in allowed:
            known = ", ".join(allowed) or "none"
            raise TypeError(f"{name} is not a keyword of {_name_of(function)}; its keywords are: {known}")
        if _is_structure(function, name, value) and (is_axis(value) or isinstance(value, Schedule)):
            shown = " ".join(str(value).split())
            raise ValueError(
                f"{name} of {_name_of(function)} is {shown}: it fixes a shape and takes one value, not a list or schedule"
            )
    structure = {name: value for name, value in keywords.items() if _is_structure(function, name, value)}
    numbers = {name: value for name, value in keywords.items() if name not in structure}
    if structure:
        function = Structured(function, tuple(sorted(structure.items())))
    return Partial(function, **numbers)


def keywords_of(function: Callable) -> list[str] | None:
    """The names of the keywords that configure `function`: its parameters less the arguments of its role, such as x.

    None where it takes any keyword.
    """
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    return [p.name for p in parameters if p.name not in ROLES]


def is_axis(value: Any) -> bool:
    """Whether a value is an axis of a grid: a list, tuple, range or array of any length; a named tuple is none."""
    return isinstance(value, list | range) or type(value) is tuple or (_is_array(value) and value.ndim > 0)


def takes(function: Callable, keyword: str) -> bool:
    """Whether the function has a parameter of this name."""
    return keyword in inspect.signature(function).parameters


def takes_key(function: Callable) -> bool:
    """Whether the function is random: it has a keyword `key`."""
    return takes(function, "key")


def unset_keywords(function: Callable) -> dict[str, bool]:
    """The keyword-only parameters but `key` that a configured function has not been given, and whether each must be."""
    given = dict(getattr(function, "keywords", None) or {})
    bare = getattr(function, "func", function)
    if isinstance(bare, Structured):
        given |= dict(bare.keywords)
    parameters = inspect.signature(bare).parameters.values()
    asked = [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in given and p.name not in ROLES]
    return {p.name: p.default is p.empty for p in asked}


def _name_of(function):
    return getattr(function, "__name__", repr(function))


def _is_structure(function, name, value):
    parameter = inspect.signature(function).parameters.get(name)
    if parameter is not None and parameter.annotation in (int, bool, str, "int", "bool", "str"):
        return True
    if _is_array(value):
        return value.dtype.kind in "bSU"
    return any(v is None or isinstance(v, bool | str) for v in (value if is_axis(value) else [value]))


def _is_array(value):
    return isinstance(value, np.ndarray | np.generic | jax.Array)


def _words(thing, outer=()):
    """A function by its name and by what it encloses, all the way down; anything else as it shows itself."""
    thing = inspect.unwrap(thing) if callable(thing) else thing
    if any(thing is other for other in outer):
        return "..."
    parts = ()
    if isinstance(thing, tuple | list):
        parts = thing
    elif isinstance(thing, dict):
        parts = thing.items()
    elif isinstance(thing, functools.partial):
        parts = thing.func, thing.args, thing.keywords
    elif inspect.isfunction(thing):
        cells = [cell.cell_contents for cell in thing.__closure__ or () if cell != types.CellType()]
        parts = *(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).items(), *cells
    elif not isinstance(thing, type):
        return repr(thing)
    name = getattr(thing, "__qualname__", type(thing).__qualname__)
    return f"{name}({', '.join(_words(part, (*outer, thing)) for part in parts)})"
