"""The published numbers of modern sparse autoencoders that RESULTS.md speaks of."""

from experiments.common import published
from experiments.report.comparison import Left, Number, near

TREE, SANITY = "noanabeshima/matryoshka-saes, pictures of the tree", "arXiv 2602.14111, section 3"
BENCHMARK, TUTORIAL = "SynthSAEBench (arXiv 2602.14687)", "SAELens, tutorial on synthetic data"
READING = 0.02  # of a cosine that is read off a picture
COSINES = {
    "parents": "cosine, parents",
    "children": "cosine, children",
    "mean": "cosine, all",
    "child, its parent": "cosine, child's latent and its parent",
    "child, its sibling": "cosine, child's latent and a sibling",
}
ONE_RUN = "the published picture is of one run; ours have standard deviations of 0.02 to 0.05 over seeds"
SMALLER = (
    "ours has a sixteenth of the published features in an eighth of the dimensions, and sees a twentieth as many examples: a "
    "million ten times"
)


def rows() -> list[Number | Left]:
    """The rows of the comparison, source by source."""
    return [*_tree(), *_sanity(), *_benchmark(), *_tutorial(), *_left()]


def _tree():
    for method, cosines in published.ABSORPTION["tree"].items():
        for key, (low, high) in cosines.items():
            what = f"tree of 20 features, {method}: {COSINES[key]}"
            half = (high - low) / 2 + (READING if key != "mean" else 0.01)
            shown = {"form": ".3f", "printed": f"{low:.2f} to {high:.2f}" if low < high else None}
            cell = ("absorption", (method,), COSINES[key])
            yield Number(TREE, what, (low + high) / 2, *cell, half=half, why=ONE_RUN, **shown)


def _sanity():
    for method, share in published.SANITY["sanity"].items():
        what = f"equally frequent features, {method}: found of 3,200, ours of 800 (%)"
        cell = ("sanity", (method,), "features found")
        why = "the world is a quarter of the published one, and its steps and rate are not printed"
        yield Number(SANITY, what, 100 * share, *cell, half=5, better="more", unit=100, why=why)


def _benchmark():
    names = ("F1", "MCC", "uniqueness", "explained variance")
    for method, values in published.SYNTHETIC.items():
        for name, value in zip(names, values, strict=True):
            what = f"{method}: {name} (published for 16,384 features, ours of 1,024)"
            yield near(BENCHMARK, what, value, "recovery", ("benchmark", method), name, form=".3f", why=SMALLER)


def _tutorial():
    for world, (mcc, active, shrinkage) in published.TUTORIAL.items():
        for name, value in (("MCC", mcc), ("L0", active), ("shrinkage", shrinkage)):
            if value is not None:
                what = f"{world} world, L1: {name}"
                yield near(TUTORIAL, what, value, "recovery", (world, "L1"), name, form=".3f")


def _left():
    sparse = "normalised error and dead latents of sparse autoencoders"
    why = "not attempted: activations of a language model; experiment=dead_units counts dead units of digits"
    yield Left("Gao et al. 2024", sparse, "7 to 90 % dead", why)
    found = "50 correlated features: the true dictionary is right at the true L0 alone"
    yield Left("Chanin & Garriga-Alonso 2025", found, "-", "a claim: see wrong_l0")
