"""A search over numbers whose candidates are the runs of one compiled grid."""

import functools
from dataclasses import dataclass
from numbers import Real
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.model_selection import ParameterGrid, check_cv
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from jaxae.sklearn.base import BaseAutoencoder
from jaxae.training import evaluation_error, fit_grid

__all__ = ["AutoencoderSearchCV"]

NUMBERS = ("learning_rate", "weight", "level", "k", "alpha", "random_state")


def _refitted(search):
    if not search.refit:
        raise AttributeError("refit is False: no estimator was fitted to all of the data")
    return True


@dataclass(eq=False, repr=False)
class AutoencoderSearchCV(MetaEstimatorMixin, BaseEstimator):
    """GridSearchCV over numbers of an autoencoder, all candidates of a fold being trained by one compiled program.

    estimator: one of jaxae.sklearn; param_grid: {name of a number: values}, or a list of such, as GridSearchCV takes;
    numbers are learning_rate, weight, level, k, alpha and random_state, while what changes the program, as hidden or epochs,
    is refused by ValueError; cv: as in GridSearchCV; refit: fits the best candidate to all examples; parallel_runs: how many
    candidates train side by side, all of them where None.

    Attributes after `fit`, as those of GridSearchCV: cv_results_, best_index_, best_params_, best_score_, best_estimator_,
    n_splits_. The score is that of the estimator, minus the mean loss.
    """

    __no_type_check__ = True

    estimator: Any
    param_grid: Any
    cv: Any = None
    refit: Any = True
    parallel_runs: Any = None

    def fit(self, X, y=None):
        """Train every candidate on every fold of X [n, features], and the best one on all of X."""
        candidates = list(ParameterGrid(self.param_grid))
        _check_numbers(self.estimator, candidates)
        estimators = [clone(self.estimator).set_params(**candidate) for candidate in candidates]
        for estimator in estimators:
            estimator._check_numbers()
        x = clone(self.estimator)._checked(X, reset=True)
        folds = list(check_cv(self.cv, y).split(x, y))
        scores = np.array([_scores(estimators, x[train], x[test], self.parallel_runs) for train, test in folds])
        self._keep(candidates, scores)
        if self.refit:
            self.best_estimator_ = clone(self.estimator).set_params(**self.best_params_).fit(X)
            self.n_features_in_ = self.best_estimator_.n_features_in_
            if hasattr(self.best_estimator_, "feature_names_in_"):
                self.feature_names_in_ = self.best_estimator_.feature_names_in_
        return self

    @available_if(_refitted)
    def transform(self, X):
        """The codes of the best candidate, float32 [n, code]."""
        check_is_fitted(self)
        return self.best_estimator_.transform(X)

    @available_if(_refitted)
    def inverse_transform(self, X):
        """The best candidate's reconstructions of codes [n, code]."""
        check_is_fitted(self)
        return self.best_estimator_.inverse_transform(X)

    @available_if(_refitted)
    def score(self, X, y=None):
        """The best candidate's score of X."""
        check_is_fitted(self)
        return self.best_estimator_.score(X)

    def get_feature_names_out(self, input_features=None):
        """The names of the best candidate's codes."""
        check_is_fitted(self)
        return self.best_estimator_.get_feature_names_out(input_features)

    def _keep(self, candidates, scores):
        mean = scores.mean(axis=0)
        names = sorted({name for candidate in candidates for name in candidate})
        columns = {f"param_{name}": _masked([c.get(name, np.ma.masked) for c in candidates]) for name in names}
        folds = {f"split{index}_test_score": row for index, row in enumerate(scores)}
        ranks = rankdata(-mean, method="min").astype(np.int32)
        self.cv_results_ = columns | {"params": candidates} | folds
        self.cv_results_ |= {"mean_test_score": mean, "std_test_score": scores.std(axis=0), "rank_test_score": ranks}
        self.n_splits_, self.best_index_ = len(scores), int(np.argmin(ranks))
        self.best_params_, self.best_score_ = candidates[self.best_index_], float(mean[self.best_index_])


def _scores(estimators, train, test, parallel_runs):
    """The scores of all candidates on one fold, [candidates]."""
    first = estimators[0]
    result = fit_grid(
        first._model(train.shape[1]),
        _stacked([estimator._recipe() for estimator in estimators]),
        train,
        seeds=[estimator._seed() for estimator in estimators],
        epochs=first.epochs,
        batch_size=min(first.batch_size, len(train)),
        parallel_runs=len(estimators) if parallel_runs is None else parallel_runs,
    )
    trained = _stacked([estimator._recipe(trained=True) for estimator in estimators])
    return -np.asarray(_mean_errors(first._model(train.shape[1]), trained, result.params, test), np.float64)


@functools.partial(jax.jit, static_argnames="model")
def _mean_errors(model, recipes, params, x):
    """The mean loss of each run, [runs]."""

    def of_one(run):
        recipe, params = run
        return evaluation_error(model, recipe, params, x)

    return jax.lax.map(of_one, (recipes, params))


def _stacked(recipes):
    return jax.tree.map(lambda *numbers: jnp.asarray(numbers, jnp.float32), *recipes)


def _masked(values):
    column = np.ma.MaskedArray(np.empty(len(values), object), mask=True)
    for index, value in enumerate(values):
        column[index] = value
    return column


def _check_numbers(estimator, candidates):
    if not isinstance(estimator, BaseAutoencoder):
        raise ValueError(
            f"estimator is a {type(estimator).__name__}: it must be one of jaxae.sklearn, and GridSearchCV takes any other"
        )
    allowed = [name for name in NUMBERS if name in estimator.get_params()]
    for candidate in candidates:
        for name, value in candidate.items():
            if name not in allowed or not isinstance(value, Real) or isinstance(value, bool):
                raise ValueError(
                    f"param_grid has {name}={value!r}: one program searches numbers, which are {', '.join(allowed)}"
                )
