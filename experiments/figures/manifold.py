"""Where data lie among all images: local dimension, linear spectrum, and the lines between two images."""

import numpy as np
from sklearn.decomposition import PCA

from experiments.common.outcome import Outcome, Verdict
from experiments.figures.manifold_drawing import GAUSSIAN, MIDDLE, NEAREST, SHARE, STEPS, draw
from jaxae.measures.intrinsic_dimension import levina_bickel, neighbour_distances, two_nearest

NOISE = ("uniform pixels", "pixels shuffled in each image", "pixels from their marginals")


def outcome(runs, cfg):
    """Dimensions and spectra of the data and of random images; distances from three kinds of lines to real images."""
    (run,) = runs.values()
    settings = cfg.figure
    rng = np.random.default_rng(settings.seed)
    examples = max(NEAREST.stop + 1, settings.examples)
    sets = {cfg.data.name: np.unique(run.train.x[:examples], axis=0)}
    sets |= _random_images(rng, sets[cfg.data.name])
    estimates = {name: _dimensions(x, settings.k) for name, x in sets.items()}
    lines, spaces = _lines(run, rng, settings.pairs)
    near = _nearness(run, lines)
    rows = [
        {"panel": panel, "series": name, "x": float(a), "y": float(b)}
        for panel, key in (("explained variance", "explained"), ("Levina-Bickel over k", "over k"))
        for name, numbers in estimates.items()
        for a, b in enumerate(numbers[key], start=1 if key == "explained" else NEAREST.start)
    ]
    rows += [
        {"panel": "two nearest neighbours", "series": name, "x": 2.0, "y": numbers["two nearest"]}
        for name, numbers in estimates.items()
    ]
    rows += [
        {"panel": panel, "series": name, "x": float(t), "y": float(y)}
        for name, numbers in near.items()
        for panel in ("distance", "angle")
        for t, y in zip(STEPS if name in lines else [0.0], np.atleast_1d(numbers[panel]), strict=True)
    ]
    table = [
        {
            "set": name,
            "two nearest": numbers["two nearest"],
            "Levina-Bickel": numbers["likelihood"],
            "components (90 %)": numbers["components"],
            "distance": None,
            "relative": None,
            "angle": None,
        }
        for name, numbers in estimates.items()
    ]
    typical = near["test images"]["distance"]
    for name, numbers in near.items():
        for place, index in (("", 0),) if name not in lines else (("start, ", 0), ("middle, ", MIDDLE)):
            distance = float(np.atleast_1d(numbers["distance"])[index])
            table.append(
                dict.fromkeys(table[0])
                | {
                    "set": f"{place}{name}",
                    "distance": distance,
                    "relative": distance / float(typical),
                    "angle": float(np.atleast_1d(numbers["angle"])[index]),
                }
            )
    rise = ", ".join(
        f"{near[name]['distance'][0]:.2f} to {near[name]['distance'][MIDDLE]:.2f} in {space}"
        for space, name in spaces.items()
    )
    remark = (
        "Distances and angles are medians to the nearest training image, in pixel space; the lines join test images"
        f"{' of different classes' if _has_classes(run) else ''}. A blend has less contrast and a decoded image less detail "
        "than a real one, and both bring it nearer to all images: from the start of the lines to the middle the distance goes "
        f"from {rise}, so that a part of the code's advantage is there at the start already. The angle leaves contrast out, "
        "not blur. From so few samples every estimate of a high dimension is too low; there are as many random images as "
        "data, so that the comparison is fair."
    )
    figure = draw(sets, estimates, near, lines, run, settings)
    return Outcome(figure, rows, table, _verdicts(estimates, near, cfg.data.name, spaces), remark)


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
    explained = np.cumsum(PCA(svd_solver="covariance_eigh").fit(x).explained_variance_ratio_)
    return {
        "two nearest": two_nearest(distances),
        "likelihood": levina_bickel(distances, range(few, many + 1)),
        "over k": [levina_bickel(distances, count) for count in NEAREST],
        "explained": explained,
        "components": int(np.searchsorted(explained, SHARE)) + 1,
    }


def _lines(run, rng, pairs):
    """{space: images [pairs, steps, pixels]}: straight lines in pixels, in principal components and in the code."""
    first, second = rng.integers(len(run.test.x), size=(2, 10 * pairs))
    kinds = run.test.labels if _has_classes(run) else np.arange(len(run.test.x))
    different = np.flatnonzero(kinds[first] != kinds[second])[:pairs]
    a, b = run.test.x[first[different]], run.test.x[second[different]]

    def straight(a, b):
        return np.stack([(1 - t) * a + t * b for t in STEPS], axis=1)

    def flat(images):
        return images.reshape(-1, images.shape[-1])

    code = [np.asarray(run.codes(images)) for images in (a, b)]
    pca = PCA(code[0].shape[1], svd_solver="covariance_eigh").fit(run.train.x)
    pixels = straight(a, b)
    decoded = np.asarray(run.decode(flat(straight(*code)))).reshape(pixels.shape)
    projected = pca.inverse_transform(pca.transform(flat(pixels))).reshape(pixels.shape)
    names = {
        "pixels": "line in pixels",
        "pca": f"line in {pca.n_components} components (PCA)",
        "code": "line in the code",
    }
    return dict(zip(names.values(), (pixels, projected, decoded), strict=True)), names


def _has_classes(run):
    return run.test.labels is not None and len(np.unique(run.test.labels)) > 1


def _nearness(run, lines):
    """{name: {"distance", "angle"}}: medians to the nearest training image, of test images and at each step of each line."""
    among = run.train.x

    def unit(x):
        return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-6)

    def measure(x):
        distance = neighbour_distances(x, 1, among=among)[:, 0]
        chord = neighbour_distances(unit(x), 1, among=unit(among))[:, 0]
        return {"distance": distance, "angle": np.degrees(2 * np.arcsin(np.minimum(chord / 2, 1)))}

    found = {"test images": {key: np.median(value) for key, value in measure(run.test.x).items()}}
    for name, images in lines.items():
        values = measure(images.reshape(-1, images.shape[-1]))
        found[name] = {key: np.median(value.reshape(images.shape[:2]), axis=0) for key, value in values.items()}
    return found


def _verdicts(estimates, near, data, names):
    both = ("two nearest", "likelihood")
    found = estimates[data]
    noise = {name: estimates[name] for name in NOISE}
    middle = {space: {key: near[name][key][MIDDLE] for key in ("distance", "angle")} for space, name in names.items()}
    typical = near["test images"]

    def dimensions(name):
        return f"{name} {estimates[name]['two nearest']:.3g} and {estimates[name]['likelihood']:.3g}"

    def middles(key):
        return ", ".join(f"{space} {value[key]:.3g}" for space, value in middle.items()) + (
            f"; a test image {typical[key]:.3g}"
        )

    return [
        Verdict(
            "data have few local dimensions, random pixels many",
            "by two nearest neighbours and by Levina-Bickel the data have less than half of each kind of random pixels",
            "; ".join(dimensions(name) for name in (data, *NOISE)),
            all(found[key] < numbers[key] / 2 for numbers in noise.values() for key in both),
        ),
        Verdict(
            "the manifold is curved: the linear spectrum does not explain its dimension",
            "by both estimators the data have less than half of a Gaussian with their mean and covariance",
            "; ".join(dimensions(name) for name in (data, GAUSSIAN)),
            all(found[key] < estimates[GAUSSIAN][key] / 2 for key in both),
        ),
        Verdict(
            "few principal components hold most of the variance of data, not of random pixels",
            "90 % of the variance: the data need less than half of what each kind of random pixels needs",
            ", ".join(f"{name} {estimates[name]['components']}" for name in (data, *NOISE)),
            all(found["components"] < numbers["components"] / 2 for numbers in noise.values()),
        ),
        Verdict(
            "a line in the code stays nearer to data than a line in pixels",
            "median distance from the middle to the nearest real image: code below pixels and below PCA of the same size",
            middles("distance"),
            all(middle["code"]["distance"] < middle[space]["distance"] for space in ("pixels", "pca")),
        ),
        Verdict(
            "the middle in the code is as near to data as data are, the middle in pixels is not",
            "median distance to the nearest real image: code at most that of a test image, pixels above",
            middles("distance"),
            bool(middle["code"]["distance"] <= typical["distance"] < middle["pixels"]["distance"]),
        ),
        Verdict(
            "the same where contrast does not count",
            "median angle from the middle to the nearest real image: code below pixels and below PCA of the same size",
            middles("angle") + " degrees",
            all(middle["code"]["angle"] < middle[space]["angle"] for space in ("pixels", "pca")),
        ),
    ]
