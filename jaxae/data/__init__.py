"""Pictures and patches as float32 arrays: `load(name, split)` for every data set in `NAMES`."""

from jaxae.data.dataset import Data
from jaxae.data.loading import NAMES, load

__all__ = ["NAMES", "Data", "load"]
