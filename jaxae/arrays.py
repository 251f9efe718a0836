"""What annotations speak of: arrays, numbers, keys and maps; a shape and a type of number are jaxtyping's."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

__all__ = ["Array", "Decoder", "Encoder", "Key", "Number", "Params"]

Array = jax.Array | np.ndarray  # as Float[Array, "batch features"]; one axis is written Float[Array, " batch"]
Number = jax.typing.ArrayLike  # may be traced, swept and scheduled
Key = PRNGKeyArray  # of jax.random.key, or of jax.random.PRNGKey
Encoder = Callable[..., Any]  # a function of a batch of data, example by example
Decoder = Callable[..., Any]  # the same of a batch of codes
Params = Any  # a tree of arrays, as a model's init gives it
