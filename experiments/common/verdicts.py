"""Verdicts: claims, the rules that decide them, and what was measured; the rules that several figures share.

Every rule takes the claim, the rule in words, and the values that decide it: {name: value}, or a list of values. What was
measured reads as one `form` for each value, joined: "{name} {value:.2f}" gives "AE 1.20, CAE 0.35". `source` names the paper,
with its figure, table or section, that makes the claim; without one the claim is our own.
"""

from dataclasses import dataclass
from itertools import pairwise

__all__ = [
    "Verdict",
    "above",
    "below",
    "decided",
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

STANDARD_ERRORS = 2  # of a margin, which it must exceed where it is known


@dataclass(frozen=True)
class Verdict:
    """One claim, the rule that decides it, the number that was measured, and whether the rule holds.

    source: who makes the claim, "" for our own; margins: the differences that the rule wants above 0, where it is made of such,
    which are compared in pairs over seeds.
    """

    claim: str
    rule: str
    measured: str
    holds: bool
    source: str = ""
    margins: tuple[float, ...] = ()


def listed(values, form="{name} {value:.2f}", *, join=", "):
    """The values in words. values: {name: value}, or a list whose names are not shown."""
    return join.join(form.format(name=name, value=value) for name, value in _named(values).items())


def rising(values):
    """Whether each value is larger than the one before."""
    return all(low < high for low, high in pairwise(values))


def rises(claim, rule, values, form, *, join=", ", source=""):
    """Each value is larger than the one before."""
    steps = [high - low for low, high in pairwise(_named(values).values())]
    return decided(claim, rule, listed(values, form, join=join), steps, source=source)


def falls(claim, rule, values, form, *, join=", ", source=""):
    """Each value is smaller than the one before."""
    steps = [high - low for high, low in pairwise(_named(values).values())]
    return decided(claim, rule, listed(values, form, join=join), steps, source=source)


def least(claim, rule, values, form, *, of, source=""):
    """The value named `of` is the least."""
    others = [value - values[of] for name, value in values.items() if name != of]
    return decided(claim, rule, listed(values, form), others, source=source)


def below(claim, rule, values, form, *, bound, source=""):
    """Each value is below the bound."""
    margins = [bound - value for value in _named(values).values()]
    return decided(claim, rule, listed(values, form), margins, source=source)


def above(claim, rule, values, form, *, bound, source=""):
    """Each value is above the bound."""
    margins = [value - bound for value in _named(values).values()]
    return decided(claim, rule, listed(values, form), margins, source=source)


def within(claim, rule, values, form, *, bound, source=""):
    """The magnitude of each value is below the bound."""
    margins = [bound - abs(value) for value in _named(values).values()]
    return decided(claim, rule, listed(values, form), margins, source=source)


def less(claim, rule, one, other, form="{:.2f} against {:.2f}", *, source=""):
    """One value is smaller than the other."""
    return decided(claim, rule, form.format(one, other), [other - one], source=source)


def greater(claim, rule, one, other, form="{:.2f} against {:.2f}", *, source=""):
    """One value is larger than the other."""
    return decided(claim, rule, form.format(one, other), [one - other], source=source)


def same_order(claim, values, paper, *, source=""):
    """The measured values, by name, stand in the order of the published ones."""
    ordered, expected = sorted(values, key=values.get), sorted(values, key=paper.get)
    steps = [values[high] - values[low] for low, high in pairwise(expected)]
    return decided(claim, " < ".join(expected), " < ".join(ordered), steps, source=source)


def decided(claim, rule, measured, margins, *, noise=None, source=""):
    """Every margin is above 0, for rules of several comparisons; one that is not a number is not.

    noise: a standard error for every margin, of which it must be more than two.
    """
    margins = tuple(map(float, margins))
    needed = [0] * len(margins) if noise is None else [STANDARD_ERRORS * error for error in noise]
    holds = all(margin > least for margin, least in zip(margins, needed, strict=True))
    return Verdict(claim, rule, measured, holds, source, margins)


def _named(values):
    return values if isinstance(values, dict) else dict(enumerate(values))
