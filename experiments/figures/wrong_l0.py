"""What a sparse autoencoder learns with a wrong number of active latents, on correlated features that are known."""

import jax
import jax.numpy as jnp
import numpy as np

from experiments.common.known_features import atoms_of, in_order, true_coefficients, world_of
from experiments.common.outcome import Outcome
from experiments.common.tables import tidy
from experiments.common.verdicts import above, below, decided, listed
from experiments.figures.wrong_l0_drawing import FIRST, MATCHED, MIXED, TRAINED, TRUE, draw
from jaxae.sparse.codes import batch_top_k

SOURCE = "Chanin & Garriga-Alonso 2025, toy model"
OF_K = "k={name:g}: {value:.3f}"
HALVED = (5, 9)  # k at which the error is half the true dictionary's in the source
FAR = 2  # a k so far from the true L0 is wrong


def outcome(grids, cfg):
    """Cosines with true features and errors over k, of the trained dictionaries and of the true one in their place."""
    (grid,) = grids.values()
    world, settings = world_of(cfg.data), cfg.figure
    x = grid.test.x[: settings.examples]
    l0 = float(np.mean(np.sum(true_coefficients(cfg.data, settings.examples) != 0, axis=1)))
    ks = np.asarray(grid.recipes.code.keywords["k"], float)
    measured = {ks[run]: _measure(grid, run, ks[run], x, world) for run in np.argsort(ks)}
    numbers = {k: {name: value for name, value in m.items() if name != "cosines"} for k, m in measured.items()}
    ratios = _ratios(numbers, l0)
    table = [{"k": f"{k:g}"} | m | {"error / of the true dictionary": ratios.get(k)} for k, m in numbers.items()]
    rows = tidy(
        ("panel", "k", "latent", "feature", "y"),
        ((name, k, "", "", value) for k, m in numbers.items() for name, value in m.items()),
        (("cosine", k, *place, value) for k, m in measured.items() for place, value in np.ndenumerate(m["cosines"])),
    )
    remark = (
        f"The true L0 of the test examples is {l0:.2f}. Latents are matched with features one to one (Hungarian algorithm on "
        f"|cosines| of decoder rows). Errors are squared errors per example over one batch of {len(x)} test examples, of whose "
        "activations both dictionaries keep the k x batch largest; the true one encodes by its own transpose."
    )
    return Outcome(draw(measured, l0, settings.shown), rows, table, verdicts(numbers, l0), remark)


def mixing(similar):
    """{name: number} of latents in the order of their features. similar: their cosines with all features, [features, features].

    The mean |cosine| with the matched feature, with the other features, and that of all latents but feature 0's with feature 0.
    """
    sizes = np.abs(similar)
    own = np.eye(len(sizes), dtype=bool)
    return {MATCHED: float(sizes[own].mean()), MIXED: float(sizes[~own].mean()), FIRST: float(sizes[1:, 0].mean())}


def error_of_truth(x, world, k):
    """Squared error per example of the true dictionary as an autoencoder, x D^T -> BatchTopK -> D, of features of norm 1."""
    directions = jnp.asarray(world.directions)
    code = _coded((x - world.bias) @ directions.T, k)
    return _squared_error(x, code @ directions + world.bias)


def verdicts(numbers, l0):
    """The claims of the source. numbers: {k: {name: number}} by rising k; l0: the true one."""
    at = min(numbers, key=lambda k: abs(k - l0))
    few, wrong = [k for k in numbers if k <= at - FAR], [k for k in numbers if abs(k - at) >= FAR]
    most = max(numbers)
    ratios = _ratios(numbers, l0)
    matched, first, mixed = ({k: m[name] for k, m in numbers.items()} for name in (MATCHED, FIRST, MIXED))
    return [
        above(
            "at the true L0 the true features are found",
            f"mean matched cosine above 0.95 at the k nearest to the true L0, {at:g}",
            {at: matched[at]},
            OF_K,
            bound=0.95,
            source=SOURCE,
        ),
        decided(
            "at another L0 they are not",
            f"mean matched cosine smaller than at k = {at:g}, at every k that is {FAR} or more away",
            listed(matched, OF_K),
            [matched[at] - matched[k] for k in wrong],
            source=SOURCE,
        ),
        decided(
            "below the true L0 latents mix in the most frequent feature",
            f"mean |cosine| of the other latents with feature 0 larger than at k = {at:g}, at every k {FAR} or more below",
            listed(first, OF_K),
            [first[k] - first[at] for k in few],
            source=SOURCE,
        ),
        below(
            "the mixture has a lower error than the truth",
            f"error / error of the true dictionary at the same k below 1, at every k {FAR} or more below {at:g}",
            {k: ratios[k] for k in few},
            OF_K,
            bound=1,
            source=SOURCE,
        ),
        _halved(ratios),
        decided(
            "far above the true L0 the dictionary degenerates",
            f"at k = {most:g} a smaller mean matched cosine and a larger one with other features than at k = {at:g}",
            f"matched {matched[most]:.3f} against {matched[at]:.3f}, others {mixed[most]:.3f} against {mixed[at]:.3f}",
            [matched[at] - matched[most], mixed[most] - mixed[at]],
            source=SOURCE,
        ),
    ]


def _ratios(numbers, l0):
    """{k: error / error of the true dictionary} below the true L0, from which on the true one has no error."""
    return {k: m[TRAINED] / m[TRUE] for k, m in numbers.items() if k < l0}


def _halved(ratios):
    nearest = {k: ratios[min(ratios, key=lambda other: abs(other - k))] for k in HALVED}
    return decided(
        "the error is half the true dictionary's",
        "error / error of the true dictionary from 0.4 to 0.6 at the k below the true L0 nearest to 5 and to 9",
        listed(nearest, OF_K),
        [0.1 - abs(ratio - 0.5) for ratio in nearest.values()],
        source=SOURCE,
    )


def _measure(grid, run, k, x, world):
    similar = in_order(atoms_of(grid, run), world.directions)
    code = _coded(grid.encoder(run)(jnp.asarray(x)), k)
    errors = {TRAINED: _squared_error(x, grid.decode(code, run)), TRUE: error_of_truth(x, world, k)}
    return {"cosines": similar} | mixing(similar) | errors


def _coded(z, k):
    """The code of a batch by its own k x batch largest activations, as in training; the key makes it so and draws nothing."""
    return batch_top_k(z, k=k, running_threshold=0.0, key=jax.random.key(0))


def _squared_error(x, reconstruction):
    return float(jnp.mean(jnp.sum(jnp.square(x - reconstruction), axis=1)))
