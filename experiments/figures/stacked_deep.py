"""Deep autoencoders of one to four layers: errors, seconds of an epoch, and the verdicts on depth."""

import time
from functools import partial
from typing import NamedTuple

import jax

from experiments.common.pca import PrincipalComponents
from experiments.common.timing import in_turn
from experiments.common.verdicts import less, rises
from experiments.figures.stacked_drawing import depth_of
from jaxae import losses
from jaxae.training import fit_grid

DEEP = "Hinton & Salakhutdinov 2006"


class Deep(NamedTuple):
    """What is measured on the deep autoencoders, by name, beside PCA with as many components as a code has numbers."""

    size: int
    errors: dict[str, float]
    seconds: dict[str, float]  # per epoch, of those trained jointly
    pca: float


def measured_over_depth(grids, cfg):
    """What is measured on the grids of deep autoencoders, as Deep."""
    plain = next(iter(grids.values()))
    joint = {name: grid for name, grid in grids.items() if name.endswith("joint")}
    return Deep(
        plain.code_size,
        {name: _squared_error(grid) for name, grid in grids.items()},
        in_turn({name: partial(_seconds_per_epoch, grid, cfg.train.batch_size) for name, grid in joint.items()}, 3),
        PrincipalComponents.fit(plain.train.x, plain.code_size).squared_error(plain.test.x),
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


def verdicts_on_depth(deep):
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


def check_times(seconds):
    """Whether deeper is slower."""
    return rises("deeper is slower", "the seconds per epoch rise at every step in depth", seconds, "{value:.2f}")
