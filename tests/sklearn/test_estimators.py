"""The estimators against the library's own training, their numbers' meaning, and what scikit-learn does with them."""

import pickle
import subprocess
import sys

import jax
import numpy as np
import optax
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import check_random_state

from jaxae import codes, corruptions, losses, penalties, training
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.sklearn import (
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    KSparseAutoencoder,
    SparseAutoencoder,
)

SMALL = {"hidden": 6, "epochs": 3, "batch_size": 20, "random_state": 3}
ROLES = {
    Autoencoder: ({}, {}),
    DenoisingAutoencoder: (
        {"corruption": "masking", "level": 0.4},
        {"corruption": configure(corruptions.masking, rate=0.4)},
    ),
    ContractiveAutoencoder: ({"weight": 0.7}, {"penalty": configure(penalties.contractive), "weight": 0.7}),
    SparseAutoencoder: ({"weight": 0.3}, {"penalty": configure(penalties.l1), "weight": 0.3}),
    KSparseAutoencoder: ({"k": 2}, {"code": configure(codes.top_k, k=2)}),
}


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).uniform(size=(70, 9)).astype(np.float32)


@pytest.mark.parametrize("kind", ROLES)
def test_an_estimator_is_the_librarys_training_with_its_recipe(kind, x):
    parameters, roles = ROLES[kind]
    fitted = kind(**SMALL, **parameters).fit(x)
    recipe = Recipe(loss=configure(losses.squared_error), optimizer=configure(optax.adam, learning_rate=1e-3), **roles)
    seed = check_random_state(3).randint(np.iinfo(np.int32).max)
    model = Dense(9, 6, fitted.activation)
    result = training.fit(model, recipe, x, seed=seed, epochs=3, batch_size=20)
    np.testing.assert_allclose(fitted.loss_curve_, result.curve["loss"], rtol=1e-5)
    kept = recipe.code(model.encoder(result.params)(x))
    np.testing.assert_allclose(fitted.transform(x), kept, rtol=1e-4, atol=1e-5)
    decoded = model.decoder(result.params)(kept)
    np.testing.assert_allclose(fitted.inverse_transform(fitted.transform(x)), decoded, rtol=1e-4, atol=1e-5)
    assert fitted.score(x) == pytest.approx(-np.square(decoded - x).sum(axis=1).mean(), rel=1e-4)


def test_a_rows_code_does_not_depend_on_the_rows_beside_it(x):
    fitted = Autoencoder(**SMALL).fit(x)
    whole = fitted.transform(np.tile(x, (9, 1)))
    np.testing.assert_array_equal(whole, np.tile(whole[:70], (9, 1)))
    order = np.random.default_rng(1).permutation(70)
    np.testing.assert_array_equal(fitted.transform(x[order]), whole[order])
    np.testing.assert_array_equal(fitted.transform(x[5:6]), whole[5:6])


def test_a_linear_autoencoder_scores_as_pca_does():
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(400, 3)) @ rng.normal(size=(3, 8)) + 0.1 * rng.normal(size=(400, 8))).astype(np.float32)
    fitted = Autoencoder(hidden=3, activation="linear", learning_rate=0.01, epochs=200, random_state=0).fit(x)
    pca = PCA(3).fit(x)
    error = np.square(pca.inverse_transform(pca.transform(x)) - x).sum(axis=1).mean()
    assert -error * 1.02 < fitted.score(x) < -error * 0.999


def test_reconstructions_of_a_cross_entropy_are_probabilities(x):
    fitted = Autoencoder(**SMALL, loss="binary_cross_entropy").fit(x)
    seen = fitted.inverse_transform(fitted.transform(x))
    assert seen.min() > 0 and seen.max() < 1
    wanted = -(x * np.log(seen) + (1 - x) * np.log(1 - seen)).sum(axis=1).mean()
    assert fitted.score(x) == pytest.approx(-wanted, rel=1e-4)
    with pytest.raises(ValueError, match=r"X is in .*: loss='binary_cross_entropy' takes data in \[0, 1\]"):
        Autoencoder(**SMALL, loss="binary_cross_entropy").fit(2 * x)


def test_alpha_keeps_more_units_than_training_did(x):
    fitted = KSparseAutoencoder(**SMALL, k=2, alpha=2).fit(x)
    assert set((fitted.transform(x) != 0).sum(axis=1)) == {4}


def test_partial_fit_of_all_data_is_fit_epoch_by_epoch(x):
    whole, parts = Autoencoder(**SMALL).fit(x), Autoencoder(**SMALL)
    for _ in range(3):
        parts.partial_fit(x)
    np.testing.assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-5)
    np.testing.assert_allclose(parts.transform(x), whole.transform(x), rtol=1e-4, atol=1e-6)


def test_a_warm_start_goes_on_and_a_cold_one_begins_again(x):
    warm, cold = Autoencoder(**SMALL, warm_start=True).fit(x), Autoencoder(**SMALL).fit(x)
    first = warm.loss_curve_
    assert warm.fit(x).loss_curve_[0] < first[-1]
    np.testing.assert_array_equal(cold.fit(x).loss_curve_, first)
    with pytest.raises(ValueError, match="warm_start goes on from the weights of Dense"):
        warm.set_params(hidden=7).fit(x)


def test_a_fitted_estimator_is_cloned_pickled_and_copied_to_another_process(x, tmp_path):
    fitted = KSparseAutoencoder(**SMALL, k=2).fit(x).partial_fit(x)
    assert not hasattr(clone(fitted), "params_")
    (tmp_path / "fitted").write_bytes(pickle.dumps(fitted))
    np.save(tmp_path / "x", x)
    program = (
        "import pickle, numpy as np; fitted = pickle.load(open('fitted', 'rb')); "
        "np.save('codes', fitted.transform(np.load('x.npy'))); fitted.partial_fit(np.load('x.npy'))"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "codes.npy"), fitted.transform(x))


def test_a_pipeline_and_pandas_outputs(x):
    labels = (x[:, 0] > 0.5).astype(int)
    pipeline = make_pipeline(Autoencoder(**SMALL), LogisticRegression()).fit(x, labels)
    assert pipeline[:-1].get_feature_names_out().tolist() == [f"autoencoder{i}" for i in range(6)]
    frame = Autoencoder(**SMALL).set_output(transform="pandas").fit(x).transform(x)
    assert list(frame.columns) == [f"autoencoder{i}" for i in range(6)]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"epochs": 0}, "epochs is 0: it must be a whole number from 1 on"),
        ({"batch_size": 2.5}, "batch_size is 2.5: it must be a whole number from 1 on"),
        ({"learning_rate": -1}, "learning_rate is -1: it must be a number from 0 on"),
        ({"loss": "hinge"}, "loss is 'hinge': it must be one of squared_error, binary_cross_entropy"),
        ({"activation": "step"}, "activation"),
        ({"hidden": 0}, "hidden"),
    ],
)
def test_a_parameter_that_is_not_allowed_is_one_sentence(parameters, words, x):
    with pytest.raises(ValueError, match=words):
        Autoencoder(**SMALL | parameters).fit(x)


def test_a_level_of_noise_that_is_not_allowed_is_one_sentence(x):
    with pytest.raises(ValueError, match="corruption is 'fog': it must be one of gaussian, masking, salt_and_pepper"):
        DenoisingAutoencoder(**SMALL, corruption="fog").fit(x)
    with pytest.raises(ValueError, match="k is 0: it must be a whole number from 1 on"):
        KSparseAutoencoder(**SMALL, k=0).fit(x)
    with pytest.raises(ValueError, match="k is 7: it must be at most 6"):
        KSparseAutoencoder(**SMALL, k=7).fit(x)
    with pytest.raises(ValueError, match=r"level is 1\.5: it must be at most 1"):
        DenoisingAutoencoder(**SMALL, corruption="masking", level=1.5).fit(x)
    DenoisingAutoencoder(**SMALL, corruption="gaussian", level=1.5).fit(x)


def test_partial_fit_refuses_weights_of_another_model(x):
    begun = Autoencoder(**SMALL).partial_fit(x).set_params(hidden=5)
    with pytest.raises(ValueError, match=r"partial_fit goes on from the weights of .* they do not fit"):
        begun.partial_fit(x)


def test_training_that_becomes_infinite_is_a_warning(x):
    with pytest.warns(UserWarning, match=r"training became non-finite in epoch \d+ .*: a smaller learning_rate"):
        Autoencoder(**SMALL, activation="linear", learning_rate=1e30).fit(x)


def test_numbers_compile_nothing(x, compilations):
    Autoencoder(**SMALL).fit(x).transform(x)
    before = compilations()
    Autoencoder(**SMALL | {"learning_rate": 0.1, "random_state": 9}).fit(x).transform(x)
    assert compilations() == before
    jax.clear_caches()
