"""Trained sparse autoencoders as folders that SAELens reads and writes: cfg.json beside sae_weights.safetensors.

The layout is that of SAELens 6, of `SAE.load_from_disk` and `TrainingSAE.save_inference_model`.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from safetensors import numpy

from jaxae.arrays import Params
from jaxae.files import described_tensors
from jaxae.files.schema import check_shapes, header
from jaxae.functions import as_partial, configure
from jaxae.models.sparse import Sparse
from jaxae.objective import learned
from jaxae.schedules import at
from jaxae.sparse import codes

__all__ = ["load", "save"]

WEIGHTS, TEXT = "sae_weights.safetensors", "cfg.json"
LAYOUT = "6.54.0"  # the version of SAELens whose layout is written
BANDWIDTH = 0.05  # SAELens's, which its files of other codes than jump_relu do not name
COMMON = {"W_enc": ("encoder", "weight"), "W_dec": ("decoder", "weight"), "b_dec": ("decoder", "bias")}
BIASED = COMMON | {"b_enc": ("encoder", "bias")}
GATES = {"b_gate": ("encoder", "bias"), "b_mag": ("code", "magnitude_bias"), "r_mag": ("code", "log_scale")}
# Where each tensor lies in the parameters of Sparse.
TENSORS = {
    "standard": BIASED,
    "topk": BIASED,
    "jumprelu": BIASED | {"threshold": ("code", "threshold")},
    "gated": COMMON | GATES,
}
ARCHITECTURES = {
    codes.relu: "standard",
    codes.top_k_relu: "topk",
    codes.jump_relu: "jumprelu",
    codes.batch_top_k: "jumprelu",
    codes.gated: "gated",
}


def save(folder: str | os.PathLike, model: Any, params: Params, code: Callable) -> tuple[Path, Path]:
    """Write one trained jaxae.models.Sparse in float32 to FOLDER/sae_weights.safetensors and cfg.json; gives both paths.

    params: of one run, without an axis of runs; code: one of jaxae.sparse.codes, its schedules at their end. relu becomes
    SAELens's "standard", top_k_relu "topk", gated "gated", jump_relu "jumprelu", and batch_top_k a "jumprelu" with its running
    threshold for every unit. The decoder's norms that scale a code are folded into the weights; "topk" has them itself.
    Raises ValueError for another model, code or shapes, and OSError where a file cannot be written.
    """
    if not isinstance(model, Sparse):
        raise ValueError(f"the model is a {type(model).__name__}: SAELens's layout holds a jaxae.models.Sparse")
    code = at(as_partial(code), 1.0)
    if code.func not in ARCHITECTURES:
        known = ", ".join(function.__name__ for function in ARCHITECTURES)
        name = getattr(code.func, "__name__", type(code.func).__name__)
        raise ValueError(f"the code is {name}: SAELens's layout holds {known} of jaxae.sparse.codes")
    check_shapes(model, params)
    architecture = ARCHITECTURES[code.func]
    arrays, settings, details = _in_words(model, params, code)
    sizes = {"W_enc": (model.features, model.hidden), "W_dec": (model.hidden, model.features), "b_dec": model.features}
    tensors = {
        name: np.array(np.broadcast_to(arrays[name], sizes.get(name, model.hidden)), np.float32, order="C")
        for name in TENSORS[architecture]
    }
    content = numpy.save(tensors)
    description = {
        "architecture": architecture,
        "d_in": model.features,
        "d_sae": model.hidden,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": model.pre_bias,
        "normalize_activations": "none",
        "reshape_activations": "none",
        **settings,
        "metadata": {
            "sae_lens_version": LAYOUT,
            "training_architecture": "batchtopk" if code.func is codes.batch_top_k else architecture,
            "training_architecture_details": details,
            "jaxae": {**header(), "sha256": hashlib.sha256(content).hexdigest()},
        },
    }
    weights, text = Path(folder) / WEIGHTS, Path(folder) / TEXT
    described_tensors.write(weights, text, content, description)
    return weights, text


def load(folder: str | os.PathLike) -> tuple[Sparse, Params, Callable]:
    """The model, its parameters and the configured code of a folder that `save` or SAELens wrote, in float32.

    A BatchTopK or Matryoshka model lies there as "jumprelu" and is one. Raises FileNotFoundError or ValueError with one
    sentence for a file that is missing, damaged, of SAELens before 6, or of what jaxae.models.Sparse is not.
    """
    weights, text = Path(folder) / WEIGHTS, Path(folder) / TEXT
    whole = f"a folder of SAELens holds {TEXT} and {WEIGHTS}"
    description = described_tensors.read_description(weights, text, whole)
    content, tensors = described_tensors.read_tensors(weights)
    try:
        metadata = description["metadata"]
        if int(str(metadata["sae_lens_version"]).split(".")[0]) < 6:
            raise ValueError(f"it is of SAELens {metadata['sae_lens_version']}: load and save it by 6 or later")
        if metadata.get("jaxae", {}).get("sha256") not in (None, hashlib.sha256(content).hexdigest()):
            raise ValueError(f"its sha256 is not that of {weights.name}, which is damaged or of another model")
        return _from_words(description, tensors)
    except KeyError as error:
        raise ValueError(f"{text} does not describe a model of SAELens: {error} is missing") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{text} does not describe a model that jaxae has: {error}") from error


def _in_words(model, params, code):
    """Arrays by SAELens's names, the settings of its architecture, and what it keeps of the training."""
    encoder = model.encoder(params)
    numbers = {**code.keywords, **learned(code, encoder)}
    arrays = {"W_enc": encoder.weight, "b_enc": encoder.bias, "b_dec": params["decoder"]["bias"]}
    if code.func is codes.top_k_relu:
        k = int(np.rint(_number("k", numbers)))
        settings = {"k": min(max(k, 0), model.hidden), "rescale_acts_by_decoder_norm": model.scaled_by_norms}
        return arrays | {"W_dec": params["decoder"]["weight"]}, settings, {}
    arrays["W_dec"] = model.decoder(params).layers[0].weight
    if encoder.scale is not None:
        arrays |= {name: arrays[name] * encoder.scale for name in ("W_enc", "b_enc")}
    if code.func is codes.jump_relu:
        return arrays | {"threshold": numbers["threshold"]}, {}, {"jumprelu_bandwidth": _number("bandwidth", numbers)}
    if code.func is codes.batch_top_k:
        return arrays | {"threshold": numbers["running_threshold"]}, {}, {"k": _number("k", numbers)}
    if code.func is codes.gated:
        r, bias = numbers["log_scale"], arrays["b_enc"]
        # A gate_bias of the recipe's leaves the rest of the bias to the magnitudes.
        magnitude = numbers["magnitude_bias"] + jnp.exp(r) * (bias - numbers["gate_bias"])
        arrays |= {"b_gate": bias, "r_mag": r, "b_mag": magnitude}
    return arrays, {}, {}


def _from_words(description, tensors):
    """Model, parameters and code; raises KeyError, TypeError or ValueError for a description or tensors of others."""
    architecture = description["architecture"]
    if architecture not in TENSORS:
        raise ValueError(f"its architecture is {architecture!r}, not one of {', '.join(TENSORS)}")
    for name in ("normalize_activations", "reshape_activations"):
        if description[name] != "none":
            raise ValueError(f"its {name} is {description[name]!r}: only 'none' has no part outside of the model")
    places = TENSORS[architecture]
    if set(tensors) != set(places):
        raise ValueError(
            f"its tensors are {', '.join(sorted(tensors))}: {architecture!r} has {', '.join(sorted(places))}"
        )
    model = Sparse(
        description["d_in"],
        description["d_sae"],
        pre_bias=description["apply_b_dec_to_input"],
        scaled_by_norms=description["rescale_acts_by_decoder_norm"] if architecture == "topk" else False,
        code_parameters=tuple(leaf for group, leaf in places.values() if group == "code"),
    )
    params = {}
    for name, (group, leaf) in places.items():
        params.setdefault(group, {})[leaf] = jnp.asarray(tensors[name], jnp.float32)
    check_shapes(model, params)
    if architecture == "topk":
        return model, params, configure(codes.top_k_relu, k=description["k"])
    if architecture == "jumprelu":
        details = description["metadata"].get("training_architecture_details") or {}
        bandwidth = details.get("jumprelu_bandwidth", BANDWIDTH)
        return model, params, configure(codes.jump_relu, bandwidth=bandwidth)
    return model, params, configure(codes.gated if architecture == "gated" else codes.relu)


def _number(name, numbers):
    """A code's number as json holds it; raises ValueError for an axis of runs."""
    if np.ndim(numbers[name]):
        raise ValueError(f"code.{name} has the shape {np.shape(numbers[name])}: it must be the number of one run")
    return float(numbers[name])
