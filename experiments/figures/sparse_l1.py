"""Exact zeros, Laplace densities and the price of sparsity under an L1 penalty (Goodfellow et al. 2016, section 14.2.1)."""

from itertools import pairwise

import numpy as np

from experiments.common.outcome import Outcome
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import tidy
from experiments.common.verdicts import Verdict, decided, listed, rises, rising
from experiments.figures.sparse_l1_codes import histogram, measure, nearest, sweeps_of
from experiments.figures.sparse_l1_drawing import PROXIMAL, draw


def outcome(grids, cfg):
    """Codes, zeros and errors of four codes over lambda, with k-sparse codes and PCA beside them."""
    sweeps = sweeps_of(grids)
    reference = grids["k-sparse"]
    ks = np.asarray(reference.recipes.code.keywords["k"])
    sparse = [measure(reference, run) | {"k": float(k)} for run, k in enumerate(ks)]
    principal = PrincipalComponents.fit(reference.train.x).squared_errors(reference.test.x)
    histograms = {
        (name, weight): histogram(sweeps[name][weight])
        for name in ("linear", "ReLU")
        for weight in nearest(cfg.figure.densities, sweeps[name])
    }
    drawn = nearest(cfg.figure.banks, sweeps["ReLU"])
    banks = {
        weight: grids["ReLU"].filters(run)[_most_used(measured, cfg.figure.filters)]
        for run, (weight, measured) in enumerate(sweeps["ReLU"].items())
        if weight in drawn
    }
    table = [_row(name, "λ", w, m) for name, group in sweeps.items() for w, m in group.items()]
    table += [_row("k-sparse", "k", m["k"], m) for m in sparse]
    remark = (
        "Weights are tied and every unit's scale is free; exact zeros do not depend on it. The Laplace and Gaussian densities "
        "are centred at 0 and fitted to training codes, the likelihoods are those of test codes other than 0. Errors are sums "
        "of squares over pixels. In float32 a sigmoid is 0 only below a pre-activation of -87. Filters are those of the "
        "units most often active."
    )
    verdicts = [
        *_of_zeros(sweeps),
        *_of_densities(sweeps),
        _shrinkage(sweeps["ReLU"], sparse),
        _against_pca(sweeps, sparse, principal),
    ]
    figure = draw(sweeps, sparse, principal, histograms, banks)
    rows, checks = _rows(sweeps, sparse, principal, histograms), [_never_zero(sweeps["sigmoid"])]
    return Outcome(figure, rows, table, verdicts, remark, checks=checks)


def _most_used(measured, count):
    return np.argsort(-(measured["codes"] != 0).mean(axis=0), kind="stable")[:count]


def _row(name, key, value, measured):
    return {
        "code": name,
        "λ or k": f"{key} = {value:g}",
        "exact zeros": measured["zeros"],
        "non-zero units per image": measured["active"],
        "test squared error": measured["error"],
        "Laplace over Gaussian (nats per code)": measured["gain"],
        "units that Laplace fits better": measured["units"],
        "Laplace scale b": measured["scale"],
        "codes beyond 4 b (Laplace: 0.018)": measured["tail"],
        "norm of live units' weights, median": measured["norm"],
        "dead units": measured["dead"],
        "least |code|": measured["least"],
    }


def _rows(sweeps, sparse, principal, histograms):
    trained = [(name, weight, m) for name, group in sweeps.items() for weight, m in group.items()]
    return tidy(
        ("panel", "line", "lambda or k", "x", "y"),
        (("front", name, weight, m["active"], m["error"]) for name, weight, m in trained),
        (("zeros", name, weight, weight, m["zeros"]) for name, weight, m in trained),
        (("front", "k-sparse", m["k"], m["active"], m["error"]) for m in sparse),
        (("front", "PCA", k, k, error) for k, error in enumerate(principal) if k),
        (
            (f"{name} density", kind, weight, code, value)
            for (name, weight), histogram in histograms.items()
            if histogram
            for kind in ("measured", "Laplace", "Gaussian")
            for code, value in zip(histogram["code"], histogram[kind], strict=True)
        ),
    )


def _over(sweep, key):
    """{lambda: one measure}"""
    return {weight: measured[key] for weight, measured in sweep.items()}


def _never_zero(sweep):
    most, least = max(_over(sweep, "zeros").values()), min(_over(sweep, "least").values())
    return Verdict(
        "a sigmoid code never reaches zero",
        "no sigmoid code is exactly 0 at any λ",
        f"at most {most:.1%}; the least code {least:.1g}",
        most == 0,
    )


def _of_zeros(sweeps):
    """The verdicts on exact zeros."""
    proximal, linear = (_over(sweeps[name], "zeros") for name in (PROXIMAL, "linear"))
    return [
        rises(
            "L1 pushes a ReLU code to exact zeros",
            "the fraction of exact zeros of the ReLU code rises at every step up in λ",
            _over(sweeps["ReLU"], "zeros"),
            "{name:g}: {value:.1%}",
            source="Goodfellow et al. 2016, section 14.2.1",
        ),
        Verdict(
            "a linear code reaches exact zeros by the proximal step, not by the penalty's gradient",
            "with the soft threshold the fraction is above 0 and rises at every step up in λ; without it none at any λ",
            f"with {listed(proximal, '{name:g}: {value:.1%}')}; without at most {max(linear.values()):.1%}",
            rising([0, *proximal.values()]) and max(linear.values()) == 0,
            margins=tuple(high - low for low, high in pairwise([0, *proximal.values()])),
        ),
    ]


def _of_densities(sweeps):
    """The verdicts on the Laplace density."""
    gains = _over(sweeps["linear"], "gain")
    plain, *penalised = gains.values()
    units = {n: [m["units"] for w, m in sweeps[n].items() if w > 0] for n in ("linear", "ReLU", PROXIMAL)}
    return [
        decided(
            "L1 is a Laplace prior, one for all units",
            "linear code, nats per test code by which Laplace exceeds Gaussian: above 0 at every λ > 0 and less at λ = 0",
            listed(gains, "{name:g}: {value:+.3f}"),
            [gain - max(0, plain) for gain in penalised],
        ),
        decided(
            "each unit by itself is Laplace",
            "Laplace fits better for more than half of the units at every λ > 0: linear, ReLU and soft threshold",
            "; ".join(f"{name} {listed(shares, '{value:.0%}')}" for name, shares in units.items()),
            [share - 0.5 for shares in units.values() for share in shares],
        ),
    ]


def _shrinkage(sweep, sparse):
    """The error of ReLU codes over that of k-sparse ones, which is interpolated between k in both logarithms."""
    active, error = np.log([[m["active"], m["error"]] for m in sparse]).T
    inside = [m for m in sweep.values() if np.exp(active[0]) <= m["active"] <= np.exp(active[-1])]
    ratios = [m["error"] / np.exp(np.interp(np.log(m["active"]), active, error)) for m in inside]
    return decided(
        "L1 shrinks also what it keeps, and k-sparse codes do not",
        "error of the ReLU code / error of the k-sparse one with as many non-zero units (log-log line between k): above 1",
        listed(ratios, "{value:.2f}")
        or "no ReLU code has a number of non-zero units between the least and the largest k",
        [min(ratios, default=1) - 1],
    )


def _against_pca(sweeps, sparse, principal):
    groups = {
        "ReLU": [m for weight, m in sweeps["ReLU"].items() if weight > 0],
        PROXIMAL: sweeps[PROXIMAL].values(),
        "k-sparse": sparse,
    }
    ratios = {
        name: [
            m["error"] / np.interp(m["active"], np.arange(len(principal)), principal)
            for m in group
            if m["active"] < len(principal) - 1  # all components together leave no error
        ]
        for name, group in groups.items()
    }
    return decided(
        "few non-zero units of many reconstruct better than as many principal components",
        "error / error of PCA at the same number, where there is one: below 1 at every λ > 0 and k",
        "; ".join(f"{name} {listed(numbers, '{value:.2f}')}" for name, numbers in ratios.items()),
        [1 - max((ratio for numbers in ratios.values() for ratio in numbers), default=1)],
    )
