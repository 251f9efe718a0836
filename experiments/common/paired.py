"""Classifiers compared on the same test examples: whether one errs less than another by more than chance."""

from experiments.common.classifiers import percent_wrong
from experiments.common.intervals import mean_with_error
from experiments.common.verdicts import STANDARD_ERRORS, decided, listed

__all__ = ["errs_less"]

RULE = "by more than two standard errors of the difference over test examples"


def errs_less(claim, rule, right, pairs, *, source=""):
    """In every pair the first classifier errs less than the second, by more than two standard errors of the difference.

    rule: the pairs in words; right: {name: whether each example is named rightly, [examples]}, of which all are shown;
    pairs: [(name, name)]. The difference is the mean of right_i - other_i over the examples, in points of percent.
    """
    leads = [mean_with_error(100.0 * right[one] - 100.0 * right[other]) for one, other in pairs]
    (one, other), (margin, error) = min(zip(pairs, leads, strict=True), key=_certainty)
    errors = {name: percent_wrong(each) for name, each in right.items()}
    closest = f"least certain: {one} {margin:.2f} ahead of {other}, standard error {error:.2f}"
    said = f"{listed(errors, '{name} {value:.2f} %')}; {closest}"
    margins, noise = zip(*leads, strict=True)
    return decided(claim, f"{rule}, {RULE}", said, margins, noise=noise, source=source)


def _certainty(pair):
    _, (margin, error) = pair
    return margin - STANDARD_ERRORS * error
