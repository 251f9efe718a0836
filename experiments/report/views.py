"""Views of an outcome as data that the page's script reads: sheets of small pictures, places and curves."""

import base64
import io

import matplotlib.colors
import numpy as np
from PIL import Image

from experiments.common.filter_banks import COLUMNS
from experiments.common.plotting import mosaic
from experiments.common.views import Banks

__all__ = ["as_data", "curves"]

SHOWN = 50  # filters of a bank at most
LEVELS = 16  # of grey, so that a sheet is small
POINTS = 300  # of a curve at most


def as_data(view) -> dict:
    """A Banks or Points as numbers, words and PNG sheets in base64."""
    return _banks(view) if isinstance(view, Banks) else _points(view)


def curves(figure) -> list[dict]:
    """The labelled lines of every axes of a matplotlib figure, with the axes' names and scales."""
    return [found for ax in figure.axes if (found := _curves(ax))["lines"]]


def _banks(view):
    filters = {name: np.asarray(bank)[:SHOWN] for name, bank in view.filters.items()}
    height, width = next(iter(filters.values())).shape[1:3]
    return {
        "kind": "banks",
        "what": view.what,
        "stops": [{"name": name, "units": len(bank), "sheet": _png(_sheet(bank))} for name, bank in filters.items()],
        "columns": COLUMNS,
        "tile": [height, width],
    }


def _points(view):
    count = len(view.images)
    columns = int(np.ceil(np.sqrt(count)))
    return {
        "kind": "points",
        "panels": [{"title": title, "places": _rounded(places)} for title, places in view.panels.items()],
        "axes": list(view.axes),
        "names": list(map(str, view.names)),
        "colors": list(map(matplotlib.colors.to_hex, view.colors)),
        "sheet": _png(1 - np.nan_to_num(mosaic(view.images, columns, symmetric=False))),
        "columns": columns,
        "tile": list(view.images.shape[1:3]),
    }


def _curves(ax):
    lines = [line for line in ax.get_lines() if not line.get_label().startswith("_") and len(line.get_xdata()) > 2]
    return {
        "kind": "curves",
        "title": ax.get_title(),
        "axes": [ax.get_xlabel(), ax.get_ylabel()],
        "log": [ax.get_xscale() == "log", ax.get_yscale() == "log"],
        "limits": [list(map(float, ax.get_xlim())), list(map(float, ax.get_ylim()))],
        "lines": [found for line in lines if (found := _line(line))["places"]],
    }


def _line(line):
    places = np.asarray(line.get_xydata(), np.float64)
    places = places[np.isfinite(places).all(axis=1)]
    step = max(1, len(places) // POINTS)
    return {
        "name": line.get_label(),
        "color": matplotlib.colors.to_hex(line.get_color()),
        "dashed": line.get_linestyle() not in ("-", "None"),
        "marks": line.get_linestyle() == "None",
        "places": _rounded(places[::step]),
    }


def _sheet(bank):
    """A mosaic with white between the filters."""
    return np.nan_to_num(mosaic(bank, COLUMNS), nan=1.0)


def _png(picture):
    """A picture in [0, 1] as a PNG in base64."""
    if picture.ndim == 2:
        picture = np.round(picture * (LEVELS - 1)) / (LEVELS - 1)
    file = io.BytesIO()
    Image.fromarray(np.round(255 * picture).astype(np.uint8)).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def _rounded(places):
    return [[float(f"{x:.4g}"), float(f"{y:.4g}")] for x, y in np.asarray(places)]
