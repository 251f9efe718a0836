"""What a sparse code comes to at the end of training, beside its errors."""

from jaxae import codes
from jaxae.measures.codes import dead_units
from jaxae.measures.reconstructions import explained_variance
from jaxae.measures.sparsity import active_units

__all__ = ["sparse_numbers"]

DENSE = (codes.identity, codes.first, codes.dropout, codes.noisy_sigmoid)  # they choose no units by their size
EXAMPLES = 10_000  # test examples that are encoded, at most


def sparse_numbers(grid, run: int) -> dict[str, float]:
    """Of one run's code of the clean test examples, at most 10,000 of them; {} where its units are not made exactly 0.

    "active_units": mean number of units per example that are not 0, the L0; "dead_units": share of the units that are 0 for
    every one of the examples; "explained_variance": 1 - sum |x - x^|^2 / sum |x - mean|^2.
    """
    if not _is_sparse(grid):
        return {}
    x = grid.test.x[:EXAMPLES]
    code = grid.codes(x, run)
    flat = code.reshape(len(x), -1)
    return {
        "active_units": float(active_units(flat)),
        "dead_units": float(dead_units(flat)),
        "explained_variance": float(explained_variance(x, grid.decode(code, run))),
    }


def _is_sparse(grid):
    """Whether the code function makes units exactly 0, or the code's layer rectifies."""
    function = grid.recipes.code.func
    activation = getattr(grid.model, "activation", ())
    layers = activation if isinstance(activation, tuple) else (activation,)
    return getattr(function, "function", function) not in DENSE or "relu" in layers[-1:]
