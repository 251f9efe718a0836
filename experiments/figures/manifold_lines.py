"""Straight lines between test images in three spaces, and how near they stay to training images."""

import numpy as np

from experiments.common.pca import PrincipalComponents
from experiments.common.verdicts import Verdict, decided, listed
from experiments.figures.manifold_drawing import MIDDLE, STEPS
from jaxae.measures.intrinsic_dimension import neighbour_distances


def lines_between(grid, rng, pairs):
    """{name: images [pairs, steps, pixels]} of straight lines in three spaces, and the names by space."""
    test = grid.test
    first, second = rng.integers(len(test.x), size=(2, 10 * pairs))
    kinds = test.labels if has_classes(grid) else np.arange(len(test.x))
    different = np.flatnonzero(kinds[first] != kinds[second])[:pairs]
    ends = test.x[first[different]], test.x[second[different]]
    code = [np.asarray(grid.codes(images)) for images in ends]
    pca = PrincipalComponents.fit(grid.train.x, code[0].shape[1])
    pixels = _straight(*ends)
    projected = pca.reconstruct(_flat(pixels)).reshape(pixels.shape)
    decoded = np.asarray(grid.decode(_flat(_straight(*code)))).reshape(pixels.shape)
    names = {"pixels": "line in pixels", "pca": f"line in {len(pca)} components (PCA)", "code": "line in the code"}
    return dict(zip(names.values(), (pixels, projected, decoded), strict=True)), names


def _straight(a, b):
    return np.stack([(1 - t) * a + t * b for t in STEPS], axis=1)


def _flat(images):
    return images.reshape(-1, images.shape[-1])


def has_classes(grid):
    """Whether the test images are labelled with more than one class."""
    return grid.test.labels is not None and len(np.unique(grid.test.labels)) > 1


def nearness(grid, lines):
    """{name: {"distance", "angle"}}: medians to the nearest training image, of test images and at each step of each line."""
    found = {"test images": {key: np.median(value) for key, value in _to_nearest(grid.test.x, grid.train.x).items()}}
    for name, images in lines.items():
        values = _to_nearest(_flat(images), grid.train.x)
        found[name] = {key: np.median(value.reshape(images.shape[:2]), axis=0) for key, value in values.items()}
    return found


def _to_nearest(x, among):
    """The distance and the angle in degrees from each x to its nearest."""
    distance = neighbour_distances(x, 1, among=among)[:, 0]
    chord = neighbour_distances(_unit(x), 1, among=_unit(among))[:, 0]
    return {"distance": distance, "angle": np.degrees(2 * np.arcsin(np.minimum(chord / 2, 1)))}


def _unit(x):
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-6)


def verdicts_on_middles(near, names):
    """The verdicts on the middles of the lines."""
    typical = near["test images"]
    distance, angle = (
        {space: near[name][key][MIDDLE] for space, name in names.items()} for key in ("distance", "angle")
    )
    distances, angles = (
        listed(values, "{name} {value:.3g}") + f"; a test image {typical[key]:.3g}"
        for key, values in (("distance", distance), ("angle", angle))
    )
    return [
        decided(
            "a line in the code stays nearer to data than a line in pixels",
            "median distance from the middle to the nearest real image: code below pixels and below PCA of the same size",
            distances,
            [distance[space] - distance["code"] for space in ("pixels", "pca")],
        ),
        Verdict(
            "the middle in the code is as near to data as data are, the middle in pixels is not",
            "median distance to the nearest real image: code at most that of a test image, pixels above",
            distances,
            bool(distance["code"] <= typical["distance"] < distance["pixels"]),
            margins=(float(distance["pixels"] - typical["distance"]),),
        ),
        decided(
            "the same where contrast does not count",
            "median angle from the middle to the nearest real image: code below pixels and below PCA of the same size",
            angles + " degrees",
            [angle[space] - angle["code"] for space in ("pixels", "pca")],
        ),
    ]
