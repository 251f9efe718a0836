"""The estimators beside scikit-learn's own ways, in one process and in turn: a search over numbers, and a fit.

python -m experiments.benchmarks.estimators [ROUNDS]

On the 1,797 digits of scikit-learn, 8x8: 16 candidates of a sparse autoencoder of 32 units in 3 folds, 40 epochs each; and one
fit of as many units, epochs and batches as MLPRegressor with the inputs as targets.
"""

import sys
import time
import warnings
from statistics import median

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor

from experiments.benchmarks.rounds import Case, measure
from experiments.common.console import console
from jaxae.sklearn import Autoencoder, AutoencoderSearchCV, SparseAutoencoder

GRID = {"weight": [0.01, 0.03, 0.1, 1], "learning_rate": [3e-4, 1e-3, 3e-3, 1e-2]}  # 16 candidates
FOLDS, EPOCHS, CODE = 3, 40, 32
SETTINGS = {"epochs": EPOCHS, "learning_rate": 3e-3, "random_state": 0}


def searches(x):
    """{way: Case} of the same search of a sparse autoencoder, each giving (seconds, the best numbers)."""
    estimator = SparseAutoencoder(hidden=CODE, epochs=EPOCHS, random_state=0)
    ways = {
        "AutoencoderSearchCV": AutoencoderSearchCV(estimator, GRID, cv=FOLDS, refit=False),
        "AutoencoderSearchCV, one at a time": AutoencoderSearchCV(
            estimator, GRID, cv=FOLDS, refit=False, parallel_runs=1
        ),
        "GridSearchCV": GridSearchCV(estimator, GRID, cv=FOLDS, refit=False),
        "GridSearchCV, two processes": GridSearchCV(estimator, GRID, cv=FOLDS, refit=False, n_jobs=2),
    }
    return {(way,): Case(_timed(search, x, _best)) for way, search in ways.items()}


def fits(x):
    """{way: Case} of a fit with as many epochs, batches and units, each giving (seconds, squared error per image)."""
    numbers = {"batch_size": 100, "learning_rate_init": 3e-3, "max_iter": EPOCHS, "n_iter_no_change": EPOCHS, "tol": 0}
    network = MLPRegressor(hidden_layer_sizes=CODE, activation="logistic", alpha=0, random_state=0, **numbers)
    ours = Autoencoder(hidden=CODE, tied=False, **SETTINGS)
    return {
        ("Autoencoder",): Case(_timed(ours, x, _error)),
        ("MLPRegressor",): Case(_timed(_Itself(network), x, _error)),
    }


class _Itself:
    """MLPRegressor as an autoencoder: its targets are its inputs."""

    def __init__(self, network):
        self.network = network

    def fit(self, x):
        """Train it."""
        self.network.fit(x, x)
        return self

    def score(self, x):
        """Minus the squared error per image."""
        return -np.square(self.network.predict(x) - x).sum(axis=1).mean()


def _timed(estimator, x, said):
    def run():
        started = time.perf_counter()
        fitted = estimator.fit(x)
        seconds = time.perf_counter() - started
        return seconds, said(fitted, x)

    return run


def _best(search, x):
    return search.best_params_


def _error(fitted, x):
    return f"squared error {-fitted.score(x):.3f} per image"


def main():
    """Print the medians over the rounds, the first of which compiles and does not count."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    warnings.simplefilter("ignore", ConvergenceWarning)
    x = (load_digits().data / 16).astype(np.float32)
    for title, cases in (("search", searches(x)), ("fit", fits(x))):
        for (way,), values in measure(title, cases, rounds + 1).items():
            seconds = [each[0] for each in values]
            words = f"{title}: {way}: {median(seconds[1:]):.3f} s, the first time {seconds[0]:.2f} s; {values[-1][1]}"
            console.print(words, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
