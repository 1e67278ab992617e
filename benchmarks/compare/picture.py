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
ROOM = 0.036  # the least distance between two labels, as a share of the axis


def draw(curves: Sequence[Curve], path: str | os.PathLike[str], title: str) -> None:
    """Draw error against seconds on logarithmic scales, one line a method, peers dashed, a label at every line's end."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=SIZE, dpi=DPI)
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        ends = [_line(axes, curve) for curve in curves]
        axes.set(xscale="log", yscale="log", xlabel="median error at the end, smaller to the right")
        axes.set_ylabel("seconds for the whole ensemble")
        axes.invert_xaxis()
        axes.grid(which="major", color="#e4e4e4", linewidth=0.6)
        axes.tick_params(which="minor", length=0)
        axes.set_title(title, loc="left", fontsize=9.5)
        _labels(axes, [end for end in ends if end is not None])
        figure.savefig(path)


def _line(axes: Any, curve: Curve) -> tuple[str, str, float, float] | None:
    """Draw one curve; its label, colour and last point."""
    name = curve.solver.name
    shown = [(point.error, point.seconds) for point in curve.points if point.error < WORST]
    if not shown:
        return None
    errors, times = zip(*shown, strict=True)
    if curve.solver.ours:
        colour = COLOURS[name]
        axes.plot(errors, times, color=colour, marker="o", markersize=3.2, linewidth=1.9 if name == "Taylor" else 1.3)
    else:
        colour = PEER[name.split()[0].rstrip(",")]
        axes.plot(errors, times, color=colour, linestyle=(0, (4, 2)), marker="s", markersize=2.8, linewidth=1.1)
    return name, colour, errors[-1], times[-1]


def _labels(axes: Any, ends: list[tuple[str, str, float, float]]) -> None:
    """A label right of every line's end, moved up where two would touch."""
    axes.margins(x=0.03)
    low, high = axes.get_xlim()
    axes.set_xlim(low, high * 10 ** (-0.17 * np.log10(low / high)))  # room for the labels at the right
    to_axes = axes.transData + axes.transAxes.inverted()
    placed: list[tuple[float, float]] = []
    for name, colour, error, time in sorted(ends, key=lambda end: end[3]):
        x, y = to_axes.transform((error, time))
        while any(abs(y - other) < ROOM and abs(x - place) < 0.19 for place, other in placed):
            y += ROOM / 4
        placed.append((x, y))
        axes.text(x + 0.012, y, name, color=colour, transform=axes.transAxes, va="center", fontsize=8.5)
