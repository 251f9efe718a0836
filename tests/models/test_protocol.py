"""Whoever writes a model is told what is missing."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import optax
import pytest

from jaxae import losses, training
from jaxae.functions import configure
from jaxae.models import Autoencoder, Convolutional, Dense, LayerWise, check_model, code_size
from jaxae.objective import Recipe
from jaxae.pretraining import pretrain

RECIPE = Recipe(losses.squared_error, configure(optax.sgd, learning_rate=0.1))


@dataclass(frozen=True)
class Halves:
    """The first half of the features, scaled: the smallest model that trains."""

    features: int

    def init(self, key):
        return {"scale": jax.random.normal(key, ())}

    def encoder(self, params):
        return lambda x: params["scale"] * x[..., : self.features // 2]

    def decoder(self, params):
        return lambda z: jnp.concatenate([z, z], axis=-1)


class NoDecoder:
    def init(self, key):
        return {}

    def encoder(self, params):
        return lambda x: x


def test_ours_and_any_with_the_three_functions_are_autoencoders():
    for model in (Dense(8, 3), Convolutional((8, 8), channels=(2,), decoder_padding="same"), Halves(8)):
        assert isinstance(model, Autoencoder)
        check_model(model)
    assert isinstance(Dense(8, 3), LayerWise) and not isinstance(Halves(8), LayerWise)


def test_a_model_of_ones_own_trains():
    x = jax.random.normal(jax.random.key(0), (20, 8))
    fitted = training.fit(Halves(8), RECIPE, x, epochs=3, batch_size=10)
    assert fitted.curve["loss"][-1] < fitted.curve["loss"][0]


def test_what_is_missing_is_named():
    x = jnp.ones((4, 2))
    with pytest.raises(
        TypeError, match=r"the model NoDecoder has no decoder: jaxae.models.Autoencoder says what it needs"
    ):
        training.fit(NoDecoder(), RECIPE, x, epochs=1, batch_size=2)
    with pytest.raises(TypeError, match="the model Halves has no depth, has_code, layer, reads_probabilities, stack"):
        pretrain(Halves(2), RECIPE, x, epochs=1, batch_size=2)


def test_a_model_without_a_hash_is_refused():
    class Unhashed(NoDecoder):
        __hash__ = None

        def decoder(self, params):
            return lambda z: z

    with pytest.raises(TypeError, match="has no hash: make it a frozen dataclass"):
        check_model(Unhashed())


def test_the_size_of_a_code_is_that_of_its_encoder():
    assert code_size(Dense(8, (5, 3)), 8) == 3
    assert code_size(Convolutional((8, 8), channels=(2,), decoder_padding="same"), 64) == 4 * 4 * 2
    assert code_size(Halves(8), 8) == 4
