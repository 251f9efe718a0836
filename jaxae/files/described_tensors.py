"""A .safetensors file and the .json beside it that says what its tensors are."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, numpy

from jaxae.files.atomic import replacing

__all__ = ["read_description", "read_tensors", "write"]


def write(weights: Path, text: Path, content: bytes, description: dict[str, Any]) -> None:
    """Write both files, each at once or not at all. content: the bytes of the .safetensors file."""
    for path, data in ((weights, content), (text, (json.dumps(description, indent=1) + "\n").encode())):
        with replacing(path) as file:
            file.write(data)


def read_description(weights: Path, text: Path, whole: str) -> Any:
    """What the .json says; whole: what the two files are together, for the error.

    Raises FileNotFoundError where one of the files is missing and ValueError for text that is not json.
    """
    for path in (weights, text):
        if not path.is_file():
            raise FileNotFoundError(f"{path} does not exist: {whole}")
    try:
        return json.loads(text.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{text} is not json: {error}") from error


def read_tensors(weights: Path) -> tuple[bytes, dict[str, np.ndarray]]:
    """The bytes of a .safetensors file and its tensors by name; raises ValueError where NumPy cannot read them."""
    content = weights.read_bytes()
    try:
        return content, numpy.load(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{weights} is truncated or no safetensors file: {error}") from error
