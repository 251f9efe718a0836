"""How many features have an atom that points their way (sanity checks for sparse autoencoders, arXiv 2602.14111, section 3)."""

from typing import NamedTuple

import numpy as np

from experiments.common import published
from experiments.common.known_features import atoms_of
from experiments.common.outcome import Outcome
from experiments.common.tables import aligned, tidy
from experiments.common.trained_grid import label
from experiments.common.verdicts import above, below, decided, greater, listed
from experiments.figures.sanity_drawing import FROZEN, REVIVED, draw
from jaxae.data.features import world
from jaxae.measures.codes import dead_units
from jaxae.measures.matched_features import cosines
from jaxae.measures.reconstructions import explained_variance
from jaxae.measures.sparsity import active_units

PAPER = "sanity checks, arXiv 2602.14111, section 3"
METHODS = ("TopK", "BatchTopK", "JumpReLU", "Matryoshka")
FORM = "{name} {value:.2%}"


class Run(NamedTuple):
    """What one run has found: each feature's largest cosine with an atom, the share found, and what else a reader compares."""

    setting: str
    nearest: np.ndarray  # [features]
    share: float
    error: float  # in training, in the last epoch
    explained: float
    l0: float
    dead: float


def outcome(grids, cfg):
    """The share of features that are found for each method and rate; the verdicts take the runs of least training error."""
    made = world(cfg.data.world, seed=cfg.data.seed, features=cfg.data.features, size=cfg.data.size)
    runs = {
        name: [_run(grid, run, made.directions, cfg.figure.cosine) for run in range(len(grid.seeds))]
        for name, grid in grids.items()
    }
    best = {name: min(of, key=_error) for name, of in runs.items()}
    paper = published.SANITY.get(cfg.data.world, {})
    table = [_row(name, run, run is best[name], paper.get(name)) for name, of in runs.items() for run in of]
    some = next(iter(grids.values()))
    steps = some.curve["error"].shape[1] * (len(some.train.x) // cfg.train.batch_size)
    remark = (
        f"World {cfg.data.world}: {len(made.directions):,} features in {made.directions.shape[1]} dimensions, "
        f"{made.probabilities.sum():.1f} on; {some.code_size:,} latents, {steps:,} steps of {cfg.train.batch_size} examples. A "
        f"feature is found by an atom of a cosine above {cfg.figure.cosine:g}. The verdicts take the rate of the least "
        "training error. Published: 3,200 features in 100 dimensions, 20 on; steps and rate are not given."
    )
    rows = tidy(
        ("method", "setting", "quantile", "largest cosine"),
        (
            (name, best[name].setting, share, value)
            for name in best
            for share, value in zip(QUANTILES, np.quantile(best[name].nearest, QUANTILES), strict=True)
        ),
    )
    figure = draw(runs, best, paper, cfg.figure.cosine)
    return Outcome(figure, rows, aligned(table), _verdicts(best, cfg.data.world), remark)


QUANTILES = np.linspace(0, 1, 101)


def _run(grid, run, directions, least):
    codes = grid.codes(grid.test.x, run)
    nearest = cosines(atoms_of(grid, run), directions).max(axis=0)
    return Run(
        setting=label(grid.table, run),
        nearest=nearest,
        share=float((nearest > least).mean()),
        error=float(grid.curve["error"][run, -1]),
        explained=float(explained_variance(grid.test.x, grid.decode(codes, run))),
        l0=float(active_units(codes)),
        dead=float(dead_units(codes)),
    )


def _error(run):
    return run.error


def _row(name, run, chosen, paper):
    return {
        "method": name,
        "setting": run.setting,
        "least training error": "yes" if chosen else "",
        "features found": run.share,
        "published": paper if chosen else None,
        "mean largest cosine": float(run.nearest.mean()),
        "training error": run.error,
        "explained variance": run.explained,
        "L0": run.l0,
        "dead share": run.dead,
    }


def _verdicts(best, name):
    """The paper's claims on the world of this name, and ours on why."""
    share = {method: run.share for method, run in best.items()}
    explained = {method: run.explained for method, run in best.items()}
    if name == "sanity_variable":
        return [
            decided(
                "most features of unequal frequency are missed where most variance is explained",
                "each of the four finds less than half of the features and explains more than .6",
                f"found {listed({m: share[m] for m in METHODS}, FORM)}; "
                f"explained {listed({m: explained[m] for m in METHODS}, '{name} {value:.3f}')}",
                [*(0.5 - share[m] for m in METHODS), *(explained[m] - 0.6 for m in METHODS)],
                source=PAPER,
            )
        ]
    topk, batch = share["TopK"], share["BatchTopK"]
    return [
        above("TopK finds nearly all features", "above .9", {"TopK": topk}, FORM, bound=0.9, source=PAPER),
        below("BatchTopK, JumpReLU and Matryoshka find nearly none", "below .05 each", {m: share[m] for m in METHODS[1:]}, FORM,
              bound=0.05, source=PAPER),
        decided("there is a gulf between TopK and BatchTopK", "TopK finds over half of all features more",
                listed({m: share[m] for m in METHODS[:2]}, FORM), [topk - batch - 0.5], source=PAPER),
        decided("the error hardly tells who has found the features",
                "BatchTopK explains over nine tenths of what TopK explains",
                listed({m: explained[m] for m in METHODS[:2]}, "{name} {value:.3f}"),
                [explained["BatchTopK"] - 0.9 * explained["TopK"]], source=PAPER),
        greater("training the directions is what finds features", "TopK finds more with its decoder trained than frozen",
                topk, share[FROZEN], "{:.2%} against {:.2%}"),
        decided("BatchTopK fails by latents that die", "with AuxK, meant to revive them, it finds over half of what TopK finds",
                f"{share[REVIVED]:.2%}, dead {best[REVIVED].dead:.0%}; without {batch:.2%}, dead {best['BatchTopK'].dead:.0%}",
                [share[REVIVED] - 0.5 * topk]),
    ]  # fmt: skip
