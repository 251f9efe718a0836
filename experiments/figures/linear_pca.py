"""Linear autoencoders beside PCA: principal angles, errors, singular vectors (Baldi & Hornik 1989; Plaut 2018)."""

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

from experiments.common import plotting, published
from experiments.common.outcome import Outcome, Verdict
from jaxae.functions import configure
from jaxae.schedules import Schedule
from jaxae.sweeps import take
from jaxae.training import evaluation_error, fit_grid

DECAY = "16 units, weight decay"
ANGLE = "largest principal angle (degrees)"
ABOVE = "train error above PCA's (relative)"
NEAR = 1.0  # degrees; the spaces of random weights are near 90 degrees apart
CLOSE = 1e-3  # relative difference of two errors, or of two pictures in squared length, that counts as none


def outcome(runs, cfg):
    """Each autoencoder against PCA, after trainings of growing length and at the end."""
    measured = {label: _measure(run, cfg) for label, run in runs.items()}
    rows = [
        {"panel": "training", "model": label, "index": epoch, "quantity": name, "value": value}
        for label, numbers in measured.items()
        for name in (ANGLE, ABOVE)
        for epoch, value in zip(numbers["epochs"], numbers[name], strict=True)
    ] + [
        {"panel": "singular vectors", "model": label, "index": i + 1, "quantity": "|cosine|", "value": float(value)}
        for label, numbers in measured.items()
        for i, value in enumerate(numbers["cosines"])
    ]
    table = [_row(label, numbers, cfg.data.name) for label, numbers in measured.items()]
    remark = (
        "Errors are squared errors summed over pixels, mean over images; the images are not centred. Each point over epochs "
        "is a training of its own, over which the learning rate falls to 0. Angles are those between the decoder's column "
        "space and the space of as many principal components of the training images. Weight decay stands on tied weights, "
        "where it has the same optimum as on both layers of untied ones. Test images also ink pixels that no training image "
        "does, where an untied encoder keeps its random weights."
    )
    return Outcome(_draw(measured, cfg), rows, table, _verdicts(measured, cfg.data.name), remark)


def _measure(run, cfg):
    size, x = run.code_size, run.train.x.astype(np.float64)
    pca = PCA(size, svd_solver="covariance_eigh").fit(x)
    space, best = pca.components_.T, _squared_error(pca, x)
    longer = _shorter_trainings(run, cfg) | {run.curve["loss"].shape[1]: take(run.params, 0)}
    angles = [
        float(np.degrees(subspace_angles(_decoder_weight(run.model, params), space)[0])) for params in longer.values()
    ]
    above = [_error(run, params, run.train.x) / best - 1 for params in longer.values()]
    params = take(run.params, 0)
    weight = _decoder_weight(run.model, params)
    vectors, _, _ = np.linalg.svd(weight, full_matrices=False)
    cosines = (vectors * space).sum(axis=0)
    mean = run.train.x.mean(axis=0)
    back = run.model.decoder(params)(run.model.encoder(params)(mean))
    return {
        "epochs": list(longer),
        ANGLE: angles,
        ABOVE: above,
        "error": _error(run, params, run.test.x),
        "pca": _squared_error(pca, run.test.x),
        "offset": float(np.sum((back - mean) ** 2) / np.sum(mean**2)),
        "cosines": np.abs(cosines),
        "vectors": (vectors * np.sign(cosines)).T.reshape(-1, *run.train.shape),
        "components": pca.components_.reshape(-1, *run.train.shape),
        "weights": weight.T.reshape(-1, *run.train.shape),
        "size": size,
    }


def _shorter_trainings(run, cfg):
    """The same training with 1, 2, 4 ... epochs, over which the learning rate falls to 0: {epochs: parameters}."""
    start = cfg.optimizer.learning_rate.init_value
    falling = Schedule(configure(optax.cosine_decay_schedule, init_value=jnp.full(1, start), decay_steps=1))
    recipes = run.recipes._replace(optimizer=configure(run.recipes.optimizer.func, learning_rate=falling))
    sizes = {"seeds": run.seeds, "batch_size": cfg.train.batch_size, "x_test": run.test.x}
    lengths = 2 ** np.arange(np.log2(run.curve["loss"].shape[1]))
    return {int(n): take(fit_grid(run.model, recipes, run.train.x, epochs=int(n), **sizes).params, 0) for n in lengths}


def _decoder_weight(model, params):
    """[features, code], whose columns span what the decoder can draw."""
    return np.asarray(model.decoder(params).layers[0].weight, np.float64).T


def _error(run, params, x):
    return float(evaluation_error(run.model, take(run.recipes, 0), params, x))


def _squared_error(pca, x):
    return float(np.square(pca.inverse_transform(pca.transform(x)) - x).sum(axis=1).mean())


def _row(label, numbers, data):
    return {
        "model": label,
        ANGLE: numbers[ANGLE][-1],
        "test error": numbers["error"],
        "PCA": numbers["pca"],
        "published PCA": published.PCA_ERROR.get(data, {}).get(numbers["size"]),
        "mean image, squared error / squared length": numbers["offset"],
        "least |cosine| to component": float(numbers["cosines"].min()),
        "mean |cosine|": float(numbers["cosines"].mean()),
    }


def _verdicts(measured, data):
    plain = {label: numbers for label, numbers in measured.items() if label != DECAY}
    shown = lambda form, name: ", ".join(f"{label}: {form.format(n[name])}" for label, n in plain.items())  # noqa: E731
    last = {label: numbers[ANGLE][-1] for label, numbers in measured.items()}
    ratios = {label: numbers["error"] / numbers["pca"] - 1 for label, numbers in plain.items()}
    ordered, free = measured[DECAY]["cosines"], measured["16 units"]["cosines"]
    verdicts = [
        Verdict(
            "the decoder spans the principal subspace",
            f"every largest principal angle ends below {NEAR:g} degree",
            ", ".join(f"{label}: {angle:.2g}" for label, angle in last.items()),
            max(last.values()) < NEAR,
        ),
        Verdict(
            "its error is PCA's",
            f"test errors without weight decay within {CLOSE:.1%} of PCA's",
            ", ".join(f"{label}: {n['error']:.3f} against {n['pca']:.3f}" for label, n in plain.items()),
            all(abs(ratio) < CLOSE for ratio in ratios.values()),
        ),
        Verdict(
            "biases do what centring does",
            f"the mean image is reconstructed up to {CLOSE:.1%} of its squared length",
            shown("{:.1e}", "offset"),
            all(numbers["offset"] < CLOSE for numbers in plain.values()),
        ),
        Verdict(
            "weight decay orders the singular vectors by variance, without it only the subspace is determined",
            "|cosine| of each with its component above 0.99 with weight decay; their mean below 0.9 without",
            f"least {ordered.min():.4f} with, mean {free.mean():.2f} without",
            bool(ordered.min() > 0.99 and free.mean() < 0.9),
        ),
    ]
    paper = published.PCA_ERROR.get(data)
    if paper:
        verdicts.append(
            Verdict(
                "PCA and the autoencoder have the known errors",
                "both within 0.02 of " + ", ".join(f"{paper[n['size']]} at {n['size']}" for n in plain.values()),
                ", ".join(f"PCA {n['pca']:.3f}, autoencoder {n['error']:.3f}" for n in plain.values()),
                all(abs(n[key] - paper[n["size"]]) < 0.02 for n in plain.values() for key in ("pca", "error")),
            )
        )
    return verdicts


def _draw(measured, cfg):
    count = cfg.figure.components
    with plotting.style():
        figure = plt.figure(figsize=(11, 6.2))
        grid = figure.add_gridspec(3, 2, height_ratios=(3.8, 1, 1))
        left, right = (figure.add_subplot(grid[0, column]) for column in range(2))
        for label, numbers in measured.items():
            left.loglog(numbers["epochs"], numbers[ANGLE], "o-", ms=4, label=label)
        left.axhline(90, color="grey", lw=1, ls=":")
        left.text(1, 95, "orthogonal", transform=left.get_yaxis_transform(), ha="right", va="bottom", color="grey")
        left.set(
            xlabel="epochs of training",
            ylabel="largest principal angle (degrees)",
            title="decoder's space against PCA's",
            ylim=(0.01, 200),
        )
        left.legend(loc="lower left")
        for label, numbers in measured.items():
            right.loglog(numbers["epochs"], numbers[ABOVE], "o-", ms=4, label=label)
        right.set(xlabel="epochs of training", ylabel="training error / PCA's − 1", title="squared error above PCA's")
        for ax in (left, right):
            ax.set_xscale("log", base=2)
            ax.minorticks_off()
        panels = {
            "principal components": measured[DECAY]["components"],
            "decoder's weights, 16 units": measured["16 units"]["weights"],
            "decoder's singular vectors, 16 units, weight decay": measured[DECAY]["vectors"],
            "decoder's singular vectors, 16 units": measured["16 units"]["vectors"],
        }
        for place, (title, images) in enumerate(panels.items()):
            ax = figure.add_subplot(grid[1 + place // 2, place % 2])
            plotting.pictures(ax, images[:count], min(count, len(images)), title)
    return figure
