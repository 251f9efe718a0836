import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from jaxae import codes, losses
from jaxae.functions import configure
from jaxae.measures import hashing
from jaxae.models import Dense
from jaxae.objective import Recipe, objective, reconstruct

RNG = np.random.default_rng(0)
DISTANCES = {
    "many ties": RNG.integers(6, size=(5, 40)),
    "no ties": RNG.normal(size=(5, 40)),
    "all tied": np.zeros((5, 40)),
}
RELEVANT = RNG.uniform(size=(5, 40)) < 0.3


@pytest.mark.parametrize("bits", [1, 8, 20, 64, 65, 130])
def test_hamming_counts_the_bits_that_differ(bits):
    a, b = RNG.uniform(size=(7, bits)) < 0.5, RNG.uniform(size=(9, bits)) < 0.5
    packed = hashing.pack(a)
    assert packed.dtype == np.uint64 and packed.shape == (7, -(-bits // 64))
    expected = [[np.sum(p != q) for q in b] for p in a]
    np.testing.assert_array_equal(hashing.hamming(packed, hashing.pack(b)), expected)


@pytest.mark.parametrize("distances", DISTANCES.values(), ids=DISTANCES)
def test_average_precision_is_that_of_scikit_learn(distances):
    expected = [average_precision_score(hit, -row) for hit, row in zip(RELEVANT, distances, strict=True)]
    np.testing.assert_allclose(hashing.average_precision(distances, RELEVANT), expected)


def test_average_precision_of_perfect_worst_and_random_order():
    relevant = np.array([[True] * 3 + [False] * 7])
    assert hashing.average_precision(np.arange(10)[None], relevant) == 1
    # The three come last, at ranks 8, 9, 10.
    worst = hashing.average_precision(-np.arange(10)[None], relevant)
    np.testing.assert_allclose(worst, (1 / 8 + 2 / 9 + 3 / 10) / 3)
    assert hashing.average_precision(np.zeros((1, 10)), relevant) == 0.3
    assert np.isnan(hashing.average_precision(np.zeros((1, 10)), np.zeros((1, 10), bool)))


@pytest.mark.parametrize("distances", DISTANCES.values(), ids=DISTANCES)
def test_precision_at_recall_is_read_off_the_curve_of_scikit_learn(distances):
    levels = (0.05, 0.5, 1.0)
    found = hashing.precision_at_recall(distances, RELEVANT, levels)
    for row, hit, values in zip(distances, RELEVANT, found, strict=True):
        precision, recall, _ = precision_recall_curve(hit, -row)
        # Thresholds ascend, so recall falls: the last place that still reaches the level is the least distance.
        expected = [precision[np.flatnonzero(recall >= level - 1e-9)[-1]] for level in levels]
        np.testing.assert_allclose(values, expected)


def test_unlike_shapes_and_queries_without_a_relevant_item_are_refused():
    with pytest.raises(ValueError, match="must have one shape"):
        hashing.average_precision(np.zeros((2, 3)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="relevant has a query without any"):
        hashing.precision_at_recall(np.zeros((1, 3)), np.zeros((1, 3), bool), [0.5])


def test_bits_are_activations_above_their_thresholds():
    np.testing.assert_array_equal(hashing.binary([[0.2, 0.6], [0.4, 0.5]], [0.3, 0.5]), [[False, True], [True, False]])


def test_noise_has_its_standard_deviation_on_the_input_of_the_unit_and_none_without_a_key():
    z = jnp.full((20_000, 2), 0.5)
    noisy = codes.noisy_sigmoid(z, std=2.0, key=jax.random.key(0))
    inputs = jnp.log(noisy) - jnp.log1p(-noisy)
    np.testing.assert_allclose(jnp.mean(inputs), 0.5, atol=0.04)
    np.testing.assert_allclose(jnp.std(inputs), 2.0, rtol=0.02)
    np.testing.assert_array_equal(codes.noisy_sigmoid(z, std=2.0), jax.nn.sigmoid(z))
    np.testing.assert_array_equal(codes.noisy_sigmoid(z, std=0.0, key=jax.random.key(0)), jax.nn.sigmoid(z))


def test_the_objective_gives_a_random_code_fresh_noise_and_reconstructions_are_without():
    model = Dense(6, 3, "linear")
    params = model.init(jax.random.key(0))
    encoder, decoder, x = (
        model.encoder(params),
        model.decoder(params),
        jnp.asarray(RNG.uniform(size=(4, 6)), jnp.float32),
    )

    def recipe(std):
        code = configure(codes.noisy_sigmoid, std=std)
        return Recipe(configure(losses.squared_error), configure(lambda: None), code=code)

    def loss(std, seed):
        return objective(recipe(std), encoder, decoder, jax.random.key(seed), x)[0]

    clean = jnp.mean(losses.squared_error(decoder(jax.nn.sigmoid(encoder(x))), x))
    np.testing.assert_allclose(loss(0.0, 1), clean, rtol=1e-6)
    assert len({float(loss(4.0, 1)), float(loss(4.0, 2)), float(clean)}) == 3
    np.testing.assert_array_equal(reconstruct(recipe(4.0), encoder, decoder, x), decoder(jax.nn.sigmoid(encoder(x))))


def test_queries_ranked_some_at_a_time_are_ranked_as_all_at_once(monkeypatch):
    generator = np.random.default_rng(3)
    distances, relevant = generator.integers(0, 5, (7, 30)), generator.random((7, 30)) < 0.4
    together = (
        hashing.average_precision(distances, relevant),
        hashing.precision_at_recall(distances, relevant, (0.5, 1)),
    )
    monkeypatch.setattr(hashing, "BLOCK", 50)
    apart = hashing.average_precision(distances, relevant), hashing.precision_at_recall(distances, relevant, (0.5, 1))
    np.testing.assert_array_equal(apart[0], together[0])
    np.testing.assert_array_equal(apart[1], together[1])
