"""One figure of equally drawn ones: lines and bars at their means, with one standard deviation around them."""

import numpy as np
from matplotlib.container import ErrorbarContainer

from experiments.common.mean_text import mean_text

SHADE = 0.18  # of a band


def joint_figure(figures):
    """The first of the figures, changed to show the means over all.

    Lines of the same places get a band, markers without a line and bars get whiskers; a line whose places differ is joined by
    those of the other figures, thin. Whiskers of single figures go. Scattered points and other artists are those of the first.
    """
    first = figures[0]
    if len(figures) == 1 or len({len(figure.axes) for figure in figures}) > 1:
        return first
    for axes in zip(*(figure.axes for figure in figures), strict=True):
        _drop_whiskers(axes)
        _join_lines(axes)
        _join_bars(axes)
        _join_texts(axes)
    return first


def _drop_whiskers(axes):
    """Take away the whiskers of single figures, in whose place those over the figures stand."""
    for container in [container for ax in axes for container in ax.containers]:
        if isinstance(container, ErrorbarContainer):
            container.remove()


def _join_lines(axes):
    own = axes[0]
    for lines in _together([ax.get_lines() for ax in axes]):
        if len({len(_places(line)) for line in lines}) > 1:
            continue
        first, places, heights = lines[0], np.stack(list(map(_places, lines))), np.stack(list(map(_heights, lines)))
        if _same(places):
            if not _same(heights):
                _add_band(own, first, places[0], heights)
        elif first.get_linestyle() != "None":  # scattered points stay those of the first
            _add_thin(own, lines, across=_same(heights) and first.get_transform() != own.transData)


def _add_band(ax, line, places, heights):
    mean, deviation = heights.mean(axis=0), heights.std(axis=0, ddof=1)
    line.set_ydata(mean)
    style = {"color": line.get_color(), "zorder": line.get_zorder() - 0.1}
    if line.get_transform() != ax.transData:  # a level across the axes
        ax.axhspan(mean[0] - deviation[0], mean[0] + deviation[0], alpha=SHADE, lw=0, **style)
    elif line.get_linestyle() == "None":
        ax.errorbar(places, mean, deviation, fmt="none", lw=1, **style)
    else:
        ax.fill_between(places, mean - deviation, mean + deviation, alpha=SHADE, lw=0, **style)


def _add_thin(ax, lines, across):
    """Draw a line of the other figures beside that of the first; across: they are positions on the horizontal axis."""
    first = lines[0]
    style = {"color": first.get_color(), "lw": first.get_linewidth() / 2, "alpha": 0.5, "ls": first.get_linestyle()}
    for line in lines[1:]:
        if across:
            ax.axvline(_places(line)[0], **style)
        elif first.get_transform() == ax.transData:
            marks = {"marker": first.get_marker(), "ms": first.get_markersize() / 1.5}
            ax.plot(_places(line), _heights(line), **marks, **style)


def _join_bars(axes):
    for containers in _together([ax.containers for ax in axes]):
        if not all(hasattr(container, "orientation") and hasattr(container, "patches") for container in containers):
            continue
        upright = containers[0].orientation == "vertical"
        bars = [[_bar(patch, upright) for patch in container.patches] for container in containers]
        if len({len(each) for each in bars}) > 1 or not bars[0] or not _same(np.array(bars)[..., :2]):
            continue
        lengths = np.array(bars)[..., 2]
        if _same(lengths):
            continue
        mean, deviation = lengths.mean(axis=0), lengths.std(axis=0, ddof=1)
        for patch, length in zip(containers[0].patches, mean, strict=True):
            (patch.set_height if upright else patch.set_width)(length)
        middles, whiskers = np.array(bars[0])[:, 0], {"fmt": "none", "ecolor": "0.2", "lw": 1, "capsize": 2}
        if upright:
            axes[0].errorbar(middles, mean, yerr=deviation, **whiskers)
        else:
            axes[0].errorbar(mean, middles, xerr=deviation, **whiskers)


def _bar(patch, upright):
    """The middle, the foot and the length of a bar."""
    if upright:
        return patch.get_x() + patch.get_width() / 2, patch.get_y(), patch.get_height()
    return patch.get_y() + patch.get_height() / 2, patch.get_x(), patch.get_width()


def _join_texts(axes):
    """Write means where texts differ in their numbers."""
    groups = [[ax.title, *ax.texts, *(ax.get_legend().get_texts() if ax.get_legend() else [])] for ax in axes]
    for texts in _together(groups):
        texts[0].set_text(mean_text([text.get_text() for text in texts]))


def _together(groups):
    """The members of every group by their position, nothing where the groups are of different sizes."""
    return list(zip(*groups, strict=True)) if len({len(group) for group in groups}) == 1 else []


def _same(values):
    return np.array_equal(values, np.broadcast_to(values[:1], values.shape), equal_nan=True)


def _places(line):
    return np.asarray(line.get_xdata(orig=False), float)


def _heights(line):
    return np.asarray(line.get_ydata(orig=False), float)
