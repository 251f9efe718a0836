import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from safetensors.numpy import load_file

from jaxae import codes, export, losses, storage
from jaxae.functions import configure
from jaxae.models import Convolutional, Dense, Sparse
from jaxae.objective import Recipe, encode
from jaxae.schedules import Schedule
from jaxae.sparse.codes import jump_relu
from jaxae.sweeps import expand, take

ROOT = Path(__file__).parents[1]
MODELS = {
    "tied": Dense(16, (6, 4), "tanh"),
    "untied": Dense(16, (6, 4), ("sigmoid", "linear"), tied=False),
    "convolutional": Convolutional((4, 4), (3, 2), "same"),
}
X = np.random.default_rng(0).random((7, 16), np.float32)
SCHEDULE = Schedule(configure(optax.linear_schedule, init_value=4.0, end_value=2.0, transition_steps=0.5))
RECIPE = Recipe(
    configure(losses.binary_cross_entropy),
    configure(optax.sgd, learning_rate=0.1),
    code=configure(codes.top_k, k=SCHEDULE),
)


def params_of(model, seed, runs=()):
    """Random parameters without a compiled program, with leading axes of runs."""
    random = np.random.default_rng(seed)

    def draw(leaf):
        return jnp.asarray(random.normal(size=(*runs, *leaf.shape)), jnp.float32)

    return jax.tree.map(draw, jax.eval_shape(model.init, jax.random.key(0)))


PROGRAM = """
import sys
import numpy as np
from jaxae.export import load_exported
x = np.load(sys.argv[1])
for path in sys.argv[2:]:
    exported = load_exported(path)
    np.savez(path, codes=exported.encoder(x), kept=exported.encode(x), decoded=exported.decode(exported.encode(x)))
assert "hydra" not in sys.modules and "omegaconf" not in sys.modules
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Every model exported whole, and what a fresh process makes of it in NAME.npz."""
    folder = tmp_path_factory.mktemp("export")
    np.save(folder / "x.npy", X)
    for name, model in MODELS.items():
        export.export(folder / name, model, params_of(model, 1), "autoencoder", recipe=RECIPE)
    command = [sys.executable, "-c", PROGRAM, str(folder / "x.npy"), *(str(folder / name) for name in MODELS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_fresh_process_without_hydra_gives_the_same_bits(name, folder):
    model = MODELS[name]
    params, last = params_of(model, 1), RECIPE._replace(code=configure(codes.top_k, k=np.float32(2)))
    got = np.load(folder / f"{name}.npz")
    kept = np.asarray(jax.jit(encode)(last, model.encoder(params), X))  # as a figure's codes are made
    np.testing.assert_array_equal(got["codes"], model.encoder(params)(X))
    np.testing.assert_array_equal(got["kept"], kept)
    np.testing.assert_array_equal(got["decoded"], jax.nn.sigmoid(model.decoder(params)(kept)))
    assert (np.count_nonzero(kept, axis=-1) <= 2).all()


def test_an_encoder_alone_holds_no_decoder_and_is_plain_safetensors(tmp_path):
    model = MODELS["untied"]
    params = params_of(model, 2)
    weights, text = export.export(tmp_path / "a.safetensors", model, params)
    assert [path.name for path in (weights, text)] == ["a.safetensors", "a.json"]
    tensors = load_file(weights)
    assert set(tensors) == {f"encoder/{layer}/{name}" for layer in (0, 1) for name in ("weight", "bias")}
    np.testing.assert_array_equal(tensors["encoder/1/weight"], params["encoder"][1]["weight"])
    exported = export.load_exported(tmp_path / "a")
    assert exported.output is None
    np.testing.assert_array_equal(exported.encode(X), jax.jit(lambda f, x: f(x))(model.encoder(params), X))
    with pytest.raises(ValueError, match="the export holds an encoder alone"):
        exported.decode(X)


def test_weights_that_lie_transposed_in_memory_are_exported_as_they_are(tmp_path):
    model = Dense(3, 2)
    params = params_of(model, 0)
    params["encoder"][0]["weight"] = np.arange(6, dtype=np.float32).reshape(2, 3).T
    export.export(tmp_path / "a", model, params)
    got = export.load_exported(tmp_path / "a").params["encoder"][0]["weight"]
    np.testing.assert_array_equal(got, [[0, 3], [1, 4], [2, 5]])


@dataclass(frozen=True)
class Scaled(Dense):
    """A model of the user's own: codes are twice those of Dense."""

    def encoder(self, params):
        layers = super().encoder(params)
        return lambda x: 2 * layers(x)


def test_a_model_of_the_users_own_is_loaded_where_its_class_is_given(tmp_path, capsys):
    model, params = Scaled(16, 4), params_of(Scaled(16, 4), 3)
    recipe = RECIPE._replace(optimizer=optax.sgd(0.1), loss=losses.squared_error)  # as they stand
    export.export(tmp_path / "a", model, params, "autoencoder", recipe=recipe)
    exported = export.load_exported(tmp_path / "a", models=[Scaled])
    assert (exported.model, exported.output) == (model, "data")
    np.testing.assert_allclose(exported.encoder(X), 2 * Dense(16, 4).encoder(params)(X), rtol=1e-6)
    with pytest.raises(
        ValueError, match=r"its model is test_export:Scaled, no class of jaxae: give it to load_exported by"
    ):
        export.load_exported(tmp_path / "a")
    recipes, seeds, _ = expand(RECIPE)
    stacked = params_of(model, 1, (1,))
    storage.save(tmp_path / "run.npz", model=model, recipes=recipes, seeds=seeds, params=stacked, curve={})
    with pytest.raises(SystemExit):
        export.main([str(tmp_path / "run.npz"), str(tmp_path / "out")])
    assert "has a model that is not jaxae's: name its class by --models" in capsys.readouterr().err
    words = [str(tmp_path / "run.npz"), str(tmp_path / "out"), "--models"]
    export.main([*words, f"{__name__}.Scaled"])
    np.testing.assert_array_equal(
        export.load_exported(tmp_path / "out", models=[Scaled]).encoder(X), model.encoder(take(stacked, 0))(X)
    )
    for name, sentence in ((f"{__name__}.Scale", "must name a class on the"), (f"{__name__}.X", "it names a ")):
        with pytest.raises(SystemExit):
            export.main([*words, name])
        assert sentence in capsys.readouterr().err


def test_what_cannot_be_exported_is_refused(tmp_path):
    model, params = MODELS["tied"], params_of(MODELS["tied"], 0)
    for arguments, words in [
        ((model, params, "decoder"), "part is 'decoder': it must be one of encoder, autoencoder"),
        ((None, params), "the model is a NoneType: it must be a dataclass in a module, with fields that json holds"),
        ((Dense(16, (6, 3)), params), "the parameters have shapes"),
        ((model, jax.tree.map(lambda leaf: leaf[None], params)), "the parameters have shapes"),
    ]:
        with pytest.raises(ValueError, match=words):
            export.export(tmp_path / "a", *arguments)
    with pytest.raises(ValueError, match=r"code is test_export:.*a code that is not jaxae's cannot be exported"):
        export.export(tmp_path / "a", model, params, recipe=RECIPE._replace(code=configure(lambda z: z)))
    assert not list(tmp_path.iterdir())


def test_damaged_files_are_refused_in_one_sentence(folder, tmp_path):
    weights, text = (folder / f"tied.{ending}" for ending in ("safetensors", "json"))
    content, description = weights.read_bytes(), json.loads(text.read_text())
    other = (folder / "untied.safetensors").read_bytes()
    sha = {"sha256": hashlib.sha256(other).hexdigest()}
    cases = [
        (content[:-7], description, "a.safetensors is truncated or no safetensors file"),
        (b"", description, "a.safetensors is truncated or no safetensors file"),
        (content[:-1] + bytes([content[-1] ^ 1]), description, "its sha256 is not that of a.safetensors"),
        (other, description, "its sha256 is not that of a.safetensors"),
        (other, description | sha, "the parameters have shapes"),
        (content, {k: v for k, v in description.items() if k != "model"}, "'model' is missing"),
        (content, description | {"format": 99}, "a.json has format 99"),
        (content, description | {"part": "decoder"}, "model, part or output"),
        (content, description | {"model": {"class": "Dense", "fields": {"depth": 3}}}, "the model .* cannot be made"),
        (content, description | {"model": None}, "model, part or output"),
        (content, description | {"model": {"class": "os:system", "fields": {}}}, "its model is os:system, no class of"),
        (content, [], "names no format"),
    ]
    for data, words, sentence in cases:
        (tmp_path / "a.safetensors").write_bytes(data)
        (tmp_path / "a.json").write_text(json.dumps(words))
        with pytest.raises(ValueError, match=sentence) as caught:
            export.load_exported(tmp_path / "a")
        assert "\n" not in str(caught.value)
    (tmp_path / "a.json").write_text(text.read_text()[:-20])
    with pytest.raises(ValueError, match=r"a.json is not json"):
        export.load_exported(tmp_path / "a")
    (tmp_path / "a.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"a.json does not exist"):
        export.load_exported(tmp_path / "a")


def test_the_command_exports_one_run_of_a_grid(tmp_path, capsys):
    model = MODELS["tied"]
    recipes, seeds, _ = expand(RECIPE._replace(weight=[0, 1]))
    params = params_of(model, 1, (2,))
    storage.save(tmp_path / "run.npz", model=model, recipes=recipes, seeds=seeds, params=params, curve={})
    export.main([str(tmp_path / "run.npz"), str(tmp_path / "out"), "--run", "1", "--part", "autoencoder"])
    assert capsys.readouterr().out.split() == [str(tmp_path / "out.safetensors"), str(tmp_path / "out.json")]
    exported = export.load_exported(tmp_path / "out")
    jax.tree.map(np.testing.assert_array_equal, exported.params, take(params, 1))
    assert exported.output == "logits"
    for arguments, words in [(["run.npz", "o", "--run", "2"], "has runs 0 to 1"), (["no.npz", "o"], "does not exist")]:
        with pytest.raises(SystemExit) as caught:
            export.main([str(tmp_path / arguments[0]), *arguments[1:]])
        assert caught.value.code == 1 and words in capsys.readouterr().err


@pytest.mark.parametrize("parameters", [(), ("threshold",)])
def test_a_sparse_autoencoder_is_exported_whole_with_what_is_trained_of_its_code(tmp_path, parameters):
    model = Sparse(16, 6, code_parameters=parameters)
    params = params_of(model, 1)
    with pytest.raises(ValueError, match="the encoder of this Sparse needs 'decoder' as well: choose part autoencoder"):
        export.export(tmp_path / "encoder", model, params)
    code = configure(jump_relu, bandwidth=0.1) if parameters else configure(codes.top_k, k=2)
    recipe = RECIPE._replace(code=code)
    export.export(tmp_path / "whole", model, params, "autoencoder", recipe=recipe)
    read = export.load_exported(tmp_path / "whole")
    jax.tree.map(np.testing.assert_array_equal, read.params, params)
    np.testing.assert_array_equal(read.encode(X), encode(recipe, model.encoder(params), jnp.asarray(X)))
