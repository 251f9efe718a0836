"""The canonical autoencoders of MNIST against the losses that Chollet's text on Keras reports (2016)."""

from dataclasses import replace
from typing import NamedTuple

import jax
import numpy as np
from scipy.special import entr

from experiments.common import published
from experiments.common.outcome import Outcome
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import tidy
from experiments.common.verdicts import Verdict, decided, less
from experiments.figures.canonical_drawing import CHOICES, CURVES, NAMES, draw, loss_curve
from experiments.figures.canonical_published import verdicts_on_text
from jaxae import losses
from jaxae.objective import encode
from jaxae.sweeps import take

PAPER = "mnist"  # the data of the published values
DIGITS = (PAPER, "mnist5k")  # beside which they are shown
TYING = 0.05  # the share of the cross-entropy that tying may cost


class _Reference(NamedTuple):
    """What the models are compared with: no cross-entropy is below the floor, and PCA has no more numbers per code."""

    floor: float  # nats per pixel
    pca: dict  # {code size: PrincipalComponents}
    errors: dict  # {code size: squared error of PCA on the test images}
    of_paper: bool  # whether the data are digits of MNIST, beside which the published values are shown


def outcome(grids, cfg):
    """Losses of every model beside the published ones, four choices at one code size, reconstructions beside PCA's."""
    reference = _reference(grids, cfg)
    measured = {name: _measure(grid) for name, grid in grids.items()}
    table = [_row(name, grid, measured[name], reference) for name, grid in grids.items()]
    rows = _rows(grids, measured, reference)
    figure = draw(grids, measured, reference, cfg.figure.columns)
    verdicts = [
        *(verdicts_on_text(grids, measured) if cfg.data.name == PAPER else ()),
        *_of_losses(measured, reference, grids),
    ]
    return Outcome(figure, rows, table, verdicts, _remark(grids, reference, cfg))


def _reference(grids, cfg):
    train, x = grids["simple_adam"].train.x, grids["simple_adam"].test.x
    sizes = sorted({grid.code_size for grid in grids.values()})
    pca = {size: PrincipalComponents.fit(train, size, solver="full") for size in sizes}
    errors = {size: components.squared_error(x) for size, components in pca.items()}
    return _Reference(float(np.mean(entr(x) + entr(1 - x))), pca, errors, cfg.data.name in DIGITS)


def _rows(grids, measured, reference):
    at_simple_size = reference.errors[grids["simple_adam"].code_size]
    return tidy(
        ("panel", "model", "epoch", "value"),
        (
            ("curves", NAMES[name], epoch, value)
            for name in CURVES
            if name in grids
            for epoch, value in enumerate(loss_curve(grids[name]), start=1)
        ),
        (
            (key, NAMES[name], len(loss_curve(grids[name])), measured[name][key])
            for key in ("cross-entropy", "squared error")
            for name in CHOICES
        ),
        [("squared error", "PCA", 0, at_simple_size), ("cross-entropy", "entropy floor", 0, reference.floor)],
    )


def _remark(grids, reference, cfg):
    count = len(grids["simple_adam"].train.x)
    steps = [len(loss_curve(grids[name])) * (count // cfg.at[cfg.scale].batch) for name in ("simple_adam", "deep_adam")]
    return (
        f"No loss can be below the mean entropy of the pixels, {reference.floor:.4f} nats here. Published values, of MNIST "
        "alone, hold within half a unit of the last printed digit, or from below. Training took "
        f"{steps[0]:,} steps (simple, Adam) to {steps[1]:,} (deep) on {count:,} images; the text's took 11,700 and 23,400 on "
        "60,000. The weight of the L1 term is derived in conf/experiment/canonical.yaml."
    )


def _measure(grid):
    model, recipe, x = replace(grid.model, output="linear"), take(grid.recipes, 0), grid.test.x

    @jax.jit
    def pass_through(params, x):
        code = encode(recipe, model.encoder(params), x)
        logits = model.decoder(params)(code)  # every model here ends in a sigmoid, in the loss or of its own
        output = jax.nn.sigmoid(logits)
        return code, output, losses.binary_cross_entropy(logits, x), losses.squared_error(output, x)

    leaves = jax.tree.leaves(take(grid.params, 0))
    code, output, entropy, square = (np.asarray(values) for values in pass_through(take(grid.params, 0), x))
    return {
        "cross-entropy": float(entropy.mean()) / x.shape[1],
        "squared error": float(square.mean()),
        "training loss": float(grid.curve["loss"][0, -1]) / x.shape[1],
        "code mean": float(code.mean()),
        "exact zeros": float(np.mean(code == 0)),
        "parameters": sum(leaf.size for leaf in leaves),
        "weights": sum(leaf.size for leaf in leaves if leaf.ndim > 1),
        "reconstructions": output,
    }


def _row(name, grid, numbers, reference):
    paper = published.KERAS.get(NAMES[name]) if reference.of_paper else None
    return {
        "model": NAMES[name],
        "code size": grid.code_size,
        "parameters": numbers["parameters"],
        "test cross-entropy per pixel (nats)": numbers["cross-entropy"],
        "published": paper and paper[0],
        "less the entropy floor": numbers["cross-entropy"] - reference.floor,
        "published less the floor of MNIST": paper and paper[0] - published.KERAS_FLOOR,
        "training loss per pixel": numbers["training loss"],
        "squared error per image": numbers["squared error"],
        "squared error of PCA at this code size": reference.errors[grid.code_size],
        "mean of the code": numbers["code mean"],
        "published mean": published.KERAS_CODE_MEAN.get(NAMES[name]) if reference.of_paper else None,
        "zeros in the code": numbers["exact zeros"],
    }


def _of_losses(measured, reference, grids):
    """The verdicts on the two losses, and on the code against PCA's."""
    pca = reference.errors[grids["squared_error"].code_size]
    entropy, square = measured["simple_adam"], measured["squared_error"]
    return [
        decided(
            "each loss is best at what it measures",
            "the cross-entropy model has the lower cross-entropy, the squared-error model the lower squared error",
            f"cross-entropy less floor {entropy['cross-entropy'] - reference.floor:.4f} against "
            f"{square['cross-entropy'] - reference.floor:.4f}, squared error "
            f"{entropy['squared error']:.2f} against {square['squared error']:.2f}",
            [square["cross-entropy"] - entropy["cross-entropy"], entropy["squared error"] - square["squared error"]],
        ),
        less(
            "a relu code and a sigmoid output beat PCA at the same code size",
            "squared error of the squared-error model below PCA's",
            square["squared error"],
            pca,
        ),
        _of_tying(entropy, measured["tied"]),
    ]


def _of_tying(untied, tied):
    ratio = tied["cross-entropy"] / untied["cross-entropy"]
    return Verdict(
        "tying halves the weights and costs little",
        f"half the weights, biases aside, and at most {TYING:.0%} more test cross-entropy than the untied model",
        f"{tied['weights']:,} against {untied['weights']:,} weights, cross-entropy {tied['cross-entropy']:.4f} against "
        f"{untied['cross-entropy']:.4f} ({ratio - 1:+.1%})",
        bool(2 * tied["weights"] == untied["weights"] and ratio <= 1 + TYING),
        margins=(1 + TYING - ratio,),
    )
