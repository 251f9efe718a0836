"""Depth one to four, greedy against joint training, and what each layer of a regularised stack knows of the class."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.common import published
from experiments.common.classifiers import alphas_of, as_published, clean_code, kept, most_valid, percent_wrong
from experiments.common.outcome import Outcome
from experiments.common.paired import errs_less
from experiments.common.tables import aligned, tidy
from experiments.figures.stacked_deep import check_times, measured_over_depth, verdicts_on_depth
from experiments.figures.stacked_drawing import FRESH, RAW, draw
from jaxae.models import Dense, Layers
from jaxae.objective import encode
from jaxae.probes import fine_tuned, linear_probe
from jaxae.sweeps import take

STRENGTHS = (0.01, 0.1, 1.0)
STACKS = "Vincent et al. 2010, table 3"


class _Stack(NamedTuple):
    """Which test examples are named rightly, by linear probes from the pixels up and by the fine-tuned stack; its alpha."""

    layers: list[np.ndarray]
    fine_tuned: np.ndarray
    alpha: float | None


def outcome(grids, cfg):
    """Reconstruction error and seconds per epoch over depth; classification errors of stacks, by layer and fine-tuned."""
    stacks = {name.removesuffix(" stack"): grid for name, grid in grids.items() if name.endswith("stack")}
    deep = measured_over_depth({name: grid for name, grid in grids.items() if name.startswith("depth")}, cfg)
    train, test = next(iter(grids.values())).train, next(iter(grids.values())).test
    raw = _linear(train.x, test.x, train, test, cfg).correct
    probed = {name: _classified(grid, raw, cfg) for name, grid in stacks.items()}
    fresh = _fresh(stacks["plain"], cfg)
    remark = (
        f"All codes of the deep autoencoders have {deep.size} linear units. The stacks are pretrained by layers, with "
        "noise at each layer's input, the contractive penalty on each layer's map, or k units kept in each layer; layer 0 is "
        "the pixels."
    )
    paper = published.STACKS_TUNED.get(cfg.data.name, {})
    verdicts = verdicts_on_depth(deep) + _of_classes(probed, fresh)
    verdicts += [
        as_published(f"the {name} stack", percent_wrong(probed[name].fine_tuned), error, len(test.x), source=STACKS)
        for name, error in paper.items()
    ]
    table = _table(deep, probed, fresh, raw)
    rows, checks = _rows(deep, probed, fresh), [check_times(deep.seconds)]
    lines = {name: [percent_wrong(right) for right in stack.layers] for name, stack in probed.items()}
    tuned = {FRESH: percent_wrong(fresh)} | {name: percent_wrong(stack.fine_tuned) for name, stack in probed.items()}
    return Outcome(draw(deep, lines, tuned), rows, table, verdicts, remark, checks=checks)


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
                {
                    "model": f"{name} stack",
                    linear: _share(stack.layers[-1]),
                    tuned: _share(stack.fine_tuned),
                    "alpha": stack.alpha,
                }
                for name, stack in probed.items()
            ),
            {"model": FRESH, tuned: _share(fresh)},
            {"model": RAW, linear: _share(raw)},
        ]
    )


def _rows(deep, probed, fresh):
    return tidy(
        ("panel", "model", "layer", "value"),
        (("reconstruction", name, "", value) for name, value in deep.errors.items()),
        (("seconds per epoch", name, "", value) for name, value in deep.seconds.items()),
        (
            ("linear probe error", name, layer, _share(right))
            for name, stack in probed.items()
            for layer, right in enumerate(stack.layers)
        ),
        [("fine-tuned error", FRESH, "", _share(fresh))],
        (("fine-tuned error", name, "", _share(stack.fine_tuned)) for name, stack in probed.items()),
    )


def _classified(grid, raw, cfg):
    """The errors of one stack; the alpha of a k-sparse one is chosen by its linear probe's validation accuracy."""
    recipe, top = take(grid.recipes, 0), len(grid.model.hidden)
    probes = {alpha: _linear_at(grid, kept(recipe, alpha), top, cfg) for alpha in alphas_of(recipe, cfg.figure.alphas)}
    alpha, best = most_valid(probes)
    recipe = kept(recipe, alpha)
    layers = [raw, *(_linear_at(grid, recipe, depth, cfg).correct for depth in range(1, top)), best.correct]
    params = {"encoder": take(grid.params, 0)["encoder"]}
    return _Stack(layers, _fine_tuned(grid, recipe, params, cfg), alpha)


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
    """What the same network of sigmoid units, fine-tuned from random weights, names rightly."""
    model = Dense(grid.model.features, grid.model.hidden)
    params = {"encoder": model.init(jax.random.key(0))["encoder"]}
    return _fine_tuned(grid, take(grid.recipes, 0), params, cfg)


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
    return result.correct


def _share(right):
    return percent_wrong(right) / 100


def _of_classes(probed, fresh):
    """The verdicts on what the stacks know of the class."""
    top = len(next(iter(probed.values())).layers) - 1
    ends = {
        f"{name}, layer {depth}": stack.layers[depth] for name, stack in probed.items() for depth in sorted({1, top})
    }
    tuned = {name: stack.fine_tuned for name, stack in probed.items()}
    return [
        errs_less(
            "deeper layers are more abstract",
            "in every stack a linear probe errs less on the top layer than on the first",
            ends,
            [(f"{name}, layer {top}", f"{name}, layer 1") for name in probed],
        ),
        errs_less(
            "pretraining helps classification",
            "every fine-tuned stack errs less than the network without pretraining",
            {FRESH: fresh, **tuned},
            [(name, FRESH) for name in tuned],
            source="Makhzani & Frey 2014, table 3",
        ),
    ]
