import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxae import losses
from jaxae.functions import configure
from jaxae.models import Dense, Sparse
from jaxae.objective import Recipe, objective
from jaxae.sparse import codes, penalties
from jaxae.training.activity import Activity

KEY = jax.random.key(0)
MODEL = Sparse(5, 8, code_parameters=("threshold",), initial_threshold=0.3)
RNG = np.random.default_rng(0)
PARAMS = jax.tree.map(lambda p: jnp.asarray(p + 0.2 * RNG.normal(size=p.shape), jnp.float32), MODEL.init(KEY))
ENCODER, DECODER = MODEL.encoder(PARAMS), MODEL.decoder(PARAMS)
X = RNG.normal(size=(7, 5)).astype(np.float32)
Z = np.asarray(ENCODER(X))
CODE = np.maximum(Z, 0)
W, B = np.asarray(PARAMS["decoder"]["weight"]), np.asarray(PARAMS["decoder"]["bias"])


def test_weighted_l1_is_the_l1_norm_of_what_each_unit_adds():
    expected = [sum(abs(h[j]) * np.sqrt(np.sum(W[j] ** 2)) for j in range(8)) for h in CODE]
    np.testing.assert_allclose(penalties.weighted_l1(ENCODER, X, decoder=DECODER, code=CODE), expected, rtol=1e-5)


def test_p_anneal_is_l1_at_1_and_its_mean_stays_that_of_l1_below():
    norms = np.abs(CODE).sum(1)
    np.testing.assert_allclose(penalties.p_anneal(ENCODER, X, code=CODE, p=1.0), norms, rtol=1e-5)
    powers = np.array([sum(v**0.4 for v in h if v > 0) for h in CODE])
    expected = powers * norms.mean() / powers.mean()
    np.testing.assert_allclose(penalties.p_anneal(ENCODER, X, code=CODE, p=0.4), expected, rtol=1e-5)


def test_p_anneal_has_a_finite_gradient_where_units_are_off_and_none_through_its_constant():
    def total(code):
        return jnp.sum(penalties.p_anneal(ENCODER, X, code=code, p=0.4))

    norms, powers = np.abs(CODE).sum(1).mean(), np.mean([sum(v**0.4 for v in h if v > 0) for h in CODE])
    expected = np.where(CODE > 0, 0.4 * np.where(CODE > 0, CODE, 1) ** -0.6 * norms / powers, 0)
    np.testing.assert_allclose(jax.grad(total)(CODE), expected, rtol=1e-4)
    assert np.all(jax.grad(total)(np.zeros_like(CODE)) == 0)


def test_l0_jump_counts_units_above_their_thresholds_or_compares_with_a_target():
    thresholds = np.asarray(PARAMS["code"]["threshold"])
    counts = np.array([sum(z[j] > thresholds[j] for j in range(8)) for z in Z])
    np.testing.assert_allclose(penalties.l0_jump(ENCODER, X, bandwidth=0.1), counts)
    wanted = penalties.l0_jump(ENCODER, X, bandwidth=0.1, target_l0=2.0)
    np.testing.assert_allclose(wanted, np.full(7, (counts.mean() / 2 - 1) ** 2), rtol=1e-5)


def test_l0_jump_has_the_thresholds_alone_as_its_gradient():
    def total(params):
        return jnp.sum(penalties.l0_jump(MODEL.encoder(params), X, bandwidth=0.5))

    gradient = jax.grad(total)(PARAMS)
    thresholds = np.asarray(PARAMS["code"]["threshold"])
    expected = [-sum(abs(z[j] - thresholds[j]) < 0.25 for z in Z) / 0.5 for j in range(8)]
    np.testing.assert_allclose(gradient["code"]["threshold"], expected)
    assert np.any(np.array(expected) != 0)
    assert np.all(gradient["encoder"]["weight"] == 0)


@pytest.mark.parametrize(("k", "dead"), [(2, [1, 4, 6]), (3, [1, 4]), (5, [])])
def test_auxk_is_the_error_of_what_the_dead_make_of_the_error(k, dead):
    state = Activity(jnp.where(jnp.isin(jnp.arange(8), jnp.array(dead, int)), 50, 3), jnp.float32(0))
    expected = []
    for x, z, h in zip(X, Z, CODE, strict=True):
        chosen = sorted(dead, key=lambda j: -z[j])[:k]
        error = x - (h @ W + B)
        expected.append(min(len(dead) / k, 1) * np.sum((error - sum((z[j] * W[j] for j in chosen), np.zeros(5))) ** 2))
    got = penalties.auxk(ENCODER, X, decoder=DECODER, code=CODE, state=state, k=k, dead_after=10)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)


def test_auxk_has_no_gradient_through_the_error_and_reaches_the_dead_units():
    state = Activity(jnp.where(jnp.arange(8) < 2, 50, 0), jnp.float32(0))

    def total(params):
        encoder, decoder = MODEL.encoder(params), MODEL.decoder(params)
        code = jax.nn.relu(encoder(X))
        return jnp.sum(penalties.auxk(encoder, X, decoder=decoder, code=code, state=state, k=2, dead_after=10))

    gradient = jax.grad(total)(PARAMS)
    assert np.all(np.any(np.asarray(gradient["encoder"]["weight"])[:, :2] != 0, axis=0))
    assert np.all(np.asarray(gradient["encoder"]["weight"])[:, 2:] == 0)
    assert np.all(np.asarray(gradient["decoder"]["weight"])[2:] == 0)


def test_matryoshka_adds_the_errors_of_nested_prefixes():
    expected = [sum(np.sum((x - h[:m] @ W[:m] - B) ** 2) for m in (1, 2, 4)) for x, h in zip(X, CODE, strict=True)]
    got = penalties.matryoshka(ENCODER, X, decoder=DECODER, code=CODE, prefixes="1/8 1/4 1/2")
    np.testing.assert_allclose(got, expected, rtol=1e-4)


def test_matryoshka_with_auxk_is_the_sum_of_both():
    state = Activity(jnp.where(jnp.arange(8) < 3, 50, 3), jnp.float32(0))
    given, dead = {"decoder": DECODER, "code": CODE}, {"state": state, "k": 2, "dead_after": 10}
    nested = penalties.matryoshka(ENCODER, X, **given, prefixes="1/8 1/2")
    revived = penalties.auxk(ENCODER, X, **given, **dead)
    assert np.all(np.asarray(revived) > 0)
    got = penalties.matryoshka_auxk(ENCODER, X, **given, **dead, prefixes="1/8 1/2", share=0.25)
    np.testing.assert_allclose(got, nested + 0.25 * revived, rtol=1e-6)


def test_drawn_prefixes_are_the_mean_over_sizes_that_fall_as_a_power():
    got = penalties.matryoshka_drawn(ENCODER, X, key=KEY, decoder=DECODER, code=CODE, prefixes=3)
    sizes = np.asarray(penalties._pareto(KEY, 3, 8, 0.5))
    expected = [np.mean([np.sum((x - h[:m] @ W[:m] - B) ** 2) for m in sizes]) for x, h in zip(X, CODE, strict=True)]
    np.testing.assert_allclose(got, expected, rtol=1e-4)
    many = np.asarray(penalties._pareto(KEY, 100_000, 20, 0.5))
    for size in (1, 5, 19):  # P(m <= size) of the density m^-1.5 on [1, 20)
        wanted = (1 - min(size + 1, 20) ** -0.5) / (1 - 20**-0.5)
        assert abs(np.mean(many <= size) - wanted) < 0.006
    assert many.min() == 1
    assert many.max() == 19


def test_the_gate_learns_by_its_sparsity_and_its_own_reconstruction_with_the_decoder_held_fixed():
    expected = [0.3 * h.sum() + np.sum((x - h @ W - B) ** 2) for x, h in zip(X, CODE, strict=True)]
    got = penalties.gated_auxiliary(ENCODER, X, decoder=DECODER, sparsity=0.3)
    np.testing.assert_allclose(got, expected, rtol=1e-4)

    def total(params):
        return jnp.sum(penalties.gated_auxiliary(MODEL.encoder(params), X, decoder=MODEL.decoder(params), sparsity=0.3))

    gradient = jax.grad(total)(PARAMS)
    assert np.all(gradient["decoder"]["weight"] == 0)
    assert np.any(gradient["encoder"]["weight"] != 0)


@pytest.mark.parametrize("prefixes", ["", "1/2 1/4", "1/2 1", "0", "half", "1/100", "1/2 1/2"])
def test_prefixes_that_are_none_are_refused(prefixes):
    with pytest.raises(ValueError, match="it must be rising shares of the 8 units below 1"):
        penalties.prefix_sizes(prefixes, 8)


def test_what_needs_a_dictionary_or_thresholds_says_so():
    deep = Dense(5, (6, 8))
    decoder = deep.decoder(deep.init(KEY))
    with pytest.raises(TypeError, match="matryoshka needs a decoder of one linear layer"):
        penalties.matryoshka(ENCODER, X, decoder=decoder, code=CODE, prefixes="1/2")
    with pytest.raises(TypeError, match="l0_jump needs an encoder with thresholds"):
        penalties.l0_jump(deep.encoder(deep.init(KEY)), X, bandwidth=0.1)


def test_a_penalty_is_given_the_error_and_the_state_that_it_asks_for():
    def of_both(encoder, x, *, error, state):
        return error * state

    recipe = Recipe(
        configure(losses.squared_error), configure(jnp.add), code=configure(codes.relu), penalty=of_both, weight=1.0
    )
    _, terms = objective(recipe, ENCODER, DECODER, KEY, X, 3.0)
    np.testing.assert_allclose(terms["penalty"], 3 * terms["error"], rtol=1e-6)
    with pytest.raises(TypeError, match="the penalty of_both needs the state of training, and none is given"):
        objective(recipe, ENCODER, DECODER, KEY, X)
