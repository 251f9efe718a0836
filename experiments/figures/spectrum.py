"""Mean singular values of the encoder's Jacobian for five autoencoders (Rifai et al. 2011, figure 2)."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting, published
from experiments.common.outcome import Outcome
from experiments.common.tables import tidy
from experiments.common.verdicts import below, decided, falls, least, same_order
from jaxae.jacobian import singular_values
from jaxae.measures.codes import saturation
from jaxae.measures.spectra import effective_rank

SWEEP = "CAE over lambda"
DISTANCE = "distance from the published curve"
FAR = 0.25
CHOSEN_ON = "cifar10_bw"  # where the settings were chosen by the published sizes, which can thus be no verdicts there
SPECTRA, SIZES = "Rifai et al. 2011, figure 2", "Rifai et al. 2011, table 1"


def outcome(grids, cfg):
    """Spectra of every model with their spread over test examples, and of the contractive one over lambda."""
    models = {name: _measure(grid, 0, cfg) for name, grid in grids.items() if name != SWEEP}
    weights = _over_weights(grids, models["CAE"], cfg)
    data = cfg.data.name
    curves, sizes = published.SPECTRUM.get(data, {}), published.JACOBIAN.get(data, {})
    table = [_row(name, numbers, sizes.get(name), curves.get(name)) for name, numbers in models.items()]
    table += [_row(f"CAE, lambda {weight:g}", numbers, None, None) for weight, numbers in weights.items()]
    figure = _draw(models, weights, data, len(grids["AE"].test.x[: cfg.figure.examples]))
    remark = (
        "Shading: one standard deviation over test examples. The paper does not print its lambda, noise levels and weight "
        "decay; ours stand in conf/experiment/spectrum.yaml."
    )
    if data == "cifar10_bw":
        remark += " Dashed: the paper's curves, read off its figure 2."
    sizes, shapes = _of_sizes(models, data), _of_shapes(models, weights, curves)
    verdicts, checks = (shapes, sizes) if data == CHOSEN_ON else (sizes + shapes, [])
    return Outcome(figure, _rows(models, weights), table, verdicts, remark, checks=checks)


def _over_weights(grids, chosen, cfg):
    """{lambda: measures} of the contractive autoencoder, with those of the model of the first panel among them."""
    sweep = grids[SWEEP]
    found = {weight: _measure(sweep, run, cfg) for run, weight in enumerate(sweep.table["weight"])}
    found[float(grids["CAE"].recipes.weight[0])] = chosen
    return dict(sorted(found.items()))


def _rows(models, weights):
    return tidy(
        ("panel", "model", "index", "mean", "standard deviation"),
        (
            (panel, str(name), index, mean, spread)
            for panel, group in (("models", models), ("lambda", weights))
            for name, numbers in group.items()
            for index, (mean, spread) in enumerate(zip(numbers["mean"], numbers["spread"], strict=True), start=1)
        ),
    )


def _measure(grid, run, cfg):
    x = grid.test.x[: cfg.figure.examples]
    values = np.asarray(singular_values(grid.encoder(run), x))
    codes = grid.encoder(run)(grid.test.x)
    energy = np.square(values).sum(axis=1).mean()
    return {
        "mean": values.mean(axis=0),
        "spread": values.std(axis=0),
        "energy": float(energy),
        "entry": float(energy / (x.shape[1] * codes.shape[1])),
        "rank": float(np.mean(effective_rank(values))),
        "saturated": float(saturation(codes)),
        "error": float(grid.curve["test_error"][run, -1]),
    }


def _row(name, numbers, paper, curve):
    return {
        "model": name,
        "mean squared entry of J": numbers["entry"],
        "published": paper and paper[0],
        "sum of squared singular values": numbers["energy"],
        "effective rank": numbers["rank"],
        "saturated": numbers["saturated"],
        "published saturated": paper and paper[1],
        "test cross-entropy (nats)": numbers["error"],
        DISTANCE: curve and distance(numbers["mean"], curve),
    }


def _of_sizes(models, data):
    """What is claimed of the Jacobians' sizes."""
    entries = {name: numbers["entry"] for name, numbers in models.items()}
    others = {name: value / entries["AE"] for name, value in entries.items() if name != "AE"}
    verdicts = [
        least(
            "the contractive autoencoder's Jacobian is the smallest",
            "CAE has the least mean squared entry of the five",
            entries,
            "{name} {value:.2g}",
            of="CAE",
            source=SIZES,
        ),
        below(
            "every regulariser contracts",
            "the other four have a smaller mean squared entry than AE",
            others,
            "{name}/AE {value:.2f}",
            bound=1,
            source=SIZES,
        ),
    ]
    if data in published.JACOBIAN:
        paper = {name: published.JACOBIAN[data][name][0] for name in entries}
        claim = "the models' order by mean squared entry is the paper's"
        verdicts.append(same_order(claim, entries, paper, source=SIZES))
    return verdicts


def _of_shapes(models, weights, curves):
    """What is claimed of the spectra."""
    ranks = {name: numbers["rank"] for name, numbers in models.items()}
    cae = models["CAE"]["mean"]
    small = float(np.mean(cae < 1))
    verdicts = [
        least(
            "its spectrum falls fastest",
            "CAE has the least effective rank of the five",
            ranks,
            "{name} {value:.0f}",
            of="CAE",
            source=SPECTRA,
        ),
        decided(
            "a few directions stay sensitive",
            "CAE: more than half of the mean singular values below 1, the first above 1",
            f"{small:.0%} below 1, the first {cae[0]:.2f}",
            [small - 0.5, cae[0] - 1],
            source="Goodfellow et al. 2016, section 14.7",
        ),
        falls(
            "lambda contracts",
            "the sum of squared singular values falls at every step up in lambda",
            [numbers["energy"] for numbers in weights.values()],
            "{value:.3g}",
            join=" > ",
        ),
    ]
    if curves:
        distances = {name: distance(models[name]["mean"], curve) for name, curve in curves.items()}
        rule = f"the distance of each from its published curve is below {FAR:.0%} of the curve's sum"
        form = "{name} {value:.0%}"
        verdicts.append(below("the curves are the paper's", rule, distances, form, bound=FAR, source=SPECTRA))
    return verdicts


def distance(mean, curve):
    """Sum |s_i - p_i| / sum p_i over the published positions i. mean: [min(units, pixels)]; curve: at SPECTRUM_INDEX."""
    paper = np.array(curve)
    ours = mean[np.array(published.SPECTRUM_INDEX) - 1]
    return float(np.abs(ours - paper).sum() / paper.sum())


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
