"""Sparse autoencoders of other libraries, each trained by its own step; imported by the peers' Python, nothing of jaxae.

Weights: W_enc [features, latents], b_enc [latents], W_dec [latents, features], b_dec [features]; threshold [latents] for
jumprelu; b_gate, b_mag, r_mag [latents] for gated.
"""

import sys
import tempfile
from typing import NamedTuple

import numpy as np
import torch

KINDS = ("topk", "batchtopk", "jumprelu", "matryoshka", "l1", "gated")
VISION = ("nms", "qnms")  # operators that torchvision describes at import


class Peer(NamedTuple):
    """train: takes a list of batches [batch, features], a step each; reconstruct: [n, features] -> same, as after training.

    weights: a function without arguments -> {name: array} as in the module's sentence.
    """

    train: object
    reconstruct: object
    weights: object


def declare_vision():
    """Declare torchvision's operators where its own build does not run, so that what imports it does.

    The peers import torchvision, of which no CPU build lies beside the CPU build of torch; none of them calls these here.
    """
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        declare_vision.library = torch.library.Library("torchvision", "DEF")  # operators live as long as it
        for name in VISION:
            declare_vision.library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def put(parameters, weights):
    """Copy arrays into tensors of the same names in place. parameters: {name: tensor}; ValueError for another shape."""
    for name, tensor in parameters.items():
        if name in weights:
            value = torch.as_tensor(np.array(weights[name]))
            if value.shape != tensor.shape:
                raise ValueError(f"{name} is {list(value.shape)}: it must be {list(tensor.shape)}")
            tensor.data.copy_(value)


def sae_lens_model(kind, weights, *, k=16, coefficient=1e-3, widths=(), dtype="float32", **options):
    """SAELens's training model of a kind with given weights.

    k: of topk, batchtopk and matryoshka; coefficient: of the L1 term of l1 and gated and the L0 term of jumprelu; widths:
    the prefixes of matryoshka, the last of which has all latents; options: further keys of the config class.
    """
    import sae_lens as lens

    config, model, numbers = {
        "topk": (lens.TopKTrainingSAEConfig, lens.TopKTrainingSAE, {"k": k}),
        "batchtopk": (lens.BatchTopKTrainingSAEConfig, lens.BatchTopKTrainingSAE, {"k": k}),
        "matryoshka": (
            lens.MatryoshkaBatchTopKTrainingSAEConfig,
            lens.MatryoshkaBatchTopKTrainingSAE,
            {"k": k, "matryoshka_widths": list(widths)},
        ),
        "jumprelu": (lens.JumpReLUTrainingSAEConfig, lens.JumpReLUTrainingSAE, {"l0_coefficient": coefficient}),
        "l1": (lens.StandardTrainingSAEConfig, lens.StandardTrainingSAE, {"l1_coefficient": coefficient}),
        "gated": (lens.GatedTrainingSAEConfig, lens.GatedTrainingSAE, {"l1_coefficient": coefficient}),
    }[kind]
    features, latents = weights["W_enc"].shape
    sae = model(config(d_in=features, d_sae=latents, dtype=dtype, **numbers, **options))
    put(dict(sae.named_parameters()), weights)
    return sae


def sae_lens(kind, weights, *, batch_size, steps, learning_rate, **numbers):
    """SAELens by the step of its SAETrainer: Adam, gradients clipped to norm 1, latents dead after 1,000 steps."""
    from sae_lens import SAE
    from sae_lens.config import SAETrainerConfig
    from sae_lens.training.sae_trainer import SAETrainer

    sae = sae_lens_model(kind, weights, **numbers)
    samples = steps * batch_size
    config = SAETrainerConfig(samples, batch_size, lr=learning_rate, lr_end=learning_rate)
    trainer = SAETrainer(config, sae, data_provider=iter(()))

    def train(batches):
        for x in batches:
            trainer.step(x)
            trainer.n_training_steps += 1

    def reconstruct(x):
        with tempfile.TemporaryDirectory() as folder:  # the threshold of batchtopk enters as the model is saved
            sae.save_inference_model(folder)
            return SAE.load_from_disk(folder, device="cpu")(x)

    def end():
        threshold = {"threshold": sae.topk_threshold} if hasattr(sae, "topk_threshold") else {}
        return {name: value.detach().numpy() for name, value in {**dict(sae.named_parameters()), **threshold}.items()}

    return Peer(train, reconstruct, end)


def overcomplete(kind, weights, *, batch_size, steps, learning_rate, k=16, coefficient=1e-3, widths=()):
    """overcomplete by its train_sae without monitoring: unit rows of the dictionary, no bias of the decoder, clip 1.

    Its BatchTopKSAE counts the units of the whole batch, so it gets k * batch_size. Its losses are means over features and
    sums of the codes over the batch: the coefficient is divided by both, so that it weighs as in SAELens.
    """
    from overcomplete.sae import SAE, BatchTopKSAE, JumpSAE, TopKSAE, train_sae
    from overcomplete.sae.losses import mse_l1

    features, latents = weights["W_enc"].shape
    model = {
        "topk": lambda: TopKSAE(features, latents, top_k=k),
        "batchtopk": lambda: BatchTopKSAE(features, latents, top_k=k * batch_size),
        "jumprelu": lambda: JumpSAE(features, latents),
        "l1": lambda: SAE(features, latents),
    }[kind]()
    layer = model.encoder.final_block[0]
    theirs = {"W_enc": layer.weight.T, "b_enc": layer.bias, "W_dec": model.dictionary._weights}
    put(theirs, weights)
    if kind == "jumprelu" and "threshold" in weights:
        put({"threshold": model.thresholds}, {"threshold": np.log(weights["threshold"])})
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    penalty = coefficient / (batch_size * features)

    def criterion(x, x_hat, pre_codes, codes, dictionary):
        if kind in ("topk", "batchtopk"):
            return (x - x_hat).square().mean()
        return mse_l1(x, x_hat, pre_codes, codes, dictionary, penalty=penalty)

    def train(batches):
        train_sae(model, batches, criterion, optimizer, nb_epochs=1, monitoring=0)

    def reconstruct(x):
        model.eval()
        return model(x)[2]

    def end():
        thresholds = {"threshold": model.thresholds.exp()} if kind == "jumprelu" else {}
        return {name: value.detach().numpy() for name, value in (theirs | thresholds).items()}

    return Peer(train, reconstruct, end)


def dictionary_learning(kind, weights, *, batch_size, steps, learning_rate, k=16, coefficient=1e-3, widths=()):
    """dictionary_learning by the update of its trainers, without warm-up and from step 1, so that b_dec stays as given.

    Every trainer keeps the decoder's directions at unit norm. jumprelu: the coefficient weighs (L0 / k - 1)^2.
    """
    from dictionary_learning.trainers import batch_top_k, gdm, jumprelu, matryoshka_batch_top_k, standard, top_k

    features, latents = weights["W_enc"].shape
    common = {"steps": steps + 2, "activation_dim": features, "dict_size": latents, "layer": 0, "lm_name": "none"}
    common |= {"lr": learning_rate, "warmup_steps": 0, "device": "cpu"}
    sparse = {"l1_penalty": coefficient, "sparsity_warmup_steps": None}
    kept = {"k": k, "threshold_start_step": 0}
    fractions = list(np.diff([0, *widths]) / latents)
    trainer = {
        "topk": lambda: top_k.TopKTrainer(**common, **kept),
        "batchtopk": lambda: batch_top_k.BatchTopKTrainer(**common, **kept),
        "matryoshka": lambda: matryoshka_batch_top_k.MatryoshkaBatchTopKTrainer(
            **common, **kept, group_fractions=fractions
        ),
        "jumprelu": lambda: jumprelu.JumpReluTrainer(
            **common, sparsity_penalty=coefficient, sparsity_warmup_steps=None, target_l0=k
        ),
        "l1": lambda: standard.StandardTrainer(**common, **sparse),
        "gated": lambda: gdm.GatedSAETrainer(**common, **sparse),
    }[kind]()
    model = trainer.ae
    if kind in ("jumprelu", "matryoshka"):
        theirs = {name: getattr(model, name) for name in ("W_enc", "b_enc", "W_dec", "b_dec")}
    else:
        bias = next(p for name, p in model.named_parameters() if name in ("b_dec", "bias", "decoder_bias"))
        theirs = {"W_enc": model.encoder.weight.T, "W_dec": model.decoder.weight.T, "b_dec": bias}
        theirs |= {} if kind == "gated" else {"b_enc": model.encoder.bias}
    if kind == "gated":
        theirs |= {"b_gate": model.gate_bias, "b_mag": model.mag_bias, "r_mag": model.r_mag}
    theirs |= {"threshold": model.threshold} if kind == "jumprelu" else {}
    put(theirs, weights)
    done = 0

    def train(batches):
        nonlocal done
        for x in batches:
            done += 1
            trainer.update(done, x)

    return Peer(train, model, lambda: {name: value.detach().numpy() for name, value in theirs.items()})


PEERS = {
    sae_lens: KINDS,
    overcomplete: ("topk", "batchtopk", "jumprelu", "l1"),
    dictionary_learning: KINDS,
}
