"""Pictures of bifurcation diagrams: where a map's late iterations lie, for every value of a parameter."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ._pictures import saved
from .plot import BAND, INK, STYLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 200
COLUMNS, ROWS = 2200, 1200  # pixels of the diagram itself
LEFT, RIGHT, BELOW, ABOVE = 170, 230, 130, 110  # pixels around it
FULL = 8_000_000  # fewer points are counted in boxes of two by two pixels, or the picture is dust
BLOCK = 2**22  # points counted at a time
PALE, DEEP, ESCAPED = "#d3e3f3", "#0a1424", "#f6e3dd"


@dataclass(frozen=True)
class Diagram:
    """What a bifurcation diagram shows.

    Attributes
    ----------
    title : str
        What was iterated.
    parameter, component : str
        Names of the axes.
    values : (n,) array
        Evenly spaced values of the parameter, in either direction.
    states : (n, kept) array
        Late iterations of the component at each value; those of a member that failed are nan.
    """

    title: str
    parameter: str
    component: str
    values: np.ndarray
    states: np.ndarray


def draw(diagram: Diagram, path: str | os.PathLike[str]) -> None:
    """Draw a bifurcation diagram into a file; no display is needed.

    Parameters
    ----------
    diagram : Diagram
    path : path
        Its suffix says the format: ``.png``, ``.pdf``, ``.svg``.

    Examples
    --------
    >>> import fastsci, numpy as np, pathlib, tempfile
    >>> r = np.linspace(2.8, 4.0, 300)
    >>> late = fastsci.iterate_map(fastsci.systems.logistic, 600, params={"r": r}, save_last=100)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "logistic.png"
    >>> draw(Diagram("logistic", "r", "x", r, late.y[:, 0]), path)
    >>> path.stat().st_size > 10_000
    True
    """
    saved(lambda: compose(diagram), {**STYLE, "figure.constrained_layout.use": False, "font.size": 11.0}, DPI, path)


def compose(diagram: Diagram) -> Figure:
    """The figure: points are counted in boxes, one for each pixel of the diagram where there are enough."""
    from matplotlib.colors import LinearSegmentedColormap, LogNorm
    from matplotlib.figure import Figure

    width, height = LEFT + COLUMNS + RIGHT, ABOVE + ROWS + BELOW
    figure = Figure(figsize=(width / DPI, height / DPI))
    axis = figure.add_axes((LEFT / width, BELOW / height, COLUMNS / width, ROWS / height))
    low, high = _limits(diagram.states)
    pixels = 1 if diagram.states.size >= FULL else 2
    share = shares(diagram.states, (low, high), min(COLUMNS // pixels, len(diagram.values)), ROWS // pixels)
    extent = (*edges(diagram.values), low, high)
    escaped = np.isnan(share[0])
    colours = LinearSegmentedColormap.from_list("ink", [PALE, BAND, INK, DEEP])
    faint, strong = np.percentile(share[share > 0.0], (2.0, 99.0))
    image = axis.imshow(
        np.ma.masked_where(~(share > 0.0), share), extent=extent, origin="lower", aspect="auto", cmap=colours,
        norm=LogNorm(min(0.5 * faint, 0.1 * strong), strong, clip=True), interpolation="nearest",
    )  # fmt: skip
    if escaped.any():
        _shade(axis, escaped, extent)
    axis.set_xlabel(diagram.parameter, fontsize=14)
    axis.set_ylabel(diagram.component, fontsize=14)
    axis.set_title(diagram.title, loc="left", pad=10, fontsize=11)
    bar = figure.add_axes(((LEFT + COLUMNS + 40) / width, BELOW / height, 24 / width, 0.4 * ROWS / height))
    figure.colorbar(image, cax=bar, label="share of the iterations", extend="max")
    bar.minorticks_off()
    return figure


def shares(states: np.ndarray, limits: tuple[float, float], columns: int, rows: int) -> np.ndarray:
    """Share of a column's points in each box, (rows, columns); nan throughout a column that holds none.

    Parameters
    ----------
    states : (n, kept) array
        Members fall into columns in their order, as evenly as they can; nan is no point.
    limits : (low, high)
        Of the rows; points on them count, points beyond do not.
    columns, rows : int

    Examples
    --------
    >>> shares(np.array([[0.1, 0.9], [0.1, 0.1]]), (0.0, 1.0), columns=2, rows=2)
    array([[0.5, 1. ],
           [0.5, 0. ]])
    """
    low, high = limits
    n, kept = states.shape
    counts = np.zeros(columns * rows)
    block = max(1, BLOCK // kept)
    for first in range(0, n, block):
        part = states[first : first + block]
        column = np.arange(first, first + len(part)) * columns // n
        inside = (part >= low) & (part <= high)
        row = np.minimum((part[inside] - low) * (rows / (high - low)), rows - 1).astype(np.int64)
        box = np.broadcast_to(column[:, np.newaxis], part.shape)[inside] * rows + row
        counts += np.bincount(box, minlength=counts.size)
    boxes = counts.reshape(columns, rows).T
    with np.errstate(invalid="ignore"):
        return boxes / boxes.sum(axis=0)


def _shade(axis: Any, escaped: np.ndarray, extent: tuple[float, float, float, float]) -> None:
    """Mark the values of the parameter at which no member stayed finite."""
    from matplotlib.colors import ListedColormap

    marked = np.ma.masked_equal(escaped[np.newaxis].astype(float), 0.0)
    axis.imshow(
        marked, extent=extent, aspect="auto", interpolation="nearest", cmap=ListedColormap([ESCAPED]), zorder=-1
    )


def edges(values: np.ndarray) -> tuple[float, float]:
    """Outer edges of the columns: half a spacing beyond the first and the last value."""
    first, last = float(values[0]), float(values[-1])
    half = 0.5 * (last - first) / (len(values) - 1) if len(values) > 1 else 0.0
    half = half or 0.5 * max(abs(first), 1.0) * 1e-3
    return first - half, last + half


def _limits(states: np.ndarray) -> tuple[float, float]:
    """A range that holds every point."""
    low, high = float(np.nanmin(states)), float(np.nanmax(states))
    pad = 0.02 * (high - low) or 0.05 * max(abs(low), 1.0)
    return low - pad, high + pad
