"""Pictures and patches as float32 arrays: `load(name, split)` for every data set in `NAMES`."""

from jaxae.data.dataset import Data
from jaxae.data.loading import NAMES, load
from jaxae.data.warping import warped

__all__ = ["NAMES", "Data", "load", "warped"]
