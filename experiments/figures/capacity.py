"""How a code's size decides what it can reconstruct: under-complete on other data, over-complete against the identity."""

import jax
import numpy as np
from jax.tree_util import Partial
from sklearn.decomposition import PCA

from experiments.common.outcome import Outcome, Verdict
from experiments.figures.capacity_drawing import LINEAR, WIDE, draw
from jaxae import data
from jaxae.data.patches import drawn
from jaxae.data.photographs import halve, read, shipped
from jaxae.measures.identity_map import decayed_gain, denoising_gain, response
from jaxae.sweeps import take

TREATMENTS = {"plain": (False, False), "weight decay": (True, False), "noise": (False, True), "both": (True, True)}
CLOSE = 0.1  # "near the identity": a tenth of the identity's own norm


def outcome(runs, cfg):
    """Errors on the training distribution and on others over code size; the distance of wide maps from the identity."""
    settings = cfg.figure
    sets = _sets(runs[WIDE], cfg)
    inside = next(iter(sets))
    models = _models(runs, runs[WIDE])
    errors = {
        (name, size): {kind: _unexplained(reconstruct, x) for kind, x in sets.items()}
        for (name, size), reconstruct in models.items()
    }
    maps, span, theory = _maps(runs, settings)
    rows = [
        {"panel": "unexplained variance", "series": f"{name}: {kind}", "x": size, "y": value}
        for (name, size), values in errors.items()
        for kind, value in values.items()
    ]
    rows += [
        {"panel": "gap to the identity", "series": name, "x": i, "y": float(gap)}
        for name, numbers in maps.items()
        for i, gap in enumerate(np.sqrt(numbers["gap"]), start=1)
    ]
    rows += [
        {"panel": "gap to the identity", "series": f"{name}, optimum", "x": i, "y": float(1 - gain)}
        for name, gains in theory.items()
        for i, gain in enumerate(gains, start=1)
    ]
    for (name, size), values in errors.items():
        outside = {kind: value for kind, value in values.items() if kind != inside}
        mean = {"series": f"{name}: mean of the others", "x": size, "y": float(np.mean(list(outside.values())))}
        rows.append({"panel": "unexplained variance"} | mean)
        rows += [
            {"panel": "ratio out/in", "series": f"{name}: {kind}", "x": size, "y": value / values[inside]}
            for kind, value in outside.items()
        ]
    rows += [
        {"panel": "the whole map", "series": name, "x": place, "y": numbers[key]}
        for name, numbers in maps.items()
        for key, place in (("span", span), ("whole", len(numbers["gap"])))
    ]
    table = [
        {"model": f"{name}, {size}" if size else name}
        | {kind: value for kind, value in values.items()}
        | {"|(J - I) P| / |P|": None, "|J - I| / |I|": None}
        for (name, size), values in errors.items()
    ]
    table += [
        {"model": name}
        | dict.fromkeys(sets)
        | {"|(J - I) P| / |P|": numbers["span"], "|J - I| / |I|": numbers["whole"]}
        for name, numbers in maps.items()
    ]
    linear = runs[LINEAR["tied"]]
    remark = (
        "Errors are shares of each set's own variance that the reconstruction loses; more than 1 is worse than the set's mean "
        f"image. J = W W' is the linear map ({linear.train.x.shape[1]} pixels, {linear.code_size} units), P holds the "
        f"{span} leading principal directions of its training data, {settings.share:.0%} of their variance. Nothing is learned "
        "about pixels that never vary, unless there is noise or decay: there a plain map stays as it was drawn, and an image "
        "that lights them, as an inverted one, is not copied. The decay is on the encoder alone, so that an untied decoder "
        "grows as the encoder shrinks and has no optimum. The under-complete autoencoders have a hidden layer on either side "
        "of the code, the over-complete one has none; PCA needs no training, which tells at the largest codes."
    )
    figure = draw(sets, errors, maps, theory, models, runs, settings, span)
    return Outcome(figure, rows, table, _verdicts(errors, maps, theory, sets, inside, span), remark)


def _sets(run, cfg):
    """{name: x [n, pixels]}: test images, the same transformed, another data set, photographs and noise."""
    settings = cfg.figure
    shape, count = run.test.shape, max(2, settings.examples)  # one has no variance
    x = run.test.x[:count]
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


def _models(runs, wide):
    """{(name, code size): reconstruct}: under-complete and over-complete autoencoders, and PCA with as many components."""
    x = wide.train.x
    pca = PCA().fit(x)
    under = [run for label, run in runs.items() if label.startswith("code ")]
    found = {("autoencoder", run.code_size): run.reconstructions for run in under}
    found[WIDE, wide.code_size] = lambda x: wide.reconstructions(x, 0)
    found[f"{WIDE}, noise", wide.code_size] = lambda x: wide.reconstructions(x, 1)
    for size in [run.code_size for run in under]:
        axes = pca.components_[:size]
        found["PCA", size] = lambda x, axes=axes: pca.mean_ + (x - pca.mean_) @ axes.T @ axes
    return found


def _unexplained(reconstruct, x):
    """The squared error as a share of the variance, sum ||x - r(x)||^2 / sum ||x - mean||^2."""
    return float(np.sum(np.square(x - np.asarray(reconstruct(x)))) / np.sum(np.square(x - x.mean(axis=0))))


def _maps(runs, settings):
    """Gain and gap to the identity along every principal direction of the training data, and the linear optima."""
    x = runs[LINEAR["tied"]].train.x
    variances, directions = np.linalg.eigh(np.cov(x.T, bias=True))
    variances, directions = np.maximum(variances[::-1], 0), directions[:, ::-1].T.astype(np.float32)
    span = int(np.searchsorted(np.cumsum(variances) / variances.sum(), settings.share)) + 1

    def measured(model, params):
        map_of = Partial(_through, model.encoder(params), model.decoder(params))
        gain, gap = (np.asarray(values) for values in response(map_of, x[:1], directions))
        return {
            "gain": gain,
            "gap": gap,
            "span": float(np.sqrt(gap[:span].mean())),
            "whole": float(np.sqrt(gap.mean())),
        }

    maps, theory = {}, {}
    for kind, label in LINEAR.items():
        run = runs[label]
        maps[f"{kind}, untrained"] = measured(run.model, run.model.init(jax.random.key(settings.seed)))
        for treatment, (decay, noise) in TREATMENTS.items():
            maps[f"{kind}, {treatment}"] = measured(run.model, take(run.params, _index(run, decay, noise)))
    run = runs[LINEAR["tied"]]
    theory["weight decay"] = np.asarray(decayed_gain(variances, weight=max(run.table["weight"])))
    theory["noise"] = np.asarray(denoising_gain(variances, std=max(run.table["corruption.std"])))
    return maps, span, theory


def _through(encoder, decoder, x):
    return decoder(encoder(x))


def _index(run, decay, noise):
    """The run of a grid over weight and noise with either at 0 or above."""
    chosen = ((run.table["weight"] > 0) == decay) & ((run.table["corruption.std"] > 0) == noise)
    return int(np.flatnonzero(chosen)[0])


def _verdicts(errors, maps, theory, sets, inside, span):
    others = [kind for kind in sets if kind != inside]
    under = {size: values for (name, size), values in errors.items() if name == "autoencoder"}
    ((wide, copied),) = ((size, values) for (name, size), values in errors.items() if name == WIDE)
    ratios = {size: {kind: values[kind] / values[inside] for kind in others} for size, values in under.items()}
    least = {size: min(values, key=values.get) for size, values in ratios.items()}
    first, *_, last = under
    gains = {name: [maps[f"tied, {name}"]["gain"][:span], optimum[:span]] for name, optimum in theory.items()}
    deviation = {name: float(np.abs(np.subtract(*pair)).max()) for name, pair in gains.items()}

    def spans(*treatments):
        names = [f"{kind}, {treatment}" for treatment in treatments for kind in LINEAR]
        return ", ".join(f"{name} {maps[name]['span']:.3f}" for name in names)

    def farther(treatment):
        return all(maps[f"{kind}, {treatment}"]["span"] > maps[f"{kind}, plain"]["span"] for kind in LINEAR)

    return [
        Verdict(
            "under-complete codes compress only what they were trained on",
            "at every under-complete size each other set loses a larger share of its variance than test images do",
            "least ratios " + ", ".join(f"{size}: {ratios[size][kind]:.2f} ({kind})" for size, kind in least.items()),
            all(value > 1 for values in ratios.values() for value in values.values()),
        ),
        Verdict(
            "the better the compression, the more it is theirs alone",
            f"from {first} to {last} units the ratio out/in grows for every other set",
            ", ".join(f"{kind} {ratios[first][kind]:.1f} to {ratios[last][kind]:.1f}" for kind in others),
            all(ratios[last][kind] > ratios[first][kind] for kind in others),
        ),
        Verdict(
            "an over-complete code copies what it has never seen",
            f"with {wide} units and no noise less than a tenth of the variance of every other set is lost",
            ", ".join(f"{kind} {copied[kind]:.3f}" for kind in others),
            all(copied[kind] < CLOSE for kind in others),
        ),
        Verdict(
            "at least better than an under-complete one",
            f"with {wide} units and no noise every other set loses less than with {last} units",
            ", ".join(f"{kind} {copied[kind]:.3g} < {under[last][kind]:.3g}" for kind in others),
            all(copied[kind] < under[last][kind] for kind in others),
        ),
        Verdict(
            "over-complete linear maps learn the identity where the data vary",
            f"plain, tied and untied: |(J - I) P| / |P| < {CLOSE} on the {span} leading directions",
            spans("plain"),
            all(maps[f"{kind}, plain"]["span"] < CLOSE for kind in LINEAR),
        ),
        Verdict(
            "weight decay keeps them from it",
            "tied and untied: a larger |(J - I) P| / |P| than plain",
            spans("plain", "weight decay"),
            farther("weight decay"),
        ),
        Verdict(
            "noise keeps them from it",
            "tied and untied: a larger |(J - I) P| / |P| than plain",
            spans("plain", "noise"),
            farther("noise"),
        ),
        Verdict(
            "and to the degree that theory says",
            f"tied: every gain on the {span} directions within {CLOSE} of the optimum's",
            ", ".join(f"{name}: largest difference {value:.3f}" for name, value in deviation.items()),
            all(value < CLOSE for value in deviation.values()),
        ),
    ]
