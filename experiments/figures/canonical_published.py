"""What Chollet's text (2016) reports of MNIST, as verdicts on the models here."""

from experiments.common import published
from experiments.common.verdicts import Verdict, listed, rises
from experiments.figures.canonical_drawing import CURVES, NAMES

TEXT, LATER = "Chollet 2016", "Chollet 2016, later text"  # which has Adam instead of Adadelta


def _reached(claim, value, paper, source):
    number, unit = paper
    return Verdict(
        claim,
        f"at most {number:g} + {unit / 2:g}, half a unit of the last printed digit",
        f"{value:.4f} against {number:g}",
        bool(value <= number + unit / 2),
        source,
        (number + unit / 2 - value,),
    )


def verdicts_on_text(grids, measured):
    """The verdicts on what the text reports of its own data."""
    return [
        *_published_losses(grids, measured),
        _published_order(measured),
        _smaller_code(measured["sparse"]["code mean"], measured["simple_adadelta"]["code mean"]),
    ]


def _published_losses(grids, measured):
    names = [name for name in CURVES if name in grids]
    key = "sparse, Adadelta, training loss"
    return [
        *(
            _reached(
                f"{NAMES[name]}: the published test loss",
                measured[name]["cross-entropy"],
                published.KERAS[NAMES[name]],
                LATER if name in ("simple_adam", "deep_adam") else TEXT,
            )
            for name in names
        ),
        _reached(f"{key}, as published", measured["sparse"]["training loss"], published.KERAS[key], TEXT),
    ]


def _published_order(measured):
    names = ["deep_adam", "simple_adam", "deep_adadelta", "simple_adadelta"]
    values = {NAMES[name]: measured[name]["cross-entropy"] for name in names}
    paper = {NAMES[name]: published.KERAS[NAMES[name]][0] for name in names}
    return rises(
        "the order of the models is the published one",
        listed(paper, "{name} {value:g}", join=" < "),
        values,
        "{name} {value:.4f}",
        join="; ",
        source=f"{TEXT}, both texts",
    )


def _smaller_code(sparse, simple):
    means = published.KERAS_CODE_MEAN
    most = means["sparse, Adadelta"] / means["simple, Adadelta"]
    return Verdict(
        "the L1 term makes the code smaller",
        f"sparse / simple code mean at most 3.33 / 7.30 = {most:.3f}, as published",
        f"{sparse:.2f} / {simple:.2f} = {sparse / simple:.3f}",
        bool(sparse / simple <= most),
        TEXT,
        (most - sparse / simple,),
    )
