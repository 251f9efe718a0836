"""jaxae's objective and its gradients beside a peer's, on the same weights, whose names are the peers'."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxae.functions import configure
from jaxae.losses import squared_error
from jaxae.objective import Recipe, encode, objective
from jaxae.penalties import none

BATCH, FEATURES, LATENTS, K = 6, 5, 8, 2
PATHS = {"W_enc": ("encoder", "weight"), "W_dec": ("decoder", "weight"), "b_dec": ("decoder", "bias")}
PLAIN = PATHS | {"b_enc": ("encoder", "bias")}
JUMP = PLAIN | {"threshold": ("code", "threshold")}
GATED = PATHS | {"b_gate": ("encoder", "bias"), "b_mag": ("code", "magnitude_bias"), "r_mag": ("code", "log_scale")}


def random_arrays():
    rng = np.random.default_rng(0)
    sizes = {"W_enc": (FEATURES, LATENTS), "W_dec": (LATENTS, FEATURES), "b_dec": (FEATURES,), "x": (BATCH, FEATURES)}
    sizes |= {name: (LATENTS,) for name in ("b_enc", "b_gate", "b_mag", "r_mag")}
    arrays = {name: 0.5 * rng.normal(size=size) for name, size in sizes.items()}
    # Eighths are exact in float32, in which SAELens keeps its threshold.
    return arrays | {"threshold": np.arange(1, LATENTS + 1) / 8}


ARRAYS = random_arrays()
UNIT = ARRAYS | {"W_dec": ARRAYS["W_dec"] / np.linalg.norm(ARRAYS["W_dec"], axis=1, keepdims=True)}


def recipe(code, penalty=None, weight=1.0):
    return Recipe(
        squared_error, configure(optax.sgd, learning_rate=0.1), code=code, penalty=penalty or none, weight=weight
    )


def params_of(arrays, paths):
    """The arrays as parameters of a Sparse, {group: {name: array}}."""
    params = {}
    for name, (group, leaf) in paths.items():
        params.setdefault(group, {})[leaf] = jnp.asarray(arrays[name])
    return params


def mean_of(model, one, params, state=None):
    """The objective of one recipe on the batch, and its two terms."""
    return objective(one, model.encoder(params), model.decoder(params), jax.random.key(0), ARRAYS["x"], state)


def agree(found, model, one, paths, *, arrays=ARRAYS, more=None, factor=1.0, rtol=1e-9, atol=1e-9):
    """Loss, code, reconstruction and gradients are the peer's, the loss but for a factor.

    more: parameters -> what is added to the objective of the recipe `one`; paths: of the parameters that are compared.
    """
    params = params_of(arrays, {"b_dec": PATHS["b_dec"]} | paths)

    def total(params):
        return factor * (mean_of(model, one, params)[0] + (more(params) if more else 0.0))

    value, gradient = jax.value_and_grad(total)(params)
    np.testing.assert_allclose(found["loss"], value, rtol=rtol)
    code = encode(one, model.encoder(params), jnp.asarray(ARRAYS["x"]), jax.random.key(0))
    np.testing.assert_allclose(found["code"], code, rtol=rtol, atol=atol)
    np.testing.assert_allclose(found["reconstruction"], model.decoder(params)(code), rtol=rtol, atol=atol)
    for name, (group, leaf) in paths.items():
        # SAELens's threshold has a float32 gradient.
        tolerance = 1e-5 if name == "threshold" else rtol
        np.testing.assert_allclose(found[f"gradient/{name}"], gradient[group][leaf], rtol=tolerance, atol=atol)
