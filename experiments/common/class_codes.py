"""Codes of few numbers, from a deep autoencoder and from PCA: how well they tell classes apart and what they reconstruct."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common.paired import errs_less
from experiments.common.pca import PrincipalComponents
from experiments.common.verdicts import decided, less
from jaxae.losses import squared_error
from jaxae.probes import k_nearest

__all__ = ["color", "compared", "first_of_each_class", "is_dark", "squeezed", "verdicts"]

# Ten colours that readers with any colour vision tell apart: Paul Tol's "muted" scheme and black; the classes are named too.
CLASSES = ["#000000", "#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499"]
AXIS = "{} number: asinh((z − median) / spread)"


def compared(grid, neighbours):
    """({model: test codes}, {model: numbers}, {model: right}) of PCA and the autoencoder, with codes of the same size.

    right: whether nearest neighbours name each test image rightly, [images]; neighbours: candidates of k, chosen on a
    validation split of the training images.
    """
    models = {"PCA": _pca(grid), "autoencoder": _autoencoder(grid)}
    probes = {name: _nearest(model, grid, neighbours) for name, model in models.items()}
    measured = {
        name: {
            "k-NN accuracy": probes[name].accuracy,
            "neighbours": probes[name].chosen["neighbours"],
            "test squared error": float(np.mean(squared_error(model["reconstructed"], grid.test.x))),
        }
        for name, model in models.items()
    }
    right = {name: probe.correct for name, probe in probes.items()}
    return {name: model["test"] for name, model in models.items()}, measured, right


def _pca(grid):
    pca = PrincipalComponents.fit(grid.train.x, grid.code_size)
    codes = {"train": pca.encode(grid.train.x), "test": pca.encode(grid.test.x)}
    return codes | {"reconstructed": pca.decode(codes["test"])}


def _autoencoder(grid):
    codes = {split: np.asarray(grid.codes(x)) for split, x in (("train", grid.train.x), ("test", grid.test.x))}
    return codes | {"reconstructed": grid.decode(codes["test"])}


def _nearest(model, grid, neighbours):
    labels = grid.train.labels
    most = len(labels) - len(labels) // 6  # the validation split leaves no fewer
    neighbours = sorted({min(k, most) for k in neighbours})
    return k_nearest(model["train"], labels, model["test"], grid.test.labels, neighbours=neighbours)


def first_of_each_class(labels, count):
    """Indices of the first `count` examples of each class, in the order of the examples."""
    kept = np.concatenate([np.flatnonzero(labels == label)[:count] for label in np.unique(labels)])
    return np.sort(kept)


def squeezed(codes):
    """asinh((z - median) / median absolute deviation) on each axis, which draws far codes nearer. codes: [n, numbers]."""
    middle = np.median(codes, axis=0)
    spread = np.median(np.abs(codes - middle), axis=0)
    return np.arcsinh((codes - middle) / np.where(spread > 0, spread, 1))


def color(label):
    """The colour of a class; those of more than ten classes come again."""
    return CLASSES[int(label) % len(CLASSES)]


def is_dark(label):
    """Whether white letters are read on the colour of a class."""
    return np.dot(plt.matplotlib.colors.to_rgb(color(label)), [0.3, 0.59, 0.11]) < 0.6


def verdicts(measured, right, numbers, source=""):
    """The three claims on codes of so many `numbers`, a word. measured, right: of `compared`; source: of the first claim."""
    pca, deep = measured["PCA"], measured["autoencoder"]
    better, worse = deep["k-NN accuracy"], pca["k-NN accuracy"]
    return [
        errs_less(
            "the autoencoder's codes separate classes that PCA's do not",
            "k-NN errs less on its codes than on PCA's",
            right,
            [("autoencoder", "PCA")],
            source=source,
        ),
        decided(
            "most of PCA's confusions are gone",
            "the share of test images that k-NN names wrongly is less than half of that with PCA's codes",
            f"{1 - better:.1%} against {1 - worse:.1%}",
            [0.5 * (1 - worse) - (1 - better)],
        ),
        less(
            f"{numbers} numbers from the autoencoder say more about the picture than {numbers} principal components",
            "smaller test squared error per image",
            deep["test squared error"],
            pca["test squared error"],
            source="Goodfellow et al. 2016, section 14.3",
        ),
    ]
