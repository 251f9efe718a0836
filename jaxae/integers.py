"""Arithmetic of whole numbers."""

from numbers import Integral

__all__ = ["ceiling_division"]


def ceiling_division(dividend: Integral, divisor: Integral) -> Integral:
    """The least whole number that is at least dividend / divisor."""
    return -(-dividend // divisor)
