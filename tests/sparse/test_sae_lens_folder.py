import hashlib
import json

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import safetensors.numpy
from safetensors.numpy import load_file, save_file

from jaxae import codes as others
from jaxae import export, losses, storage
from jaxae.functions import configure
from jaxae.models import Dense, Sparse
from jaxae.objective import Recipe, encode
from jaxae.schedules import Schedule
from jaxae.sparse import codes, sae_lens
from jaxae.sweeps import expand, take

X = np.random.default_rng(1).normal(size=(7, 5)).astype(np.float32)
LAST = Schedule(configure(optax.linear_schedule, init_value=8.0, end_value=3.0, transition_steps=1.0))
GATES = ("log_scale", "magnitude_bias")
# name: (code, code_parameters, architecture, tensors beside W_enc, W_dec and b_dec)
CODES = {
    "relu": (configure(codes.relu), (), "standard", {"b_enc"}),
    "top_k_relu": (configure(codes.top_k_relu, k=LAST), (), "topk", {"b_enc"}),
    "jump_relu": (configure(codes.jump_relu, bandwidth=0.1), ("threshold",), "jumprelu", {"b_enc", "threshold"}),
    "jump_relu at 0.3": (configure(codes.jump_relu, bandwidth=0.1, threshold=0.3), (), "jumprelu", {"b_enc", "threshold"}),
    "batch_top_k": (configure(codes.batch_top_k, k=2.5), ("running_threshold",), "jumprelu", {"b_enc", "threshold"}),
    "gated": (configure(codes.gated), GATES, "gated", {"b_gate", "b_mag", "r_mag"}),
    "gated at 0.2": (configure(codes.gated, gate_bias=0.2), GATES, "gated", {"b_gate", "b_mag", "r_mag"}),
}  # fmt: skip


def params_of(model, runs=()):
    """Random parameters without a compiled program, with leading axes of runs."""
    random = np.random.default_rng(0)

    def draw(leaf):
        return jnp.asarray(0.5 * random.normal(size=(*runs, *leaf.shape)), jnp.float32)

    return jax.tree.map(draw, jax.eval_shape(model.init, jax.random.key(0)))


def recipe(code):
    return Recipe(losses.squared_error, configure(optax.sgd, learning_rate=0.1), code=code)


def code_and_reconstruction(model, params, code):
    h = encode(recipe(code), model.encoder(params), X)
    return h, model.decoder(params)(h)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("name", CODES)
def test_a_folder_gives_back_the_codes_and_the_reconstructions(name, scaled, tmp_path):
    code, parameters, architecture, tensors = CODES[name]
    model = Sparse(5, 8, pre_bias=name != "relu", scaled_by_norms=scaled, code_parameters=parameters)
    params = params_of(model)
    weights, text = sae_lens.save(tmp_path / "new" / "folder", model, params, code)
    assert set(load_file(weights)) == {"W_enc", "W_dec", "b_dec"} | tensors
    assert json.loads(text.read_text())["architecture"] == architecture
    loaded = sae_lens.load(tmp_path / "new" / "folder")
    assert loaded[0].pre_bias == model.pre_bias and loaded[0].scaled_by_norms == (scaled and architecture == "topk")
    at_the_end = configure(codes.top_k_relu, k=3) if name == "top_k_relu" else code
    expected = code_and_reconstruction(model, params, at_the_end)
    assert 0 < np.count_nonzero(expected[0]) < expected[0].size
    for got, wanted in zip(code_and_reconstruction(*loaded), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)
    again = sae_lens.load(sae_lens.save(tmp_path / "again", *loaded)[0].parent)
    jax.tree.map(np.testing.assert_array_equal, again[1:], loaded[1:])
    assert again[0] == loaded[0]


def test_what_a_jump_relu_goes_on_training_with_is_kept(tmp_path):
    model = Sparse(5, 8, code_parameters=("threshold",))
    sae_lens.save(tmp_path, model, params_of(model), configure(codes.jump_relu, bandwidth=0.25))
    assert sae_lens.load(tmp_path)[2].keywords["bandwidth"] == 0.25


def test_what_cannot_be_saved_is_refused_in_one_sentence(tmp_path):
    model, top = Sparse(5, 8), configure(codes.top_k_relu, k=2)
    params = params_of(model)
    for arguments, words in [
        ((Dense(5, 8), params, top), "the model is a Dense: SAELens's layout holds a jaxae.models.Sparse"),
        ((model, params, configure(others.top_k, k=2)), "the code is top_k: SAELens's layout holds relu, top_k_relu"),
        ((Sparse(5, 9), params, top), "the parameters have shapes"),
        ((model, params_of(model, (1,)), top), "the parameters have shapes"),
        ((model, params, configure(codes.top_k_relu, k=[2, 3])), r"code.k has the shape \(2,\): it must be the number"),
    ]:
        with pytest.raises(ValueError, match=words) as caught:
            sae_lens.save(tmp_path / "a", *arguments)
        assert "\n" not in str(caught.value)
    with pytest.raises(TypeError, match="the code jump_relu needs threshold"):
        sae_lens.save(tmp_path / "a", model, params, configure(codes.jump_relu, bandwidth=0.1))
    assert not list(tmp_path.iterdir())


def test_folders_of_others_are_refused_in_one_sentence(tmp_path):
    model = Sparse(5, 8)
    weights, text = sae_lens.save(tmp_path, model, params_of(model), configure(codes.top_k_relu, k=2))
    content, description = weights.read_bytes(), json.loads(text.read_text())
    theirs = description | {"metadata": {"sae_lens_version": "6.54.0"}}
    for change, words in [
        ({"architecture": "temporal"}, "its architecture is 'temporal', not one of standard, topk, jumprelu, gated"),
        ({"architecture": "gated"}, "its tensors are W_dec, W_enc, b_dec, b_enc: 'gated' has W_dec, W_enc, b_dec, b_gate"),
        ({"normalize_activations": "layer_norm"}, "its normalize_activations is 'layer_norm': only 'none'"),
        ({"d_sae": 9}, "the parameters have shapes"),
        ({"d_sae": "8"}, "model.hidden is '8': it must be a whole number"),
        ({"metadata": {"sae_lens_version": "5.11.0"}}, "it is of SAELens 5.11.0: load and save it by 6 or later"),
        ({"metadata": {}}, "'sae_lens_version' is missing"),
        ({"metadata": None}, "does not describe a model"),
    ]:  # fmt: skip
        text.write_text(json.dumps(theirs | change))
        with pytest.raises(ValueError, match=words) as caught:
            sae_lens.load(tmp_path)
        assert "\n" not in str(caught.value)
    text.write_text("{")
    with pytest.raises(ValueError, match=r"cfg.json is not json"):
        sae_lens.load(tmp_path)
    text.write_text(json.dumps(description))
    weights.write_bytes(content[:-7])
    with pytest.raises(ValueError, match=r"sae_weights.safetensors is truncated or no safetensors file"):
        sae_lens.load(tmp_path)
    save_file({name: 2 * tensor for name, tensor in safetensors.numpy.load(content).items()}, weights)
    assert hashlib.sha256(weights.read_bytes()).hexdigest() != hashlib.sha256(content).hexdigest()
    with pytest.raises(ValueError, match=r"its sha256 is not that of sae_weights.safetensors"):
        sae_lens.load(tmp_path)
    text.write_text(json.dumps(theirs))  # which has no sha256
    assert sae_lens.load(tmp_path)[0] == model
    weights.unlink()
    with pytest.raises(FileNotFoundError, match=r"sae_weights.safetensors does not exist"):
        sae_lens.load(tmp_path)


def test_the_command_writes_one_run_of_a_grid(tmp_path, capsys):
    model = Sparse(5, 8)
    recipes, seeds, _ = expand(recipe(configure(codes.top_k_relu, k=[2, 3])))
    params = params_of(model, (2,))
    storage.save(tmp_path / "run.npz", model=model, recipes=recipes, seeds=seeds, params=params, curve={})
    export.main([str(tmp_path / "run.npz"), str(tmp_path / "sae"), "--run", "1", "--layout", "sae_lens"])
    expected = [str(tmp_path / "sae" / name) for name in ("sae_weights.safetensors", "cfg.json")]
    assert capsys.readouterr().out.split() == expected
    _, loaded, code = sae_lens.load(tmp_path / "sae")
    jax.tree.map(np.testing.assert_array_equal, loaded, take(params, 1))
    assert code.keywords == {"k": 3}
    with pytest.raises(SystemExit):
        export.main([str(tmp_path / "run.npz"), str(tmp_path / "b"), "--part", "encoder", "--layout", "sae_lens"])
    assert "--part encoder is jaxae's layout's alone" in capsys.readouterr().err
