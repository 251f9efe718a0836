"""What `jaxae.export.export` has written, read back: a trained autoencoder or its encoder alone."""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Float

from jaxae.arrays import Array
from jaxae.files import described_tensors, npz
from jaxae.files.schema import check_format, check_shapes, function_from, model_from, with_present_names
from jaxae.objective import Recipe, encode

__all__ = ["PARTS", "TRAINED_CODE", "Exported", "load_exported", "paths_of"]

PARTS = ("encoder", "autoencoder")
TRAINED_CODE = "code_parameters"  # where a file keeps params["code"], beside the function of the recipe
OUTPUTS = ("data", "logits", None)  # what a decoder gives: x itself, its logits, or nobody said


class Exported(NamedTuple):
    """One trained autoencoder, or its encoder alone: model and params as in jaxae.models, the code that the recipe kept.

    part: "encoder" or "autoencoder"; output: the decoder's, "data", "logits", or None where it is unknown.
    """

    model: Any
    params: Any
    code: Any
    part: str
    output: str | None

    @property
    def encoder(self) -> Callable:
        """The encoder as a callable pytree, without the recipe's code, [..., features] -> [..., code]."""
        return self.model.encoder(self.params)

    @property
    def decoder(self) -> Callable:
        """The decoder as a callable pytree, [..., code] -> [..., features]; raises ValueError for an encoder alone."""
        if self.part == "encoder":
            raise ValueError("the export holds an encoder alone: part='autoencoder' exports the decoder too")
        return self.model.decoder(self.params)

    def encode(self, x: Float[Array, "*batch features"]) -> Float[Array, "*batch code"]:
        """The code of clean x with what the recipe keeps of it, compiled as in training."""
        return _encode(self.code, self.encoder, jnp.asarray(x))

    def decode(self, codes: Float[Array, "*batch code"]) -> Float[Array, "*batch features"]:
        """The reconstruction of codes, in units of the data where `output` is known, else as the decoder gives it."""
        decoded = self.decoder(jnp.asarray(codes))
        return jax.nn.sigmoid(decoded) if self.output == "logits" else decoded


def load_exported(path: str | os.PathLike, models: Iterable[type] = ()) -> Exported:
    """What `export` wrote; the encoder gives the same bits.

    path: as given to `export`; models: further classes that the model may be of. Raises FileNotFoundError or ValueError with
    one sentence for a file that is missing, truncated, damaged, of a newer format, not the other's, or of a model of none.
    """
    weights, text = paths_of(path)
    whole = "an export is a .safetensors file with its .json"
    description = described_tensors.read_description(weights, text, whole)
    check_format(text, description)
    content, tensors = described_tensors.read_tensors(weights)
    try:
        tensors = npz.nested(tensors)
        if description["sha256"] != hashlib.sha256(content).hexdigest():
            raise ValueError(f"its sha256 is not that of {weights.name}, which is damaged or of another export")
        words, part, output = description["model"], description["part"], description["output"]
        model = model_from(words, models)
        if words is not None and model is None:
            raise ValueError(
                f"its model is {words['class']}, no class of jaxae: give it to load_exported by models=[...]"
            )
        if model is None or part not in PARTS or output not in OUTPUTS:
            raise ValueError(f"model, part or output is none of this jaxae: {words}, {part!r}, {output!r}")
        code = jax.tree.map(
            jnp.asarray, function_from(with_present_names(description["code"]), tensors.pop("code", {}))
        )
        if TRAINED_CODE in tensors:
            tensors["code"] = tensors.pop(TRAINED_CODE)
        check_shapes(model, tensors, part)
    except KeyError as error:
        raise ValueError(f"{text} does not describe an export: {error} is missing") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{text} does not describe an export: {error}") from error
    return Exported(model, jax.tree.map(jnp.asarray, tensors), code, part, output)


@jax.jit
def _encode(code, encoder, x):
    return encode(Recipe(None, None, code=code), encoder, x)


def paths_of(path: str | os.PathLike) -> tuple[Path, Path]:
    """The files of the weights and of their description; path: with or without the ending .safetensors."""
    base = str(path).removesuffix(".safetensors")
    return Path(f"{base}.safetensors"), Path(f"{base}.json")
