"""Principal component analysis, the linear code of least squared error that figures compare autoencoders with."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.decomposition import PCA

__all__ = ["PrincipalComponents"]


@dataclass(frozen=True)
class PrincipalComponents:
    """The mean of examples and their principal directions, those of the largest variance first."""

    mean: np.ndarray  # [features]
    axes: np.ndarray  # [components, features]: unit vectors at right angles to each other
    shares: np.ndarray  # [components]: of the variance of all features
    centre_first: bool = False  # centre the examples and not, as scikit-learn does, their projections: another rounding

    @classmethod
    def fit(cls, x, count=None, *, solver="covariance_eigh", centre_first=False):
        """Of x [examples, features]: `count` components, or as many as there are; solver: scikit-learn's svd_solver."""
        return replace(cls.of(PCA(count, svd_solver=solver).fit(x)), centre_first=centre_first)

    @classmethod
    def of(cls, fitted):
        """Of scikit-learn's fitted PCA."""
        return cls(fitted.mean_, fitted.components_, fitted.explained_variance_ratio_)

    def __len__(self):
        """The number of components."""
        return len(self.axes)

    def first(self, count):
        """The first `count` of these components."""
        return replace(self, axes=self.axes[:count], shares=self.shares[:count])

    def encode(self, x):
        """[examples, features] -> [examples, components]."""
        if self.centre_first:
            return (x - self.mean) @ self.axes.T
        return x @ self.axes.T - self.mean @ self.axes.T

    def decode(self, codes):
        """[examples, components] -> [examples, features]."""
        return self.mean + codes @ self.axes

    def reconstruct(self, x):
        """The nearest points to x in the affine space of the components."""
        return self.decode(self.encode(x))

    def squared_error(self, x):
        """The squared error of the reconstructions, summed over features, mean over examples."""
        return float(np.square(self.reconstruct(x) - x).sum(axis=1).mean())

    def squared_errors(self, x):
        """The same with none, one, two, ... of the components, [components + 1]."""
        energy = np.mean(np.square(self.encode(x)), axis=0)
        return np.mean(np.sum(np.square(x - self.mean), axis=1)) - np.concatenate([[0], np.cumsum(energy)])
