"""Whether the latent of a child feature absorbs its parent, on a tree of known features (Nabeshima 2024)."""

from typing import NamedTuple

import numpy as np

from experiments.common import published
from experiments.common.known_features import atoms_of, in_order, true_coefficients, world_of
from experiments.common.outcome import Outcome
from experiments.common.tables import OverSeeds, tidy
from experiments.common.verdicts import decided
from experiments.figures.absorption_drawing import CHILD, LONE, MEAN, PARENT, PARENTS, SIBLING, draw
from jaxae.measures.detection import absorption
from jaxae.measures.reconstructions import unexplained_variance
from jaxae.measures.sparsity import active_units

SOURCE = "noanabeshima/matryoshka-saes, pictures of the tree"
TOLERANCE = 0.05  # around the published numbers
NAMES = ("L1", "Matryoshka", "BatchTopK")
COLUMNS = {
    PARENTS: "parents",
    CHILD: "children",
    LONE: "lone features",
    MEAN: "all",
    PARENT: "child's latent and its parent",
    SIBLING: "child's latent and a sibling",
}


class _Found(NamedTuple):
    """One trained run: the cosines of its latents, in the features' order, with all true features, and what is made of them."""

    seed: int
    weight: float  # lambda, or k
    cosines: np.ndarray  # [features, features]
    relations: dict
    numbers: dict


def outcome(grids, cfg):
    """Cosines of the latents with parents, children and siblings, of the run of each seed whose L0 is nearest to the wanted."""
    world, settings = world_of(cfg.data), cfg.figure
    truth = true_coefficients(cfg.data, settings.examples)
    found = {name: _by_seed(grids[name], world, truth, settings) for name in NAMES}
    means = {name: _means(runs) for name, runs in found.items()}
    rows = tidy(
        ("panel", "variant", "seed", "latent", "feature", "y"),
        *(
            (("relations", name, run.seed, "", key, value) for key, value in run.relations.items())
            for name, runs in found.items()
            for run in runs
        ),
        *(
            (("heat map", name, runs[0].seed, *place, value) for place, value in np.ndenumerate(runs[0].cosines))
            for name, runs in found.items()
        ),
    )
    remark = (
        "Latents stand in the order of the features that they are matched with one to one (Hungarian algorithm on |cosines| "
        f"of decoder rows). Of each seed the lambda whose training L0 is nearest to {settings.l0:g} is taken; k is as in "
        f"the file. The true L0 is {np.mean(np.sum(truth != 0, axis=1)):.3g}. Absorbed: the share of the test examples "
        "with a parent where its main latent is silent and another carries it (SAEBench, with true directions)."
    )
    figure = draw(found, world, published.ABSORPTION.get(cfg.data.world, {}))
    verdicts = [*_of_published(means, published.ABSORPTION[cfg.data.world]), *_of_order(found)]
    return Outcome(figure, rows, _table(found), verdicts, remark)


def relations(similar, parents):
    """Mean cosines by kind, of latents in the order of their features. similar: [features, features]; parents: -1 for none."""
    child = np.flatnonzero(parents >= 0)
    above = np.unique(parents[child])
    lone = np.setdiff1d(np.flatnonzero(parents < 0), above)
    own = np.abs(np.diag(similar))
    siblings = [(i, j) for i in child for j in child if i != j and parents[i] == parents[j]]
    return {
        PARENTS: float(own[above].mean()),
        CHILD: float(own[child].mean()),
        LONE: float(own[lone].mean()),
        MEAN: float(own.mean()),
        PARENT: float(similar[child, parents[child]].mean()),
        SIBLING: float(np.mean([similar[place] for place in siblings])),
    }


def nearest(seeds, values, wanted):
    """{seed: the run whose value is nearest to the wanted one}."""
    distances = np.abs(np.asarray(values) - wanted)
    return {
        int(seed): min(np.flatnonzero(seeds == seed), key=lambda run: distances[run]) for seed in dict.fromkeys(seeds)
    }


def _by_seed(grid, world, truth, settings):
    """[_Found], one for each seed."""
    x = grid.train.x[: settings.examples]
    active = [float(active_units(grid.codes(x, run))) for run in range(len(grid.seeds))]
    chosen = nearest(grid.seeds, active, settings.l0)
    return [_found(grid, run, seed, active[run], world, truth) for seed, run in chosen.items()]


def _found(grid, run, seed, active, world, truth):
    rows, x = atoms_of(grid, run), grid.test.x[: len(truth)]
    codes = np.asarray(grid.codes(x, run))
    similar = in_order(rows, world.directions)
    absorbed = absorption(codes, truth, x, rows, world.directions)[np.unique(world.parents[world.parents >= 0])]
    numbers = {
        "training L0": active,
        "unexplained variance": float(unexplained_variance(x, grid.decode(codes, run))),
        "parents absorbed": float(np.nanmean(absorbed)) if np.isfinite(absorbed).any() else 0.0,
    }
    return _Found(seed, _lambda(grid, run), similar, relations(similar, world.parents), numbers)


def _lambda(grid, run):
    """The number that the variant is swept over: lambda, or k."""
    keywords = grid.recipes.penalty.keywords | grid.recipes.code.keywords
    number = next((keywords[name] for name in ("sparsity", "k") if name in keywords), grid.recipes.weight)
    return float(number[run])


def _means(runs):
    return {key: float(np.mean([run.relations[key] for run in runs])) for key in runs[0].relations}


def _table(found):
    return [
        {"variant": name, "seeds": len(runs), "lambda or k": ", ".join(f"{run.weight:g}" for run in runs)}
        | {name: _over([run.numbers[name] for run in runs]) for name in runs[0].numbers}
        | {f"cosine, {words}": _over([run.relations[key] for run in runs]) for key, words in COLUMNS.items()}
        for name, runs in found.items()
    ]


def _over(values):
    """Mean and deviation over several seeds, or the number of the only one."""
    return OverSeeds.of(values) if len(values) > 1 else values[0]


def _of_published(means, paper):
    """A verdict for every published range: the mean over seeds within TOLERANCE of it."""
    return [
        decided(
            f"{name}, cosine of {COLUMNS[key]}",
            f"mean over seeds within {TOLERANCE:g} of the published {_range(low, high)}",
            f"{means[name][key]:.3f}",
            [means[name][key] - (low - TOLERANCE), high + TOLERANCE - means[name][key]],
            source=SOURCE,
        )
        for name, published_ranges in paper.items()
        for key, (low, high) in published_ranges.items()
    ]


def _range(low, high):
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _of_order(found):
    """The verdicts that compare variants, seed by seed."""
    l1, nested, batch = (found[name] for name in NAMES)
    return [
        decided(
            "Matryoshka prefixes keep children apart from their parents",
            "the cosine of children's latents with their parents is nearer to 0 than under L1, for every seed",
            _pairs(l1, nested, PARENT),
            [abs(a.relations[PARENT]) - abs(b.relations[PARENT]) for a, b in zip(l1, nested, strict=True)],
            source=SOURCE,
        ),
        decided(
            "Matryoshka prefixes find the true features better",
            "the mean matched cosine is larger than under L1, for every seed",
            _pairs(l1, nested, MEAN),
            [b.relations[MEAN] - a.relations[MEAN] for a, b in zip(l1, nested, strict=True)],
            source=SOURCE,
        ),
        decided(
            "absorption is of sparsity, not of L1 alone",
            "the cosine of children's latents with their parents is larger than under Matryoshka, for every seed",
            _pairs(batch, nested, PARENT, of="BatchTopK"),
            [a.relations[PARENT] - b.relations[PARENT] for a, b in zip(batch, nested, strict=True)],
        ),
    ]


def _pairs(one, nested, key, *, of="L1"):
    values = (", ".join(f"{run.relations[key]:.2f}" for run in runs) for runs in (one, nested))
    return "{} {}; Matryoshka {}".format(of, *values)
