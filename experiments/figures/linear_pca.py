"""Linear autoencoders beside PCA: principal angles, errors, singular vectors (Baldi & Hornik 1989; Plaut 2018)."""

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
from scipy.linalg import subspace_angles

from experiments.common import plotting, published
from experiments.common.outcome import Outcome
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import tidy
from experiments.common.verdicts import below, decided
from jaxae.functions import configure
from jaxae.schedules import Schedule
from jaxae.sweeps import take
from jaxae.training import evaluation_error, fit_grid

DECAY = "16 units, weight decay"
ANGLE = "largest principal angle (degrees)"
APART = "largest angle of a component set apart (degrees)"
ABOVE = "train error above PCA's (relative)"
NEAR = 1.0  # degrees; the spaces of random weights are near 90 degrees apart
GAP = 0.05  # a component is set apart where its variance is larger by this share than that of the first one left out
CLOSE = 1e-3  # relative difference of two errors, or of two pictures in squared length, that counts as none


def outcome(grids, cfg):
    """Each autoencoder against PCA, after trainings of growing length and at the end."""
    measured = {label: _measure(grid, cfg) for label, grid in grids.items()}
    table = [_row(label, numbers, cfg.data.name) for label, numbers in measured.items()]
    remark = (
        "Errors are squared errors summed over pixels, mean over images; the images are not centred. Each point over epochs "
        "is a training of its own, over which the learning rate falls to 0. Angles are those between the decoder's column "
        "space and the space of as many principal components of the training images. A decoder turned by an angle t out of "
        "a component has an error larger by sin(t)^2 times the difference of two variances, the component's and that of the "
        f"first one left out: where that is below {GAP:.0%}, hardly any. Weight decay stands on tied weights, "
        "where it has the same optimum as on both layers of untied ones. Test images also ink pixels that no training image "
        "does, where an untied encoder keeps its random weights."
    )
    plain = {label: numbers for label, numbers in measured.items() if label != DECAY}
    verdicts, checks = _verdicts(measured, plain, cfg.data.name), [_centring(plain)]
    return Outcome(_draw(measured, cfg), _rows(measured), table, verdicts, remark, checks=checks)


def _rows(measured):
    return tidy(
        ("panel", "model", "index", "quantity", "value"),
        (
            ("training", label, epoch, name, value)
            for label, numbers in measured.items()
            for name in (ANGLE, ABOVE)
            for epoch, value in zip(numbers["epochs"], numbers[name], strict=True)
        ),
        (
            ("singular vectors", label, index, "|cosine|", value)
            for label, numbers in measured.items()
            for index, value in enumerate(numbers["cosines"], start=1)
        ),
    )


def _measure(grid, cfg):
    x, shape = grid.train.x.astype(np.float64), grid.train.shape
    pca = PrincipalComponents.fit(x, grid.code_size)
    space, best = pca.axes.T, pca.squared_error(x)
    apart = separated(np.linalg.eigvalsh(np.cov(x.T))[::-1], grid.code_size)
    params = take(grid.params, 0)
    longer = _shorter_trainings(grid, cfg) | {grid.curve["loss"].shape[1]: params}
    weights = [_decoder_weight(grid.model, each) for each in longer.values()]
    vectors, _, _ = np.linalg.svd(weights[-1], full_matrices=False)
    cosines = (vectors * space).sum(axis=0)
    mean = grid.train.x.mean(axis=0)
    back = grid.model.decoder(params)(grid.model.encoder(params)(mean))
    return {
        "epochs": list(longer),
        ANGLE: [float(np.degrees(subspace_angles(weight, space)[0])) for weight in weights],
        ABOVE: [_error(grid, each, grid.train.x) / best - 1 for each in longer.values()],
        "apart": apart,
        APART: float(np.degrees(subspace_angles(weights[-1], space[:, :apart])[0])),
        "error": _error(grid, params, grid.test.x),
        "pca": pca.squared_error(grid.test.x),
        "offset": float(np.sum((back - mean) ** 2) / np.sum(mean**2)),
        "cosines": np.abs(cosines),
        "vectors": (vectors * np.sign(cosines)).T.reshape(-1, *shape),
        "components": pca.axes.reshape(-1, *shape),
        "weights": weights[-1].T.reshape(-1, *shape),
        "size": grid.code_size,
    }


def separated(variances, count):
    """How many of the first `count` components are set apart from the others, at least 1.

    variances: of all components, the largest first. Such a component c is at an angle t from the space of any decoder whose
    error is above PCA's by e, with sin(t)^2 <= e / (v_c - v_next) (Davis & Kahan 1970 bound angles by the same gap); one
    with no gap is determined by rounding.
    """
    return max(1, int(np.sum(variances[:count] > (1 + GAP) * variances[count])))


def _shorter_trainings(grid, cfg):
    """The same training with 1, 2, 4 ... epochs, over which the learning rate falls to 0: {epochs: parameters}."""
    start = cfg.optimizer.learning_rate.init_value
    falling = Schedule(configure(optax.cosine_decay_schedule, init_value=jnp.full(1, start), decay_steps=1))
    recipes = grid.recipes._replace(optimizer=configure(grid.recipes.optimizer.func, learning_rate=falling))
    sizes = {"seeds": grid.seeds, "batch_size": cfg.train.batch_size, "x_test": grid.test.x}
    lengths = 2 ** np.arange(np.log2(grid.curve["loss"].shape[1]))
    return {
        int(n): take(fit_grid(grid.model, recipes, grid.train.x, epochs=int(n), **sizes).params, 0) for n in lengths
    }


def _decoder_weight(model, params):
    """[features, code], whose columns span what the decoder can draw."""
    return np.asarray(model.decoder(params).layers[0].weight, np.float64).T


def _error(grid, params, x):
    return float(evaluation_error(grid.model, take(grid.recipes, 0), params, x))


def _row(label, numbers, data):
    return {
        "model": label,
        ANGLE: numbers[ANGLE][-1],
        "components set apart": numbers["apart"],
        APART: numbers[APART],
        "test error": numbers["error"],
        "PCA": numbers["pca"],
        "published PCA": published.PCA_ERROR.get(data, {}).get(numbers["size"]),
        "mean image, squared error / squared length": numbers["offset"],
        "least |cosine| to component": float(numbers["cosines"].min()),
        "mean |cosine|": float(numbers["cosines"].mean()),
    }


def _centring(plain):
    return below(
        "biases do what centring does",
        f"the mean image is reconstructed up to {CLOSE:.1%} of its squared length",
        {label: numbers["offset"] for label, numbers in plain.items()},
        "{name}: {value:.1e}",
        bound=CLOSE,
    )


def _verdicts(measured, plain, data):
    """plain: what is measured without weight decay."""
    ordered, free = measured[DECAY]["cosines"], measured["16 units"]["cosines"]
    verdicts = [
        below(
            "the decoder spans the principal subspace",
            f"components of a variance {GAP:.0%} above that of the first one left out are within {NEAR:g} degree of its space",
            {f"{label} ({numbers['apart']} apart)": numbers[APART] for label, numbers in measured.items()},
            "{name}: {value:.2g}",
            bound=NEAR,
            source="Baldi & Hornik 1989; Goodfellow et al. 2016, section 14.1",
        ),
        decided(
            "its error is PCA's",
            f"test errors without weight decay within {CLOSE:.1%} of PCA's",
            ", ".join(f"{label}: {n['error']:.3f} against {n['pca']:.3f}" for label, n in plain.items()),
            [CLOSE - abs(n["error"] / n["pca"] - 1) for n in plain.values()],
        ),
        decided(
            "weight decay orders the singular vectors by variance, without it only the subspace is determined",
            "|cosine| of each with its component above 0.99 with weight decay; their mean below 0.9 without",
            f"least {ordered.min():.4f} with, mean {free.mean():.2f} without",
            [ordered.min() - 0.99, 0.9 - free.mean()],
            source="Plaut 2018",
        ),
    ]
    paper = published.PCA_ERROR.get(data)
    return [*verdicts, _known_errors(plain, paper)] if paper else verdicts


def _known_errors(plain, paper):
    return decided(
        "PCA and the autoencoder have the known errors",
        "both within 0.02 of " + ", ".join(f"{paper[n['size']]} at {n['size']}" for n in plain.values()),
        ", ".join(f"PCA {n['pca']:.3f}, autoencoder {n['error']:.3f}" for n in plain.values()),
        [0.02 - abs(n[key] - paper[n["size"]]) for n in plain.values() for key in ("pca", "error")],
    )


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
