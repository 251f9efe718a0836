"""The grey value of a colour."""

import numpy as np
from jaxtyping import Float, Num

WEIGHTS = tuple(np.float32(weight) for weight in (0.299, 0.587, 0.114))  # ITU-R BT.601


def luma(pictures: Num[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch"]:
    """Grey value 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), in the same range."""
    # Channel by channel, because a matrix product would first copy all bytes to floats.
    grey = WEIGHTS[0] * pictures[..., 0]
    for channel in (1, 2):
        grey += WEIGHTS[channel] * pictures[..., channel]
    return grey
