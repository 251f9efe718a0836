"""Denoising and contractive autoencoders as families over their numbers, and at equal reconstruction error."""

import numpy as np

from experiments.common.verdicts import above, below, decided, falls, listed
from experiments.figures.denoising_vs_contractive_drawing import FINITE, MEASURES

__all__ = ["BOOK", "verdicts_on_families"]

COMMON = 5  # errors at which the families are compared
BOOK = "Goodfellow et al. 2016, section "


def verdicts_on_families(points, finite):
    """The verdicts on each family over its levels, on both at equal errors, and along the data.

    points: the sensitivities of each model, with its family, label and error; finite: standard deviation of the finite noise.
    """
    return [*_of_families(points), *_at_equal_errors(points, finite), _along_the_data(points)]


def _of_families(points):
    """The verdicts on each family over its levels."""
    denoising, contractive = ([p for p in points if p["family"] == family] for family in ("DAE", "CAE"))
    plain = denoising[0]
    return [
        falls(
            "denoising makes the reconstruction robust",
            "its sensitivity across the data falls with every step up in noise",
            [p["reconstruction across"] for p in denoising],
            "{value:.3g}",
            source=BOOK + "14.7",
        ),
        falls(
            "contraction makes the code robust",
            "its sensitivity across the data, in units of the code's spread, falls from AE with every step up in lambda",
            [p["code across"] for p in (plain, *contractive)],
            "{value:.3g}",
            source=BOOK + "14.7",
        ),
    ]


def _at_equal_errors(points, finite):
    """The verdicts on the two families where they reconstruct equally well."""
    equal = _at_equal_error(points)
    ratio = dict.fromkeys((*MEASURES, FINITE), np.nan) if equal is None else equal
    common = (
        "no error that both reach" if equal is None else f"errors {equal['errors'][0]:.1f} to {equal['errors'][-1]:.1f}"
    )
    return [
        below(
            "at equal reconstruction error the contractive code is the more robust",
            "code across, CAE / DAE below 1, geometric mean over errors that both families reach",
            [ratio["code across"]],
            f"{{value:.2f}} ({common})",
            bound=1,
        ),
        above(
            "at equal reconstruction error the denoising reconstruction is the more robust",
            "reconstruction across, CAE / DAE above 1, in the same way",
            [ratio["reconstruction across"]],
            f"{{value:.2f}} ({common})",
            bound=1,
        ),
        above(
            f"and so it is against noise of finite size, {finite:g} in every pixel",
            "its change by the noise's length, CAE / DAE above 1, in the same way",
            [ratio[FINITE]],
            f"{{value:.2f}} ({common})",
            bound=1,
        ),
    ]


def _along_the_data(points):
    denoising, contractive = ([p for p in points if p["family"] == family] for family in ("DAE", "CAE"))
    plain, *strongest = (p["code along"] / p["code across"] for p in (denoising[0], denoising[-1], contractive[-1]))
    labels = [p["label"] for p in (denoising[0], denoising[-1], contractive[-1])]
    return decided(
        "both keep answering along the data",
        "code along / across is higher than AE's for the strongest noise and the strongest penalty",
        listed(dict(zip(labels, (plain, *strongest), strict=True))),
        [value - plain for value in strongest],
        source=BOOK + "14.6",
    )


def _at_equal_error(points):
    """The geometric mean ratio CAE / DAE of each measure at errors that both families reach, and these errors."""
    branches = {family: _branch([p for p in points if p["family"] == family]) for family in ("DAE", "CAE")}
    low = max(branch[0]["error"] for branch in branches.values())
    high = min(branch[-1]["error"] for branch in branches.values())
    if low >= high:
        return None
    errors = np.linspace(low, high, COMMON)
    return {"errors": errors} | {
        name: float(
            np.exp(np.mean(_logarithm(branches["CAE"], name, errors) - _logarithm(branches["DAE"], name, errors)))
        )
        for name in (*MEASURES, FINITE)
    }


def _branch(members):
    """The members of a family from its least error on, of which each has a larger error than all before."""
    members = members[int(np.argmin([member["error"] for member in members])) :]
    return [m for i, m in enumerate(members) if all(m["error"] > before["error"] for before in members[:i])]


def _logarithm(branch, name, errors):
    """The logarithm of a measure, interpolated at these errors."""
    return np.interp(errors, [point["error"] for point in branch], [np.log(point[name]) for point in branch])
