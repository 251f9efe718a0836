"""Worlds of known features: each against its protocol, and what is drawn against probabilities that are known."""

import itertools

import numpy as np
import pytest
from scipy import stats

from jaxae import data
from jaxae.data import feature_draws, feature_worlds
from jaxae.data.features import WORLDS, coefficients, draw, examples, world

COUNT = 50_000
EXTREMES = ((np.argmax, 1), (np.argmin, -1))
SMALL = {"sanity": {"features": 320}, "sanity_variable": {"features": 320}}  # a tenth, which is as easy to check


def drawn(name, count=COUNT):
    return coefficients("train", world=name, count=count, **SMALL.get(name, {}))


def within_chance(found, probability, count, *, tests):
    """The share of `count` independent draws against its probability, at 1 in 1,000 for all tests together."""
    low, high = stats.binom.interval(1 - 1e-3 / tests, count, probability)
    return (low <= found * count) & (found * count <= high)


@pytest.mark.parametrize(("name", "features", "size"), [(name, *entry[1:3]) for name, entry in WORLDS.items()])
def test_every_world_has_unit_directions_and_the_sizes_of_its_protocol(name, features, size):
    made = world(name)
    assert made.directions.shape == (features, size) and made.directions.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(made.directions, axis=1), 1, atol=1e-6)
    test = data.load("features", "test", world=name, count=1500)
    assert test.x.shape == (1500, size) and test.x.dtype == np.float32 and test.shape == (size,) and test.labels is None
    c = coefficients("test", world=name, count=1500)
    assert c.shape == (1500, features) and c.min() >= 0
    expected = (c.astype(np.float64) * made.norms) @ made.directions.astype(np.float64) + made.bias
    np.testing.assert_allclose(test.x, expected, atol=2e-5)


@pytest.mark.parametrize("name", [name for name in WORLDS if name != "benchmark"])
def test_features_are_on_as_often_as_the_protocol_says(name):
    made = world(name, **SMALL.get(name, {}))
    on = (drawn(name) > 0).mean(axis=0)
    # Of N(1, .3) a share of 4e-4 is cut to 0, which counts as off.
    kept = stats.norm.sf(0, 1, 0.3) if name == "challenge" else 1
    assert within_chance(on, made.probabilities * kept, COUNT, tests=len(on)).all()


def test_probabilities_are_those_of_the_protocols():
    np.testing.assert_allclose(world("tree").probabilities, [0.15] * 3 + [0.03] * 9 + [0.05] * 8)
    np.testing.assert_allclose(world("sanity").probabilities, 0.00625)
    variable = np.log10(world("sanity_variable").probabilities)
    assert stats.kstest(variable, stats.uniform(-5.5, 4.3).cdf).pvalue > 0.01
    np.testing.assert_allclose(world("orthogonal").probabilities, 0.25)
    np.testing.assert_allclose(world("correlated").probabilities, [0.05 + 0.345 * (49 - i) / 50 for i in range(50)])
    zipf = feature_worlds.zipf(32, exponent=1.2, most=0.25, least=0.01)
    np.testing.assert_allclose(zipf[[0, -1]], [0.25, 0.01])
    slope = np.diff(zipf) / np.diff(np.arange(1.0, 33) ** -1.2)
    np.testing.assert_allclose(slope, slope[0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("tree", 1.12), ("sanity", 20), ("orthogonal", 4), ("challenge", 0.68), ("correlated", 11)],
)
def test_as_many_are_on_as_the_protocols_say(name, expected):
    assert world(name).probabilities.sum() == pytest.approx(expected, rel=0.01)


def test_children_are_on_only_with_their_parent_and_exclusive_ones_alone():
    for name in ("tree", "challenge", "benchmark"):
        made, on = world(name), drawn(name, 20_000) > 0
        child = np.flatnonzero(made.parents >= 0)
        assert on[:, child].any() and (on[:, child] <= on[:, made.parents[child]]).all()
        assert (made.parents[child] < child).all()
        for parent in np.unique(made.parents[child]):
            together = on[:, made.parents == parent].sum(axis=1).max()
            assert together == 1 if made.exclusive else together > 1
    tree = world("tree")
    on = drawn("tree") > 0
    for parent in range(3):  # .2 for each child, none with .4
        alone = on[on[:, parent]][:, tree.parents == parent]
        shares = np.append(alone.mean(axis=0), 1 - alone.any(axis=1).mean())
        assert within_chance(shares, np.array([0.2, 0.2, 0.2, 0.4]), len(alone), tests=12).all()


def test_the_marginal_probabilities_are_sums_over_all_outcomes():
    firing = np.array([0.7, 0.3, 0.9, 0.5, 0.2, 0.6, 0.4])  # one root, two children and two of each
    parents = np.array([-1, 0, 0, 1, 1, 2, 2])
    for exclusive in (False, True):
        expected = np.zeros(7)
        for fired in itertools.product([0, 1], repeat=7):
            chance = np.prod(np.where(fired, firing, 1 - firing))
            on = np.array(fired, float)  # the probability of being on, given what fired
            for i, parent in enumerate(parents):
                if parent >= 0:
                    beside = sum(fired[j] for j in np.flatnonzero(parents == parent)) if exclusive else 1
                    on[i] *= on[parent] / max(beside, 1)
            expected += chance * on
        np.testing.assert_allclose(feature_draws.marginal(firing, parents, exclusive), expected)


@pytest.mark.parametrize("name", ["tree", "orthogonal", "correlated"])
def test_directions_are_orthogonal_where_the_protocol_asks(name):
    made = world(name, seed=3)
    np.testing.assert_allclose(made.directions @ made.directions.T, np.eye(len(made.norms)), atol=1e-5)


def test_directions_in_superposition_are_moved_apart():
    def overlap(d):
        return np.square(d @ d.T - np.eye(len(d))).sum()

    rng = np.random.default_rng(0)
    start = rng.standard_normal((32, 28))
    start /= np.linalg.norm(start, axis=1, keepdims=True)
    # n unit vectors in d dimensions have a squared overlap of at least n^2 / d - n (Welch 1974).
    bound = 32**2 / 28 - 32
    assert overlap(start) > 20
    assert bound <= overlap(feature_worlds.apart(start, steps=200, rate=0.01)) < 1.05 * bound
    assert bound <= overlap(world("challenge").directions) < 1.05 * bound


def test_the_tree_has_the_mean_norm_of_its_protocol():
    x = data.load("features", "train", world="tree", count=COUNT).x
    norms = np.linalg.norm(x, axis=1)
    assert abs(norms.mean() - np.sqrt(20)) < 4 * norms.std() / np.sqrt(COUNT)
    relative = world("tree").norms / world("tree").norms.mean()
    assert 0.02 < relative.std() < 0.08 and set(np.unique(drawn("tree"))) == {0, 1}


@pytest.mark.parametrize(
    ("name", "distribution"),
    [
        ("sanity", stats.lognorm(0.25)),
        ("orthogonal", stats.norm(1, 0.05)),
        ("correlated", stats.norm(1, 0.15)),
        ("challenge", stats.truncnorm(-1 / 0.3, np.inf, 1, 0.3)),
    ],
)
def test_magnitudes_have_the_distribution_of_the_protocol(name, distribution):
    c = drawn(name)
    assert stats.kstest(c[c > 0][:20_000], distribution.cdf).pvalue > 0.01


def test_correlated_features_are_on_together_as_a_gaussian_copula_says():
    made, on = world("correlated"), drawn("correlated", 200_000) > 0
    correlation = made.factors @ made.factors.T
    np.testing.assert_allclose(np.diag(correlation), 1, atol=1e-5)
    pairs = [(0, 1), (0, 2), (3, 7), (10, 20), (30, 49), (48, 49)]
    pairs += [np.unravel_index(pick(correlation - 2 * sign * np.eye(50)), (50, 50)) for pick, sign in EXTREMES]
    for i, j in pairs:
        rho = correlation[i, j]
        above = stats.norm.isf(made.probabilities[[i, j]])
        both = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf(-above)
        assert within_chance((on[:, i] & on[:, j]).mean(), both, len(on), tests=len(pairs))
    assert correlation.min() < -0.3 and correlation[~np.eye(50, dtype=bool)].max() > 0.3
    asked = correlation[np.triu_indices(50, 1)]
    assert 0.4 < (asked > 0).mean() < 0.6  # as many of each sign


def test_the_benchmark_is_built_as_its_protocol_says():
    made, c = world("benchmark"), drawn("benchmark", 20_000)
    on = c > 0
    depth = np.zeros(1024, int)
    for i in np.flatnonzero(made.parents >= 0):
        depth[i] = depth[made.parents[i]] + 1
    assert np.bincount(depth[:680]).tolist() == [8, 32, 128, 512] and (made.parents[680:] == -1).all()
    assert (np.bincount(made.parents[8:680]) == 4).all()
    free = made.parents < 0
    wanted = feature_worlds.zipf(1024, exponent=0.5, most=0.4, least=5e-4)
    np.testing.assert_allclose(made.probabilities[free], wanted[free])
    assert within_chance(on.mean(axis=0)[free], wanted[free], len(on), tests=free.sum()).all()
    # Correlations within a tree are of a few hundredths: their effect on how many are on is, too.
    np.testing.assert_allclose(on.sum(axis=1).mean(), made.probabilities.sum(), rtol=0.03)
    np.testing.assert_allclose(np.linalg.norm(made.bias), 0.5, rtol=1e-6)
    np.testing.assert_allclose(made.means[[0, -1]], [5, 4])
    assert stats.kstest(made.deviations, stats.foldnorm(1, scale=0.5).cdf).pvalue > 0.01
    off_diagonal = (made.factors @ made.factors.T)[np.triu_indices(1024, 1)]
    np.testing.assert_allclose(off_diagonal.std(), 0.1**2 * np.sqrt(25), rtol=0.1)
    # A child's coefficient over its parent's, times the parent's mean, is an unscaled magnitude of mean `means`.
    child = 8 + np.argmax(on[:, 8:40].sum(axis=0))
    parent = made.parents[child]
    unscaled = c[on[:, child], child] / c[on[:, child], parent] * made.means[parent]
    spread = made.deviations[child] / np.sqrt(len(unscaled))
    np.testing.assert_allclose(unscaled.mean(), made.means[child], atol=4 * spread)


def test_the_benchmark_at_its_published_size_has_the_published_number_on():
    # 34 of all 16,384 features, and 25 of the 4,096 most frequent (docs/synth_sae_bench.md of SAELens).
    probabilities = world("benchmark", features=16_384, size=2).probabilities
    assert round(probabilities.sum()) == 34
    assert round(probabilities[:4096].sum()) == 25


def test_blocks_do_not_change_the_draws():
    made = world("challenge")
    whole = draw(made, 2500, np.random.SeedSequence(7))
    np.testing.assert_array_equal(draw(made, 700, np.random.SeedSequence(7)), whole[:700])
    np.testing.assert_array_equal(draw(made, 2000, np.random.SeedSequence(7)), whole[:2000])
    parts = list(feature_draws.blocks(made, 2500, np.random.SeedSequence(7)))
    assert [(rows.start, rows.stop) for rows, _ in parts] == [(0, 1000), (1000, 2000), (2000, 2500)]
    np.testing.assert_array_equal(np.concatenate([block for _, block in parts]), whole)
    assert len(np.unique(whole[whole > 0])) > 0.99 * np.count_nonzero(whole)  # no block is another's
    limited = data.load("features", "train", world="challenge", count=2500, limit=1200).x
    every = data.load("features", "train", world="challenge", count=2500).x
    np.testing.assert_allclose(limited, every[:1200], atol=1e-6)  # products round by the number of rows
    c = coefficients("train", world="challenge", count=2500, limit=1200)
    np.testing.assert_allclose(limited, examples(made, c), atol=1e-6)


def test_splits_share_the_world_and_seeds_do_not():
    train, test, again, other = (
        coefficients(split, world="orthogonal", count=500, seed=seed)
        for split, seed in (("train", 0), ("test", 0), ("train", 0), ("train", 1))
    )
    np.testing.assert_array_equal(train, again)
    assert (train != test).any() and (train != other).any()
    some = [row.tobytes() for c in (train, test) for row in c if row.any()]
    assert len(set(some)) == len(some)
    np.testing.assert_array_equal(world("orthogonal").directions, world("orthogonal", seed=0).directions)
    assert (world("orthogonal").directions != world("orthogonal", seed=1).directions).any()


def test_default_counts():
    assert data.load("features", "train").x.shape == (200_000, 20)
    assert data.load("features", "test").x.shape == (10_000, 20)


def test_sizes_are_chosen():
    made = world("benchmark", features=300, size=40)
    assert made.directions.shape == (300, 40) and (made.parents >= 0).sum() == 2 * 84
    assert data.load("features", "test", world="sanity", features=7, size=3, count=10).x.shape == (10, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"world": "forest"}, "'world' is 'forest'; allowed are tree, sanity, sanity_variable, orthogonal, "),
        ({"world": 3}, "'world' is 3; allowed are tree"),
        ({"world": ["tree"]}, r"'world' is \['tree'\]; allowed are tree"),
        ({"count": 0}, "'count' is 0; it must be a whole number of at least 1"),
        ({"seed": -1}, "'seed' is -1; it must be a whole number of at least 0"),
        ({"features": 30}, "'features' is 30; the world 'tree' has 20"),
        ({"size": 19}, "'size' is 19; the 20 orthogonal features need at least 20"),
        ({"world": "orthogonal", "features": 40}, "'size' is 32; the 40 orthogonal features need at least 40"),
        ({"world": "benchmark", "features": 84}, "'features' is 84; it must be a whole number of at least 85"),
        ({"world": "sanity", "size": 0}, "'size' is 0; it must be a whole number of at least 1"),
        ({"limit": 11, "count": 10}, "'limit' is 11; this split has 10 examples"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=f"Data option {message}"):
        data.load("features", "train", **options)
    with pytest.raises(ValueError, match=f"Data option {message}"):
        coefficients("train", **options)


def test_raw_numbers_are_uniform_and_normal():
    from jaxae.data import raw_numbers

    normal = raw_numbers.normal(np.random.PCG64(0), (33, 1001))
    assert normal.shape == (33, 1001) and normal.dtype == np.float32
    assert stats.kstest(normal.ravel(), stats.norm.cdf).pvalue > 0.01
    halves = normal.ravel()[:33_032].reshape(-1, 2)
    assert abs(np.corrcoef(halves.T)[0, 1]) < 4 / np.sqrt(len(halves))
    uniform = raw_numbers.uniform(np.random.PCG64(1), (100_000,))
    assert stats.kstest(uniform, stats.uniform.cdf).pvalue > 0.01
    raw = np.random.PCG64(2).random_raw(2)
    halves = [int(raw[0]) % 2**32, int(raw[0]) >> 32, int(raw[1]) % 2**32]
    assert raw_numbers.whole(np.random.PCG64(2), (3,)).tolist() == halves
