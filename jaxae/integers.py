"""Arithmetic of whole numbers."""

from numbers import Integral
from typing import Any

__all__ = ["ceiling_division", "is_count"]


def ceiling_division(dividend: Integral, divisor: Integral) -> Integral:
    """The least whole number that is at least dividend / divisor."""
    return -(-dividend // divisor)


def is_count(value: Any) -> bool:
    """Whether a value is a whole number from 1 on, which True is not."""
    return isinstance(value, Integral) and not isinstance(value, bool) and bool(value >= 1)
