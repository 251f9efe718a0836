"""Robust reconstructions by denoising, robust codes by contraction, and estimates of the contractive penalty."""

import time
from functools import partial
from itertools import pairwise

import jax
import numpy as np
from jax.tree_util import Partial

from experiments.common.outcome import Outcome, Verdict
from experiments.figures.denoising_vs_contractive_drawing import FINITE, MEASURES, draw
from jaxae import penalties
from jaxae.measures.contraction_ratio import contraction_ratio
from jaxae.measures.sensitivity import across, noise_excess, noise_terms, relative, sensitivity
from jaxae.measures.subspaces import local_directions
from jaxae.objective import reconstruct
from jaxae.sweeps import take

ROUNDS = 5  # of the interleaved timings
COMMON = 5  # errors at which the families are compared


def outcome(runs, cfg):
    """Sensitivities of both families over their numbers and at equal error, the penalty's estimates, and the expansion."""
    settings = cfg.figure
    points = _sensitivities(runs, settings)
    equal = _at_equal_error(points)
    estimates = _estimates(runs["CAE"], settings)
    expansion = _expansion(runs["DAE"], settings)
    rows = [
        _plotted("sensitivity", p["family"], p["level"], name, p[name])
        for p in points
        for name in ("error", *MEASURES, FINITE)
    ]
    rows += [
        _plotted("estimate", e["name"], e["number"], name, e[name]) for e in estimates for name in ("error", "cost")
    ]
    rows += [
        _plotted("expansion", "noise", std, name, float(expansion[name][i]))
        for i, std in enumerate(settings.std)
        for name in ("excess", "penalty", "penalty and curvature")
    ]
    table = [
        {
            "model": p["label"],
            "test cross-entropy (nats)": p["error"],
            "code along": p["code along"],
            "code across": p["code across"],
            "unscaled code across": p["unscaled code across"],
            "reconstruction along": p["reconstruction along"],
            "reconstruction across": p["reconstruction across"],
            FINITE: p[FINITE],
        }
        for p in points
    ]
    remark = (
        "Sensitivity: root mean square of |J v| over test images and unit directions v, along the first principal directions "
        "of the nearest training images, or across, random at right angles to them. The code's is in units of the standard "
        "deviations of code and data, since a code can also be shrunk. Equal error: the levels are interpolated from each "
        f"family's least error on. Costs are medians of {ROUNDS} interleaved calls for the penalty's value alone."
    )
    figure = draw(points, estimates, expansion, settings, cfg.data.name)
    return Outcome(figure, rows, table, _verdicts(points, equal, estimates, expansion, settings), remark)


def _plotted(panel, name, number, quantity, value):
    return {"panel": panel, "name": name, "number": float(number), "quantity": quantity, "value": float(value)}


def _sensitivities(runs, settings):
    """A dict of measures for every run of both families; the denoising one without noise is the plain autoencoder."""
    run = runs["DAE"]
    x = run.test.x[: settings.examples]
    near = max(2, min(settings.neighbours, len(run.train.x)))
    count = min(settings.directions, near - 1, x.shape[1] // 2)  # as many lie across as along
    along = local_directions(x, run.train.x, neighbours=near, count=count)
    directions = {"along": along, "across": across(jax.random.key(0), along, count)}
    points = []
    for family, key, symbol in (("DAE", "corruption.std", "s"), ("CAE", "weight", "λ")):
        run = runs[family]
        for i, level in enumerate(run.table[key]):
            encoder, codes = run.encoder(i), run.codes(run.test.x, i)
            point = {"family": family, "level": float(level), "error": float(run.curve["test_error"][i, -1])}
            point["label"] = f"{family}, {symbol} = {level:g}" if level else "AE"
            for name, v in directions.items():
                code = sensitivity(encoder, x, v)
                point[f"unscaled code {name}"] = _root_mean_square(code)
                point[f"code {name}"] = _root_mean_square(relative(code, run.test.x, codes))
                point[f"reconstruction {name}"] = _root_mean_square(sensitivity(_reconstruction(run, i), x, v))
            radius = jax.numpy.array([settings.finite * np.sqrt(x.shape[1])])
            shifts = contraction_ratio(
                _reconstruction(run, i), x, radius, jax.random.key(1), directions=settings.directions
            )
            point[FINITE] = _root_mean_square(shifts)
            points.append(point)
    return points


def _reconstruction(run, i):
    params = take(run.params, i)
    return Partial(reconstruct, take(run.recipes, i), run.model.encoder(params), run.model.decoder(params))


def _root_mean_square(values):
    return float(np.sqrt(np.mean(np.square(values))))


def _at_equal_error(points):
    """The geometric mean ratio CAE / DAE of each measure at errors that both families reach, and these errors."""
    branches = {}
    for family in ("DAE", "CAE"):
        members = [p for p in points if p["family"] == family]
        members = members[int(np.argmin([p["error"] for p in members])) :]
        rising = [p for i, p in enumerate(members) if all(p["error"] > q["error"] for q in members[:i])]
        branches[family] = rising
    low = max(branch[0]["error"] for branch in branches.values())
    high = min(branch[-1]["error"] for branch in branches.values())
    if low >= high:
        return None
    errors = np.linspace(low, high, COMMON)

    def at(family, measure):
        branch = branches[family]
        return np.interp(errors, [p["error"] for p in branch], [np.log(p[measure]) for p in branch])

    return {"errors": errors} | {m: float(np.exp(np.mean(at("CAE", m) - at("DAE", m)))) for m in (*MEASURES, FINITE)}


def _estimates(run, settings):
    """Relative error per example and cost of each estimate of the penalty, on the middle one of the contractive models."""
    encoder, x = run.encoder(len(run.seeds) // 2), jax.numpy.asarray(run.test.x[: settings.measured])
    key = jax.random.key(2)
    functions = {("definition", 0): jax.jit(penalties.contractive)}
    functions["closed form", 0] = jax.jit(penalties.contractive_closed_form)
    difference = jax.jit(penalties.contractive_finite_difference)
    for epsilon in settings.epsilon:
        functions["finite difference", epsilon] = partial(difference, epsilon=epsilon)
    projection = jax.jit(penalties.contractive_hutchinson, static_argnames="samples")
    for samples in settings.samples:
        functions["random projections", samples] = partial(projection, key=key, samples=samples)
    values = {name: np.asarray(f(encoder, x), np.float64) for name, f in functions.items()}
    timed = {
        name: f for name, f in functions.items() if name[0] != "finite difference" or name[1] == settings.epsilon[0]
    }
    seconds = _interleaved({name: partial(f, encoder, x) for name, f in timed.items()})
    for epsilon in settings.epsilon:  # the same program with another number
        seconds["finite difference", epsilon] = seconds["finite difference", settings.epsilon[0]]
    exact, unit = values["definition", 0], seconds["definition", 0]
    return [
        {
            "name": name,
            "number": number,
            "error": _root_mean_square(value / exact - 1),
            "cost": seconds[name, number] / unit,
        }
        for (name, number), value in values.items()
        if name != "definition"
    ]


def _interleaved(calls):
    """Median seconds of each call, one after another in every round, so that all see the same machine."""
    seconds = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            started = time.perf_counter()
            jax.block_until_ready(call())
            seconds[name].append(time.perf_counter() - started)
    return {name: float(np.median(values)) for name, values in seconds.items()}


def _expansion(run, settings):
    """What noise adds to the squared error by its variance, against ||J||^2 and against the whole second order."""
    level = int(np.flatnonzero(run.table["corruption.std"] > 0)[0])
    function, x = _reconstruction(run, level), jax.numpy.asarray(run.test.x[: settings.measured])
    noise = jax.random.normal(jax.random.key(3), (settings.noise, *x.shape))
    penalty, curvature = (float(np.mean(term)) for term in noise_terms(function, x))
    excess = [float(np.mean(noise_excess(function, x, noise, std))) for std in settings.std]
    ones = np.ones(len(excess))
    return {
        "excess": np.array(excess),
        "penalty": penalty * ones,
        "penalty and curvature": (penalty + curvature) * ones,
    }


def _verdicts(points, equal, estimates, expansion, settings):
    denoising, contractive = ([p for p in points if p["family"] == family] for family in ("DAE", "CAE"))
    plain = denoising[0]
    said = lambda members, measure: ", ".join(f"{p[measure]:.3g}" for p in members)  # noqa: E731
    falls = lambda members, measure: all(a[measure] > b[measure] for a, b in pairwise(members))  # noqa: E731
    selective = {p["label"]: p["code along"] / p["code across"] for p in (plain, denoising[-1], contractive[-1])}
    differences = [e for e in estimates if e["name"] == "finite difference"]
    middle = [e for e in differences if 0.001 <= e["number"] <= 0.1]
    projections = [e for e in estimates if e["name"] == "random projections"]
    counts = np.log([e["number"] for e in projections])
    several = len(set(counts)) > 1
    slope = np.polyfit(counts, np.log([e["error"] for e in projections]), 1)[0] if several else np.nan
    whole = expansion["excess"][0] / expansion["penalty and curvature"][0] - 1
    alone = expansion["penalty"][0] / expansion["excess"][0]
    common = (
        "no error that both reach" if equal is None else f"errors {equal['errors'][0]:.1f} to {equal['errors'][-1]:.1f}"
    )
    ratio = {measure: np.nan if equal is None else equal[measure] for measure in (*MEASURES, FINITE)}
    return [
        Verdict(
            "denoising makes the reconstruction robust",
            "its sensitivity across the data falls with every step up in noise",
            said(denoising, "reconstruction across"),
            falls(denoising, "reconstruction across"),
        ),
        Verdict(
            "contraction makes the code robust",
            "its sensitivity across the data, in units of the code's spread, falls from AE with every step up in lambda",
            said([plain, *contractive], "code across"),
            falls([plain, *contractive], "code across"),
        ),
        Verdict(
            "at equal reconstruction error the contractive code is the more robust",
            "code across, CAE / DAE below 1, geometric mean over errors that both families reach",
            f"{ratio['code across']:.2f} ({common})",
            bool(ratio["code across"] < 1),
        ),
        Verdict(
            "at equal reconstruction error the denoising reconstruction is the more robust",
            "reconstruction across, CAE / DAE above 1, in the same way",
            f"{ratio['reconstruction across']:.2f} ({common})",
            bool(ratio["reconstruction across"] > 1),
        ),
        Verdict(
            f"and so it is against noise of finite size, {settings.finite:g} in every pixel",
            "its change by the noise's length, CAE / DAE above 1, in the same way",
            f"{ratio[FINITE]:.2f} ({common})",
            bool(ratio[FINITE] > 1),
        ),
        Verdict(
            "both keep answering along the data",
            "code along / across is higher than AE's for the strongest noise and the strongest penalty",
            ", ".join(f"{name} {value:.2f}" for name, value in selective.items()),
            all(value > selective[plain["label"]] for value in list(selective.values())[1:]),
        ),
        Verdict(
            "finite differences approximate the penalty",
            "relative error per example below 1 % for steps from 0.001 to 0.1",
            ", ".join(f"{e['number']:g}: {e['error']:.2g}" for e in differences)
            + f"; cost {differences[0]['cost']:.2g} of the definition's",
            all(e["error"] < 0.01 for e in middle),
        ),
        Verdict(
            "random projections do so cheaply, with an error that falls as 1 / sqrt(samples)",
            "exponent within 0.1 of -0.5, and one projection costs less than a tenth of the definition",
            f"exponent {slope:.2f}; "
            + ", ".join(f"{e['number']}: error {e['error']:.2g}, cost {e['cost']:.2g}" for e in projections),
            abs(slope + 0.5) < 0.1 and projections[0]["cost"] < 0.1,
        ),
        Verdict(
            "small noise adds s^2 (|J|^2 + (r - x) . laplacian of r) to the squared error",
            f"within 2 % at s = {settings.std[0]:g}",
            f"{whole:+.2%}",
            abs(whole) < 0.02,
        ),
        Verdict(
            "the contractive penalty of the reconstruction alone is most of it (Alain & Bengio 2014)",
            f"|J|^2 is within 10 % of what is added at s = {settings.std[0]:g}",
            f"{alone:.2f} of it",
            abs(alone - 1) < 0.1,
        ),
    ]
