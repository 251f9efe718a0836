"""Errors of classifiers started by autoencoders and a Boltzmann machine, Jacobians, saturation (Rifai et al. 2011, table 1)."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.common import published
from experiments.common.classifiers import as_published, units, validated
from experiments.common.outcome import Outcome
from experiments.common.paired import errs_less
from experiments.common.tables import tidy
from experiments.common.verdicts import greater, least, same_order
from experiments.figures.classification_drawing import draw
from jaxae.integers import ceiling_division
from jaxae.measures.codes import saturation
from jaxae.penalties import contractive_exact
from jaxae.probes import fine_tuned
from jaxae.sweeps import take

PAPER = "Rifai et al. 2011, table 1"
CHUNK = 1000  # examples whose Jacobians are taken at once


class Model(NamedTuple):
    """One trained autoencoder as a classifier; errors in percent, the Jacobian and saturation before fine-tuning."""

    label: str
    test: float | None
    validation: float
    rate: float
    epochs: int
    entry: float
    saturated: float
    right: np.ndarray | None  # of the test examples


def outcome(grids, cfg):
    """Test errors after fine-tuning, with the mean squared entry of the Jacobian and the saturation on validation examples."""
    runs = {name: [_model(grid, run, cfg) for run in range(len(grid.seeds))] for name, grid in grids.items()}
    chosen = {name: min(models, key=_validation) for name, models in runs.items()}
    some = next(iter(grids.values()))
    errors = published.TEST_ERROR.get(cfg.data.name, {})
    table = [_row(name, m, errors.get(name), _jacobian(cfg, name)) for name, models in runs.items() for m in models]
    remark = (
        f"{len(some.train.x):,} training and {len(some.validation.x):,} validation examples, the same for training, choosing "
        f"and measuring; errors on {len(some.test.x):,} test examples. Bars: 95 % intervals of a binomial. The mean squared "
        "entry of the Jacobian and the share of units below 0.05 or above 0.95 are taken before fine-tuning."
    )
    verdicts = _verdicts(chosen, errors, len(some.test.x), cfg) if cfg.figure.tested else []
    figure = draw(chosen, errors, {name: _jacobian(cfg, name) for name in chosen}, len(some.test.x), cfg.data.name)
    return Outcome(figure, _rows(runs), table, verdicts, remark)


def _validation(model):
    return model.validation


def _jacobian(cfg, name):
    """The published mean squared entry and saturation, or None of each."""
    return published.JACOBIAN.get(cfg.data.name, {}).get(name, (None, None))


def _model(grid, run, cfg):
    encoder, held_out = grid.encoder(run), grid.validation
    params = {"encoder": take(grid.params, run)["encoder"]}
    probe = fine_tuned(
        partial(units, grid.model),
        params,
        grid.train.x,
        grid.train.labels,
        *((grid.test.x, grid.test.labels) if cfg.figure.tested else (held_out.x, held_out.labels)),
        learning_rates=tuple(cfg.figure.rates),
        epochs=cfg.figure.classifier,
        batch_size=cfg.figure.batch_size,
        seed=int(grid.seeds[run]),
        validation=(held_out.x, held_out.labels),
    )
    energy = np.concatenate([_energy(encoder, chunk) for chunk in _chunks(held_out.x)]).mean()
    return Model(
        label=grid.labels()[run],
        test=100 * (1 - probe.accuracy) if cfg.figure.tested else None,
        validation=100 * (1 - validated(probe)),
        rate=probe.chosen["learning_rate"],
        epochs=probe.chosen["epochs"],
        entry=float(energy / (held_out.x.shape[1] * grid.code_size)),
        saturated=float(saturation(encoder(jnp.asarray(held_out.x)))),
        right=probe.correct if cfg.figure.tested else None,
    )


def _chunks(x):
    return np.array_split(x, ceiling_division(len(x), CHUNK))


@jax.jit
def _energy(encoder, x):
    """The squared Frobenius norm of the encoder's Jacobian, [examples]."""
    return contractive_exact(encoder, x)


def _row(name, model, error, jacobian):
    return {
        "model": f"{name}, {model.label}" if model.label else name,
        "test error (%)": model.test,
        "published": error,
        "validation error (%)": model.validation,
        "mean squared entry of J": model.entry,
        "published entry": jacobian[0],
        "saturated": model.saturated,
        "published saturated": jacobian[1],
        "rate of fine-tuning": model.rate,
        "epochs of fine-tuning": model.epochs,
    }


def _rows(runs):
    return tidy(
        ("model", "run", "quantity", "value"),
        (
            (name, model.label, quantity, getattr(model, quantity))
            for name, models in runs.items()
            for model in models
            for quantity in ("test", "validation", "entry", "saturated")
        ),
    )


def _verdicts(models, errors, count, cfg):
    tests = {name: model.test for name, model in models.items()}
    right = {name: model.right for name, model in models.items()}
    entries = {name: model.entry for name, model in models.items()}
    saturated = {name: model.saturated for name, model in models.items()}
    others = max(value for name, value in saturated.items() if name != "CAE")
    verdicts = [
        errs_less("contraction starts the best classifier", "CAE has the least test error of all", right,
                  [("CAE", name) for name in right if name != "CAE"], source=PAPER),
        least("the contractive autoencoder's Jacobian is the smallest", "CAE has the least mean squared entry of all",
              entries, "{name} {value:.2g}", of="CAE", source=PAPER),
        greater("its units saturate most", "CAE has the largest saturated share of all", saturated["CAE"], others,
                "{:.1%} against {:.1%}", source=PAPER),
        errs_less("denoising and contraction both start good classifiers", "DAE-b and CAE err less than AE",
                  {name: right[name] for name in ("AE", "DAE-b", "CAE")}, [(name, "AE") for name in ("DAE-b", "CAE")],
                  source=PAPER),
    ]  # fmt: skip
    if not errors:
        return verdicts
    paper = {name: _jacobian(cfg, name)[0] for name in errors}
    measured = {name: entries[name] for name in entries if name in errors}
    verdicts.append(same_order("the models' order by mean squared entry is the paper's", measured, paper, source=PAPER))
    return verdicts + [as_published(name, tests[name], errors[name], count, source=PAPER) for name in measured]
