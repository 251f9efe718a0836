"""Pictures and patches as float32 arrays: `load(name, split)` for every data set in `NAMES`, `from_arrays` for your own."""

from jaxae.data.arrays import from_arrays
from jaxae.data.dataset import Data
from jaxae.data.loading import NAMES, load
from jaxae.data.warping import warped

__all__ = ["NAMES", "Data", "from_arrays", "load", "warped"]
