"""What is compared in pairs, on the same examples or draws: whether one leads another by more than chance."""

from experiments.common.classifiers import percent_wrong
from experiments.common.intervals import mean_with_error
from experiments.common.verdicts import STANDARD_ERRORS, decided, listed

__all__ = ["errs_less", "leads"]

RULE = "by more than two standard errors of the difference over test examples"


def errs_less(claim, rule, right, pairs, *, source=""):
    """In every pair the first classifier errs less than the second, by more than two standard errors of the difference.

    rule: the pairs in words; right: {name: whether each example is named rightly, [examples]}, of which all are shown;
    pairs: [(name, name)]. The difference is the mean of right_i - other_i over the examples, in points of percent.
    """
    found = leads(100.0 * right[one] - 100.0 * right[other] for one, other in pairs)
    (one, other), margin, error = min(zip(pairs, *found.values(), strict=True), key=_certainty)
    errors = {name: percent_wrong(each) for name, each in right.items()}
    closest = f"least certain: {one} {margin:.2f} ahead of {other}, standard error {error:.2f}"
    said = f"{listed(errors, '{name} {value:.2f} %')}; {closest}"
    return decided(claim, f"{rule}, {RULE}", said, **found, source=source)


def leads(differences):
    """The margins and the noise of a verdict on differences [examples or draws] each: their means and standard errors."""
    margins, noise = zip(*map(mean_with_error, differences), strict=True)
    return {"margins": margins, "noise": noise}


def _certainty(lead):
    _, margin, error = lead
    return margin - STANDARD_ERRORS * error
