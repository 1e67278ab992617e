"""Pictures of measured series: the series, its delay embedding and its recurrences."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ._pictures import saved
from .plot import INK, STYLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 150
MOST_DRAWN = 8
DELAYS, FEWEST = 80, 300  # the part of a series that is shown, in delays and in samples
CLOUD = 5000  # delay vectors that are drawn
PLOTTED = 600  # points along a side of a recurrence plot


@dataclass(frozen=True)
class Drawn:
    """One series and its embedding.

    Attributes
    ----------
    name : str
    x : (n_times,) array
    start : float
        Time of the first value.
    dt : float
        Time between two values.
    delay : int
        Samples between the coordinates of a point.
    points : (n_points, dimension) array
        Delay vectors of ``x``.
    radius : float
        Distance of points that recur.
    """

    name: str
    x: np.ndarray
    start: float
    dt: float
    delay: int
    points: np.ndarray
    radius: float


def draw(series: Sequence[Drawn], title: str, path: str | os.PathLike[str]) -> None:
    """Draw series into a file, a row each; no display is needed.

    Parameters
    ----------
    series : sequence of Drawn
    title : str
        Where they come from.
    path : path
        Its suffix says the format: ``.png``, ``.pdf``, ``.svg``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from fastsci.chaos.embedding import delay_embedding
    >>> x = np.sin(0.1 * np.arange(2000))
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "sine.png"
    >>> draw([Drawn("sine", x, 0.0, 0.1, 15, delay_embedding(x, 2, 15), 0.2)], "a sine", path)
    >>> path.stat().st_size > 10_000
    True
    """
    saved(lambda: compose(series, title), STYLE, DPI, path)


def compose(series: Sequence[Drawn], title: str) -> Figure:
    """The figure, one row a series."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 0.7 + 2.9 * len(series)))
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    rows = figure.subplots(len(series), 3, squeeze=False, width_ratios=(1.7, 1.0, 1.0))
    for row, one in zip(rows, series, strict=True):
        shown = min(len(one.points), max(FEWEST, DELAYS * one.delay))
        _in_time(row[0], one, shown)
        _embedded(row[1], one)
        _recurrent(row[2], one, shown)
    for axis, name in zip(rows[0], ("the end of the series", "delay embedding", "recurrences"), strict=True):
        axis.set_title(name, loc="left")
    for axis in (rows[-1][0], rows[-1][2]):
        axis.set_xlabel("time")
    return figure


def _in_time(axis: Any, one: Drawn, shown: int) -> None:
    times = one.start + one.dt * np.arange(len(one.x))
    dots = "." if shown <= 400 else ""
    axis.plot(times[-shown:], one.x[-shown:], color=INK, lw=0.8, marker=dots, ms=3)
    axis.set_ylabel(one.name)
    axis.margins(x=0.01)


def _embedded(axis: Any, one: Drawn) -> None:
    """Values against the values a delay later; points of a map are not joined."""
    now, later = one.x[: -one.delay][-CLOUD:], one.x[one.delay :][-CLOUD:]
    if one.delay > 1:
        axis.plot(now, later, color=INK, lw=0.35, alpha=0.7, rasterized=True)
    else:
        axis.plot(now, later, ".", color=INK, ms=2, mew=0, rasterized=True)
    axis.set(xlabel=f"{one.name}(i)", ylabel=f"{one.name}(i + {one.delay})")


def _recurrent(axis: Any, one: Drawn, shown: int) -> None:
    """Times at which the series comes close to where it was."""
    from matplotlib.colors import ListedColormap

    points = one.points[-shown :: -(-shown // PLOTTED)]
    square = (points**2).sum(axis=1)
    apart = square[:, np.newaxis] + square - 2.0 * points @ points.T
    close = np.ma.masked_equal((apart <= one.radius**2).astype(float), 0.0)
    end = one.start + one.dt * (len(one.x) - 1)
    start = end - one.dt * (shown - 1)
    axis.imshow(
        close, origin="lower", extent=(start, end, start, end), aspect="auto", cmap=ListedColormap([INK]),
        interpolation="nearest",
    )  # fmt: skip
    axis.locator_params(nbins=5)
    axis.set_ylabel("time")
    axis.spines[:].set_visible(True)
