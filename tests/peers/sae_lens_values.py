"""Codes, reconstructions, loss terms and gradients as SAELens 6.54 computes them, in float64: oracles for jaxae's.

In one environment: values(kind, weights, x, ...). In two: python tests/peers/sae_lens_values.py by the peers' Python, a json
line [KIND, IN.npz, OUT.npz, options] of stdin for each; IN.npz has x, the weights and, where latents are dead, dead of bool.
overcomplete's counterparts are in overcomplete_values.py.

Notation: B examples x, d features, m latents, xc = x - b_dec (`apply_b_dec_to_input`, on by default for every kind),
p = xc W_enc + b_enc, n_j = ||W_dec[j]||, mean_B a mean over the batch. Every kind's reconstruction term is mse =
mean_B sum_i (xhat_i - x_i)^2: a sum over features, a mean over the batch, no factor 1/2. The total is the sum of all terms
with weight 1 beyond the coefficients named below. Only batchtopk and matryoshka have state; b_dec starts at 0 and W_dec
at norm 0.1 (`decoder_init_norm`) with W_enc = W_dec^T. The trainer clips the norm of all gradients together to 1, then takes
Adam (.9, .999); it neither projects nor renormalises the decoder. A latent is dead after more than 1,000 steps
(`dead_feature_window`) without an example on which it fired.
"""

import functools
import importlib.util
from pathlib import Path

import numpy as np
import torch
from serving import serve

PEER = Path(__file__).parents[2] / "experiments" / "benchmarks" / "sparse_peer" / "libraries.py"


def topk(weights, *, k, rescale=True, **options):
    """TopKTrainingSAE, TopKTrainingSAEConfig(k, rescale_acts_by_decoder_norm, aux_loss_coefficient).

    q = p n where rescaled (n is not detached, and stays in the gradient of W_dec), else p. The code f keeps the k largest q of
    an example, chosen before the ReLU, and ReLU(q): a kept negative is 0. xhat = (f / n) W_dec + b_dec where rescaled, else
    f W_dec + b_dec. loss = mse + auxiliary_reconstruction_loss, which is 0 where no latent is dead.

    The auxiliary loss (AuxK): e = x - xhat, detached; k' = d // 2; D the number of dead latents; a keeps the min(k', D)
    largest q among the dead, without a ReLU, so negatives count; ehat = (a / n) W_dec where rescaled, else a W_dec, without
    b_dec; the term is aux_loss_coefficient (1) min(D / k', 1) mean_B sum_i (ehat_i - e_i)^2, with no division by a variance.
    """
    return model("topk", weights, k=k, rescale_acts_by_decoder_norm=rescale, **options)


def batchtopk(weights, *, k, rescale=True, **options):
    """BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig(k real, topk_threshold_lr = .01); the rest as topk.

    f keeps the int(k B) largest of all ReLU(q) of the batch: ReLU first. loss and auxiliary loss as topk's.

    State: topk_threshold, float64, starts at 0; after each forward pass that has a positive unit it becomes
    (1 - .01) topk_threshold + .01 min{f : f > 0}. It plays no part in training. The saved model is a JumpReLU of the folded
    weights (W_enc n, b_enc n, W_dec / n where rescaled): f = ReLU(p) 1[p > topk_threshold].
    """
    return model("batchtopk", weights, k=k, rescale_acts_by_decoder_norm=rescale, **options)


def matryoshka(weights, *, k, widths, rescale=True, **options):
    """MatryoshkaBatchTopKTrainingSAE, MatryoshkaBatchTopKTrainingSAEConfig(matryoshka_widths); code and state of batchtopk.

    loss = mse + sum over the widths w but the last of inner_mse_loss_w + auxiliary loss, where inner_mse_loss_w =
    mean_B sum_i (xhat_w - x)_i^2 and xhat_w = (f / n)[:w] W_dec[:w] + b_dec: a plain sum without weights, the same b_dec in
    each, nothing detached, and no term of b_dec alone. f is chosen once, among all latents; a last width below m is
    completed by m. The auxiliary loss is topk's on the whole error, or with use_matryoshka_aux_loss one term per level.
    """
    return model("matryoshka", weights, k=k, widths=widths, rescale_acts_by_decoder_norm=rescale, **options)


def jumprelu(weights, *, coefficient, bandwidth=0.05, **options):
    """JumpReLUTrainingSAE, JumpReLUTrainingSAEConfig(l0_coefficient, jumprelu_bandwidth = .05, init threshold .01).

    f = p 1[p > theta], xhat = f W_dec + b_dec, loss = mse + l0_loss, l0_loss = c mean_B sum_j 1[p_j > theta_j]
    ("step"), c mean_B 2/t (L0 - t)^2 ("quadratic", target_l0 = t), or c mean_B sum_j tanh(4 f_j n_j) ("tanh").
    Gradients, with R = 1[|p - theta| < eps / 2], both ends excluded, and g from above: of f to p: g 1[p > theta], to theta:
    -sum_B (theta / eps) R g; of the step to p: 0, to theta: -sum_B R g / eps. With jumprelu_ste_to_input p gets the
    negatives of theta's terms as well.

    theta itself is the parameter, not its logarithm; it is float32 whatever the model is, and so is its gradient. Before
    each forward pass it is clamped from below at 0 in place, outside the graph. pre_act_loss_coefficient c' (None, off) adds
    c' mean_B sum_j dead_j n_j ReLU(theta_j - p_j). At test the same f, by ReLU(p) 1[p > theta].
    """
    return model("jumprelu", weights, coefficient=coefficient, jumprelu_bandwidth=bandwidth, **options)


def gated(weights, *, coefficient, **options):
    """GatedTrainingSAE, GatedTrainingSAEConfig(l1_coefficient); b_gate, b_mag, r_mag in the place of b_enc.

    pi = xc W_enc + b_gate, f = 1[pi > 0] ReLU(xc (W_enc exp(r_mag)) + b_mag), xhat = f W_dec + b_dec;
    loss = mse + l1_loss + auxiliary_reconstruction_loss, l1_loss = c mean_B sum_j ReLU(pi_j) n_j,
    auxiliary = mean_B sum_i (ReLU(pi) W_dec + b_dec - x)_i^2. The gate passes no gradient. Unlike the paper W_dec and b_dec
    are not frozen in the auxiliary term, nor n in the L1 term: all get gradients there.
    """
    return model("gated", weights, coefficient=coefficient, **options)


def l1(weights, *, coefficient, **options):
    """StandardTrainingSAE, StandardTrainingSAEConfig(l1_coefficient, lp_norm = 1).

    f = ReLU(p), xhat = f W_dec + b_dec, loss = mse + l1_loss, l1_loss = c mean_B (sum_j |f_j n_j|^q)^(1/q) with q = lp_norm;
    n is not detached, so W_dec shrinks by it. l1_warm_up_steps s: c grows linearly from 0, step i (from 0) has c i / s.
    """
    return model("l1", weights, coefficient=coefficient, **options)


KINDS = {kind.__name__: kind for kind in (topk, batchtopk, matryoshka, jumprelu, gated, l1)}


@functools.cache
def peer():
    """The benchmark's module of the peers, loaded from its file: its package needs what the peers' Python lacks."""
    spec = importlib.util.spec_from_file_location("libraries", PEER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.declare_vision()
    return module


def model(kind, weights, **options):
    """SAELens's training model of a kind in float64."""
    return peer().sae_lens_model(kind, weights, dtype="float64", **options)


def values(kind, weights, x, *, dead=None, **options):
    """What one training forward and backward pass gives, as NumPy arrays.

    kind: of KINDS, whose function has the options; weights: {name: array}, W_enc [d, m], b_enc [m], W_dec [m, d], b_dec [d]
    and the kind's own; x: [B, d]; dead: [m] of bool, which latents AuxK takes as dead. -> code [B, m] (q's scale where
    rescaled), pre [B, m] (p or q), reconstruction [B, d], loss, loss/TERM, gradient/PARAMETER, and topk_threshold after
    the pass.
    """
    sae = KINDS[kind](weights, **options)
    from sae_lens.saes.sae import TrainStepInput  # which imports torchvision, declared as the model was made

    found = sae.get_coefficients()
    step = TrainStepInput(
        sae_in=torch.as_tensor(np.asarray(x, np.float64)),
        coefficients={name: getattr(value, "value", value) for name, value in found.items()},
        dead_neuron_mask=None if dead is None else torch.as_tensor(np.asarray(dead, bool)),
        n_training_steps=0,
        is_logging_step=False,
    )
    out = sae.training_forward_pass(step)
    out.loss.backward()
    answer = {"code": out.feature_acts, "pre": out.hidden_pre, "reconstruction": out.sae_out, "loss": out.loss}
    answer |= {f"loss/{name}": value for name, value in out.losses.items()}
    answer |= {
        f"gradient/{name}": torch.zeros_like(p) if p.grad is None else p.grad for name, p in sae.named_parameters()
    }
    if hasattr(sae, "topk_threshold"):
        answer["topk_threshold"] = sae.topk_threshold
    return {name: value.detach().numpy() for name, value in answer.items()}


if __name__ == "__main__":
    serve(values)
