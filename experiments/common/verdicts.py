"""Verdicts: claims, the rules that decide them, and what was measured; the rules that several figures share.

Every rule takes the claim, the rule in words, and the values that decide it: {name: value}, or a list of values. What was
measured reads as one `form` for each value, joined: "{name} {value:.2f}" gives "AE 1.20, CAE 0.35".
"""

from dataclasses import dataclass
from itertools import pairwise

__all__ = [
    "Verdict",
    "above",
    "below",
    "falls",
    "greater",
    "least",
    "less",
    "listed",
    "rises",
    "rising",
    "same_order",
    "within",
]


@dataclass(frozen=True)
class Verdict:
    """One claim, the rule that decides it, the number that was measured, and whether the rule holds."""

    claim: str
    rule: str
    measured: str
    holds: bool


def listed(values, form="{name} {value:.2f}", *, join=", "):
    """The values in words. values: {name: value}, or a list whose names are not shown."""
    return join.join(form.format(name=name, value=value) for name, value in _named(values).items())


def rising(values):
    """Whether each value is larger than the one before."""
    return all(low < high for low, high in pairwise(values))


def rises(claim, rule, values, form, *, join=", "):
    """Each value is larger than the one before."""
    return Verdict(claim, rule, listed(values, form, join=join), rising(_named(values).values()))


def falls(claim, rule, values, form, *, join=", "):
    """Each value is smaller than the one before."""
    return Verdict(claim, rule, listed(values, form, join=join), rising(reversed(_named(values).values())))


def least(claim, rule, values, form, *, of):
    """The value named `of` is the least."""
    return Verdict(claim, rule, listed(values, form), min(values, key=values.get) == of)


def below(claim, rule, values, form, *, bound):
    """Each value is below the bound."""
    return Verdict(claim, rule, listed(values, form), all(bool(value < bound) for value in _named(values).values()))


def above(claim, rule, values, form, *, bound):
    """Each value is above the bound."""
    return Verdict(claim, rule, listed(values, form), all(bool(value > bound) for value in _named(values).values()))


def within(claim, rule, values, form, *, bound):
    """The magnitude of each value is below the bound."""
    return Verdict(
        claim, rule, listed(values, form), all(bool(abs(value) < bound) for value in _named(values).values())
    )


def less(claim, rule, one, other, form="{:.2f} against {:.2f}"):
    """One value is smaller than the other."""
    return Verdict(claim, rule, form.format(one, other), bool(one < other))


def greater(claim, rule, one, other, form="{:.2f} against {:.2f}"):
    """One value is larger than the other."""
    return Verdict(claim, rule, form.format(one, other), bool(one > other))


def same_order(claim, values, paper):
    """The measured values, by name, stand in the order of the published ones."""
    ordered, expected = sorted(values, key=values.get), sorted(values, key=paper.get)
    return Verdict(claim, " < ".join(expected), " < ".join(ordered), ordered == expected)


def _named(values):
    return values if isinstance(values, dict) else dict(enumerate(values))
