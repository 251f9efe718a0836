"""Exact zeros, Laplace densities and the price of sparsity under an L1 penalty (Goodfellow et al. 2016, section 14.2.1)."""

import numpy as np

from experiments.common.filter_banks import rising
from experiments.common.outcome import Outcome, Verdict
from experiments.figures.sparse_l1_drawing import DESCRIPTIONS, PROXIMAL, draw
from jaxae.measures.sparsity import active_units, exact_zeros, laplace_gain, laplace_gain_per_unit, laplace_scale


def outcome(runs, cfg):
    """Codes, zeros and errors of four codes over lambda, with k-sparse codes and PCA beside them."""
    sweeps = {name: {} for name in DESCRIPTIONS}
    for label, run in runs.items():
        for i in range(len(run.seeds)):
            name = PROXIMAL if label.startswith(PROXIMAL) else label
            if name in sweeps:
                sweeps[name][round(float(run.recipes.weight[i]), 6)] = _measure(run, i)
    reference = runs["k-sparse"]
    sparse = [
        _measure(reference, i) | {"k": float(k)} for i, k in enumerate(np.asarray(reference.recipes.code.keywords["k"]))
    ]
    principal = _pca_errors(reference.train.x, reference.test.x)
    histograms = {
        (name, weight): _histogram(sweeps[name][weight])
        for name in ("linear", "ReLU")
        for weight in _nearest(cfg.figure.densities, sweeps[name])
    }
    drawn = _nearest(cfg.figure.banks, sweeps["ReLU"])
    banks = {
        weight: runs["ReLU"].filters(i)[_most_used(sweeps["ReLU"][weight], cfg.figure.filters)]
        for i, weight in enumerate(sweeps["ReLU"])
        if weight in drawn
    }
    figure = draw(sweeps, sparse, principal, histograms, banks)
    table = [_row(name, "λ", w, m) for name, group in sweeps.items() for w, m in group.items()]
    table += [_row("k-sparse", "k", m["k"], m) for m in sparse]
    rows = _rows(sweeps, sparse, principal, histograms)
    remark = (
        "Weights are tied and every unit's scale is free; exact zeros do not depend on it. The Laplace and Gaussian densities "
        "are centred at 0 and fitted to training codes, the likelihoods are those of test codes other than 0. Errors are sums "
        "of squares over pixels. In float32 a sigmoid is 0 only below a pre-activation of -87. Filters are those of the "
        "units most often active."
    )
    return Outcome(figure, rows, table, _verdicts(sweeps, sparse, principal), remark)


def _measure(run, i):
    codes, fitted = (np.asarray(run.codes(split.x, i)) for split in (run.test, run.train))
    used = (fitted != 0).any(axis=0)
    weight = np.asarray(run.encoder(i).layers[0].weight)
    # A unit that few examples use has no distribution to speak of.
    enough = ((fitted != 0).sum(axis=0) >= 50) & ((codes != 0).sum(axis=0) >= 50)
    gains = np.asarray(laplace_gain_per_unit(fitted, codes))[enough]
    return {
        "codes": codes,
        "zeros": float(exact_zeros(codes)),
        "active": float(active_units(codes)),
        "error": float(run.curve["test_error"][i, -1]),
        "least": float(np.abs(codes).min()),
        "dead": float(1 - used.mean()),
        "norm": float(np.median(np.linalg.norm(weight[:, used], axis=0))) if used.any() else 0.0,
        "scale": float(laplace_scale(fitted)) if used.any() else 0.0,
        "deviation": float(np.sqrt(np.mean(np.square(fitted[fitted != 0])))) if used.any() else 0.0,
        "tail": float(np.mean(np.abs(codes[codes != 0]) > 4 * laplace_scale(fitted))) if (codes != 0).any() else 0.0,
        "gain": float(laplace_gain(fitted, codes)) if (codes != 0).any() else 0.0,
        "units": float(np.mean(gains > 0)) if enough.any() else 0.0,
    }


def _pca_errors(x, x_test):
    """Test error of PCA with 0, 1, 2, ... components: sum of squares over pixels, mean over the images."""
    from sklearn.decomposition import PCA

    pca = PCA(svd_solver="covariance_eigh").fit(x)
    energy = np.mean(np.square(pca.transform(x_test)), axis=0)
    return np.mean(np.sum(np.square(x_test - pca.mean_), axis=1)) - np.concatenate([[0], np.cumsum(energy)])


def _histogram(measured):
    """Density of the non-zero codes, and of the Laplace and Gaussian fitted to training codes; one-sided where they are.

    None where all codes are 0.
    """
    values = measured["codes"][measured["codes"] != 0]
    if not (len(values) and measured["scale"]):
        return None
    sides = 2 if values.min() < 0 else 1
    end = np.quantile(np.abs(values), 0.999)
    density, edges = np.histogram(values, bins=50 if sides == 2 else 25, range=(-end if sides == 2 else 0, end))
    middle, b, s = (edges[1:] + edges[:-1]) / 2, measured["scale"], measured["deviation"]
    return {
        "code": middle,
        "measured": density / len(values) / np.diff(edges),
        "Laplace": np.exp(-np.abs(middle) / b) / (sides * b),
        "Gaussian": np.exp(-np.square(middle / s) / 2) / (s * np.sqrt(2 * np.pi)) * 2 / sides,
    }


def _nearest(wanted, trained):
    """The trained lambdas that are nearest to the wanted ones, each once."""
    return list(dict.fromkeys(min(trained, key=lambda weight: abs(weight - value)) for value in wanted))


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
    rows = [("front", name, w, m["active"], m["error"]) for name, group in sweeps.items() for w, m in group.items()]
    rows += [("zeros", name, w, w, m["zeros"]) for name, group in sweeps.items() for w, m in group.items()]
    rows += [("front", "k-sparse", m["k"], m["active"], m["error"]) for m in sparse]
    rows += [("front", "PCA", k, k, float(error)) for k, error in enumerate(principal) if k]
    rows += [
        (f"{name} density", kind, w, float(code), float(value))
        for (name, w), histogram in histograms.items()
        if histogram
        for kind in ("measured", "Laplace", "Gaussian")
        for code, value in zip(histogram["code"], histogram[kind], strict=True)
    ]
    return [dict(zip(("panel", "line", "lambda or k", "x", "y"), row, strict=True)) for row in rows]


def _verdicts(sweeps, sparse, principal):
    over = lambda name, key, form: ", ".join(f"{w:g}: {m[key]:{form}}" for w, m in sweeps[name].items())  # noqa: E731
    values = lambda name, key: [m[key] for m in sweeps[name].values()]  # noqa: E731
    gains = values("linear", "gain")
    units = {n: [m["units"] for w, m in sweeps[n].items() if w > 0] for n in ("linear", "ReLU", PROXIMAL)}
    kept = np.log([[m["active"], m["error"]] for m in sparse]).T
    inside = [m for m in sweeps["ReLU"].values() if np.exp(kept[0, 0]) <= m["active"] <= np.exp(kept[0, -1])]
    ratios = [m["error"] / np.exp(np.interp(np.log(m["active"]), *kept)) for m in inside]
    against = {
        name: [
            m["error"] / np.interp(m["active"], np.arange(len(principal)), principal)
            for m in group
            if m["active"] < len(principal) - 1  # all components together leave no error
        ]
        for name, group in {
            "ReLU": [m for w, m in sweeps["ReLU"].items() if w > 0],
            PROXIMAL: sweeps[PROXIMAL].values(),
            "k-sparse": sparse,
        }.items()
    }
    listed = lambda numbers: ", ".join(f"{number:.2f}" for number in numbers)  # noqa: E731
    return [
        Verdict(
            "L1 pushes a ReLU code to exact zeros",
            "the fraction of exact zeros of the ReLU code rises at every step up in λ",
            over("ReLU", "zeros", ".1%"),
            rising(values("ReLU", "zeros")),
        ),
        Verdict(
            "a linear code reaches exact zeros by the proximal step, not by the penalty's gradient",
            "with the soft threshold the fraction is above 0 and rises at every step up in λ; without it none at any λ",
            f"with {over(PROXIMAL, 'zeros', '.1%')}; without at most {max(values('linear', 'zeros')):.1%}",
            rising([0, *values(PROXIMAL, "zeros")]) and max(values("linear", "zeros")) == 0,
        ),
        Verdict(
            "a sigmoid code never reaches zero",
            "no sigmoid code is exactly 0 at any λ",
            f"at most {max(values('sigmoid', 'zeros')):.1%}; the least code {min(values('sigmoid', 'least')):.1g}",
            max(values("sigmoid", "zeros")) == 0,
        ),
        Verdict(
            "L1 is a Laplace prior, one for all units",
            "linear code, nats per test code by which Laplace exceeds Gaussian: above 0 at every λ > 0 and less at λ = 0",
            over("linear", "gain", "+.3f"),
            min(gains[1:]) > max(0, gains[0]),
        ),
        Verdict(
            "each unit by itself is Laplace",
            "Laplace fits better for more than half of the units at every λ > 0: linear, ReLU and soft threshold",
            "; ".join(f"{name} {', '.join(f'{share:.0%}' for share in shares)}" for name, shares in units.items()),
            min(min(shares) for shares in units.values()) > 0.5,
        ),
        Verdict(
            "L1 shrinks also what it keeps, and k-sparse codes do not",
            "error of the ReLU code / error of the k-sparse one with as many non-zero units (log-log line between k): above 1",
            listed(ratios) or "no ReLU code has a number of non-zero units between the least and the largest k",
            bool(ratios) and min(ratios) > 1,
        ),
        Verdict(
            "few non-zero units of many reconstruct better than as many principal components",
            "error / error of PCA at the same number, where there is one: below 1 at every λ > 0 and k",
            "; ".join(f"{name} {listed(numbers)}" for name, numbers in against.items()),
            max((ratio for numbers in against.values() for ratio in numbers), default=1) < 1,
        ),
    ]
