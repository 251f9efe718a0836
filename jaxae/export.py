"""Trained encoders and autoencoders for others: tensors in a .safetensors file, what they are in a .json beside it.

python -m jaxae.export RUN.npz OUT --run 0 --part encoder
python -m jaxae.export RUN.npz FOLDER --run 0 --layout sae_lens
"""

import argparse
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import numpy

from jaxae import losses, storage
from jaxae.arrays import Params
from jaxae.codes import identity
from jaxae.exported import PARTS, TRAINED_CODE, Exported, load_exported, paths_of
from jaxae.files import described_tensors, npz
from jaxae.files.schema import (
    Missing,
    check_shapes,
    describe,
    describe_model,
    function_from,
    header,
)
from jaxae.functions import class_named, configure
from jaxae.objective import Recipe
from jaxae.schedules import at
from jaxae.sparse import sae_lens
from jaxae.sweeps import take

__all__ = ["PARTS", "Exported", "export", "load_exported"]

LAYOUTS = ("jaxae", "sae_lens")


def export(
    path: str | os.PathLike, model: Any, params: Params, part: str = "encoder", *, recipe: Recipe | None = None
) -> tuple[Path, Path]:
    """Write the trained parameters of one run to PATH.safetensors and their description to PATH.json; gives both paths.

    path: with or without the ending .safetensors; model: of a class that jaxae.files.schema describes; params: of one run,
    without an axis of runs; part: one of PARTS; recipe: of the same run, adds its code at the end of training and the meaning
    of the decoder's output. Raises ValueError for another part, model, code or shapes, and OSError where a file cannot be
    written.
    """
    if part not in PARTS:
        raise ValueError(f"part is {part!r}: it must be one of {', '.join(PARTS)}")
    words = describe_model(model)
    if words is None:
        raise ValueError(
            f"the model is a {type(model).__name__}: it must be a dataclass in a module, with fields that json holds"
        )
    code = configure(identity) if recipe is None else at(recipe.code, 1.0)
    described = describe(code)
    if isinstance(function_from(described, npz.nested(npz.named_leaves(code))).func, Missing):
        raise ValueError(
            f"code is {described['function']}: a code that is not jaxae's cannot be exported, leave out recipe"
        )
    kept = {"encoder": params["encoder"]} if part == "encoder" else dict(params)
    check_shapes(model, kept, part)
    if part == "encoder":
        _check_encoder(model, kept)
    if "code" in kept:  # what is trained of the code, beside the function itself
        kept[TRAINED_CODE] = kept.pop("code")
    tensors = {name: np.asarray(leaf, order="C") for name, leaf in npz.named_leaves({**kept, "code": code}).items()}
    content = numpy.save(tensors)
    description = {
        **header(),
        "part": part,
        "model": words,
        "code": described,
        "output": None if recipe is None else _output(recipe.loss),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    weights, text = paths_of(path)
    described_tensors.write(weights, text, content, description)
    return weights, text


def _check_encoder(model, params):
    """Raises ValueError where the encoder needs more parameters than are exported."""
    try:
        model.encoder(params)
    except KeyError as error:
        raise ValueError(
            f"part is 'encoder', and the encoder of this {type(model).__name__} needs {error} as well: choose part autoencoder"
        ) from error


def _output(loss):
    if loss.func is losses.binary_cross_entropy:
        return "logits"
    return "data" if loss.func in (losses.squared_error, losses.gaussian_nll) else None


def main(arguments: Sequence[str] | None = None) -> None:
    """Export one run of a run.npz from the command line."""
    parser = argparse.ArgumentParser(prog="python -m jaxae.export", description="Export one run of a run.npz.")
    parser.add_argument("run_file", metavar="RUN.npz")
    parser.add_argument("out", metavar="OUT", help="OUT.safetensors and OUT.json are written, or SAELens's folder OUT")
    parser.add_argument("--run", type=int, default=0, help="which run of the grid, from 0 on")
    parser.add_argument("--part", choices=PARTS, help="encoder by default; SAELens's layout has both")
    parser.add_argument("--layout", choices=LAYOUTS, default="jaxae", help="of sparse autoencoders also SAELens's")
    parser.add_argument("--models", nargs="+", default=[], metavar="CLASS", help="of a model that is not jaxae's alone, as "
                        "my_models.Autoencoder, or jaxae.models.FlaxModules for Flax modules of one's own")  # fmt: skip
    options = parser.parse_args(arguments)
    if options.layout == "sae_lens" and options.part == "encoder":
        parser.error("--part encoder is jaxae's layout's alone: SAELens's holds the autoencoder")
    try:
        stored = storage.load(
            options.run_file,
            models=[class_named("--models", name, object, "a class on the Python path") for name in options.models],
        )
        if stored.model is None:
            raise ValueError(f"{options.run_file} has a model that is not jaxae's: name its class by --models")
        if not 0 <= options.run < len(stored.seeds):
            raise ValueError(f"--run is {options.run}: {options.run_file} has runs 0 to {len(stored.seeds) - 1}")
        params, recipe = take((stored.params, stored.recipes), options.run)
        if options.layout == "sae_lens":
            written = sae_lens.save(options.out, stored.model, params, recipe.code)
        else:
            written = export(options.out, stored.model, params, options.part or "encoder", recipe=recipe)
    except (OSError, TypeError, ValueError) as error:
        parser.exit(1, f"{error}\n")
    print(*written, sep="\n")


if __name__ == "__main__":
    main()
