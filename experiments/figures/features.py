"""Errors of logistic regression on features learned without labels, and of classifiers started by them."""

from functools import partial
from itertools import pairwise
from typing import NamedTuple

import jax
import numpy as np
import optax

from experiments.common import published
from experiments.common.classifiers import alphas_of, as_published, kept, most_valid, noisy_code, percent_wrong, units
from experiments.common.outcome import Outcome
from experiments.common.paired import errs_less
from experiments.common.tables import tidy
from experiments.figures.features_drawing import FRESH, RAW, draw
from jaxae.models import Dense
from jaxae.objective import encode
from jaxae.probes import fine_tuned, linear_probe
from jaxae.sweeps import take

FIXED, TUNED = "Makhzani & Frey 2014, table 1", "Makhzani & Frey 2014, table 3"
DEEP, DEEP_DROPOUT = "two layers, k = 25", "two layers, dropout"
FINE_TUNED = ("RBM", "denoising", "dropout", DEEP_DROPOUT, "k = 25", DEEP)  # of the variants, as in table 3

_encode = jax.jit(encode)


class Features(NamedTuple):
    """Which test examples fixed and fine-tuned features name rightly, [examples] or None, and what validation chose."""

    fixed: np.ndarray | None = None
    tuned: np.ndarray | None = None
    alpha: float | None = None
    strength: float | None = None
    epochs: int | None = None


def outcome(grids, cfg):
    """The test errors of both kinds of classifiers beside the published ones, where those are of the same data."""
    some = next(iter(grids.values()))
    raw = _linear(some, _as_they_are, cfg)
    measured = {RAW: Features(fixed=raw.correct, strength=raw.chosen["strength"])}
    measured[FRESH] = _fresh(some, cfg)
    measured |= {name: _features(grid, cfg, tuned=name in FINE_TUNED) for name, grid in grids.items()}
    right = [{name: row[kind] for name, row in measured.items() if row[kind] is not None} for kind in (0, 1)]
    fixed, tuned = ({name: percent_wrong(each) for name, each in kind.items()} for kind in right)
    paper = [errors.get(cfg.data.name, {}) for errors in (published.FEATURES, published.FEATURES_TUNED)]
    count = len(some.test.x)
    remark = (
        f"{len(some.train.x):,} training examples, of which logistic regression sees {_probed(some, cfg):,}; "
        f"{len(some.validation.x):,} others choose its strength, alpha, and the epoch of fine-tuning; errors on {count:,} test "
        "examples. Bars: 95 % intervals of a binomial. Fine-tuning keeps the noise of pretraining, as in the paper, and trains "
        "all layers at once, where the paper adds them one by one. The network without pretraining has as many ReLU units."
    )
    verdicts = [*_of_fixed(right[0]), *_of_tuned(right[1])]
    for errors, expected, how, source in (
        (fixed, paper[0], " on fixed features", FIXED),
        (tuned, paper[1], " after fine-tuning", TUNED),
    ):
        verdicts += [
            as_published(name, errors[name], expected[name], count, how=how, source=source)
            for name in errors
            if name in expected
        ]
    table = [
        _row(name, row, *(errors.get(name) for errors in (fixed, paper[0], tuned, paper[1])))
        for name, row in measured.items()
    ]
    rows = tidy(
        ("features", "fine-tuned", "test error (%)"),
        ((name, "no", error) for name, error in fixed.items()),
        ((name, "yes", error) for name, error in tuned.items()),
    )
    return Outcome(draw(fixed, tuned, paper, count, cfg.data.name), rows, table, verdicts, remark)


def _probed(grid, cfg):
    return min(len(grid.train.x), cfg.figure.probed)


def _as_they_are(x):
    return x


def _linear(grid, features, cfg):
    """Logistic regression on features(x), of a strength that the validation examples choose."""
    count, held_out = _probed(grid, cfg), grid.validation
    return linear_probe(
        np.asarray(features(grid.train.x[:count])),
        grid.train.labels[:count],
        np.asarray(features(grid.test.x)),
        grid.test.labels,
        strengths=tuple(cfg.figure.strengths),
        validation=(np.asarray(features(held_out.x)), held_out.labels),
    )


def _features(grid, cfg, *, tuned):
    """The errors of one autoencoder's features; the alpha of a k-sparse one is chosen by its linear probe."""
    recipe = take(grid.recipes, 0)
    recipes = {alpha: kept(recipe, alpha) for alpha in alphas_of(recipe, cfg.figure.alphas)}
    params = {"encoder": take(grid.params, 0)["encoder"]}
    codes = {alpha: partial(_encode, recipe, grid.encoder()) for alpha, recipe in recipes.items()}
    alpha, probe = most_valid({alpha: _linear(grid, code, cfg) for alpha, code in codes.items()})
    found = Features(fixed=probe.correct, alpha=alpha, strength=probe.chosen["strength"])
    if not tuned:
        return found
    classifier = _fine_tuned(grid, partial(noisy_code, grid.model, recipes[alpha]), params, cfg)
    return found._replace(tuned=classifier.correct, epochs=classifier.chosen["epochs"])


def _fresh(grid, cfg):
    """The same network of ReLU units, trained as a classifier from random weights."""
    model = Dense(grid.model.features, grid.model.hidden[:1], "relu", init_weights="he_normal")
    params = {"encoder": model.init(jax.random.key(int(grid.seeds[0])))["encoder"]}
    classifier = _fine_tuned(grid, partial(units, model), params, cfg)
    return Features(tuned=classifier.correct, epochs=classifier.chosen["epochs"])


def _fine_tuned(grid, code, params, cfg):
    return fine_tuned(
        code,
        params,
        grid.train.x,
        grid.train.labels,
        grid.test.x,
        grid.test.labels,
        learning_rates=tuple(cfg.figure.rates),
        optimizer=optax.sgd,
        epochs=cfg.figure.classifier,
        batch_size=cfg.figure.batch_size,
        seed=int(grid.seeds[0]),
        validation=(grid.validation.x, grid.validation.labels),
    )


def _row(name, row, fixed, published_fixed, tuned, published_tuned):
    return {
        "features": name,
        "fixed, test error (%)": fixed,
        "published, fixed": published_fixed,
        "fine-tuned, test error (%)": tuned,
        "published, fine-tuned": published_tuned,
        "alpha": row.alpha,
        "strength": row.strength,
        "epochs of fine-tuning": row.epochs,
    }


def _of_fixed(right):
    """The verdicts on table 1."""
    single = {name: each for name, each in right.items() if name not in (DEEP, DEEP_DROPOUT)}
    ks = [
        name
        for name in sorted(published.FEATURES["mnist"], key=published.FEATURES["mnist"].get)
        if name.startswith("k = ")
    ]
    return [
        errs_less("learned features tell classes apart better than pixels", "each code of one layer errs less than pixels",
                  single, [(name, RAW) for name in single if name != RAW], source=FIXED),
        errs_less("neither the most nor the fewest active units are best", " < ".join(ks), {name: right[name] for name in ks},
                  list(pairwise(ks)), source=FIXED),
        errs_less("25 active units give the best features", "k = 25 has the least test error of one layer", single,
                  [("k = 25", name) for name in single if name != "k = 25"], source=FIXED),
    ]  # fmt: skip


def _of_tuned(right):
    """The verdicts on table 3."""
    return [
        errs_less("features learned without labels start a better classifier", f"each errs less than {FRESH}",
                  right, [(name, FRESH) for name in right if name != FRESH], source=TUNED),
        errs_less("a second k-sparse layer helps", "two layers err less than one after fine-tuning",
                  {name: right[name] for name in ("k = 25", DEEP)}, [(DEEP, "k = 25")], source=TUNED),
    ]  # fmt: skip
