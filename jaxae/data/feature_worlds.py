"""Seven worlds of known features, after protocols by which sparse autoencoders are judged."""

import functools
from typing import Any

import numpy as np
from jaxtyping import Float, Float64

from jaxae.data import raw_numbers
from jaxae.data.feature_draws import World, marginal
from jaxae.data.options import whole_number


def world(name: Any, *, seed: Any = 0, features: Any = None, size: Any = None) -> World:
    """The world of a name with `features` true features in `size` dimensions, those of its protocol where null.

    `tree`: 3 parents with 3 exclusive children each beside 8 lone features, orthogonal in 20 dimensions, all binary; inputs of
    mean norm sqrt(size) (noanabeshima/matryoshka-saes). `sanity`: 3,200 uniform directions in 100 dimensions, each on with
    probability .00625, magnitudes LogNormal(0, .25); `sanity_variable`: log-uniform probabilities from 10^-5.5 to 10^-1.2
    (arXiv 2602.14111). `orthogonal`: 16 in 32 dimensions, probability .25, magnitudes N(1, .05); `challenge`: 32 nearly
    orthogonal in 28, Zipf probabilities of exponent 1.2 from .25 to .01, magnitudes N(1, .3), features 1 to 7 children of
    feature 0 (the synthetic-data tutorial of SAELens). `correlated`: 50 orthogonal in 100, probabilities falling from .388 to
    .05, magnitudes N(1, .15), 70 % of the pairs correlated by .3 to .9, as often negatively, before the matrix is made
    positive (chanind/sparse-but-wrong-paper). `benchmark`: 1,024 in 96, one sixteenth of SynthSAEBench-16k (arXiv 2602.14687):
    see `_benchmark`. Raises ValueError for another name, or numbers that the world cannot have.
    """
    if not isinstance(name, str) or name not in WORLDS:
        raise ValueError(f"Data option 'world' is {name!r}; allowed are {', '.join(WORLDS)}.")
    _, usual_features, usual_size, least = WORLDS[name]
    features = usual_features if features is None else whole_number("features", features, least=least)
    size = usual_size if size is None else whole_number("size", size, least=1)
    if name == "tree" and features != usual_features:
        raise ValueError(f"Data option 'features' is {features}; the world 'tree' has {usual_features}.")
    if name in ORTHOGONAL and size < features:
        raise ValueError(f"Data option 'size' is {size}; the {features} orthogonal features need at least {features}.")
    return _made(name, whole_number("seed", seed, least=0), features, size)


@functools.lru_cache(maxsize=4)  # of training, test and the figure, which have one world
def _made(name, seed, features, size):
    made = WORLDS[name][0](np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(0,))), features, size)
    for array in made:
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    return made


def _tree(bits, features, size):
    parents = np.r_[[-1] * 3, np.repeat([0, 1, 2], 3), [-1] * 8]
    # One of three children with probability .6, each as likely: it is as if each fired with 1 - .4^(1/3) and one stayed.
    firing = np.r_[[0.15] * 3, [1 - 0.4 ** (1 / 3)] * 9, [0.05] * 8]
    found = _world(_orthonormal(bits, features, size), firing, parents, exclusive=True)
    found = found._replace(norms=1 + np.float32(0.05) * raw_numbers.normal(bits, (features,)))
    return found._replace(norms=found.norms * np.float32(np.sqrt(size) / _mean_norm_of_tree(found.norms)))


def _mean_norm_of_tree(norms):
    """The mean norm of sums of the tree's features, over the outcomes of its parts, all of which meet each other."""
    n = np.square(norms, dtype=np.float64)
    parts = [(np.r_[0, n[p], n[p] + n[3 + 3 * p : 6 + 3 * p]], [0.85, 0.06, 0.03, 0.03, 0.03]) for p in range(3)]
    parts += [(np.r_[0, n[lone]], [0.95, 0.05]) for lone in range(12, 20)]
    squares, chances = np.zeros(1), np.ones(1)
    for outcomes, likely in parts:
        squares, chances = np.add.outer(squares, outcomes).ravel(), np.multiply.outer(chances, likely).ravel()
    return np.sqrt(squares) @ chances


def _sanity(bits, features, size):
    firing = np.full(features, 0.00625)
    return _world(_unit(bits, features, size), firing, means=0, deviations=0.25)._replace(logarithmic=True)


def _sanity_variable(bits, features, size):
    firing = 10 ** (-5.5 + 4.3 * raw_numbers.uniform(bits, (features,)))
    return _world(_unit(bits, features, size), firing, means=0, deviations=0.25)._replace(logarithmic=True)


def _orthogonal(bits, features, size):
    return _world(_orthonormal(bits, features, size), np.full(features, 0.25), deviations=0.05)


def _challenge(bits, features, size):
    directions = apart(_unit(bits, features, size), steps=200, rate=0.01)
    parents = np.full(features, -1)
    parents[1:8] = 0
    return _world(directions, zipf(features, exponent=1.2, most=0.25, least=0.01), parents, deviations=0.3)


def _correlated(bits, features, size):
    directions = _orthonormal(bits, features, size)
    firing = 0.05 + 0.345 * (features - 1 - np.arange(features)) / features
    row, column = np.triu_indices(features, 1)
    order = np.argsort(raw_numbers.uniform(bits, row.shape))
    some, positive = int(0.7 * len(row) + 0.5), int(0.35 * len(row))  # of the pairs
    signs = np.zeros(len(row))
    signs[order[:some]], signs[order[:positive]] = -1, 1
    matrix = np.eye(features)
    matrix[row, column] = matrix[column, row] = signs * (0.3 + 0.6 * raw_numbers.uniform(bits, row.shape))
    values, vectors = np.linalg.eigh(matrix)
    factors = vectors * np.sqrt(np.maximum(values, 1e-6))
    factors /= np.linalg.norm(factors, axis=1, keepdims=True)
    return _world(directions, firing, factors=factors, deviations=0.15)


def _benchmark(bits, features, size):
    """SynthSAEBench with a tree for each 128 features: branching 4, depth 3, exclusive children, a low-rank copula.

    Zipf probabilities of exponent .5 from .4 to 5e-4; those of children are raised for the silence of their parent and by one
    for each sibling expected beside them, p_i / P (1 + sum_(j != i) p_j / P), at most 1. Children are scaled by their parent's
    coefficient over its mean. Correlations of rank 25 and scale .1; directions after 100 steps apart; magnitudes of mean 5 for
    the most frequent to 4 and deviation |N(.5, .5)|; a bias of norm .5. The marginal probabilities are those without the
    correlations, which are small.
    """
    directions = apart(_unit(bits, features, size), steps=100, rate=3e-4)
    wanted = zipf(features, exponent=0.5, most=0.4, least=5e-4)
    parents, roots = np.full(features, -1), features // 128 or 1
    for depth in range(3):  # level by level: the children of the first feature of a level come first
        first, last = (roots * (4**d - 1) // 3 for d in (depth, depth + 1))
        parents[last : last + 4 * (last - first)] = np.repeat(np.arange(first, last), 4)
    child = np.flatnonzero(parents >= 0)
    relative = (wanted[child] / wanted[parents[child]]).reshape(-1, 4)
    firing = wanted.copy()
    firing[child] = np.minimum(relative * (1 + relative.sum(axis=1, keepdims=True) - relative), 1).reshape(-1)
    factors = 0.1 * raw_numbers.normal(bits, (features, 25))
    factors *= np.minimum(1, np.sqrt(0.99) / np.linalg.norm(factors, axis=1).max())
    deviations = np.abs(0.5 + 0.5 * raw_numbers.normal(bits, (features,)))
    found = _world(directions, firing, parents, factors=factors, means=np.linspace(5, 4, features), deviations=deviations,
                   exclusive=True)  # fmt: skip
    return found._replace(scaled=True, bias=np.float32(0.5) * _unit(bits, 1, size)[0])


def zipf(count: int, *, exponent: float, most: float, least: float) -> Float64[np.ndarray, " count"]:
    """Powers rank^-exponent, shifted and scaled to fall from `most` to `least`."""
    power = np.arange(1, count + 1.0) ** -exponent
    return least + (most - least) * (power - power[-1]) / (power[0] - power[-1])


def apart(
    directions: Float[np.ndarray, "features size"], *, steps: int, rate: float
) -> Float[np.ndarray, "features size"]:
    """Unit vectors moved apart by Adam on sum_(i != j) (d_i . d_j)^2 + n sum_i (|d_i|^2 - 1)^2, and scaled to norm 1."""
    d = directions.copy()
    first, second = np.zeros_like(d), np.zeros_like(d)
    for step in range(1, steps + 1):
        square = np.square(d).sum(axis=1, keepdims=True)
        gradient = 4 * (
            d @ (d.T @ d) - square * d + len(d) * (square - 1) * d
        )  # size^2 numbers are held, not features^2
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * np.square(gradient)
        d -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return d / np.linalg.norm(d, axis=1, keepdims=True)


def _unit(bits, features, size):
    """Directions that are uniform on the sphere."""
    x = raw_numbers.normal(bits, (features, size))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def _orthonormal(bits, features, size):
    q, r = np.linalg.qr(raw_numbers.normal(bits, (size, features)).astype(np.float64))
    return (q * np.sign(np.diag(r))).T  # with the signs of r it is uniform (Mezzadri 2007)


def _world(directions, firing, parents=None, *, means=1.0, deviations=0.0, factors=None, exclusive=False):
    """A world without bias, with directions of norm 1."""
    features, size = directions.shape
    parents = np.full(features, -1) if parents is None else parents
    filled = [np.broadcast_to(np.float32(value), features).copy() for value in (1, means, deviations)]
    factors = np.zeros((features, 0)) if factors is None else factors
    return World(directions.astype(np.float32), filled[0], np.zeros(size, np.float32), marginal(firing, parents, exclusive),
                 parents, firing, factors.astype(np.float32), *filled[1:], exclusive=exclusive)  # fmt: skip


# name: how it is made, its features and size, and the fewest features that it can have
WORLDS = {
    "tree": (_tree, 20, 20, 20),
    "sanity": (_sanity, 3200, 100, 1),
    "sanity_variable": (_sanity_variable, 3200, 100, 1),
    "orthogonal": (_orthogonal, 16, 32, 1),
    "challenge": (_challenge, 32, 28, 8),
    "correlated": (_correlated, 50, 100, 2),
    "benchmark": (_benchmark, 1024, 96, 85),
}
ORTHOGONAL = ("tree", "orthogonal", "correlated")
