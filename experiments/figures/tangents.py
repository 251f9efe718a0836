"""How much of true image transformations lies in the span of a model's first tangents (Goodfellow et al. 2016, 14.6)."""

import jax
import numpy as np

from experiments.common.intervals import mean_with_error
from experiments.common.outcome import Outcome
from experiments.common.paired import leads
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import tidy
from experiments.common.verdicts import decided, listed
from experiments.figures.tangents_drawing import Pictures, draw
from jaxae.jacobian import tangents
from jaxae.measures.image_tangents import AFFINE, TRANSFORMATIONS, derivatives
from jaxae.measures.subspaces import explained, local_directions
from jaxae.models import Layers

STACK, DEEP = "CAE+H", "CAE+H, 2 layers"
STROKES = ("mnist5k", "mnist", "digits", "curves")  # data that have strokes, which may grow thicker


def outcome(grids, cfg):
    """Fractions over the number of tangents for the models, local and global PCA and random subspaces, with pictures."""
    settings, grid, data = cfg.figure, grids["CAE"], cfg.data.name
    train, x = grid.train.x, grid.test.x[: settings.examples]
    encoders = _encoders(grids)
    near = max(2, min(settings.neighbours, len(train)))
    sizes = [jax.eval_shape(encoder, x[:1]).shape[-1] for encoder in encoders.values()]
    count = min(settings.tangents, *sizes, train.shape[1], near - 1)
    images = x.reshape(-1, *grid.test.shape)
    truth = _true(images)[:, : len(TRANSFORMATIONS if data in STROKES else AFFINE)]
    bases = {name: np.asarray(tangents(encoder, x, count)) for name, encoder in encoders.items()}
    bases |= _references(train, x, count, near)
    flat = truth.reshape(*truth.shape[:2], -1)
    fractions = {name: np.asarray(explained(basis, flat), np.float64) for name, basis in bases.items()}
    m = min(settings.compared, count)
    figure = draw(fractions, Pictures(images, truth, bases), m, settings, data)
    table = [_row(name, values[:, :, m - 1], m) for name, values in fractions.items()]
    return Outcome(figure, _rows(fractions), table, _verdicts(fractions, m), _remark(m, len(x), near, data))


def _encoders(grids):
    """{model: encoder}; the stack, which is trained layer by layer, is cut after its first layer and whole."""
    encoders = {}
    for name, grid in grids.items():
        encoder = grid.encoder()
        encoders |= {STACK: Layers(encoder.layers[:1]), DEEP: encoder} if name == STACK else {name: encoder}
    return encoders


def _true(images):
    """[images, transformations, height, width], with the colours last where there are any: each moves as the others do."""
    colours = images.reshape(*images.shape[:3], -1)
    apart = np.moveaxis(colours, -1, 1).reshape(-1, *images.shape[1:3])
    found = np.asarray(derivatives(apart)).reshape(len(images), -1, len(TRANSFORMATIONS), *images.shape[1:3])
    return np.moveaxis(found, 1, -1).reshape(len(images), len(TRANSFORMATIONS), *images.shape[1:])


def _rows(fractions):
    return tidy(
        ("subspace", "transformation", "tangents", "fraction", "standard error"),
        (
            (name, transformation, k + 1, *mean_with_error(values[:, t, k]))
            for name, values in fractions.items()
            for t, transformation in enumerate(TRANSFORMATIONS[: values.shape[1]])
            for k in range(values.shape[-1])
        ),
    )


def _row(name, values, m):
    each = dict(zip(TRANSFORMATIONS, values.mean(axis=0).tolist(), strict=False))
    apart = {key: each.pop(key) for key in TRANSFORMATIONS[len(AFFINE) :] if key in each}
    return (
        {"subspace": name} | each | {"mean of the affine": np.mean([*each.values()]).item()} | apart | {"tangents": m}
    )


def _references(train, x, count, neighbours):
    """Directions without a model: local PCA, the same principal components everywhere, and random ones."""
    local = local_directions(x, train, neighbours=neighbours, count=count)
    shared = np.broadcast_to(PrincipalComponents.fit(train, count).axes, local.shape)
    draws = jax.random.normal(jax.random.key(0), (len(x), x.shape[1], count))
    random = np.linalg.qr(draws)[0].transpose(0, 2, 1)
    return {"local PCA": np.asarray(local), "PCA": shared, "random": np.asarray(random)}


def _verdicts(fractions, m):
    """Of the mean of the affine transformations, per example; thickening has a verdict of its own where it is measured."""
    affine = len(AFFINE)
    at = {name: values[:, :affine, m - 1].mean(axis=1) for name, values in fractions.items()}
    mean = {name: float(values.mean()) for name, values in at.items()}
    each = {name: values[:, :, m - 1].mean(axis=0) for name, values in fractions.items()}
    verdicts = [
        _ahead(
            "the contractive autoencoder's strongest directions are tangents",
            f"at {m} directions CAE holds more than PCA and than random subspaces, mean of the affine transformations",
            listed(mean, "{name} {value:.3f}"),
            [at["CAE"] - at["PCA"], at["CAE"] - at["random"]],
            source="Goodfellow et al. 2016, section 14.7",
        ),
        decided(
            "for every affine transformation",
            f"at {m} directions CAE holds more than PCA for all of the four",
            ", ".join(f"{t} {a:.2f} to {b:.2f}" for t, a, b in zip(AFFINE, each["CAE"], each["PCA"], strict=False)),
            (each["CAE"] - each["PCA"])[:affine],
        ),
        _more(at, m, "contraction makes them so", "CAE", "AE"),
        _more(at, m, "a smoother contraction makes better tangents", STACK, "CAE"),
        _more(at, m, "a second layer makes better tangents", DEEP, STACK),
        _more(
            at,
            m,
            "sharing parameters across the data beats local PCA",
            "CAE",
            "local PCA",
            source="Goodfellow et al. 2016, figure 14.10",
        ),
    ]
    if len(each["CAE"]) > affine:
        thicker = {name: values[:, affine, m - 1] for name, values in fractions.items()}
        verdicts.append(_more(thicker, m, "thicker strokes, which are not affine, are among them", "CAE", "PCA"))
    return verdicts


def _more(at, m, claim, one, other, *, source=""):
    """One holds more than the other."""
    measured = listed({name: float(at[name].mean()) for name in (one, other)}, "{name} {value:.3f}")
    rule = f"at {m} directions {one} holds more than {other}"
    return _ahead(claim, rule, measured, [at[one] - at[other]], source=source)


def _ahead(claim, rule, measured, differences, *, source):
    """Each mean of differences [examples] is above 0 by more than two of its standard errors."""
    said = f"{rule}, by more than two standard errors of the difference over examples"
    return decided(claim, said, measured, **leads(differences), source=source)


def _remark(m, examples, near, data):
    thick = (
        "That of the stroke's thickness is the gradient's length, the growth of a dilation by a disc, which is not affine and "
        "is not in the mean."
        if data in STROKES
        else f"The thickness of strokes is left out, since {data} is not known to have any."
    )
    return (
        f"Fraction of the squared length of the true derivative inside the span of the first {m} directions, mean over "
        f"{examples} test images. Derivatives are exact for the cubic spline through the pixels. {thick} {STACK} is the first "
        f"layer of {DEEP}, trained layer by layer. Local PCA: the {near} nearest training images; PCA: the first principal "
        "components of all training images; random: uniform subspaces."
    )
