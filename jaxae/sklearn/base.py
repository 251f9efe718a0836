"""What the estimators share: a Recipe from their parameters, compiled training, and rows through it in batches of one size."""

import warnings
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from jaxae import losses
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.sklearn import compiled

__all__ = ["LOSSES", "BaseAutoencoder"]

LOSSES = {"squared_error": losses.squared_error, "binary_cross_entropy": losses.binary_cross_entropy}
NUMBERS = {  # name: the least value, whether whole
    "learning_rate": (0, False),
    "batch_size": (1, True),
    "epochs": (1, True),
    "weight": (0, False),
    "level": (0, False),
    "k": (1, True),
    "alpha": (0, False),
}
ROWS = 256  # of the batches in which rows are encoded, decoded and scored: the last one is filled up


@dataclass(eq=False, repr=False, kw_only=True)
class BaseAutoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A dense autoencoder trained by Adam; a subclass adds numbers and says by `_roles` what they do.

    Parameters, all by keyword. hidden: width of the code, or the widths of the encoder's layers; activation, tied,
    init_weights: as in jaxae.models.Dense; loss: "squared_error", or "binary_cross_entropy" for data in [0, 1], summed over
    the features; learning_rate: of Adam; epochs, batch_size: of training, a batch having at most all examples;
    warm_start: `fit` goes on from the weights of the last one; verbose: whether `fit` prints its loss; random_state: of the
    weights, the batches and the noise.

    Attributes after `fit`. model_: the jaxae.models.Dense; params_: its parameters, a tree of float32 arrays; loss_curve_:
    the mean loss of each epoch; n_features_in_, feature_names_in_: of the data.
    """

    __no_type_check__ = True  # parameters are checked by fit, as scikit-learn asks

    hidden: Any = 32
    activation: Any = "sigmoid"
    tied: Any = True
    init_weights: Any = "glorot_uniform"
    loss: Any = "squared_error"
    learning_rate: Any = 1e-3
    batch_size: Any = 100
    epochs: Any = 100
    warm_start: Any = False
    verbose: Any = False
    random_state: Any = None

    def fit(self, X, y=None):
        """Train on X [n, features]; y is not used. Raises ValueError for parameters and data that are not allowed."""
        goes_on = self.warm_start and hasattr(self, "params_")
        x = self._checked(X, reset=not goes_on)
        model, recipe = self._model(x.shape[1]), self._recipe()
        if goes_on:
            self._check_goes_on(model, "warm_start")
        start = self.params_ if goes_on else None
        sizes = {"epochs": self.epochs, "batch_size": min(self.batch_size, len(x))}
        result = compiled.fit(model, compiled.float32(recipe), x, jnp.uint32(self._seed()), start, **sizes)
        if int(result.diverged) >= 0:
            warnings.warn(
                f"training became non-finite in epoch {int(result.diverged)} and stopped before it: a smaller "
                f"learning_rate than {self.learning_rate} may help",
                ConvergenceWarning,
                stacklevel=2,
            )
        self._keep(model, result.params, np.asarray(result.curve["loss"]))
        if self.verbose:
            print(f"{type(self).__name__}: loss {self.loss_curve_[0]:.4g} to {self.loss_curve_[-1]:.4g}")
        return self

    def partial_fit(self, X, y=None):
        """One more epoch over X [n, features], Adam's moments going on from the last call of `partial_fit`."""
        first = not hasattr(self, "params_")
        x = self._checked(X, reset=first)
        model, recipe = self._model(x.shape[1]), compiled.float32(self._recipe())
        if not first:
            self._check_goes_on(model, "partial_fit")
        seen = 0 if first else len(self.loss_curve_)
        if first or not hasattr(self, "_state"):
            seed = jnp.uint32(self._seed())
            start = compiled.initial(model, recipe, seed, None if first else self.params_)
        else:
            start, seed = self._state
        state, loss = compiled.epoch(
            model, recipe, start, x, seed, jnp.uint32(seen), batch_size=min(self.batch_size, len(x))
        )
        curve = [] if first else self.loss_curve_
        self._keep(model, state.params, np.append(curve, np.float32(loss)))
        self._state = jax.tree.map(np.asarray, (state, seed))
        return self

    def transform(self, X):
        """The codes of X, float32 [n, code]: a row's code is the same whatever rows stand beside it."""
        check_is_fitted(self)
        return self._by_batches(compiled.codes, self._checked(X, reset=False))

    def inverse_transform(self, X):
        """The reconstructions of codes [n, code], float32 [n, features] in units of the data."""
        check_is_fitted(self)
        z = check_array(X, dtype=np.float32)
        if z.shape[1] != self._n_features_out:
            raise ValueError(f"X has {z.shape[1]} columns: the code has {self._n_features_out}")
        return self._by_batches(compiled.reconstructions, z)

    def score(self, X, y=None):
        """Minus the mean over X [n, features] of the loss of the reconstruction: greater is better."""
        check_is_fitted(self)
        return -float(np.mean(self._by_batches(compiled.errors, self._checked(X, reset=False)), dtype=np.float64))

    def __sklearn_tags__(self):
        """What scikit-learn's checks ask: codes are float32."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def _roles(self):
        """Corruption, code, penalty and weight of the Recipe, those that are not its defaults."""
        return {}

    def _roles_of_the_code(self):
        """The same once trained."""
        return self._roles()

    @property
    def _n_features_out(self):
        return self.model_.hidden[-1]

    def _recipe(self, trained=False):
        if self.loss not in LOSSES:
            raise ValueError(f"loss is {self.loss!r}: it must be one of {', '.join(LOSSES)}")
        optimizer = configure(optax.adam, learning_rate=self.learning_rate)
        roles = self._roles_of_the_code() if trained else self._roles()
        return Recipe(loss=configure(LOSSES[self.loss]), optimizer=optimizer, **roles)

    def _model(self, features):
        hidden = self.hidden if np.ndim(self.hidden) == 0 else tuple(self.hidden)
        return Dense(features, hidden, self.activation, tied=self.tied, init_weights=self.init_weights)

    def _seed(self):
        return check_random_state(self.random_state).randint(np.iinfo(np.int32).max)

    def _checked(self, X, reset):
        """X as float32 [n, features]."""
        self._check_numbers()
        x = validate_data(self, X, dtype=np.float32, reset=reset)
        if self.loss == "binary_cross_entropy" and (x.min() < 0 or x.max() > 1):
            raise ValueError(
                f"X is in [{x.min():.3g}, {x.max():.3g}]: loss='binary_cross_entropy' takes data in [0, 1]"
            )
        return x

    def _check_numbers(self):
        for name in NUMBERS.keys() & self.get_params().keys():
            value, (low, whole) = getattr(self, name), NUMBERS[name]
            kind = Integral if whole else Real
            if not isinstance(value, kind) or isinstance(value, bool) or not low <= value < np.inf:
                raise ValueError(f"{name} is {value!r}: it must be a {'whole ' if whole else ''}number from {low} on")
            if value > (most := self._most(name)):
                raise ValueError(f"{name} is {value!r}: it must be at most {most:g}")

    def _most(self, name):
        """The largest value that a number may have."""
        return np.inf

    def _check_goes_on(self, model, what):
        if model != self.model_:
            raise ValueError(f"{what} goes on from the weights of {self.model_}: they do not fit {model}")

    def _keep(self, model, params, curve):
        self.model_, self.params_, self.loss_curve_ = model, jax.tree.map(np.asarray, params), curve
        if hasattr(self, "_state"):
            del self._state

    def _by_batches(self, function, rows):
        """function(model, recipe, params, [ROWS, ...]) over all rows."""
        recipe = compiled.float32(self._recipe(trained=True))
        done = []
        for first in range(0, len(rows), ROWS):
            batch = rows[first : first + ROWS]
            filled = np.zeros((ROWS, rows.shape[1]), np.float32)
            filled[: len(batch)] = batch
            done.append(np.asarray(function(self.model_, recipe, self.params_, filled))[: len(batch)])
        return np.concatenate(done)
