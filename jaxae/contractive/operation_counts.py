"""Operations of a function, counted in the program that JAX traces from it."""

from collections.abc import Callable
from math import prod
from typing import Any

import jax

__all__ = ["multiplications"]


def multiplications(function: Callable, *arguments: Any) -> int:
    """Multiply-adds in the matrix products and convolutions of function(*arguments), which is traced and not run.

    A product [m, k] x [k, n] has m k n of them, a floating-point operation is half of one. A loop of known length counts its
    body that often, one of unknown length once; of branches the largest counts, of those of jax.lax.platform_dependent the
    default backend's. Elementwise operations and factorisations count nothing. arguments: arrays or jax.ShapeDtypeStruct, in
    pytrees.
    """
    return _count(jax.make_jaxpr(function)(*arguments).jaxpr)


def _count(jaxpr):
    return sum(_of_equation(equation) for equation in jaxpr.eqns)


def _of_equation(equation):
    name, parameters = equation.primitive.name, equation.params
    shapes = [variable.aval.shape for variable in equation.invars]
    out = prod(equation.outvars[0].aval.shape) if equation.outvars else 0
    if name == "dot_general":
        contracted = parameters["dimension_numbers"][0][0]
        return out * prod(shapes[0][axis] for axis in contracted)
    if name == "conv_general_dilated":
        kernel = parameters["dimension_numbers"].rhs_spec  # (output channels, input channels, *space)
        return out * prod(shapes[1][axis] for axis in kernel[1:])
    inner = [_count(jaxpr) for value in parameters.values() for jaxpr in _jaxprs(value)]
    if name == "cond":
        platforms = parameters.get("branches_platforms")  # all are traced, and one runs
        return max(inner, default=0) if platforms is None else inner[_chosen(platforms)]
    return sum(inner) * (parameters["length"] if name == "scan" else 1)


def _chosen(platforms):
    """The place of the default backend's branch, the last one where none names it."""
    backend = jax.default_backend()
    names = {"cuda", "rocm"} if backend == "gpu" else {backend}
    return next((i for i, branch in enumerate(platforms) if branch and names & set(branch)), len(platforms) - 1)


def _jaxprs(value):
    """The programs in a parameter: its own, or those of a sequence of branches."""
    values = value if isinstance(value, tuple | list) else (value,)
    return [getattr(v, "jaxpr", v) for v in values if hasattr(getattr(v, "jaxpr", v), "eqns")]
