"""Folders that jaxae writes are read by SAELens, and those of SAELens by jaxae, with the same codes and reconstructions."""

import json
import subprocess
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from comparison import ARRAYS, FEATURES, LATENTS

from jaxae.functions import configure
from jaxae.losses import squared_error
from jaxae.models import Sparse
from jaxae.objective import Recipe, encode
from jaxae.sparse import codes, sae_lens

HERE = Path(__file__).parent
pytestmark = pytest.mark.slow
X = ARRAYS["x"].astype(np.float32)
GATES = ("log_scale", "magnitude_bias")
# name: (code, code_parameters)
OURS = {
    "relu": (configure(codes.relu), ()),
    "top_k_relu": (configure(codes.top_k_relu, k=3), ()),
    "jump_relu": (configure(codes.jump_relu, bandwidth=0.1), ("threshold",)),
    "batch_top_k": (configure(codes.batch_top_k, k=2.5), ("running_threshold",)),
    "gated": (configure(codes.gated), GATES),
}
# SAELens's kinds, of sparse_peer, with its options.
THEIRS = {
    "topk": {"k": 3},
    "topk, norms": {"k": 3, "rescale_acts_by_decoder_norm": True},
    "batchtopk": {"k": 2.5},
    "matryoshka": {"k": 2.5, "widths": [3, LATENTS]},
    "jumprelu": {},
    "l1": {"apply_b_dec_to_input": False},
    "gated": {},
}
PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
folder = Path(sys.argv[1])
sys.path.insert(0, sys.argv[2])
from sae_lens_values import peer
module = peer()
import torch
from sae_lens import SAE
with np.load(folder / "weights.npz") as file:
    weights = dict(file)
x = torch.from_numpy(weights.pop("x"))
for name, options in json.loads(sys.argv[3]).items():
    sae = module.sae_lens_model(name.split(",")[0], weights, **options)
    if hasattr(sae, "topk_threshold"):
        sae.topk_threshold.fill_(0.4)
    sae.save_inference_model(folder / f"theirs {name}")
for path in [path for path in folder.iterdir() if path.is_dir()]:
    sae = SAE.load_from_disk(path, device="cpu")
    with torch.no_grad():
        code = sae.encode(x)
        np.savez(path / "values.npz", code=code.numpy(), reconstruction=sae.decode(code).numpy())
"""


def random_params(model):
    random = np.random.default_rng(0)
    shapes = jax.eval_shape(model.init, jax.random.key(0))
    return jax.tree.map(lambda leaf: jnp.asarray(0.5 * random.normal(size=leaf.shape), jnp.float32), shapes)


def model_of(name, scaled):
    return Sparse(FEATURES, LATENTS, pre_bias=name != "relu", scaled_by_norms=scaled, code_parameters=OURS[name][1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory, peers):
    """Folders of both, each with values.npz of SAELens."""
    folder = tmp_path_factory.mktemp("folders")
    np.savez(folder / "weights.npz", **{name: array.astype(np.float32) for name, array in ARRAYS.items()})
    for name, (code, _) in OURS.items():
        for scaled in (False, True):
            model = model_of(name, scaled)
            sae_lens.save(folder / f"ours {name} {scaled}", model, random_params(model), code)
    command = [peers, "-c", PROGRAM, str(folder), str(HERE), json.dumps(THEIRS)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def agree(path, model, params, code):
    code = encode(Recipe(squared_error, configure(optax.sgd, learning_rate=0.1), code=code), model.encoder(params), X)
    values = np.load(path / "values.npz")
    assert 0 < np.count_nonzero(code) < code.size
    np.testing.assert_allclose(values["code"], code, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(values["reconstruction"], model.decoder(params)(code), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("name", OURS)
def test_sae_lens_reads_what_jaxae_writes(folder, name, scaled):
    model = model_of(name, scaled)
    agree(folder / f"ours {name} {scaled}", model, random_params(model), OURS[name][0])


@pytest.mark.parametrize("name", THEIRS)
def test_jaxae_reads_what_sae_lens_writes(folder, name):
    path = folder / f"theirs {name}"
    agree(path, *sae_lens.load(path))
