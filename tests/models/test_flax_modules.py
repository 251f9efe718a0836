"""Flax modules of one's own: equal to ours where they are the same function, and refused where they are no function."""

import functools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen, nnx
from flax_nets import FEATURES, SHAPE, Back, Decoder, Encoder, Picture, data

from jaxae import codes, corruptions, losses, penalties, storage
from jaxae.contractive import exact
from jaxae.export import export, load_exported
from jaxae.functions import configure
from jaxae.models import Autoencoder, Dense, FlaxModules, check_model, code_size, from_linen, from_names, from_nnx
from jaxae.objective import Recipe, objective
from jaxae.pretraining import pretrain
from jaxae.sweeps import expand, take
from jaxae.training import fit, fit_grid
from jaxae.training.checkpoints import Checkpoints

LINEN = from_linen(Encoder(), Decoder(FEATURES), jnp.zeros((1, FEATURES)))
NNX = from_nnx(functools.partial(Picture, SHAPE), functools.partial(Back, FEATURES))
MODELS = {"linen": LINEN, "nnx": NNX}
models = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def recipe(**choices):
    return Recipe(losses.squared_error, configure(optax.adam, learning_rate=0.01))._replace(**choices)


def identical(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    jax.tree.map(np.testing.assert_array_equal, a, b)


def of_dense(params):
    """The parameters of an untied Dense as those of LINEN."""
    return {
        role: {f"Dense_{i}": {"kernel": p["weight"], "bias": p["bias"]} for i, p in enumerate(layers)}
        for role, layers in params.items()
    }


def test_a_linen_mlp_is_dense_bit_by_bit():
    dense, x = Dense(FEATURES, (5, 3), tied=False), data()
    params = dense.init(jax.random.key(1))
    chosen = recipe(
        penalty=configure(penalties.contractive), weight=0.1, corruption=configure(corruptions.gaussian, std=0.1)
    )

    def loss(model, params):
        return objective(chosen, model.encoder(params), model.decoder(params), jax.random.key(2), x)[0]

    for wrapped in (lambda function: jax.jit(lambda v: function(v)), lambda function: function):
        code, ours = wrapped(LINEN.encoder(of_dense(params)))(x), wrapped(dense.encoder(params))(x)
        np.testing.assert_array_equal(code, ours)
        back = wrapped(LINEN.decoder(of_dense(params)))(code), wrapped(dense.decoder(params))(ours)
        np.testing.assert_array_equal(*back)
    gradient = jax.grad(lambda params: loss(LINEN, of_dense(params)))(params)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6),
        gradient,
        jax.grad(lambda params: loss(dense, params))(params),
    )


def test_an_nnx_module_is_the_module_that_it_was_made_from():
    params, x = NNX.init(jax.random.key(1)), data()
    picture, back = Picture(SHAPE, rngs=nnx.Rngs(0)), Back(FEATURES, rngs=nnx.Rngs(0))
    for part, module in (("encoder", picture), ("decoder", back)):
        for name, value in params[part].items():
            node = functools.reduce(
                lambda n, key: n[int(key)] if key.isdigit() else getattr(n, key), name.split("."), module
            )
            node[...] = value
    np.testing.assert_array_equal(NNX.encoder(params)(x), picture(x))
    np.testing.assert_array_equal(NNX.decoder(params)(picture(x)), back(picture(x)))
    assert set(params["decoder"]) == {"layers.0.kernel", "layers.0.bias", "layers.2.kernel", "layers.2.bias"}


@models
def test_they_are_autoencoders_whose_parameters_are_drawn_by_the_key(model):
    check_model(model)
    assert isinstance(model, Autoencoder) and code_size(model, FEATURES) == 3
    first, again, other = (model.init(jax.random.key(seed)) for seed in (0, 0, 1))
    identical(first, again)
    leaves = zip(jax.tree.leaves(first), jax.tree.leaves(other), strict=True)
    assert any(np.any(np.asarray(a) != b) for a, b in leaves)
    assert {leaf.dtype for leaf in jax.tree.leaves(first)} == {np.dtype(np.float32)}
    encoder = model.encoder(first)
    assert len(jax.tree.leaves(encoder)) == len(jax.tree.leaves(first["encoder"]))


@models
@pytest.mark.parametrize(
    "penalty",
    ["none", "l1", "kl_sparsity", "contractive_exact", "contractive_hutchinson", "contractive_reconstruction"],
)
def test_every_penalty_that_reads_no_layers_is_that_of_the_plain_function(model, penalty):
    numbers = {"rho": 0.1} if penalty == "kl_sparsity" else {}
    function, x = functools.partial(getattr(penalties, penalty), **numbers), data()
    params = model.init(jax.random.key(0))
    encoder, decoder, key = model.encoder(params), model.decoder(params), jax.random.key(3)
    more = {"contractive_hutchinson": {"key": key}, "contractive_reconstruction": {"key": key, "decoder": decoder}}
    found = function(encoder, x, **more.get(penalty, {}))
    plain = function(lambda v: encoder(v), x, **more.get(penalty, {}))
    np.testing.assert_allclose(found, plain, rtol=1e-6)
    assert found.shape == (20,)


def test_the_exact_penalty_of_a_convolutional_encoder_is_the_definition():
    encoder, x = NNX.encoder(NNX.init(jax.random.key(0))), data()
    assert exact.plan(encoder, x).way == "jacrev"  # 3 numbers of code from 12 pixels
    np.testing.assert_allclose(penalties.contractive_exact(encoder, x), penalties.contractive(encoder, x), rtol=1e-5)
    J = jax.vmap(jax.jacfwd(lambda v: encoder(v[None])[0]))(x)
    np.testing.assert_allclose(penalties.contractive_exact(encoder, x), np.square(J).sum(axis=(1, 2)), rtol=1e-5)
    chosen = recipe(penalty=configure(penalties.contractive_exact), weight=0.1)
    curve = fit(NNX, chosen, x, epochs=20, batch_size=10).curve
    assert curve["error"][-1] < curve["error"][0] and curve["penalty"][0] > 0


@models
def test_what_needs_layers_says_so(model):
    params = model.init(jax.random.key(0))
    for penalty in (penalties.weight_decay, penalties.contractive_closed_form):
        with pytest.raises(TypeError, match=rf"{penalty.__name__} needs an encoder with .layers"):
            penalty(model.encoder(params), data())
    with pytest.raises(TypeError, match="the model FlaxModules has no depth, has_code, layer"):
        pretrain(model, recipe(), data(), epochs=1, batch_size=5)


@pytest.mark.slow
@models
def test_a_grid_of_them_is_compiled_once_and_is_its_single_runs(model, compilations):
    def grid(rates, model):
        chosen = recipe(
            optimizer=configure(optax.adam, learning_rate=rates),
            code=configure(codes.top_k, k=2),
            penalty=configure(penalties.contractive_exact),
            weight=0.1,
        )
        recipes, seeds, _ = expand(chosen, 3)
        return recipes, fit_grid(model, recipes, data(), seeds=seeds, epochs=2, batch_size=5)

    recipes, trained = grid([0.01, 0.03], model)
    before = compilations()
    grid([0.02, 0.05], replace(model))
    assert compilations() == before
    alone = fit(model, take(recipes, 1), data(), seed=3, epochs=2, batch_size=5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), take(trained, 1), alone)


def test_models_made_twice_from_equal_parts_are_equal():
    assert from_linen(Encoder(), Decoder(FEATURES), data()) == LINEN
    listed, tupled = (linen.Sequential(kind([linen.Dense(3), linen.sigmoid])) for kind in (list, tuple))
    one, other = (from_linen(each, Decoder(FEATURES), data()) for each in (listed, tupled))
    assert one == other and hash(one) == hash(other)
    assert from_nnx(functools.partial(Picture, shape=SHAPE), functools.partial(Back, FEATURES)) == NNX
    named = from_names("flax_nets.Encoder", "flax_nets.Decoder", shape=SHAPE)
    assert named == LINEN != from_names("flax_nets.Encoder", "flax_nets.Decoder", shape=SHAPE, width=6)


def test_named_modules_are_given_what_they_have_a_parameter_for():
    model = from_names("flax_nets.Picture", "flax_nets.Back", shape=SHAPE, channels=4, code=2)
    assert dict(model.encoder_of[1]) == {"shape": SHAPE, "channels": 4, "code": 2}
    assert dict(model.decoder_of[1]) == {"features": FEATURES, "code": 2}
    params = model.init(jax.random.key(0))
    assert params["encoder"]["convolution.kernel"].shape == (3, 3, 1, 4)
    assert model.decoder(params)(model.encoder(params)(data())).shape == (20, FEATURES)
    with pytest.raises(TypeError, match=r"model.wdth is no parameter of flax_nets.Encoder or flax_nets.Decoder"):
        from_names("flax_nets.Encoder", "flax_nets.Decoder", shape=SHAPE, wdth=3)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (None, "model.encoder is None: it must name a Flax module, of flax.linen or flax.nnx, as my_nets.Encoder"),
        ("no_such.Encoder", "model.encoder is 'no_such.Encoder': it must name a Flax module"),
        ("os.system", "model.encoder is 'os.system': it must name a Flax module, .* and it names a builtin_function"),
        (
            "jaxae.models.Dense",
            "model.encoder is 'jaxae.models.Dense': it must name a Flax module, .* it names another class",
        ),
    ],
)
def test_names_that_are_no_modules_are_refused(name, words):
    with pytest.raises(ValueError, match=words):
        from_names(name, "flax_nets.Decoder", shape=SHAPE)


@pytest.mark.slow
@models
def test_a_run_is_stored_and_exported_and_comes_back(model, tmp_path):
    recipes, seeds, _ = expand(recipe(code=configure(codes.top_k, k=2)), [0, 1])
    fitted = fit_grid(model, recipes, data(), seeds=seeds, epochs=1, batch_size=5)
    run = {"model": model, "recipes": recipes, "seeds": seeds, "params": fitted.params, "curve": fitted.curve}
    storage.save(tmp_path / "run.npz", **run)
    stored = storage.load(tmp_path / "run.npz", models=[FlaxModules])
    assert stored.model == model
    identical(stored.params, jax.tree.map(np.asarray, fitted.params))
    assert storage.load(tmp_path / "run.npz").model is None  # a file makes nothing import what it names
    params, chosen = take((stored.params, stored.recipes), 1)
    export(tmp_path / "whole", stored.model, params, "autoencoder", recipe=chosen)
    exported = load_exported(tmp_path / "whole", models=[FlaxModules])
    code = codes.top_k(model.encoder(take(fitted.params, 1))(data()), k=2)
    np.testing.assert_array_equal(exported.encode(data()), code)
    np.testing.assert_array_equal(exported.decode(code), model.decoder(take(fitted.params, 1))(code))


def test_modules_that_have_no_names_train_and_are_not_exported(tmp_path):
    model = from_linen(linen.Sequential([linen.Dense(3), linen.sigmoid]), Decoder(FEATURES), data())
    params = fit(model, recipe(), data(), epochs=1, batch_size=5).params
    with pytest.raises(
        ValueError, match="the model is a FlaxModules: it must be a dataclass in a module, with fields that"
    ):
        export(tmp_path / "encoder", model, params)


@pytest.mark.slow
@models
def test_a_grid_goes_on_from_a_checkpoint_bit_by_bit(model, tmp_path):
    recipes, seeds, _ = expand(recipe(), [0, 1])
    sizes = {"seeds": seeds, "epochs": 4, "batch_size": 5}

    class Killed(Exception):
        pass

    def kill(index, row):
        if index == 2:
            raise Killed

    checkpoints = Checkpoints(tmp_path, 2, 1)
    with pytest.raises(Killed):
        fit_grid(model, recipes, data(), **sizes, checkpoints=checkpoints, on_epoch=kill)
    resumed = fit_grid(model, recipes, data(), **sizes, checkpoints=checkpoints)
    identical(resumed.params, fit_grid(model, recipes, data(), **sizes).params)


def test_a_decoder_without_parameters_has_none():
    class Repeat(linen.Module):
        @linen.compact
        def __call__(self, z):
            return jnp.repeat(z, FEATURES // 3, axis=-1)

    model = from_linen(Encoder(), Repeat(), data())
    assert set(model.init(jax.random.key(0))) == {"encoder"}
    curve = fit(model, recipe(), data(), epochs=2, batch_size=5).curve
    assert curve["loss"][1] < curve["loss"][0]
