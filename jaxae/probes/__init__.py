"""How good a code is: the test accuracy of a classifier on it, every choice made on a validation split.

One protocol for all three probes. The last sixth of the training examples of each class, in a seeded random order, is the
validation split. Every candidate is fitted on the rest and scored on the split; of equal scores the first counts. The chosen
one is fitted anew on all training examples, the split included, and scored on the test set, which is touched this once.
`linear_probe` and `fine_tuned` may be given validation examples instead, and then fit on all training examples throughout.
"""

from jaxae.probes.fine_tuning import fine_tuned
from jaxae.probes.fixed_codes import k_nearest, linear_probe
from jaxae.probes.protocol import Probe, validation_split

__all__ = ["Probe", "fine_tuned", "k_nearest", "linear_probe", "validation_split"]
