"""jaxae's losses and gradients beside overcomplete's, in float64; overcomplete_values.py writes these out."""

import jax.numpy as jnp
import numpy as np
import pytest
from comparison import BATCH, FEATURES, JUMP, LATENTS, PLAIN, UNIT, K, agree, recipe

from jaxae.functions import configure
from jaxae.models import Sparse
from jaxae.penalties import l1
from jaxae.sparse import codes
from jaxae.training.activity import first_activity, next_activity

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("x64")]
# Without a bias of the decoder, and with thresholds above half a bandwidth.
ARRAYS = UNIT | {"b_dec": np.zeros(FEATURES), "threshold": np.linspace(0.3, 1, LATENTS)}


@pytest.mark.parametrize("kind", ["topk", "batchtopk", "relu"])
@pytest.mark.parametrize("loss", ["mse", "mse_l1"])
def test_the_units_and_losses_of_overcomplete(theirs, kind, loss):
    # Its errors are means over features, 1 / FEATURES of ours, and its L1 norm a sum over the batch. Its top_k_auxiliary_loss
    # has no twin: it takes for each example the largest units that were not chosen, dead or not, with the error's gradient.
    options = {"topk": {"k": K}, "batchtopk": {"k": 9}, "relu": {}}[kind]  # 9 units of the whole batch
    code = {
        "topk": configure(codes.top_k_relu, k=K),
        "batchtopk": configure(codes.batch_top_k, k=9 / BATCH, running_threshold=0.0),
        "relu": codes.relu,
    }[kind]
    found = theirs("overcomplete_values", kind, ARRAYS, loss=loss, weight=0.1, **options)
    one = recipe(code, l1, 0.1 * BATCH * FEATURES) if loss == "mse_l1" else recipe(code)
    names = {name: PLAIN[name] for name in ("W_enc", "b_enc", "W_dec")}
    # It divides the rows by their norms and 1e-8, outside of the graph.
    near = {"factor": 1 / FEATURES, "rtol": 1e-6, "atol": 1e-7}
    agree(found, Sparse(FEATURES, LATENTS, pre_bias=False), one, names, arrays=ARRAYS, **near)
    if kind == "batchtopk":
        least = next_activity(first_activity(LATENTS), jnp.asarray(found["code"])).threshold
        np.testing.assert_allclose(found["running_threshold"], least, rtol=1e-6)


def test_the_jumps_of_overcomplete(theirs):
    # Its rectangle has 1 / bandwidth in it, by which it divides once more; its parameter is the threshold's logarithm. It
    # asks how near max(p, 0) is to the threshold, the paper how near p is: the same above half a bandwidth.
    bandwidth = 0.5
    found = theirs("overcomplete_values", "jumprelu", ARRAYS, kernel="rectangle", bandwidth=bandwidth)
    model = Sparse(FEATURES, LATENTS, pre_bias=False, code_parameters=("threshold",))
    assert np.count_nonzero(found["gradient/log_threshold"]) > LATENTS // 2
    found["gradient/threshold"] = found["gradient/log_threshold"] * bandwidth / ARRAYS["threshold"]
    names = {name: path for name, path in JUMP.items() if name != "b_dec"}
    one = recipe(configure(codes.jump_relu, bandwidth=bandwidth))
    agree(found, model, one, names, arrays=ARRAYS, factor=1 / FEATURES, rtol=1e-6, atol=1e-7)
