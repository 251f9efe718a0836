"""jaxae's losses and the gradients of every parameter beside SAELens's, in float64; sae_lens_values.py writes these out."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from comparison import ARRAYS, FEATURES, GATED, JUMP, LATENTS, PLAIN, UNIT, K, agree, mean_of, params_of, recipe

from jaxae.functions import configure
from jaxae.models import Sparse
from jaxae.sparse import codes, penalties
from jaxae.training.activity import Activity, first_activity, next_activity

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("x64")]
SEVERAL, ONE = np.isin(np.arange(LATENTS), [1, 4, 6]), np.arange(LATENTS) == 4  # dead: more and fewer than AuxK takes
GATES = Sparse(FEATURES, LATENTS, code_parameters=("log_scale", "magnitude_bias"))


@pytest.mark.parametrize("rescale", [True, False])
@pytest.mark.parametrize("dead", [None, SEVERAL, ONE], ids=["none dead", "several dead", "one dead"])
@pytest.mark.parametrize("kind", ["topk", "batchtopk", "matryoshka"])
def test_the_top_units_and_auxk_of_sae_lens(theirs, kind, dead, rescale):
    model = Sparse(FEATURES, LATENTS, scaled_by_norms=rescale)
    k = (
        K if kind == "topk" else 3.4
    )  # of which both take 20 units of the batch: 20.4, which SAELens cuts and jaxae rounds
    code = configure(codes.top_k_relu, k=K)
    if kind != "topk":
        code = configure(codes.batch_top_k, k=k, running_threshold=0.0)
    nested = configure(penalties.matryoshka, prefixes="3/8 5/8")
    auxiliary = recipe(code, configure(penalties.auxk, k=FEATURES // 2, dead_after=10))
    state = Activity(jnp.where(jnp.zeros(LATENTS, bool) if dead is None else dead, 50, 3), jnp.float32(0))

    def auxk(params):
        return mean_of(model, auxiliary, params, state)[1]["penalty"]

    options = {"k": k, "rescale": rescale} | ({"widths": [3, 5, LATENTS]} if kind == "matryoshka" else {})
    found = theirs("sae_lens_values", kind, ARRAYS | ({} if dead is None else {"dead": dead}), **options)
    agree(found, model, recipe(code, nested if kind == "matryoshka" else None), PLAIN, more=auxk)
    np.testing.assert_allclose(found["loss/auxiliary_reconstruction_loss"], auxk(params_of(ARRAYS, PLAIN)), rtol=1e-9)
    assert (found["loss/auxiliary_reconstruction_loss"] > 0) == (dead is not None)
    if kind != "topk":
        # SAELens's running mean starts at 0 and jaxae's at the first value, of which 0 and 1 / 100 are one step apart.
        first = next_activity(first_activity(LATENTS), jnp.asarray(found["code"]))
        np.testing.assert_allclose(found["topk_threshold"], 0.01 * first.threshold, rtol=1e-6)


def test_the_l1_of_sae_lens(theirs):
    found = theirs("sae_lens_values", "l1", ARRAYS, coefficient=0.3)
    agree(found, Sparse(FEATURES, LATENTS), recipe(codes.relu, penalties.weighted_l1, 0.3), PLAIN)


def test_the_jumps_of_sae_lens(theirs):
    # SAELens's pre-activations have the derivative 1[p > theta] and ours 1[p > max(theta, 0)]: no threshold is below 0 in
    # training. Its "quadratic" L0 is squared before the mean over the batch, ours after it, and its "tanh" has no twin.
    bandwidth = 1.0  # wide, so that thresholds have gradients
    found = theirs("sae_lens_values", "jumprelu", ARRAYS, coefficient=0.3, bandwidth=bandwidth)
    assert np.count_nonzero(found["gradient/threshold"]) > LATENTS // 2
    one = recipe(
        configure(codes.jump_relu, bandwidth=bandwidth), configure(penalties.l0_jump, bandwidth=bandwidth), 0.3
    )
    agree(found, Sparse(FEATURES, LATENTS, code_parameters=("threshold",)), one, JUMP)


def test_the_gated_units_of_sae_lens_with_unit_rows_are_those_of_the_paper_but_for_the_decoder(theirs):
    # SAELens departs from the paper: it does not hold the decoder fixed in the auxiliary loss, and weights the L1 norm of
    # the gate by the decoder's norms. With norms of 1 the values agree, and the gradients of all but the decoder.
    found = theirs("sae_lens_values", "gated", UNIT, coefficient=0.3)
    one = recipe(codes.gated, configure(penalties.gated_auxiliary, sparsity=0.3))
    gradient_of = jax.value_and_grad(functools.partial(mean_of, GATES, one), has_aux=True)
    (value, terms), gradient = gradient_of(params_of(UNIT, GATED))
    np.testing.assert_allclose(found["loss"], value, rtol=1e-9)
    np.testing.assert_allclose(
        found["loss/l1_loss"] + found["loss/auxiliary_reconstruction_loss"], terms["penalty"], rtol=1e-9
    )
    for name, (group, leaf) in GATED.items():
        if name not in ("W_dec", "b_dec"):
            np.testing.assert_allclose(found[f"gradient/{name}"], gradient[group][leaf], rtol=1e-9, atol=1e-9)


def test_the_gated_units_of_sae_lens_are_ours_beside_an_l1_autoencoder_of_the_gate(theirs):
    # What SAELens adds to the paper's is what an autoencoder whose code is max(gate, 0) would have.
    def of_the_gate(params):
        return mean_of(GATES, recipe(codes.relu, penalties.weighted_l1, 0.3), params)[0]

    found = theirs("sae_lens_values", "gated", ARRAYS, coefficient=0.3)
    agree(found, GATES, recipe(codes.gated), GATED, more=of_the_gate)
