"""How a code's size decides what it can reconstruct: under-complete on other data, over-complete against the identity."""

from functools import partial

import numpy as np

from experiments.common.outcome import Outcome
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import aligned, tidy
from experiments.common.verdicts import below, decided
from experiments.figures.capacity_drawing import LINEAR, WIDE, draw, under_complete
from experiments.figures.capacity_linear import BOOK, CLOSE, known_optima, linear_maps, verdicts_on_maps
from jaxae import data
from jaxae.data.patches import drawn
from jaxae.data.photographs import halve, read, shipped
from jaxae.measures.reconstructions import unexplained_variance


def outcome(grids, cfg):
    """Errors on the training distribution and on others over code size; the distance of wide maps from the identity."""
    sets = _sets(grids[WIDE], cfg)
    models = _models(grids)
    errors = {
        model: {kind: float(unexplained_variance(x, reconstruct(x))) for kind, x in sets.items()}
        for model, reconstruct in models.items()
    }
    linear = linear_maps(grids, cfg.figure)
    figure = draw(grids, sets, models, errors, linear, cfg.figure)
    inside, *others = sets
    return Outcome(
        figure,
        _rows(errors, linear, inside),
        _table(errors, linear),
        _of_errors(errors, inside, others) + verdicts_on_maps(linear),
        _remark(grids, linear, cfg),
        checks=[known_optima(linear)],
    )


def _rows(errors, linear, inside):
    shares, ratios = [], []
    for (name, size), values in errors.items():
        outside = {kind: value for kind, value in values.items() if kind != inside}
        mean = np.mean(list(outside.values()))
        ratios.append(("unexplained variance", f"{name}: mean of the others", size, mean))
        ratios += [("ratio out/in", f"{name}: {kind}", size, value / values[inside]) for kind, value in outside.items()]
        shares += [("unexplained variance", f"{name}: {kind}", size, value) for kind, value in values.items()]
    return tidy(
        ("panel", "series", "x", "y"),
        shares,
        (
            ("gap to the identity", name, direction, gap)
            for name, numbers in linear.maps.items()
            for direction, gap in enumerate(np.sqrt(numbers["gap"]), start=1)
        ),
        (
            ("gap to the identity", f"{name}, optimum", direction, 1 - gain)
            for name, gains in linear.optima.items()
            for direction, gain in enumerate(gains, start=1)
        ),
        ratios,
        (
            ("the whole map", name, directions, numbers[key])
            for name, numbers in linear.maps.items()
            for key, directions in (("span", linear.span), ("whole", len(numbers["gap"])))
        ),
    )


def _table(errors, linear):
    return aligned(
        [
            *({"model": f"{name}, {size}", **values} for (name, size), values in errors.items()),
            *(
                {"model": name, "|(J - I) P| / |P|": numbers["span"], "|J - I| / |I|": numbers["whole"]}
                for name, numbers in linear.maps.items()
            ),
        ]
    )


def _remark(grids, linear, cfg):
    tied = grids[LINEAR["tied"]]
    return (
        "Errors are shares of each set's own variance that the reconstruction loses; more than 1 is worse than the set's mean "
        f"image. J = W W' is the linear map ({tied.train.x.shape[1]} pixels, {tied.code_size} units), P holds the "
        f"{linear.span} leading principal directions of its training data, {cfg.figure.share:.0%} of their variance. Nothing "
        "is learned about pixels that never vary, unless there is noise or decay: there a plain map stays as it was drawn, and "
        "an image that lights them, as an inverted one, is not copied. Untied weights are decayed in encoder and decoder by "
        "half the tied weight, which has the same optimum. The under-complete autoencoders have a hidden layer on either "
        "side of the code, the over-complete one has none; PCA needs no training, which tells at the largest codes."
    )


def _sets(grid, cfg):
    """{name: x [n, pixels]}: test images, the same transformed, another data set, photographs and noise."""
    settings = cfg.figure
    shape, count = grid.test.shape, max(2, settings.examples)  # one has no variance
    x = grid.test.x[:count]
    pictures = x.reshape(-1, *shape)
    rng = np.random.default_rng(settings.seed)
    sets = {
        "test images": x,
        "mirrored": pictures[:, :, ::-1].reshape(x.shape),
        "turned by 90°": np.rot90(pictures, axes=(1, 2)).reshape(x.shape),
        "inverted": 1 - x,
    }
    if settings.other:
        sets[settings.other] = data.load(settings.other, "test", dir=cfg.data.get("dir")).x[:count]
    photographs = [picture for picture in map(halve, map(read, shipped())) if min(picture.shape) >= shape[0]]
    if photographs:  # large enough for pieces of this size
        sets["photographs"] = drawn(photographs, shape[0], len(x), stream=[settings.seed, 1]).reshape(x.shape)
    sets["noise"] = rng.uniform(size=x.shape).astype(np.float32)
    return sets


def _models(grids):
    """{(name, code size): reconstruct}: under-complete and over-complete autoencoders, and PCA with as many components."""
    wide = grids[WIDE]
    pca = PrincipalComponents.fit(wide.train.x, solver="auto", centre_first=True)
    under = under_complete(grids)
    found = {("autoencoder", grid.code_size): grid.reconstructions for grid in under}
    found[WIDE, wide.code_size] = partial(wide.reconstructions, run=0)
    found[f"{WIDE}, noise", wide.code_size] = partial(wide.reconstructions, run=1)
    return found | {("PCA", grid.code_size): pca.first(grid.code_size).reconstruct for grid in under}


def _of_errors(errors, inside, others):
    """The verdicts on what is reconstructed of other sets than the training distribution."""
    under = {size: values for (name, size), values in errors.items() if name == "autoencoder"}
    ((wide, copied),) = ((size, values) for (name, size), values in errors.items() if name == WIDE)
    ratios = {size: {kind: values[kind] / values[inside] for kind in others} for size, values in under.items()}
    least = {size: min(values, key=values.get) for size, values in ratios.items()}
    first, *_, last = under
    return [
        decided(
            "under-complete codes compress only what they were trained on",
            "at every under-complete size each other set loses a larger share of its variance than test images do",
            "least ratios " + ", ".join(f"{size}: {ratios[size][kind]:.2f} ({kind})" for size, kind in least.items()),
            [value - 1 for values in ratios.values() for value in values.values()],
            source=BOOK + "chapter 14",
        ),
        decided(
            "the better the compression, the more it is theirs alone",
            f"from {first} to {last} units the ratio out/in grows for every other set",
            ", ".join(f"{kind} {ratios[first][kind]:.1f} to {ratios[last][kind]:.1f}" for kind in others),
            [ratios[last][kind] - ratios[first][kind] for kind in others],
        ),
        below(
            "an over-complete code copies what it has never seen",
            f"with {wide} units and no noise less than a tenth of the variance of every other set is lost",
            {kind: copied[kind] for kind in others},
            "{name} {value:.3f}",
            bound=CLOSE,
        ),
        decided(
            "at least better than an under-complete one",
            f"with {wide} units and no noise every other set loses less than with {last} units",
            ", ".join(f"{kind} {copied[kind]:.3g} < {under[last][kind]:.3g}" for kind in others),
            [under[last][kind] - copied[kind] for kind in others],
        ),
    ]
