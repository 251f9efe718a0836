"""Codes, reconstructions, losses and gradients as overcomplete 0.3.0 computes them, as oracles; run by the peers' Python.

values(kind, weights, x, ...), or python tests/peers/overcomplete_values.py with a json line [KIND, IN.npz, OUT.npz, options] of
stdin for each. float64.

Notation: p = x W_enc + b_enc, c = ReLU(p), D the rows of the dictionary, xhat = z D: no bias is subtracted and none added.
In training the rows are divided by (||D_j|| + 1e-8) in place before each product, outside the graph, so a gradient is
taken at the unit rows and keeps its radial part. Errors are means over batch and features, mse = mean_B mean_i (x - xhat)^2,
1/d of SAELens's. train_sae clips the norm of all gradients to 1 and takes the optimizer it is given. Its dead codes of an
epoch are counted, never used.
"""

import numpy as np
import torch
from sae_lens_values import peer
from serving import serve


def topk(sae, features, latents, *, k):
    """TopKSAE(top_k): z keeps the k largest of c per example, the ReLU before the choice."""
    return sae.TopKSAE(features, latents, top_k=k)


def batchtopk(sae, features, latents, *, k):
    """BatchTopKSAE(top_k, threshold_momentum = .9): top_k counts the whole batch, not an example.

    t = the k-th largest c of the batch, z = c 1[c >= t]: ties of t are all kept. State: running_threshold, the first t, then
    .9 running + .1 t (t may be 0); at test z = c 1[c >= running_threshold].
    """
    return sae.BatchTopKSAE(features, latents, top_k=k)


def jumprelu(sae, features, latents, *, kernel="silverman", bandwidth=0.001):
    """JumpSAE(kernel, bandwidth = .001): theta = exp(parameter), which starts at -3; z = c 1[c >= theta].

    Gradient to c: g 1[c >= theta]; to theta: -sum_B (theta / eps) K(c - theta) g, times theta for the parameter. The kernels K
    have the 1 / eps in them already ("rectangle": 1[|u| <= eps / 2] / eps, both ends included), so theta's gradient is
    1 / eps times the published one. There is no L0 term among the losses; heaviside exists and nothing calls it.
    """
    return sae.JumpSAE(features, latents, kernel=kernel, bandwidth=bandwidth)


def relu(sae, features, latents):
    """SAE: z = c."""
    return sae.SAE(features, latents)


KINDS = {kind.__name__: kind for kind in (topk, batchtopk, jumprelu, relu)}


def criterion(name, losses, weight):
    """A loss of (x, xhat, pre_codes, codes, dictionary).

    mse; mse_l1: mse + weight sum_B sum_j |z_j|, a sum over the batch too; top_k_auxiliary_loss: mse + weight times
    mean_B mean_i (e - ehat)^2, where e = x - xhat keeps its gradient, ehat = a D, and a keeps the m // 2 largest of
    ReLU(p) - z per example: not of dead units, but of those that were not chosen.
    """
    if name == "mse":
        return lambda x, x_hat, *_: (x - x_hat).square().mean()
    return lambda *arguments: getattr(losses, name)(*arguments, penalty=weight)


def values(kind, weights, x, *, loss="mse", weight=0.1, **options):
    """What one training pass gives, as NumPy. kind: of KINDS, whose options these are; loss, weight: see criterion.

    weights: W_enc [d, m], b_enc [m], W_dec [m, d], threshold [m] for jumprelu; x: [B, d]. -> code, pre, reconstruction, loss,
    gradient/W_enc, /b_enc, /W_dec, /log_threshold, running_threshold.
    """
    module = peer()
    from overcomplete import sae
    from overcomplete.sae import losses

    features, latents = weights["W_enc"].shape
    net = KINDS[kind](sae, features, latents, **options).double()
    layer = net.encoder.final_block[0]
    parameters = {"W_enc": layer.weight, "b_enc": layer.bias, "W_dec": net.dictionary._weights}
    given = {name: np.asarray(weights[name]) for name in parameters} | {"W_enc": np.asarray(weights["W_enc"]).T}
    if kind == "jumprelu":
        parameters["log_threshold"], given["log_threshold"] = net.thresholds, np.log(weights["threshold"])
    module.put(parameters, given)
    x = torch.as_tensor(np.asarray(x, np.float64))
    pre, code, x_hat = net.train()(x)
    total = criterion(loss, losses, weight)(x, x_hat, pre, code, net.get_dictionary())
    total.backward()
    answer = {"pre": pre, "code": code, "reconstruction": x_hat, "loss": total}
    answer |= {f"gradient/{name}": p.grad for name, p in parameters.items()}
    answer["gradient/W_enc"] = answer["gradient/W_enc"].T
    if kind == "batchtopk":
        answer["running_threshold"] = net.running_threshold
    return {name: value.detach().numpy() for name, value in answer.items()}


if __name__ == "__main__":
    serve(values)
