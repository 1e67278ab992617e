"""The picture of error against work, for the README."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.compare.curves import Curve

WORST = 0.3  # beyond it an error is as large as the attractor, and says nothing
SIZE, DPI = (8.4, 5.0), 160
COLOURS = {
    "Taylor": "#c8442c", "Verner9": "#1f3a5f", "DOP853": "#2f6fb0", "Verner7": "#3d8f86", "Verner6": "#6aa84f",
    "Tsit5": "#b8860b", "DormandPrince5": "#8e5ea2", "BogackiShampine3": "#7a6a5d",
}  # fmt: skip
PEER = {"heyoka": "#000000", "diffrax": "#555555", "SciPy": "#999999"}
STYLE: Any = {
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "figure.constrained_layout.use": True,
}
LETTER, HALF_HEIGHT, GAP = 0.0092, 0.017, 0.011  # of a label, and from its line, as shares of the axes


def draw(curves: Sequence[Curve], path: str | os.PathLike[str], title: str, note: str = "") -> None:
    """Draw error against seconds on logarithmic scales, a line a method, peers dashed, a label at every line's end."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=SIZE, dpi=DPI)
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.set(xscale="log", yscale="log", xlabel="median error at the end (smaller to the right)")
        axes.set_ylabel("seconds for the whole ensemble")
        lines = [line for curve in curves if (line := _line(axes, curve)) is not None]
        axes.invert_xaxis()
        axes.grid(which="major", color="#ececec", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(which="minor", length=0)
        axes.set_title(title, loc="left", fontsize=10.5, fontweight="bold", pad=22.0)
        axes.text(0.0, 1.02, note, transform=axes.transAxes, fontsize=8.5, color="#555555")
        _labels(axes, lines)
        figure.savefig(path)


def _line(axes: Any, curve: Curve) -> Any:
    """Draw one curve as far as its errors are smaller than the attractor."""
    name = curve.solver.name
    shown = [(point.error, point.seconds) for point in curve.points if 0.0 < point.error < WORST]
    if not shown:
        return None
    if curve.solver.ours:
        look = {"color": COLOURS[name], "marker": "o", "markersize": 3.2, "linewidth": 2.2 if name == "Taylor" else 1.4}
    else:
        colour = PEER[name.split()[0]]
        look = {"color": colour, "linestyle": (0, (4, 2)), "marker": "s", "markersize": 2.6, "linewidth": 1.1}
    return axes.plot(*zip(*shown, strict=True), label=name, **look)[0]


def _labels(axes: Any, lines: list[Any]) -> None:
    """A label right of every line's end, as near to it as other lines and labels leave room."""
    low, high = axes.get_xlim()
    axes.set_xlim(low, high * (high / low) ** 0.1)  # room for the labels at the right
    axes.set_ylim(*axes.get_ylim())
    to_axes = axes.transData + axes.transAxes.inverted()
    drawn = [to_axes.transform(line.get_xydata()) for line in lines]
    taken = np.concatenate([_dense(points) for points in drawn])
    for line, points in sorted(zip(lines, drawn, strict=True), key=lambda pair: pair[1][-1][1]):
        text, (x, y) = line.get_label(), points[-1]
        left, right = x + GAP, x + GAP + LETTER * len(text)
        near = taken[(taken[:, 0] > left - GAP / 2) & (taken[:, 0] < right)]
        shifts = sorted(np.arange(-0.12, 0.12, 0.002), key=abs)
        free = [shift for shift in shifts if not (np.abs(near[:, 1] - y - shift) < HALF_HEIGHT).any()]
        y += free[0] if free else 0.0
        axes.text(left, y, text, color=line.get_color(), transform=axes.transAxes, va="center", fontsize=8.5)
        across = np.linspace(left, right, 40)
        taken = np.concatenate([taken, *(np.column_stack([across, np.full(40, y + up)]) for up in (-0.012, 0.012))])


def _dense(points: np.ndarray) -> np.ndarray:
    """Many points along a line, for finding room beside it."""
    place = np.linspace(0, len(points) - 1, 60 * len(points))
    return np.column_stack([np.interp(place, np.arange(len(points)), column) for column in points.T])
