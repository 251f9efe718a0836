"""Depth one to four, greedy against joint training, and what each layer of a regularised stack knows of the class."""

import time
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.common import published
from experiments.common.classifiers import alphas_of, as_published, clean_code, kept, most_valid
from experiments.common.outcome import Outcome
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import aligned, tidy
from experiments.common.timing import in_turn
from experiments.common.verdicts import decided, less, listed, rises
from experiments.figures.stacked_drawing import FRESH, RAW, depth_of, draw
from jaxae import losses
from jaxae.models import Dense, Layers
from jaxae.objective import encode
from jaxae.probes import fine_tuned, linear_probe
from jaxae.sweeps import take
from jaxae.training import fit_grid

STRENGTHS = (0.01, 0.1, 1.0)
DEEP, STACKS = "Hinton & Salakhutdinov 2006", "Vincent et al. 2010, table 3"


class _Stack(NamedTuple):
    """Linear-probe errors from the pixels up, the error of the fine-tuned classifier, and the alpha of a k-sparse code."""

    layers: list[float]
    fine_tuned: float
    alpha: float | None


class _Deep(NamedTuple):
    """What is measured on the deep autoencoders, by name, beside PCA with as many components as a code has numbers."""

    size: int
    errors: dict[str, float]
    seconds: dict[str, float]  # per epoch, of those trained jointly
    pca: float


def outcome(grids, cfg):
    """Reconstruction error and seconds per epoch over depth; classification errors of stacks, by layer and fine-tuned."""
    stacks = {name.removesuffix(" stack"): grid for name, grid in grids.items() if name.endswith("stack")}
    deep = _deep({name: grid for name, grid in grids.items() if name.startswith("depth")}, cfg)
    train, test = next(iter(grids.values())).train, next(iter(grids.values())).test
    raw = 1 - _linear(train.x, test.x, train, test, cfg).accuracy
    probed = {name: _classified(grid, raw, cfg) for name, grid in stacks.items()}
    fresh = _fresh(stacks["plain"], cfg)
    remark = (
        f"All codes of the deep autoencoders have {deep.size} linear units. The stacks are pretrained by layers, with "
        "noise at each layer's input, the contractive penalty on each layer's map, or k units kept in each layer; layer 0 is "
        "the pixels."
    )
    paper = published.STACKS_TUNED.get(cfg.data.name, {})
    verdicts = _of_depth(deep) + _of_classes(probed, fresh)
    verdicts += [
        as_published(f"the {name} stack", 100 * probed[name].fine_tuned, error, len(test.x), source=STACKS)
        for name, error in paper.items()
    ]
    table = _table(deep, probed, fresh, raw)
    rows, checks = _rows(deep, probed, fresh), [_check_times(deep.seconds)]
    return Outcome(draw(deep, probed, fresh), rows, table, verdicts, remark, checks=checks)


def _deep(grids, cfg):
    plain = next(iter(grids.values()))
    joint = {name: grid for name, grid in grids.items() if name.endswith("joint")}
    return _Deep(
        plain.code_size,
        {name: _squared_error(grid) for name, grid in grids.items()},
        in_turn({name: partial(_seconds_per_epoch, grid, cfg.train.batch_size) for name, grid in joint.items()}, 3),
        PrincipalComponents.fit(plain.train.x, plain.code_size).squared_error(plain.test.x),
    )


def _table(deep, probed, fresh, raw):
    error, seconds, linear, tuned = (
        "test squared error per image",
        "seconds per epoch",
        "linear probe error, top layer",
        "fine-tuned error",
    )
    return aligned(
        [
            *({"model": name, error: value, seconds: deep.seconds.get(name)} for name, value in deep.errors.items()),
            {"model": f"PCA, {deep.size}", error: deep.pca},
            *(
                {"model": f"{name} stack", linear: stack.layers[-1], tuned: stack.fine_tuned, "alpha": stack.alpha}
                for name, stack in probed.items()
            ),
            {"model": FRESH, tuned: fresh},
            {"model": RAW, linear: raw},
        ]
    )


def _rows(deep, probed, fresh):
    return tidy(
        ("panel", "model", "layer", "value"),
        (("reconstruction", name, "", value) for name, value in deep.errors.items()),
        (("seconds per epoch", name, "", value) for name, value in deep.seconds.items()),
        (
            ("linear probe error", name, layer, value)
            for name, stack in probed.items()
            for layer, value in enumerate(stack.layers)
        ),
        [("fine-tuned error", FRESH, "", fresh)],
        (("fine-tuned error", name, "", stack.fine_tuned) for name, stack in probed.items()),
    )


def _squared_error(grid):
    return float(losses.squared_error(grid.reconstructions(grid.test.x), grid.test.x).mean())


def _seconds_per_epoch(grid, batch_size):
    """The seconds of the second of two epochs; the first compiles."""
    times = []

    def mark(index, row):
        jax.block_until_ready(row)
        times.append(time.perf_counter())

    sizes = {"seeds": grid.seeds, "epochs": 2, "batch_size": batch_size, "x_test": grid.test.x}
    fit_grid(grid.model, grid.recipes, grid.train.x, on_epoch=mark, params=grid.params, **sizes)
    return times[1] - times[0]


def _classified(grid, raw, cfg):
    """The errors of one stack; the alpha of a k-sparse one is chosen by its linear probe's validation accuracy."""
    recipe, top = take(grid.recipes, 0), len(grid.model.hidden)
    probes = {alpha: _linear_at(grid, kept(recipe, alpha), top, cfg) for alpha in alphas_of(recipe, cfg.figure.alphas)}
    alpha, best = most_valid(probes)
    recipe = kept(recipe, alpha)
    below = [_linear_at(grid, recipe, depth, cfg).accuracy for depth in range(1, top)]
    layers = [raw, *(1 - accuracy for accuracy in (*below, best.accuracy))]
    params = {"encoder": take(grid.params, 0)["encoder"]}
    return _Stack(layers, 1 - _fine_tuned(grid, recipe, params, cfg), alpha)


def _linear_at(grid, recipe, depth, cfg):
    """The linear probe of the clean codes at a layer, from 1 on."""
    encoder = grid.encoder()
    cut = Layers(encoder.layers[:depth], encoder.code_at)
    train, test = (np.asarray(encode(recipe, cut, jnp.asarray(split.x))) for split in (grid.train, grid.test))
    return _linear(train, test, grid.train, grid.test, cfg)


def _linear(features, features_test, train, test, cfg):
    count = cfg.figure.probed
    return linear_probe(
        features[:count], train.labels[:count], features_test, test.labels, strengths=STRENGTHS, iterations=300
    )


def _fresh(grid, cfg):
    """The error of the same network of sigmoid units, fine-tuned from random weights."""
    model = Dense(grid.model.features, grid.model.hidden)
    params = {"encoder": model.init(jax.random.key(0))["encoder"]}
    return 1 - _fine_tuned(grid, take(grid.recipes, 0), params, cfg)


def _fine_tuned(grid, recipe, params, cfg):
    train, test = grid.train, grid.test
    result = fine_tuned(
        partial(clean_code, grid.model, recipe),
        params,
        train.x,
        train.labels,
        test.x,
        test.labels,
        learning_rates=tuple(cfg.figure.rates),
        epochs=cfg.figure.classifier,
        batch_size=cfg.figure.batch_size,
    )
    return result.accuracy


def _of_depth(deep):
    """The verdicts on the deep autoencoders."""
    deepest = max(depth_of(name) for name in deep.errors)
    return [
        less(
            "layer-wise pretraining helps where depth makes training hard",
            f"at depth {deepest} the pretrained autoencoder has the smaller test error",
            deep.errors[f"depth {deepest}, greedy"],
            deep.errors[f"depth {deepest}, joint"],
            source=f"{DEEP}, figure S1",
        ),
        less(
            "a deep autoencoder reconstructs better from a code of the same size",
            "the best of depth 2 and more has a smaller test error than depth 1",
            min(error for name, error in deep.errors.items() if not name.startswith("depth 1")),
            deep.errors["depth 1, joint"],
            source=f"{DEEP}, figure 2; Goodfellow et al. 2016, section 14.3",
        ),
    ]


def _check_times(seconds):
    return rises("deeper is slower", "the seconds per epoch rise at every step in depth", seconds, "{value:.2f}")


def _of_classes(probed, fresh):
    """The verdicts on what the stacks know of the class."""
    layers = {name: (stack.layers[1], stack.layers[-1]) for name, stack in probed.items()}
    tuned = {name: stack.fine_tuned for name, stack in probed.items()}
    return [
        decided(
            "deeper layers are more abstract",
            "in every stack a linear probe errs less on the top layer than on the first",
            ", ".join(f"{name} {last:.1%} against {first:.1%}" for name, (first, last) in layers.items()),
            [first - last for first, last in layers.values()],
        ),
        decided(
            "pretraining helps classification",
            "every fine-tuned stack errs less than the network without pretraining",
            listed({FRESH: fresh, **tuned}, "{name} {value:.1%}"),
            [fresh - error for error in tuned.values()],
            source="Makhzani & Frey 2014, table 3",
        ),
    ]
