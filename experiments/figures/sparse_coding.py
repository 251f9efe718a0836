"""How near the k-sparse encoder comes to the best k atoms (Makhzani & Frey 2014, theorem 3.1)."""

import warnings
from typing import NamedTuple

import numpy as np

from experiments.common.outcome import Outcome
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import tidy
from experiments.common.verdicts import below, decided, listed
from experiments.figures.sparse_coding_drawing import ENCODER, FITTED, LEARNED, PCA, PURSUIT, RANDOM, draw
from experiments.figures.sparse_coding_theorem import checks, condition, recovery, shares_by_ratio
from jaxae.measures import dictionaries

OF_K = "k={name}: {value:.2f}"
SHARE_OF_K = "k={name}: {value:.0%}"


class _References(NamedTuple):
    """Codes of the training images that no autoencoder made."""

    mean: np.ndarray  # of the training images
    atoms: np.ndarray  # of the learned dictionary [features, atoms]
    pca: PrincipalComponents


def outcome(grids, cfg):
    """Errors, supports and the coherence condition on the trained dictionaries; recovery on one of known coherence."""
    (grid,) = grids.values()
    settings = cfg.figure
    rng = np.random.default_rng(settings.seed)
    x = grid.test.x[: settings.examples]
    ks = [int(k) for k in np.asarray(grid.recipes.code.keywords["k"])]
    pca = PrincipalComponents.fit(grid.train.x, max(ks), centre_first=True)
    references = _References(*_learn(grid.train.x, grid.code_size, settings), pca)
    measured = {ks[run]: _measure(grid, run, x, references, rng) for run in np.argsort(ks)}
    synthetic = recovery(settings, rng)
    table = [_row(k, numbers, grid.code_size) for k, numbers in measured.items()]
    figure = draw(measured, shares_by_ratio(synthetic), x[: settings.columns], grid, settings)
    remark = (
        f"Errors are sums of squares over the pixels of {len(x)} test images. OMP and the encoder code x less the decoder's "
        "bias; the learned dictionary (scikit-learn, MiniBatchDictionaryLearning) and PCA code x less the training mean. The "
        "condition on the trained dictionaries is that of x = W z with the encoder's own code z and atoms of norm 1. Synthetic "
        f"codes are on {settings.features} spikes and {settings.features} Walsh-Hadamard waves."
    )
    errors = {k: numbers["errors"] for k, numbers in measured.items()}
    verdicts = [
        _best_atoms(errors),
        _same_atoms(measured, grid.code_size),
        *_of_errors(errors),
        _of_trained(measured),
    ]
    return Outcome(figure, _rows(measured, synthetic), table, verdicts, remark, checks=checks(synthetic))


def _learn(x, atoms, settings):
    """(mean, [features, atoms]) of scikit-learn's online dictionary learning, one pass over the training images."""
    from sklearn.decomposition import MiniBatchDictionaryLearning

    mean = x.mean(axis=0)
    learner = MiniBatchDictionaryLearning(
        atoms, alpha=settings.alpha, max_iter=1, batch_size=100, fit_algorithm="cd", random_state=settings.seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one pass does not converge
        return mean, learner.fit(x - mean).components_.T


def _measure(grid, run, x, references, rng):
    """Reconstructions, their errors, agreement of supports, and theorem 3.1 on one trained dictionary."""
    k = int(grid.recipes.code.keywords["k"][run])
    weight, bias = (
        np.asarray(grid.encoder(run).layers[0].weight),
        np.asarray(grid.decode(np.zeros(grid.code_size), run)),
    )
    code = np.asarray(grid.codes(x, run))
    kept = np.asarray(dictionaries.support(grid.encoder(run)(x), k=k))
    greedy = dictionaries.matching_pursuit(weight, x - bias, k=k)
    random = np.argsort(rng.random(code.shape), axis=1)[:, :k]
    mean, atoms, pca = references
    reconstructions = {
        ENCODER: bias + code @ weight.T,
        FITTED: bias + np.asarray(dictionaries.least_squares(weight, x - bias, kept)) @ weight.T,
        PURSUIT: bias + greedy @ weight.T,
        LEARNED: mean + dictionaries.matching_pursuit(atoms, x - mean, k=k) @ atoms.T,
        PCA: pca.first(k).reconstruct(x),
        RANDOM: bias + np.asarray(dictionaries.least_squares(weight, x - bias, random)) @ weight.T,
    }
    return {
        "reconstructions": reconstructions,
        "errors": {name: float(np.mean(np.sum(np.square(r - x), axis=1))) for name, r in reconstructions.items()},
        "overlap": np.asarray(dictionaries.overlap(code, greedy)),
        "learned mu": float(dictionaries.coherence(atoms)),
        **condition(weight, code, kept),
    }


def _row(k, numbers, atoms):
    return (
        {"k": str(k)}
        | numbers["errors"]
        | {
            "encoder / OMP": numbers["errors"][ENCODER] / numbers["errors"][PURSUIT],
            "atoms shared with OMP": float(numbers["overlap"].mean()),
            "by chance": k / atoms,
            "coherence mu": numbers["mu"],
            "mu of the learned dictionary": numbers["learned mu"],
            "least 2 k mu z_1 / z_k": float(numbers["ratio"].min()),
            "condition holds": float((numbers["ratio"] <= 1).mean()),
            "support of W z recovered": float(numbers["recovered"].mean()),
        }
    )


def _rows(measured, synthetic):
    return tidy(
        ("panel", "line", "x", "y"),
        (("error", name, k, value) for k, m in measured.items() for name, value in m["errors"].items()),
        (("overlap", "mean", k, m["overlap"].mean()) for k, m in measured.items()),
        (("recovery", f"{kind}, all k", *point) for kind, line in shares_by_ratio(synthetic).items() for point in line),
        (("recovery", f"{r['kind']}, k = {r['k']}", r["ratio"], r["recovered"]) for r in synthetic),
        (("recovery", f"trained dictionary, k = {k}", m["middle"], m["recovered"].mean()) for k, m in measured.items()),
    )


def _best_atoms(errors):
    closed = {k: (e[RANDOM] - e[ENCODER]) / (e[RANDOM] - e[PURSUIT]) for k, e in errors.items()}
    ratios = {k: e[ENCODER] / e[PURSUIT] for k, e in errors.items()}
    return decided(
        "the k largest activations approximate the best k atoms",
        "the encoder closes more than half of the gap in error from k random atoms of its dictionary to OMP's, at every k",
        f"{listed(closed, OF_K)}; encoder / OMP {listed(ratios, OF_K)}",
        [share - 0.5 for share in closed.values()],
    )


def _same_atoms(measured, atoms):
    shared = {k: m["overlap"].mean() for k, m in measured.items()}
    return decided(
        "they are mostly the atoms that OMP takes",
        "more than half of the kept atoms are OMP's, at every k",
        f"{listed(shared, SHARE_OF_K)}; by chance {listed([k / atoms for k in measured], '{value:.0%}')}",
        [share - 0.5 for share in shared.values()],
    )


def _of_errors(errors):
    """The verdicts on the encoder between the best atoms and principal components."""
    return [
        decided(
            "the support leaves something to gain, not the coefficients alone",
            "error of least squares on the encoder's atoms > of OMP, at every k",
            "; ".join(f"k={k}: {e[FITTED]:.2f}, {e[PURSUIT]:.2f}, encoder {e[ENCODER]:.2f}" for k, e in errors.items()),
            [e[FITTED] - e[PURSUIT] for e in errors.values()],
        ),
        below(
            "k of many atoms reconstruct better than k principal components",
            "error of the encoder / error of PCA below 1, at every k",
            {k: e[ENCODER] / e[PCA] for k, e in errors.items()},
            OF_K,
            bound=1,
        ),
    ]


def _of_trained(measured):
    holding = {k: (m["ratio"] <= 1).mean() for k, m in measured.items()}
    return decided(
        "theorem 3.1 explains what a trained encoder recovers",
        "the condition holds for more than half of the trained codes at every k",
        f"holds {listed(holding, SHARE_OF_K)}; μ {listed({k: m['mu'] for k, m in measured.items()}, OF_K)}",
        [share - 0.5 for share in holding.values()],
    )
