"""The figure that compares denoising with contraction: sensitivities, estimates of the penalty, and the expansion."""

import matplotlib.pyplot as plt
from matplotlib.ticker import NullFormatter

from experiments.common import plotting

MEASURES = ("code along", "code across", "reconstruction along", "reconstruction across")
FINITE = "reconstruction, finite noise"
FRONTS = {
    "code across": plotting.COLORS[1],
    "reconstruction across": plotting.COLORS[2],
    FINITE: plotting.COLORS[3],
}


def draw(points, estimates, expansion, settings, data):
    """Sensitivities over the levels and over the error, cost and error of the penalty's estimates, and what noise adds."""
    with plotting.style():
        figure, axes = plt.subplots(2, 3, figsize=(12, 7.6))
        labels = {"DAE": "noise s (units of the data)", "CAE": "weight λ"}
        for ax, family, title in zip(axes[0], labels, ("denoising", "contractive"), strict=False):
            _levels(ax, [p for p in points if p["family"] == family], points[0], labels[family], f"{title}, {data}")
        top = 1.35 * max(ax.get_ylim()[1] for ax in axes[0, :2])  # room for the legend
        for ax in axes[0, :2]:
            ax.set_ylim(0, top)
            ax.legend(fontsize=9, ncol=2, loc="upper center")
        _fronts(axes[0, 2], points)
        _costs(axes[1, 0], estimates)
        _steps(axes[1, 1], [e for e in estimates if e["name"] == "finite difference"])
        ax = axes[1, 2]
        ax.plot(
            settings.std, expansion["excess"], "o-", color=plotting.COLORS[2], label="added by noise s, divided by s²"
        )
        ax.plot(
            settings.std, expansion["penalty and curvature"], "--", color=plotting.COLORS[0], label="|J|² + (r − x)·Δr"
        )
        ax.plot(settings.std, expansion["penalty"], ":", color=plotting.COLORS[1], label="|J|² alone")
        ax.set(
            xscale="log",
            ylim=(0, None),
            xlabel="noise s (units of the data)",
            ylabel="squared error / s²",
            title="noise on a reconstruction is a penalty",
        )
        ax.legend(fontsize=9)
    return figure


def _levels(ax, members, plain, xlabel, title):
    """The four sensitivities over the levels, with the plain autoencoder's at the left."""
    shown = [p for p in members if p["level"] > 0]
    left = shown[0]["level"] / 3
    for measure in MEASURES:
        color = plotting.COLORS[1] if "code" in measure else plotting.COLORS[2]
        style = "o-" if "across" in measure else "s--"
        ax.plot([p["level"] for p in shown], [p[measure] for p in shown], style, color=color, ms=4, label=measure)
        ax.plot(left, plain[measure], style[0], color=color, ms=6, mfc="white")
    levels = [p["level"] for p in shown]
    ax.set_xscale("log")
    ax.set_xticks([left, *levels], ["AE", *(f"{level:g}" for level in levels)])
    ax.minorticks_off()
    ax.set(xlabel=xlabel, ylabel="sensitivity |J v| (code: over its spread)", title=title)


def _fronts(ax, points):
    """Sensitivity across the data over the reconstruction error, a curve per family."""
    for family, marker in (("DAE", "o"), ("CAE", "^")):
        members = [p for p in points if p["family"] == family or not p["level"]]
        for measure, color in FRONTS.items():
            style = "-" if family == "DAE" else "--"
            values = [p[measure] for p in members]
            name = f"{family}, {measure}"
            ax.plot([p["error"] for p in members], values, marker + style, color=color, ms=4.5, label=name)
    ax.set(
        xlabel="test cross-entropy (nats)",
        ylabel="sensitivity across the data",
        title="over the reconstruction error",
        ylim=(0, 1.65 * ax.get_ylim()[1]),  # room for the legend
    )
    ax.legend(fontsize=9, loc="upper right")


def _costs(ax, estimates):
    colors = dict(zip(("closed form", "finite difference", "random projections"), plotting.COLORS[1:], strict=False))
    for name, color in colors.items():
        members = [e for e in estimates if e["name"] == name]
        ax.plot([e["cost"] for e in members], [e["error"] for e in members], "o", color=color, label=name)
        for index, e in enumerate(members if name == "random projections" else ()):
            # By turns to the left and to the right: neighbours may cost and err nearly alike.
            place = {"xytext": (-6, -3), "ha": "right"} if index % 2 == 0 else {"xytext": (6, -3)}
            ax.annotate(f"{e['number']}", (e["cost"], e["error"]), textcoords="offset points", fontsize=9, **place)
    ax.axvline(1, color="grey", ls=":", lw=1)
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="cost / cost of the definition (jacfwd)",
        ylabel="relative error per example",
        title="estimates of the contractive penalty",
    )
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.legend(fontsize=9)


def _steps(ax, members):
    ax.plot([e["number"] for e in members], [e["error"] for e in members], "o-", color=plotting.COLORS[2])
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="step ε (units of the data)",
        ylabel="relative error per example",
        title="finite differences over the step",
    )
