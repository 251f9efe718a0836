"""Training as a function of its numbers: `fit` for one run, `fit_grid` for many in one compiled program."""

from jaxae.training.epoch import evaluation_error
from jaxae.training.run import Fit, fit
from jaxae.training.runs import fit_grid

__all__ = ["Fit", "evaluation_error", "fit", "fit_grid", "test_error"]

test_error = evaluation_error  # its former name
