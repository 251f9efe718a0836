"""Mean singular values of the encoder's Jacobian for five autoencoders (Rifai et al. 2011, figure 2)."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting, published
from experiments.common.outcome import Outcome, Verdict, same_order
from jaxae.jacobian import singular_values
from jaxae.measures.codes import saturation
from jaxae.measures.spectra import effective_rank

SWEEP = "CAE over lambda"


def outcome(runs, cfg):
    """Spectra of every model with their spread over test examples, and of the contractive one over lambda."""
    measured = {(name, i): _measure(run, i, cfg) for name, run in runs.items() for i in range(len(run.seeds))}
    models = {name: measured[name, 0] for name in runs if name != SWEEP}
    weights = dict(
        zip(runs[SWEEP].table["weight"], (measured[SWEEP, i] for i in range(len(runs[SWEEP].seeds))), strict=True)
    )
    weights[float(runs["CAE"].recipes.weight[0])] = models["CAE"]
    weights = dict(sorted(weights.items()))
    data = cfg.data.name
    rows = [
        {"panel": panel, "model": str(name), "index": k + 1, "mean": float(m), "standard deviation": float(s)}
        for panel, group in (("models", models), ("lambda", weights))
        for name, numbers in group.items()
        for k, (m, s) in enumerate(zip(numbers["mean"], numbers["spread"], strict=True))
    ]
    table = [_row(name, numbers, published.JACOBIAN.get(data, {}).get(name)) for name, numbers in models.items()]
    table += [_row(f"CAE, lambda {weight:g}", numbers, None) for weight, numbers in weights.items()]
    figure = _draw(models, weights, data, len(runs["AE"].test.x[: cfg.figure.examples]))
    remark = (
        "Shading: one standard deviation over test examples. The paper does not print its lambda, noise levels and weight "
        "decay; ours stand in conf/experiment/spectrum.yaml."
    )
    if data == "cifar10_bw":
        remark += " Dashed: the paper's curves, read off its figure 2."
    return Outcome(figure, rows, table, _verdicts(models, weights, data), remark)


def _measure(run, i, cfg):
    x = run.test.x[: cfg.figure.examples]
    values = np.asarray(singular_values(run.encoder(i), x))
    codes = run.encoder(i)(run.test.x)
    energy = np.square(values).sum(axis=1).mean()
    return {
        "mean": values.mean(axis=0),
        "spread": values.std(axis=0),
        "energy": float(energy),
        "entry": float(energy / (x.shape[1] * codes.shape[1])),
        "rank": float(np.mean(effective_rank(values))),
        "saturated": float(saturation(codes)),
        "error": float(run.curve["test_error"][i, -1]),
    }


def _row(name, numbers, paper):
    return {
        "model": name,
        "mean squared entry of J": numbers["entry"],
        "published": paper and paper[0],
        "sum of squared singular values": numbers["energy"],
        "effective rank": numbers["rank"],
        "saturated": numbers["saturated"],
        "published saturated": paper and paper[1],
        "test cross-entropy (nats)": numbers["error"],
    }


def _verdicts(models, weights, data):
    entries = {name: numbers["entry"] for name, numbers in models.items()}
    ranks = {name: numbers["rank"] for name, numbers in models.items()}
    energies = [numbers["energy"] for numbers in weights.values()]
    cae = models["CAE"]["mean"]
    below = float(np.mean(cae < 1))
    verdicts = [
        Verdict(
            "the contractive autoencoder's Jacobian is the smallest",
            "CAE has the least mean squared entry of the five",
            ", ".join(f"{name} {value:.2g}" for name, value in entries.items()),
            min(entries, key=entries.get) == "CAE",
        ),
        Verdict(
            "its spectrum falls fastest",
            "CAE has the least effective rank of the five",
            ", ".join(f"{name} {value:.0f}" for name, value in ranks.items()),
            min(ranks, key=ranks.get) == "CAE",
        ),
        Verdict(
            "every regulariser contracts",
            "the other four have a smaller mean squared entry than AE",
            ", ".join(f"{name}/AE {entries[name] / entries['AE']:.2f}" for name in entries if name != "AE"),
            all(value < entries["AE"] for name, value in entries.items() if name != "AE"),
        ),
        Verdict(
            "a few directions stay sensitive (Goodfellow et al. 2016, section 14.7)",
            "CAE: more than half of the mean singular values below 1, the first above 1",
            f"{below:.0%} below 1, the first {cae[0]:.2f}",
            below > 0.5 and cae[0] > 1,
        ),
        Verdict(
            "lambda contracts",
            "the sum of squared singular values falls at every step up in lambda",
            " > ".join(f"{energy:.3g}" for energy in energies),
            all(a > b for a, b in pairwise(energies)),
        ),
    ]
    if data in published.JACOBIAN:
        paper = {name: published.JACOBIAN[data][name][0] for name in entries}
        verdicts.append(same_order("the models' order by mean squared entry is the paper's", entries, paper))
    return verdicts


def _draw(models, weights, data, count):
    with plotting.style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.8), sharey=True)
        index = np.arange(1, len(models["AE"]["mean"]) + 1)
        spread = {name: numbers["spread"] for name, numbers in models.items()}
        lines = {name: numbers["mean"] for name, numbers in models.items()}
        plotting.curves(
            left, index, lines, spread=spread, xlabel="index of singular value", ylabel="singular value of the Jacobian"
        )
        for line, name in zip(left.get_lines(), models, strict=True):
            values = published.SPECTRUM.get(data, {}).get(name)
            if values:
                left.plot(published.SPECTRUM_INDEX, values, "o--", color=line.get_color(), lw=1, ms=3.5)
        if data in published.SPECTRUM:
            left.plot([], [], "o--", color="grey", lw=1, ms=3.5, label="as published")
        left.set_title(f"five autoencoders, {data}, mean over {count} test images")
        left.legend()
        shades = plt.get_cmap("viridis")(np.linspace(0, 0.85, len(weights)))
        for color, (weight, numbers) in zip(shades, weights.items(), strict=True):
            right.plot(index, numbers["mean"], color=color, label=f"λ = {weight:g}")
        right.set(title="contractive autoencoder over λ", xlabel="index of singular value", xlim=(0, 0.9 * len(index)))
        left.set(xlim=(0, 0.9 * len(index)), ylim=(0, None))
        right.legend()
    return figure
