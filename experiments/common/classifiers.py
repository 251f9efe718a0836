"""Codes as classifiers take them: what is kept of a k-sparse code, functions for fine-tuning, errors beside published ones."""

import jax
import numpy as np

from experiments.common.intervals import half_interval
from experiments.common.verdicts import within
from jaxae import codes
from jaxae.objective import encode

__all__ = [
    "alphas_of",
    "as_published",
    "clean_code",
    "kept",
    "most_valid",
    "noisy_code",
    "percent_wrong",
    "units",
    "validated",
]


def alphas_of(recipe, candidates):
    """The candidates for alpha where the code is k-sparse, of which alpha * k units are kept, else None alone."""
    return list(candidates) if "k" in recipe.code.keywords else [None]


def kept(recipe, alpha):
    """The recipe that keeps alpha * k units of its code, or as it is where alpha is None."""
    return recipe if alpha is None else recipe._replace(code=codes.scaled(recipe.code, alpha))


def most_valid(probes):
    """The alpha of the largest validation accuracy and its probe. probes: {alpha: linear probe}."""
    return max(probes.items(), key=lambda item: validated(item[1]))


def validated(probe):
    """The largest validation accuracy among the candidates of a probe."""
    return max(float(np.max(scores)) for scores in probe.validation.values())


def units(model, params, x):
    """The encoder's units of x, without a code function, [batch, units]; params: of the encoder."""
    return model.encoder(params)(x)


def clean_code(model, recipe, params, x):
    """The code of a clean x, [batch, code]; params: of the encoder."""
    return encode(recipe, model.encoder(params), x)


def noisy_code(model, recipe, params, x, *, key=None):
    """The code of x as it is trained, corrupted and with a random code, or the clean one without a key."""
    if key is None:
        return clean_code(model, recipe, params, x)
    corruption_key, code_key = jax.random.split(key)
    return encode(recipe, model.encoder(params), recipe.corruption(corruption_key, x), code_key)


def percent_wrong(right):
    """The error in percent. right: whether each example is named rightly, as the `correct` of a probe."""
    return 100 * (1 - float(np.mean(right)))


def as_published(name, error, expected, count, *, how="", source):
    """Whether an error in percent is within the 95 % interval of the published one, of a binomial over `count` examples."""
    claim, rule = f"{name} errs as published{how}", f"within the 95 % interval of the published {expected:.2f} %"
    bound = half_interval(expected, count)
    return within(claim, rule, {name: error - expected}, "{name} {value:+.2f} %", bound=bound, source=source)
