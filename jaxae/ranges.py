"""What the numbers of a recipe may be: each refusal is one sentence with the key and what is allowed."""

import math
import numbers
from typing import Any

__all__ = ["NUMBERS", "check_number"]

# key: (lowest, highest, whole number?, may the ends be reached?); keys of functions without a row may be any finite number.
NUMBERS = {
    "seed": (0, 2**32 - 1, True, True),
    "weight": (0, math.inf, False, True),
    "validation": (0, 1, False, True),
    "corruption.rate": (0, 1, False, True),
    "corruption.std": (0, math.inf, False, True),
    "code.k": (1, math.inf, True, True),
    "code.k of batch_top_k": (0, math.inf, False, False),
    "code.bandwidth": (0, math.inf, False, False),
    "code.count": (1, math.inf, True, True),
    "code.std": (0, math.inf, False, True),
    "code.rate": (0, 0.99, False, True),
    "code.threshold": (0, math.inf, False, True),
    "penalty.rho": (0, 1, False, False),
    "penalty.p": (0, 1, False, True),
    "penalty.bandwidth": (0, math.inf, False, False),
    "penalty.target_l0": (0, math.inf, False, False),
    "penalty.k": (1, math.inf, True, True),
    "penalty.dead_after": (0, math.inf, True, True),
    "penalty.sparsity": (0, math.inf, False, True),
    "penalty.share": (0, math.inf, False, True),
    "penalty.prefixes of matryoshka_drawn": (1, math.inf, True, True),
    "penalty.gamma": (0, math.inf, False, True),
    "penalty.std": (0, math.inf, False, True),
    "penalty.epsilon": (0, math.inf, False, False),
    "penalty.samples": (1, math.inf, True, True),
    "penalty.memory": (1, math.inf, True, True),
    "loss.std": (0, math.inf, False, False),
    "optimizer.learning_rate": (0, math.inf, False, True),
    "optimizer.momentum": (0, 1, False, True),
    "optimizer.every": (1, math.inf, True, True),
    "optimizer.dead_after": (1, math.inf, True, True),
}


def check_number(key: str, value: Any, *, highest: Any = None, of: str = "") -> None:
    """Refuse, by ValueError, a value that is not a number, or a list of numbers, in the range of its key.

    key: as in NUMBERS, any finite number where it is none of them; highest: takes the place of the key's; of: the name of the
    function, where one has a range of its own.
    """
    if isinstance(value, list):
        if not value:
            raise ValueError(f"{key} is an empty list: a list is an axis of a grid and takes one number or more")
        for element in value:
            check_number(key, element, highest=highest, of=of)
        return
    usual = NUMBERS.get(key, (-math.inf, math.inf, False, True))
    low, high, whole, closed = NUMBERS.get(f"{key} of {of}", usual)
    high = high if highest is None else highest
    kind = "a whole number" if whole else "a number"
    allowed = f"{kind} {_range(low, high, closed)}, or a list of them"
    if not isinstance(value, numbers.Real) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{key} is {value!r}: it must be {allowed}")
    inside = low <= value <= high and (closed or value not in (low, high))
    if not inside or (whole and value != int(value)):
        raise ValueError(f"{key} is {value!r}: it must be {allowed}")


def _range(low, high, closed):
    if math.isinf(low) and math.isinf(high):
        return "that is finite"
    if math.isinf(high):
        return f"from {low} on" if closed else f"above {low}"
    return f"between {low} and {high}" + ("" if closed else ", ends excluded")
