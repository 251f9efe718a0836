"""How a code's size decides what it can reconstruct: under-complete on other data, over-complete against the identity."""

import jax
import matplotlib.pyplot as plt
import numpy as np
from jax.tree_util import Partial
from sklearn.decomposition import PCA

from experiments.outcome import Outcome, Verdict
from jaxae import data, figures
from jaxae.data.patches import drawn
from jaxae.data.photographs import halve, read, shipped
from jaxae.identity import decayed_gain, denoising_gain, response
from jaxae.sweeps import take

WIDE = "over-complete"
LINEAR = {"tied": "linear, tied", "untied": "linear, untied"}
TREATMENTS = {"plain": (False, False), "weight decay": (True, False), "noise": (False, True), "both": (True, True)}
SHOWN = 3  # images of each set
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
        f"image. J = W W' is the linear map ({linear.train.x.shape[1]} pixels, {linear.model.hidden[-1]} units), P holds the "
        f"{span} leading principal directions of its training data, {settings.share:.0%} of their variance. Nothing is learned "
        "about pixels that never vary, unless there is noise or decay: there a plain map stays as it was drawn, and an image "
        "that lights them, as an inverted one, is not copied. The decay is on the encoder alone, so that an untied decoder "
        "grows as the encoder shrinks and has no optimum. The under-complete autoencoders have a hidden layer on either side "
        "of the code, the over-complete one has none; PCA needs no training, which tells at the largest codes."
    )
    figure = _draw(sets, errors, maps, theory, models, runs, settings, span)
    return Outcome(figure, rows, table, _verdicts(errors, maps, theory, sets, inside, span), remark)


def _sets(run, cfg):
    """{name: x [n, pixels]}: test images, the same transformed, another data set, photographs and noise."""
    settings = cfg.figure
    shape, count = run.test.shape, settings.examples
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
        sets[settings.other] = data.load(settings.other, "test", dir=cfg.data.get("dir"), limit=count).x
    photographs = drawn([halve(read(path)) for path in shipped()], shape[0], count, stream=[settings.seed, 1])
    sets["photographs"] = photographs.reshape(count, -1)
    sets["noise"] = rng.uniform(size=x.shape).astype(np.float32)
    return sets


def _models(runs, wide):
    """{(name, code size): reconstruct}: under-complete and over-complete autoencoders, and PCA with as many components."""
    x = wide.train.x
    pca = PCA().fit(x)
    under = [run for label, run in runs.items() if label.startswith("code ")]
    found = {("autoencoder", run.model.hidden[-1]): run.reconstructions for run in under}
    found[WIDE, wide.model.hidden[-1]] = lambda x: wide.reconstructions(x, 0)
    found[f"{WIDE}, noise", wide.model.hidden[-1]] = lambda x: wide.reconstructions(x, 1)
    for size in [run.model.hidden[-1] for run in under]:
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


def _draw(sets, errors, maps, theory, models, runs, settings, span):
    shown = [size for name, size in errors if name == "autoencoder"][settings.shown]
    wide = runs[WIDE].model.hidden[-1]
    with figures.style():
        figure = plt.figure(figsize=(12, 13))
        rows = figure.add_gridspec(4, 1, height_ratios=(3.8, 3.8, 3.2, 1.6))
        top, middle, filters = (rows[i].subgridspec(1, 3) for i in (0, 1, 3))
        axes = [figure.add_subplot(top[0])]
        axes += [figure.add_subplot(top[1])]
        axes += [figure.add_subplot(top[2], sharey=axes[1])]
        _draw_errors(axes[0], errors)
        for ax, name in zip(axes[1:], ("autoencoder", "PCA"), strict=True):
            _draw_ratios(ax, errors, name)
        axes[1].legend(fontsize=9, ncols=2, loc="upper left")
        for i, kind in enumerate(LINEAR):
            optimum = theory if kind == "tied" else {"noise": theory["noise"]}
            _draw_gaps(figure.add_subplot(middle[i]), maps, optimum, kind, span)
        _draw_spans(figure.add_subplot(middle[2]), maps, settings)
        chosen = {
            "original": lambda x: x,
            f"{shown} units": models["autoencoder", shown],
            f"PCA, {shown}": models["PCA", shown],
            f"{wide} units": models[WIDE, wide],
            f"{wide}, noise": models[f"{WIDE}, noise", wide],
        }
        _draw_reconstructions(figure.add_subplot(rows[2]), sets, chosen, runs[WIDE].test.shape)
        under = [run for label, run in runs.items() if label.startswith("code ")][settings.shown]
        banks = {
            f"what each of {shown} units draws": _drawings(under),
            f"filters, {wide} units": runs[WIDE].filters(0),
            f"filters, {wide} units, noise": runs[WIDE].filters(1),
        }
        for i, (title, bank) in enumerate(banks.items()):
            figures.pictures(figure.add_subplot(filters[i]), bank[:16], 8, title)
    return figure


def _series(errors, name):
    """Code sizes and {set: values} of one kind of model."""
    found = {size: values for (model, size), values in errors.items() if model == name}
    return list(found), {
        kind: np.array([values[kind] for values in found.values()]) for kind in next(iter(found.values()))
    }


def _draw_errors(ax, errors):
    """The share lost of the test images, and its mean over the other sets; the over-complete code stands alone."""
    for (name, mark), color in zip(
        (("autoencoder", "o-"), ("PCA", "s--"), (WIDE, "D")), figures.COLORS[1:], strict=False
    ):
        sizes, (inside, *outside) = (lambda s, v: (s, list(v.values())))(*_series(errors, name))
        ax.loglog(sizes, inside, mark, color=color, ms=5, label=f"{name}, test images")
        ax.loglog(sizes, np.mean(outside, axis=0), mark, color=color, ms=5, alpha=0.4, label=f"{name}, others (mean)")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high * (high / low) ** 0.6)  # room for the legend
    ax.set(xlabel="units of the code", ylabel="share of the variance lost", title="reconstruction error")
    ax.legend(fontsize=9, loc="upper left")


def _draw_ratios(ax, errors, name):
    marks = {name: "o-"} | ({WIDE: "D"} if name == "autoencoder" else {})
    for model, mark in marks.items():
        sizes, (inside, *outside) = (lambda s, v: (s, list(v.items())))(*_series(errors, model))
        for (kind, values), color in zip(outside, figures.COLORS, strict=False):
            ax.loglog(sizes, values / inside[1], mark, ms=5, color=color, label=kind if mark == "o-" else None)
    if WIDE in marks:
        ax.plot([], [], "D", ms=5, color="grey", label=WIDE)
        ax.set_ylim(0.8, ax.get_ylim()[1] ** 1.4)
    ax.axhline(1, color="grey", lw=0.8, ls=":")
    ax.set(xlabel="units of the code", ylabel="error ratio, other set / test images", title=f"{name}: out / in")


def _draw_gaps(ax, maps, optimum, kind, span):
    for treatment, color in zip(("untrained", "plain", "weight decay", "noise"), figures.COLORS, strict=False):
        gap = np.sqrt(maps[f"{kind}, {treatment}"]["gap"])
        ax.semilogx(np.arange(1, len(gap) + 1), gap, color=color, lw=1.4, label=treatment)
        if treatment in optimum:
            ax.plot(np.arange(1, len(gap) + 1), 1 - optimum[treatment], "k:", lw=1.6, zorder=5)
    ax.plot([], [], "k:", lw=1.6, label="optimum in theory")
    ax.axvline(span, color="grey", lw=0.8, ls=":")
    ax.set_ylim(0, 1.4 * ax.get_ylim()[1])
    ax.set(
        xlabel="principal direction u of the data",
        ylabel="gap |J u - u|",
        title=f"linear, {kind}, {len(gap)} pixels: gap to identity",
    )
    ax.legend(fontsize=9, loc="upper left", ncols=2)


def _draw_spans(ax, maps, settings):
    names = list(maps)
    places = np.arange(len(names))[::-1]
    where = {"span": f"{settings.share:.0%} of the data's variance", "whole": "all pixels"}
    for (key, label), mark, color in zip(where.items(), "oD", figures.COLORS[1:], strict=False):
        ax.plot([maps[name][key] for name in names], places, mark, ms=6, mfc="none", mew=1.6, color=color, label=label)
    ax.set_yticks(places, names)
    ax.set(xlabel="distance to the identity, |(J - I) P| / |P|", xlim=(-0.05, None), title="linear: the whole map")
    ax.set_ylim(-0.7, len(names) + 1.6)
    ax.legend(fontsize=9, loc="upper right")


def _drawings(run):
    """What each unit of a code adds to an image: decode(m + s_j e_j) - decode(m), m the mean code, s_j its deviation."""
    codes = np.asarray(run.codes(run.train.x))
    moved = codes.mean(axis=0) + np.diag(codes.std(axis=0))
    return np.asarray(run.decode(moved) - run.decode(codes.mean(axis=0))).reshape(-1, *run.train.shape)


def _draw_reconstructions(ax, sets, models, shape):
    """Rows: originals and reconstructions; columns: a few images of each set."""
    examples = np.concatenate([x[:SHOWN] for x in sets.values()])
    grid = np.stack([np.asarray(reconstruct(examples)) for reconstruct in models.values()])
    grid = grid.reshape(len(models), len(examples), *shape)
    padded = np.pad(grid, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=np.nan)
    height, width = padded.shape[2:]
    picture = padded.transpose(0, 2, 1, 3).reshape(len(models) * height, -1)
    ax.imshow(picture, cmap=plt.get_cmap("gray").with_extremes(bad="white"), vmin=0, vmax=1, interpolation="nearest")
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.set_yticks(height * (np.arange(len(models)) + 0.5), list(models))
    ax.set_xticks(width * SHOWN * (np.arange(len(sets)) + 0.5), list(sets))
    ax.tick_params(length=0)
