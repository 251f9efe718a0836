"""What each kind of sparse autoencoder finds of known features at equal sparsity (SynthSAEBench, arXiv 2602.14687)."""

import numpy as np

from experiments.common import published
from experiments.common.found_features import found, nearest_run, truth_of
from experiments.common.known_features import atoms_of, pursued
from experiments.common.outcome import Outcome
from experiments.common.tables import aligned, tidy
from experiments.common.verdicts import decided, least, listed
from experiments.figures.recovery_drawing import MEASURES, draw
from jaxae.measures.sparsity import active_units

BENCHMARK, TUTORIAL = "SynthSAEBench, arXiv 2602.14687", "SAELens, tutorial on synthetic data"
PURSUIT, PURSUED = "Matching pursuit", "TopK"  # on whose dictionary it codes
WORLDS = ("orthogonal", "challenge")  # of the tutorial, variants of the same names
PUBLISHED = ("f1", "mcc", "uniqueness", "explained")  # the columns of the paper's table
# of the tutorial: how near to its MCC, L0 and shrinkage
NEAR = {"orthogonal": (0.001, 0.1, 0.01), "challenge": (0.02, 0.35, None)}


def outcome(grids, cfg):
    """Every method's measures beside the published ones, and the tutorial's worlds."""
    truth = truth_of(cfg.data)
    benchmark = {name: grid for name, grid in grids.items() if name not in WORLDS}
    runs = {name: nearest_run(grid, cfg.figure.active) for name, grid in benchmark.items()}
    measured = {name: _measured(grid, runs[name], truth) for name, grid in benchmark.items()}
    measured[PURSUIT] = _pursued(benchmark[PURSUED], cfg.figure.active, truth)
    tutorial = {name: _as_in_the_tutorial(grids[name], truth_of(cfg.data, name)) for name in WORLDS}
    table = [
        _row(cfg.data.world, name, grids, runs.get(name), row, published.SYNTHETIC) for name, row in measured.items()
    ]
    table += [_row(name, "L1", {}, None, row, {}) | _of_tutorial(name) for name, row in tutorial.items()]
    on, all_on = float(np.mean((truth.coefficients != 0).sum(axis=1))), len(truth.directions)
    some = next(iter(benchmark.values()))
    remark = (
        f"World {cfg.data.world}: {all_on:,} features in {truth.directions.shape[1]} dimensions, of which {on:.1f} are on; "
        f"{some.code_size} latents, {len(some.train.x):,} training examples, measured on {len(some.test.x):,} others. "
        "Published: 4,096 latents, 25 on, of 16,384 features, 34.5 on. Of each lambda axis the run whose number of latents on, "
        f"over training examples, is nearest to {cfg.figure.active}. {PURSUIT} is orthogonal and codes on {PURSUED}'s "
        "dictionary; the published one is trained by it. The L0 of the tutorial's worlds is that of the examples with a "
        "feature on, as the tutorial's is."
    )
    rows = tidy(
        ("method", "measure", "ours", "published"),
        (
            (name, words, getattr(row, key), _paper(name).get(key))
            for name, row in measured.items()
            for key, words in MEASURES.items()
        ),
    )
    verdicts = [*_of_benchmark(measured), *_of_worlds(tutorial)]
    return Outcome(draw(measured, cfg.figure.active), rows, aligned(table), verdicts, remark)


def _measured(grid, run, truth):
    codes = np.asarray(grid.codes(grid.test.x, run))
    return found(codes, grid.decode(codes, run), grid.test.x, atoms_of(grid, run), truth)


def _as_in_the_tutorial(grid, truth):
    """The measures with the L0 of the examples in which a feature is on."""
    on = grid.test.x[grid.test.x.any(axis=1)]
    return _measured(grid, 0, truth)._replace(l0=float(active_units(grid.codes(on, 0))))


def _pursued(grid, active, truth):
    """Codes by orthogonal matching pursuit on the atoms that another method has learned."""
    x = grid.test.x
    return found(*pursued(grid, 0, x, active), x, atoms_of(grid, 0), truth)


def _row(world, name, grids, run, row, paper):
    grid = grids.get(name)
    setting = "" if grid is None else ", ".join(f"{key} {column[run]:g}" for key, column in grid.table.items())
    cells = {"world": world, "method": name, "setting": setting}
    for key, words in MEASURES.items():
        cells[words] = getattr(row, key)
        if key in PUBLISHED and name in paper:
            cells[f"published {words}"] = paper[name][PUBLISHED.index(key)]
    return cells


def _of_tutorial(name):
    mcc, l0, shrinkage = published.TUTORIAL[name]
    return {f"published {MEASURES[key]}": value for key, value in (("mcc", mcc), ("l0", l0), ("shrinkage", shrinkage))}


def _paper(name):
    return dict(zip(PUBLISHED, published.SYNTHETIC.get(name, ()), strict=False))


def _of_benchmark(measured):
    """The verdicts on the methods of the paper's table, by their measures."""
    rows = {name: measured[name] for name in published.SYNTHETIC}
    f1, mcc, unique, explained = ({name: getattr(row, key) for name, row in rows.items()} for key in PUBLISHED)
    apart = {MEASURES[key]: getattr(rows["BatchTopK"], key) - getattr(rows["JumpReLU"], key) for key in PUBLISHED}
    return [
        _largest("a Matryoshka's latents detect features best", f1, "F1", "Matryoshka"),
        _largest("a Matryoshka's atoms are nearest to features", mcc, "MCC", "Matryoshka"),
        _largest("a Matryoshka's latents share features least", unique, "uniqueness", "Matryoshka"),
        least("atoms of an L1 penalty are furthest from features", "least MCC: L1", mcc, FORM, of="L1", source=BENCHMARK),
        least("matching pursuit detects features worst", f"least F1: {PURSUIT}", f1, FORM, of=PURSUIT, source=BENCHMARK),
        _largest("matching pursuit reconstructs best all the same", explained, "explained variance", PURSUIT),
        decided(
            "BatchTopK and JumpReLU are alike",
            "F1, MCC, uniqueness and explained variance differ by less than .05 each",
            listed(apart, "{name} {value:+.3f}"),
            [0.05 - abs(difference) for difference in apart.values()],
            source=BENCHMARK,
        ),
    ]  # fmt: skip


FORM = "{name} {value:.3f}"


def _largest(claim, values, words, of):
    margins = [values[of] - value for name, value in values.items() if name != of]
    return decided(claim, f"largest {words}: {of}", listed(values, FORM), margins, source=BENCHMARK)


def _of_worlds(tutorial):
    """The verdicts on the tutorial's numbers."""
    verdicts = []
    for name, row in tutorial.items():
        values = dict(zip(("MCC", "L0", "shrinkage"), (row.mcc, row.l0, row.shrinkage), strict=True))
        paper = dict(zip(values, published.TUTORIAL[name], strict=True))
        near = dict(zip(values, NEAR[name], strict=True))
        compared = [key for key in values if paper[key] is not None]
        verdicts.append(
            decided(
                f"an L1 penalty finds the features of the {name} world as the tutorial says",
                "; ".join(f"{key} within {near[key]:g} of {paper[key]:g}" for key in compared),
                listed(values, "{name} {value:.4g}"),
                [near[key] - abs(values[key] - paper[key]) for key in compared],
                source=TUTORIAL,
            )
        )
    return verdicts
