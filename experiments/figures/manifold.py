"""Where data lie among all images: local dimension, linear spectrum, and the lines between two images."""

import math

import numpy as np

from experiments.common.outcome import Outcome
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import aligned, tidy
from experiments.common.verdicts import decided, listed
from experiments.figures.manifold_drawing import GAUSSIAN, MIDDLE, NEAREST, SHARE, STEPS, draw
from experiments.figures.manifold_lines import has_classes, lines_between, nearness, verdicts_on_middles
from jaxae.measures.intrinsic_dimension import levina_bickel, neighbour_distances, two_nearest

LEVELS = 256  # of a pixel of 8 bits
NOISE = ("uniform pixels", "pixels shuffled in each image", "pixels from their marginals")


def outcome(grids, cfg):
    """Dimensions and spectra of the data and of random images; distances from three kinds of lines to real images."""
    (grid,) = grids.values()
    settings, data = cfg.figure, cfg.data.name
    rng = np.random.default_rng(settings.seed)
    examples = max(NEAREST.stop + 1, settings.examples)
    real = np.unique(grid.train.x[:examples], axis=0)
    sets = {data: real} | _random_images(rng, real)
    estimates = {name: _dimensions(x, settings.k) for name, x in sets.items()}
    lines, spaces = lines_between(grid, rng, settings.pairs)
    near = nearness(grid, lines)
    figure = draw(sets, estimates, near, lines, grid, settings.seed)
    verdicts = _of_dimensions(estimates, data) + verdicts_on_middles(near, spaces)
    return Outcome(figure, _rows(estimates, near), _table(estimates, near), verdicts, _remark(grid, near, spaces))


def _rows(estimates, near):
    return tidy(
        ("panel", "series", "x", "y"),
        (
            (panel, name, x, y)
            for panel, key, start in (
                ("explained variance", "explained", 1),
                ("Levina-Bickel over k", "over k", NEAREST.start),
            )
            for name, numbers in estimates.items()
            for x, y in enumerate(numbers[key], start=start)
        ),
        (("two nearest neighbours", name, 2, numbers["two nearest"]) for name, numbers in estimates.items()),
        (
            (panel, name, t, y)
            for name, numbers in near.items()
            for panel in ("distance", "angle")
            for t, y in zip(STEPS if np.ndim(numbers[panel]) else [0], np.atleast_1d(numbers[panel]), strict=True)
        ),
    )


def _table(estimates, near):
    rows = [
        {
            "set": name,
            "two nearest": numbers["two nearest"],
            "Levina-Bickel": numbers["likelihood"],
            "components (90 %)": numbers["components"],
        }
        for name, numbers in estimates.items()
    ]
    typical = float(near["test images"]["distance"])
    for name, numbers in near.items():
        places = {"start, ": 0, "middle, ": MIDDLE} if np.ndim(numbers["distance"]) else {"": 0}
        for place, index in places.items():
            distance, angle = (float(np.atleast_1d(numbers[key])[index]) for key in ("distance", "angle"))
            values = {"distance": distance, "relative": distance / typical, "angle": angle}
            rows.append({"set": f"{place}{name}"} | values)
    return aligned(rows)


def _remark(grid, near, spaces):
    rise = ", ".join(
        f"{near[name]['distance'][0]:.2f} to {near[name]['distance'][MIDDLE]:.2f} in {space}"
        for space, name in spaces.items()
    )
    return (
        "Distances and angles are medians to the nearest training image, in pixel space; the lines join test images"
        f"{' of different classes' if has_classes(grid) else ''}. A blend has less contrast and a decoded image less detail "
        "than a real one, and both bring it nearer to all images: from the start of the lines to the middle the distance goes "
        f"from {rise}, so that a part of the code's advantage is there at the start already. The angle leaves contrast out, "
        "not blur. From so few samples every estimate of a high dimension is too low; there are as many random images as "
        "data, so that the comparison is fair. "
        f"There are 10^{digits(256, 256, 3):,.0f} pictures of 256 x 256 pixels in three colours of {LEVELS} levels, and "
        f"10^{digits(*grid.train.shape):,.0f} grey ones of the size of the data, {' x '.join(map(str, grid.train.shape))}: "
        "nearly all look like the first kind of random image, as nearly all texts look like random letters."
    )


def digits(*shape):
    """log10 of the number of pictures of a shape, LEVELS to the power of its product."""
    return math.prod(shape) * math.log10(LEVELS)


def _random_images(rng, x):
    """As many random images as data: independent pixels of three kinds, and a Gaussian that has the linear spectrum."""
    mean, deviations = x.mean(axis=0), x - x.mean(axis=0)
    # Random mixtures of the data's deviations have their covariance in expectation, also where it is singular.
    mixtures = rng.standard_normal((len(x), len(x)), dtype=np.float32) @ deviations / np.sqrt(len(x))
    images = (rng.uniform(size=x.shape).astype(np.float32), rng.permuted(x, axis=1), rng.permuted(x, axis=0))
    return dict(zip(NOISE, images, strict=True)) | {GAUSSIAN: mean + mixtures}


def _dimensions(x, k):
    few, many = (min(max(2, count), len(x) - 1) for count in (min(k), max(k)))
    distances = neighbour_distances(x, max(*NEAREST, many))
    explained = np.cumsum(PrincipalComponents.fit(x).shares)
    return {
        "two nearest": two_nearest(distances),
        "likelihood": levina_bickel(distances, range(few, many + 1)),
        "over k": [levina_bickel(distances, count) for count in NEAREST],
        "explained": explained,
        "components": int(np.searchsorted(explained, SHARE)) + 1,
    }


def _of_dimensions(estimates, data):
    """The verdicts on the sets of images."""
    found, noise = estimates[data], {name: estimates[name] for name in NOISE}
    return [
        decided(
            "data have few local dimensions, random pixels many",
            "by two nearest neighbours and by Levina-Bickel the data have less than half of each kind of random pixels",
            "; ".join(_local(estimates, name) for name in (data, *NOISE)),
            [margin for numbers in noise.values() for margin in _below_half(found, numbers)],
            source="Goodfellow et al. 2016, section 5.11.3",
        ),
        decided(
            "the manifold is curved: the linear spectrum does not explain its dimension",
            "by both estimators the data have less than half of a Gaussian with their mean and covariance",
            "; ".join(_local(estimates, name) for name in (data, GAUSSIAN)),
            _below_half(found, estimates[GAUSSIAN]),
        ),
        decided(
            "few principal components hold most of the variance of data, not of random pixels",
            "90 % of the variance: the data need less than half of what each kind of random pixels needs",
            listed({name: estimates[name]["components"] for name in (data, *NOISE)}, "{name} {value}"),
            [numbers["components"] / 2 - found["components"] for numbers in noise.values()],
        ),
    ]


def _local(estimates, name):
    return f"{name} {estimates[name]['two nearest']:.3g} and {estimates[name]['likelihood']:.3g}"


def _below_half(found, other):
    """By how much either estimate of the local dimension is below half of the other's."""
    return [other[key] / 2 - found[key] for key in ("two nearest", "likelihood")]
