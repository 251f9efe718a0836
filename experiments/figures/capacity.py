"""How a code's size decides what it can reconstruct: under-complete on other data, over-complete against the identity."""

from functools import partial

import jax
import numpy as np
from jax.tree_util import Partial

from experiments.common.outcome import Outcome
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import aligned, tidy
from experiments.common.verdicts import below, decided, listed
from experiments.figures.capacity_drawing import LINEAR, WIDE, LinearMaps, draw, under_complete
from jaxae import data
from jaxae.data.patches import drawn
from jaxae.data.photographs import halve, read, shipped
from jaxae.measures.identity_map import decayed_gain, denoising_gain, response
from jaxae.measures.reconstructions import unexplained_variance
from jaxae.sweeps import take

TREATMENTS = {"plain": (False, False), "weight decay": (True, False), "noise": (False, True), "both": (True, True)}
CLOSE = 0.1  # "near the identity": a tenth of the identity's own norm
BOOK = "Goodfellow et al. 2016, "


def outcome(grids, cfg):
    """Errors on the training distribution and on others over code size; the distance of wide maps from the identity."""
    sets = _sets(grids[WIDE], cfg)
    models = _models(grids)
    errors = {
        model: {kind: float(unexplained_variance(x, reconstruct(x))) for kind, x in sets.items()}
        for model, reconstruct in models.items()
    }
    linear = _linear_maps(grids, cfg.figure)
    figure = draw(grids, sets, models, errors, linear, cfg.figure)
    inside, *others = sets
    return Outcome(
        figure,
        _rows(errors, linear, inside),
        _table(errors, linear),
        _of_errors(errors, inside, others) + _of_maps(linear),
        _remark(grids, linear, cfg),
        checks=[_known_optima(linear)],
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


def _linear_maps(grids, settings):
    """Gain and gap to the identity along every principal direction of the training data, and the linear optima."""
    tied = grids[LINEAR["tied"]]
    x = tied.train.x
    variances, directions = np.linalg.eigh(np.cov(x.T, bias=True))
    variances, directions = np.maximum(variances[::-1], 0), directions[:, ::-1].T.astype(np.float32)
    span = int(np.searchsorted(np.cumsum(variances) / variances.sum(), settings.share)) + 1
    maps = {}
    for kind, label in LINEAR.items():
        grid = grids[label]
        untrained = grid.model.init(jax.random.key(settings.seed))
        maps[f"{kind}, untrained"] = _response(grid.model, untrained, x[:1], directions, span)
        for treatment, (decay, noise) in TREATMENTS.items():
            params = take(grid.params, _index(grid, decay, noise))
            maps[f"{kind}, {treatment}"] = _response(grid.model, params, x[:1], directions, span)
    optima = {
        treatment: optimum
        for kind, label in LINEAR.items()
        for treatment, optimum in _optima(grids[label], kind, variances).items()
    }
    return LinearMaps(maps, optima, span)


def _optima(grid, kind, variances):
    """{map: the gains of its optimum}"""
    decayed = decayed_gain(variances, weight=max(grid.table["weight"]), tied=grid.model.tied)
    denoising = denoising_gain(variances, std=max(grid.table["corruption.std"]))
    return {f"{kind}, weight decay": np.asarray(decayed), f"{kind}, noise": np.asarray(denoising)}


def _response(model, params, x, directions, span):
    """Gain and squared gap along each direction, and the map's distance to the identity on `span` of them and on all."""
    map_of = Partial(_through, model.encoder(params), model.decoder(params))
    gain, gap = (np.asarray(values) for values in response(map_of, x, directions))
    return {
        "gain": gain,
        "gap": gap,
        "span": float(np.sqrt(gap[:span].mean())),
        "whole": float(np.sqrt(gap.mean())),
    }


def _through(encoder, decoder, x):
    return decoder(encoder(x))


def _index(grid, decay, noise):
    """The run of a grid over weight and noise with either at 0 or above."""
    chosen = ((grid.table["weight"] > 0) == decay) & ((grid.table["corruption.std"] > 0) == noise)
    return int(np.flatnonzero(chosen)[0])


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


def _of_maps(linear):
    """The verdicts on the linear maps and the identity."""
    return [
        below(
            "over-complete linear maps learn the identity where the data vary",
            f"plain, tied and untied: |(J - I) P| / |P| < {CLOSE} on the {linear.span} leading directions",
            _spans(linear, "plain"),
            "{name} {value:.3f}",
            bound=CLOSE,
            source=BOOK + "section 14.2",
        ),
        _farther(linear, "weight decay", "weight decay keeps them from it"),
        _farther(linear, "noise", "noise keeps them from it", source=BOOK + "section 14.2.2"),
    ]


def _known_optima(linear):
    """Whether training reaches the optima that are known in closed form."""
    gains = {name: (linear.maps[name]["gain"], optimum) for name, optimum in linear.optima.items()}
    return below(
        "weight decay and noise keep linear maps from the identity to the degree that theory says",
        f"tied and untied: every gain on the {linear.span} directions within {CLOSE} of the optimum's",
        {name: np.abs(gain - optimum)[: linear.span].max() for name, (gain, optimum) in gains.items()},
        "{name}: largest difference {value:.3f}",
        bound=CLOSE,
    )


def _spans(linear, treatment):
    """{map: its distance to the identity on the leading directions}"""
    return {name: linear.maps[name]["span"] for name in (f"{kind}, {treatment}" for kind in LINEAR)}


def _farther(linear, treatment, claim, *, source=""):
    plain, treated = _spans(linear, "plain"), _spans(linear, treatment)
    return decided(
        claim,
        "tied and untied: a larger |(J - I) P| / |P| than plain",
        listed(plain | treated, "{name} {value:.3f}"),
        [other - one for one, other in zip(plain.values(), treated.values(), strict=True)],
        source=source,
    )
