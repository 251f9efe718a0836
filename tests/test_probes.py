import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.tree_util import Partial
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from jaxae import codes, probes
from jaxae.models import Dense

FEATURES, CLASSES = 8, 3


def clouds(n, spread, seed=0):
    """Gaussian clouds of the given standard deviation about one corner per class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(CLASSES, size=n)
    corners = 3.0 * np.eye(CLASSES, FEATURES)
    return (corners[labels] + spread * rng.normal(size=(n, FEATURES))).astype(np.float32), labels


def rings(n, seed=0):
    """Two classes that no line separates: points within radius 1, and between radius 2 and 3."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=n)
    radius, angle = rng.uniform(size=n) + 2 * labels, 2 * np.pi * rng.uniform(size=n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).astype(np.float32), labels


@functools.cache  # one function per shape, so that jit compiles it once
def dense(hidden, activation="tanh", features=2):
    model = Dense(features, hidden, activation)
    return (lambda params, x: model.encoder(params)(x)), model.init(jax.random.key(0))


def tune(encode, params, train, test, **options):
    return probes.fine_tuned(encode, params, *train, *test, **{"epochs": 4, "learning_rates": (0.01,), **options})


def shifted(params, x):
    return x + params


PROBES = {
    "linear": probes.linear_probe,
    "neighbours": probes.k_nearest,
    "fine-tuned": lambda x, y, x_test, y_test, **options: tune(shifted, 0.0, (x, y), (x_test, y_test)),
}


def test_the_validation_split_is_a_sixth_of_each_class_and_its_seed_decides_which():
    labels = np.repeat([0, 1, 4], [60, 13, 5])
    fit, validation = probes.validation_split(labels)
    np.testing.assert_array_equal(np.sort(np.concatenate([fit, validation])), np.arange(78))
    np.testing.assert_array_equal([np.sum(labels[validation] == c) for c in (0, 1, 4)], [10, 2, 0])
    np.testing.assert_array_equal(validation, probes.validation_split(labels)[1])
    assert not np.array_equal(validation, probes.validation_split(labels, seed=1)[1])
    with pytest.raises(ValueError, match="labels has 5 examples"):
        probes.validation_split([0, 0, 0, 1, 1])


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES)
def test_far_apart_classes_are_told_apart_without_an_error(probe):
    result = probe(*clouds(240, 0.05), *clouds(60, 0.05, seed=1))
    assert result.accuracy == 1
    assert result.fit_seconds > 0


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES)
def test_the_test_set_has_no_influence_on_choice_and_fit(probe):
    x, labels = clouds(240, 2.0)
    x_test, labels_test = clouds(60, 2.0, seed=1)
    one, two = probe(x, labels, x_test, labels_test), probe(x, labels, -x_test, (labels_test + 1) % CLASSES)
    assert one.chosen == two.chosen
    jax.tree.map(np.testing.assert_array_equal, one.validation, two.validation)
    assert one.accuracy != two.accuracy


def test_the_linear_probe_is_logistic_regression_with_the_strength_that_validates_best():
    x, labels = clouds(300, 2.0)
    x_test, labels_test = clouds(100, 2.0, seed=1)
    result = probes.linear_probe(x, labels, x_test, labels_test, strengths=(1e-4, 0.1))

    def by_hand(strength, chosen, x_new, labels_new):
        mean, scale = x[chosen].mean(axis=0), np.sqrt(np.mean(np.var(x[chosen], axis=0)))
        classifier = LogisticRegression(C=strength, max_iter=1000).fit((x[chosen] - mean) / scale, labels[chosen])
        return classifier.score((x_new - mean) / scale, labels_new)

    fit, held_out = probes.validation_split(labels)
    expected = {C: by_hand(C, fit, x[held_out], labels[held_out]) for C in (1e-4, 0.1)}
    assert result.validation == expected
    assert result.chosen == {"strength": max(expected, key=expected.get)}
    assert result.accuracy == by_hand(result.chosen["strength"], np.arange(300), x_test, labels_test)


def test_the_scale_of_a_code_does_not_matter_to_the_linear_probe():
    (x, labels), test = clouds(240, 2.0), clouds(60, 2.0, seed=1)
    scaled = probes.linear_probe(1000 * x + 5, labels, 1000 * test[0] + 5, test[1])
    assert scaled.accuracy == probes.linear_probe(x, labels, *test).accuracy


def test_k_nearest_is_the_vote_of_the_neighbours():
    (x, labels), (x_test, labels_test) = clouds(240, 2.0), clouds(60, 2.0, seed=1)
    result = probes.k_nearest(x, labels, x_test, labels_test, neighbours=(1, 7))
    k = result.chosen["neighbours"]
    assert result.validation[k] == max(result.validation.values())
    assert result.accuracy == KNeighborsClassifier(k).fit(x, labels).score(x_test, labels_test)


def test_fine_tuning_bends_what_frozen_random_features_leave_inseparable():
    train, test = rings(240), rings(60, seed=1)
    encode, params = dense(4)
    frozen = probes.linear_probe(encode(params, train[0]), train[1], encode(params, test[0]), test[1])
    tuned = tune(encode, params, train, test, learning_rates=(0.05,), epochs=30, batch_size=20)
    assert tuned.accuracy > 0.95 > frozen.accuracy + 0.2


def test_the_gradient_of_fine_tuning_reaches_every_layer_of_the_encoder():
    train, test = rings(240), rings(60, seed=1)
    encode, params = dense((5, 4))
    fitted = tune(encode, params, train, test, epochs=2, batch_size=20).fitted["encoder"]
    for before, after in zip(params["encoder"], fitted["encoder"], strict=True):
        assert np.all(np.any(np.asarray(before["weight"] != after["weight"]), axis=0))


def test_a_step_of_fine_tuning_is_gradient_descent_on_the_cross_entropy():
    x, labels = clouds(12, 0.5)
    encode, params = dense(4, features=FEATURES)
    rate = 0.3
    options = {"optimizer": optax.sgd, "learning_rates": (rate,), "epochs": 1, "batch_size": 7}

    def loss(all_params, chosen):
        logits = encode(all_params["encoder"], x[chosen]) @ all_params["V"] + all_params["c"]
        return -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(len(chosen)), labels[chosen]])

    with pytest.raises(ValueError, match="batch_size is 13: it must be between 1 and"):
        tune(encode, params, (x, labels), (x, labels), **(options | {"batch_size": 13}))
    # All twelve examples, of which one step takes seven.
    fitted = tune(encode, params, (x, labels), (x, labels), **options).fitted
    order = np.random.default_rng((0, 0)).permutation(12)[:7]
    start = {"encoder": params, "V": jnp.zeros((4, CLASSES)), "c": jnp.zeros(CLASSES)}
    gradient = jax.grad(loss)(start, order)
    np.testing.assert_allclose(fitted["softmax"]["weight"], -rate * gradient["V"], atol=1e-6)
    np.testing.assert_allclose(fitted["softmax"]["bias"], -rate * gradient["c"], atol=1e-6)


def test_fine_tuning_stops_after_the_epoch_and_takes_the_rate_that_validate_best():
    (x, labels), test = clouds(240, 2.5), clouds(60, 2.5, seed=1)
    encode, params = dense(16, features=FEATURES)
    result = tune(encode, params, (x, labels), test, learning_rates=(1e-5, 0.03), epochs=20, batch_size=20)
    curve = result.validation[result.chosen["learning_rate"]]
    assert curve.shape == (20,)
    assert curve[result.chosen["epochs"] - 1] == max(values.max() for values in result.validation.values())
    again = tune(
        encode, params, (x, labels), test, learning_rates=(0.03,), epochs=result.chosen["epochs"], batch_size=20
    )
    assert again.accuracy == result.accuracy


@pytest.mark.slow
def test_a_k_sparse_code_may_keep_more_units_at_test_than_in_training():
    train, test = rings(240), rings(60, seed=1)
    dense_code, params = dense(16)

    def keeps(k):
        return Partial(lambda k, p, x: codes.top_k(dense_code(p, x), k=k), k)

    more = tune(keeps(2), params, train, test, encode_test=keeps(6), epochs=3, batch_size=20)
    predicted = keeps(6)(more.fitted["encoder"], test[0]) @ more.fitted["softmax"]["weight"]
    correct = np.argmax(predicted + more.fitted["softmax"]["bias"], axis=1) == test[1]
    assert more.accuracy == pytest.approx(np.mean(correct))


def test_codes_of_unlike_shapes_are_refused():
    with pytest.raises(ValueError, match="codes have the shapes"):
        probes.k_nearest(np.zeros((12, 3)), np.repeat([0, 1], 6), np.zeros((12, 4)), np.zeros(12))


def test_given_validation_examples_choose_the_epoch_whose_parameters_are_tested():
    train, validation, test = rings(120), rings(60, seed=1), rings(60, seed=2)
    encode, params = dense((16,))
    probe = tune(encode, params, train, test, epochs=6, validation=validation)
    scores = probe.validation[0.01]
    assert probe.chosen == {"learning_rate": 0.01, "epochs": int(np.argmax(scores)) + 1}
    logits = encode(probe.fitted["encoder"], validation[0]) @ probe.fitted["softmax"]["weight"]
    predicted = np.argmax(logits + probe.fitted["softmax"]["bias"], axis=1)
    assert np.mean(predicted == validation[1]) == pytest.approx(scores.max(), abs=1e-6)
    other = tune(encode, params, train, (test[0], 1 - test[1]), epochs=6, validation=validation)
    assert other.chosen == probe.chosen and other.accuracy == pytest.approx(1 - probe.accuracy, abs=1e-6)


def test_given_validation_codes_choose_the_strength_and_all_training_codes_are_fitted_on(monkeypatch):
    (x, labels), held_out, (x_test, labels_test) = clouds(120, 2.0), clouds(90, 2.0, seed=1), clouds(90, 2.0, seed=2)

    def by_hand(strength, x_new, labels_new):
        mean, scale = x.mean(axis=0), np.sqrt(np.mean(np.var(x, axis=0)))
        classifier = LogisticRegression(C=strength, max_iter=1000).fit((x - mean) / scale, labels)
        return classifier.score((x_new - mean) / scale, labels_new)

    fits, fit = [], LogisticRegression.fit
    monkeypatch.setattr(LogisticRegression, "fit", lambda *given: fits.append(None) or fit(*given))
    result = probes.linear_probe(x, labels, x_test, labels_test, strengths=(1e-4, 0.1), validation=held_out)
    monkeypatch.undo()
    assert len(fits) == 2  # a fit on all training examples is not repeated
    assert result.validation == {C: by_hand(C, *held_out) for C in (1e-4, 0.1)}
    assert result.accuracy == by_hand(result.chosen["strength"], x_test, labels_test)


def test_a_random_code_is_random_in_training_alone_and_anew_in_every_step():
    x, labels = clouds(12, 0.5)
    rate, keys = 0.3, [jax.random.fold_in(jax.random.fold_in(jax.random.key(0), 0), step) for step in range(2)]

    def encode(params, x, *, key=None):
        return codes.dropout(x * params, rate=0.5, key=key)

    options = {"optimizer": optax.sgd, "learning_rates": (rate,), "epochs": 1, "batch_size": 6}
    result = tune(encode, jnp.ones(FEATURES), (x, labels), (x, labels), **options, validation=(x, labels))
    order = np.random.default_rng((0, 0)).permutation(12)
    params = {"encoder": jnp.ones(FEATURES), "V": jnp.zeros((FEATURES, CLASSES)), "c": jnp.zeros(CLASSES)}
    for key, chosen in zip(keys, (order[:6], order[6:]), strict=True):
        kept = np.asarray(jax.random.uniform(key, (6, FEATURES)) >= 0.5) / 0.5

        def loss(params, kept=kept, chosen=chosen):
            logits = (kept * x[chosen] * params["encoder"]) @ params["V"] + params["c"]
            return -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(6), labels[chosen]])

        params = jax.tree.map(lambda value, slope: value - rate * slope, params, jax.grad(loss)(params))
    np.testing.assert_allclose(result.fitted["encoder"], params["encoder"], atol=1e-6)
    np.testing.assert_allclose(result.fitted["softmax"]["weight"], params["V"], atol=1e-6)
    predicted = np.argmax(x * params["encoder"] @ params["V"] + params["c"], axis=1)
    assert result.accuracy == pytest.approx(np.mean(predicted == labels))
