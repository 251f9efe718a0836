"""The precision of matrix products: float32 operands as they are, or rounded to tf32 or bfloat16, accumulated in float32."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.extend import core

__all__ = ["PRECISIONS", "check_precision", "with_precision"]

PRECISIONS = ("float32", "tf32", "bfloat16")
PRODUCTS = ("dot_general", "conv_general_dilated")


def check_precision(precision: Any) -> None:
    """Refuse, by ValueError, a precision that is none of PRECISIONS or that the first device does not have."""
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}: it must be one of {', '.join(PRECISIONS)}")
    device = jax.local_devices()[0]
    capability = str(getattr(device, "compute_capability", ""))  # of an NVIDIA GPU, as 8.0; TF32 begins with it
    tensor_cores = capability.replace(".", "", 1).isdigit() and float(capability) >= 8
    if precision == "tf32" and not tensor_cores:
        raise ValueError(f"precision is 'tf32': {device.device_kind} has none, it must be float32 or bfloat16")


def with_precision(precision: str, function: Callable) -> Callable:
    """The function with its matrix products and convolutions of float32 at a precision of PRECISIONS, accumulated in float32.

    It acts on the traced program, gradients included, and leaves a product alone that asks for a precision of its own.
    """
    ambient = {"float32": "float32", "tf32": "tensorfloat32", "bfloat16": None}[precision]

    @functools.wraps(function)
    def wrapped(*args):
        with jax.default_matmul_precision(ambient):
            if precision != "bfloat16":
                return function(*args)
            # XLA's CPU backend ignores the precision of a product (DotAlgorithmPreset.BF16_BF16_F32 too), so operands are cast.
            program, shape = jax.make_jaxpr(function, return_shape=True)(*args)
            leaves = _evaluate(program.jaxpr, program.consts, *jax.tree.leaves(args))
            return jax.tree.unflatten(jax.tree.structure(shape), leaves)

    return wrapped


def _evaluate(jaxpr, consts, *args):
    values = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*consts, *args), strict=True))

    def read(atom):
        return atom.val if isinstance(atom, core.Literal) else values[atom]

    for eqn in jaxpr.eqns:
        inputs = [read(atom) for atom in eqn.invars]
        if "call_jaxpr" in eqn.params:  # a call, whose own derivative is of no use any more
            values |= zip(eqn.outvars, _evaluate(*_opened(eqn.params["call_jaxpr"]), *inputs), strict=True)
            continue
        params = {name: _cast_inside(value) for name, value in eqn.params.items()}
        if eqn.primitive.name in PRODUCTS and params["precision"] is None and _all_float32(eqn):
            inputs = [jax.lax.convert_element_type(value, jax.numpy.bfloat16) for value in inputs]
            params["preferred_element_type"] = np.dtype(np.float32)
        outputs = eqn.primitive.bind(*inputs, **params)
        values |= zip(eqn.outvars, outputs if eqn.primitive.multiple_results else [outputs], strict=True)
    return [read(atom) for atom in jaxpr.outvars]


def _cast_inside(value):
    """A parameter of an equation, programs within it rewritten as `_evaluate` does."""
    if isinstance(value, tuple):
        return tuple(map(_cast_inside, value)) if any(isinstance(v, core.ClosedJaxpr) for v in value) else value
    if isinstance(value, core.Jaxpr):
        return _cast_inside(core.ClosedJaxpr(value, ())).jaxpr
    if not isinstance(value, core.ClosedJaxpr):
        return value
    inputs = [jax.ShapeDtypeStruct(a.shape, a.dtype, weak_type=getattr(a, "weak_type", False)) for a in value.in_avals]
    return jax.make_jaxpr(functools.partial(_evaluate, value.jaxpr, value.consts))(*inputs)


def _opened(program):
    return (program.jaxpr, program.consts) if isinstance(program, core.ClosedJaxpr) else (program, ())


def _all_float32(eqn):
    return all(atom.aval.dtype == np.float32 for atom in eqn.invars)
