"""Test error over the number of labels: pixels, PCA and a learned code, and a network trained with the labels alone."""

from functools import partial
from typing import NamedTuple

import jax
import numpy as np

from experiments.common.classifiers import clean_code, percent_wrong, units, validated
from experiments.common.outcome import Outcome
from experiments.common.paired import leads
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import tidy
from experiments.common.verdicts import decided
from experiments.figures.few_labels_drawing import draw
from jaxae.data import Data
from jaxae.integers import ceiling_division
from jaxae.models import Dense
from jaxae.objective import encode
from jaxae.probes import fine_tuned, linear_probe
from jaxae.sweeps import take

PIXELS, PCA, CODE, NETWORK, STARTED = "pixels", "PCA", "learned code", "network, labels alone", "network from the code"
EPOCHS = 10  # of a network at least

_encode = jax.jit(encode)


class Errors(NamedTuple):
    """Test errors in percent of every method, {method: [draws]}, and how often each candidate was chosen."""

    tests: dict[str, np.ndarray]
    chosen: dict[str, str]


class Splits(NamedTuple):
    """The labelled, the choosing and the test examples, each as it is or as a representation of it."""

    train: Data
    validation: Data
    test: Data

    def mapped(self, function):
        """The same examples with function(x) in the place of x."""
        return Splits(*(split._replace(x=np.asarray(function(split.x))) for split in self))


def outcome(grids, cfg):
    """The error over the number of labels, mean and standard deviation over draws of the labelled examples."""
    some = next(iter(grids.values()))
    validation = _limited(some.validation, cfg.figure.validated)
    splits = Splits(some.train, validation, some.test)
    views = _views(grids, splits, cfg)
    classes = len(np.unique(some.train.labels))
    found = {}
    for count in (*cfg.figure.counts, None):
        rows = _draws(some.train.labels, count, cfg.figure.draws, int(some.seeds[0]))
        found[len(rows[0]) / classes] = _errors(grids, views, rows, cfg)
    means = {method: [float(np.mean(e.tests[method])) for e in found.values()] for method in _methods(found)}
    deviations = {method: [_deviation(e.tests[method]) for e in found.values()] for method in means}
    labels = list(found)
    remark = (
        f"The codes and PCA are of all {len(some.train.x):,} training images without labels. {len(validation.x):,} other "
        "labelled examples choose the code, the components, the strengths, the rates and when to stop, for every method alike. "
        f"Lines: means, bands: one standard deviation over {cfg.figure.draws} draws of the labelled examples; the test has "
        f"{len(some.test.x):,}."
    )
    table = [
        {"labels per class": count}
        | {method: means[method][place] for method in means}
        | {f"{method}, standard deviation": deviations[method][place] or None for method in means}
        | errors.chosen
        for place, (count, errors) in enumerate(found.items())
    ]
    rows = tidy(
        ("labels per class", "method", "draw", "test error (%)"),
        (
            (count, method, number, error)
            for count, errors in found.items()
            for method, values in errors.tests.items()
            for number, error in enumerate(values)
        ),
    )
    figure = draw(labels, means, deviations, cfg.data.name)
    return Outcome(figure, rows, table, _verdicts(found, cfg.figure.few), remark)


def _methods(found):
    return next(iter(found.values())).tests


def _deviation(values):
    """The sample standard deviation, 0 of a single draw."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _limited(data, count):
    return data._replace(x=data.x[:count], labels=data.labels[:count])


def _views(grids, splits, cfg):
    """The examples as each method's candidates see them, {method: {candidate: Splits}}."""
    space = PrincipalComponents.fit(splits.train.x)
    counts = [count for count in cfg.figure.components if count <= len(space)]
    return {
        PIXELS: {"": splits},
        PCA: {f"{count}": splits.mapped(space.first(count).encode) for count in counts},
        CODE: {
            name: splits.mapped(partial(_encode, take(grid.recipes, 0), grid.encoder())) for name, grid in grids.items()
        },
    }


def _draws(labels, count, number, seed):
    """Rows of `count` examples of each class, or of all for None, in as many draws; one where there is nothing to draw."""
    if count is None:
        return [np.arange(len(labels))]
    return [
        np.concatenate(
            [np.random.default_rng((seed, index, label)).permutation(np.flatnonzero(labels == label))[:count]
             for label in np.unique(labels)]
        )
        for index in range(number)
    ]  # fmt: skip


def _errors(grids, views, draws, cfg):
    """The errors of every method with the labels of these rows alone."""
    tests, chosen = {}, {}
    for method, candidates in views.items():
        probes = {name: [_linear(view, rows, cfg) for rows in draws] for name, view in candidates.items()}
        best = max(probes, key=partial(_validated, probes))
        tests[method], chosen[method] = np.array([percent_wrong(probe.correct) for probe in probes[best]]), best
    name, splits = chosen.pop(CODE), views[PIXELS][""]
    grid = grids[name]
    fresh = Dense(grid.model.features, grid.model.hidden, "relu", init_weights="he_normal")
    learned = partial(clean_code, grid.model, take(grid.recipes, 0)), {"encoder": take(grid.params, 0)["encoder"]}
    for method in (NETWORK, STARTED):
        tests[method] = np.empty(len(draws))
        for index, rows in enumerate(draws):
            params = {"encoder": fresh.init(jax.random.key(index))["encoder"]}
            code, start = learned if method == STARTED else (partial(units, fresh), params)
            tests[method][index] = percent_wrong(_network(code, start, splits, rows, index, cfg).correct)
    return Errors(tests, {"code": name, "components": chosen[PCA]})


def _validated(probes, name):
    """The mean validation accuracy of a candidate over the draws."""
    return np.mean([validated(probe) for probe in probes[name]])


def _linear(view, rows, cfg):
    train, validation, test = view
    return linear_probe(
        train.x[rows],
        train.labels[rows],
        test.x,
        test.labels,
        strengths=tuple(cfg.figure.strengths),
        validation=(validation.x, validation.labels),
    )


def _network(code, start, splits, rows, seed, cfg):
    train, validation, test = splits
    batch_size = min(cfg.train.batch_size, len(rows))
    return fine_tuned(
        code,
        start,
        train.x[rows],
        train.labels[rows],
        test.x,
        test.labels,
        learning_rates=tuple(cfg.figure.rates),
        epochs=max(EPOCHS, ceiling_division(cfg.figure.steps, len(rows) // batch_size)),
        batch_size=batch_size,
        seed=seed,
        validation=(validation.x, validation.labels),
    )


def _verdicts(found, few):
    """The verdicts on few labels, and on what is left of the advantage with all of them. found: {labels per class: Errors}."""
    counts = [count for count in found if count <= few]

    def ahead(claim, one, other):
        errors = {count: (found[count].tests[one], found[count].tests[other]) for count in counts}
        return decided(
            claim,
            f"{one} errs less than {other} by more than two standard errors of the difference over draws, at every number of "
            f"labels up to {few} of each class",
            ", ".join(
                f"{count:g} of each class: {a.mean():.1f} against {b.mean():.1f} %" for count, (a, b) in errors.items()
            ),
            **leads(b - a for a, b in errors.values()),
        )

    fewest, most = (found[count].tests[NETWORK] - found[count].tests[CODE] for count in (min(found), max(found)))
    return [
        ahead("with few labels a learned code is better than pixels", CODE, PIXELS),
        ahead("with few labels a learned code is better than PCA", CODE, PCA),
        ahead("with few labels a learned code is better than a network that has the labels alone", CODE, NETWORK),
        ahead("with few labels a network does better if it starts from the code", STARTED, NETWORK),
        decided(
            "what is learned without labels counts most where labels are few",
            "the code's lead over the network, less two standard errors, is larger with the fewest labels than with all",
            f"{fewest.mean():.1f} against {most.mean():.1f} points",
            **leads([fewest - most.mean()]),
        ),
    ]
