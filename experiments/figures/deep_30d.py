"""Reconstructions from short codes: deep autoencoder, logistic PCA and PCA (Hinton & Salakhutdinov 2006, figure 2)."""

import numpy as np

from experiments.common import published
from experiments.common.outcome import Outcome
from experiments.common.pca import PrincipalComponents
from experiments.common.verdicts import Verdict, listed, rises
from experiments.figures.deep_30d_drawing import draw
from jaxae.losses import squared_error

# The rows of the paper's figure: {data: {model: variant}}; PCA has no variant, its code is as long as its name says.
ROWS = {
    "curves": {
        "autoencoder, 6": "curves",
        "logistic PCA, 6": "curves_logistic_pca_6",
        "logistic PCA, 18": "curves_logistic_pca_18",
        "PCA, 18": None,
    },
    "digits": {"autoencoder, 30": "digits", "logistic PCA, 30": "digits_logistic_pca", "PCA, 30": None},
}
PAPER = "mnist"  # of which the published errors of the second block are
DIGITS = (PAPER, "mnist5k")  # beside which they are shown
SOURCE = "Hinton & Salakhutdinov 2006, figure 2"
TRAINING = 10_000  # training images whose error is measured, at most


def outcome(grids, cfg):
    """Rows of originals and reconstructions with the error per image of every model, beside the published one."""
    blocks = {
        data: _block(rows, grids, cfg.figure.columns) | {"name": data, "paper": published.RECONSTRUCTION[data]}
        for data, rows in ROWS.items()
        if set(rows.values()) & set(grids)
    }
    if "digits" in blocks and cfg.data.name not in DIGITS:
        blocks["digits"] |= {"name": cfg.data.name, "paper": {}}
    table = [
        {
            "data": block["name"],
            "model": model,
            "test squared error": numbers["test"],
            "published": block["paper"].get(model),
            "training squared error": numbers["train"],
        }
        for block in blocks.values()
        for model, numbers in block["models"].items()
    ]
    errors = {data: {model: n["test"] for model, n in block["models"].items()} for data, block in blocks.items()}
    verdicts = []
    if "digits" in errors:
        verdicts += _digits(errors["digits"], cfg.data.name)
    if "curves" in errors:
        verdicts += _curves(errors["curves"])
    return Outcome(draw(blocks), table, table, verdicts, _remark(blocks))


def _block(rows, grids, columns):
    """The originals of one data set and, of every model, their reconstructions and the mean errors of test and training."""
    first = next(grids[variant] for variant in rows.values() if variant in grids)
    train, test = first.train.x, first.test.x
    shown = _one_of_each(first.test.labels, test, columns)
    models = {}
    for model, variant in rows.items():
        if variant is None:
            reconstruct = PrincipalComponents.fit(train, int(model.split()[-1])).reconstruct
        elif variant in grids:
            reconstruct = grids[variant].reconstructions
        else:
            continue
        models[model] = {
            "test": float(np.mean(squared_error(np.asarray(reconstruct(test)), test))),
            "train": float(np.mean(squared_error(np.asarray(reconstruct(train[:TRAINING])), train[:TRAINING]))),
            "pictures": np.asarray(reconstruct(test[shown])).reshape(-1, *first.test.shape),
        }
    title = (
        f"{first.test.shape[0]} x {first.test.shape[1]} pixels, {len(train):,} for training, {len(test):,} for the test"
    )
    return {"originals": test[shown].reshape(-1, *first.test.shape), "models": models, "title": title}


def _one_of_each(labels, test, count):
    """Indices of the first example of each class in the classes' order, or of the first `count` examples without classes."""
    return np.arange(len(test))[:count] if labels is None else np.unique(labels, return_index=True)[1][:count]


def _digits(errors, data):
    paper = published.RECONSTRUCTION["digits"]
    verdicts = [_order(errors, paper, "digits" if data in DIGITS else data)]
    if data != PAPER or not {"autoencoder, 30", "PCA, 30"} <= set(errors):
        return verdicts
    compared = [model for model in errors if "PCA" in model]
    claim = "digits: what it is compared with is as in the paper"
    return [
        *verdicts,
        _published_share(errors, paper),
        _reaches(errors, paper, "autoencoder, 30", "digits"),
        _agrees(claim, errors, paper, compared, share=0.05, source=SOURCE),
    ]


def _published_share(errors, paper):
    ours, theirs = (values["autoencoder, 30"] / values["PCA, 30"] for values in (errors, paper))
    return Verdict(
        "digits: the autoencoder leaves the published share of PCA's error",
        f"autoencoder / PCA at most {theirs:.3f} (3.00 / 13.87)",
        f"{ours:.3f}",
        bool(ours <= theirs),
        SOURCE,
        (theirs - ours,),
    )


def _curves(errors):
    paper = published.RECONSTRUCTION["curves"]
    verdicts = [_order(errors, paper, "curves")]
    if "autoencoder, 6" in errors:
        verdicts.append(_reaches(errors, paper, "autoencoder, 6", "curves"))
    logistic = [m for m in errors if m.startswith("logistic")]
    if logistic:
        claim = "curves: our curves are as hard as the paper's"
        verdicts.append(_agrees(claim, errors, paper, logistic, share=0.1))
    return verdicts


def _order(errors, paper, data):
    expected = sorted(errors, key=paper.get)
    ordered = {model: errors[model] for model in expected}
    claim = f"{data}: the models' order is the paper's"
    return rises(claim, " < ".join(expected), ordered, "{name}: {value:.2f}", source=SOURCE)


def _reaches(errors, paper, model, data):
    return Verdict(
        f"{data}: the autoencoder reaches the published error",
        f"at most {paper[model]:.2f}",
        f"{errors[model]:.2f}",
        bool(round(errors[model], 2) <= paper[model]),
        SOURCE,
        (paper[model] + 0.005 - errors[model],),  # as printed, with two digits
    )


def _agrees(claim, errors, paper, models, *, share, source=""):
    margins = tuple(share - abs(errors[m] / paper[m] - 1) for m in models)
    return Verdict(
        claim,
        f"within {share:.0%} of " + listed({m: paper[m] for m in models}, "{name}: {value:.2f}"),
        listed({m: errors[m] for m in models}, "{name}: {value:.2f}"),
        all(margin >= 0 for margin in margins),
        source,
        margins,
    )


def _remark(blocks):
    words = [
        "Errors are squared and summed over the pixels of an image, means over the test set; the bar's mark is the paper's."
    ]
    if "digits" in blocks and blocks["digits"]["paper"]:
        numbers = blocks["digits"]["models"].get("autoencoder, 30")
        if numbers:
            words.append(
                f"Digits: the autoencoder's error is {numbers['train']:.2f} on training images and {numbers['test']:.2f} on "
                "test images; the paper trains on 60,000."
            )
    if "curves" in blocks:
        words.append(
            "Curves: the paper does not describe its ink; the width and strength of ours are chosen so that PCA's error is the "
            "published one, and logistic PCA's errors, of trainings that have converged, say how like the paper's the "
            "pictures are."
        )
    return " ".join(words)
