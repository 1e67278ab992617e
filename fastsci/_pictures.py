"""Pictures of several parts, one below the other, and files of them; no display is needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure


def stacked(
    title: str,
    width: float,
    heights: Sequence[float],
    parts: Sequence[Callable[[SubFigure], None]],
) -> Figure:
    """A figure ``width`` inches wide, with a part of each height, drawn by one of ``parts``."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, 0.5 + sum(heights)))
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    places = figure.subfigures(len(parts), 1, height_ratios=heights, squeeze=False)[:, 0]
    for place, draw in zip(places, parts, strict=True):
        draw(place)
    return figure


def saved(compose: Callable[[], Figure], style: Any, dpi: float, path: str | os.PathLike[str]) -> None:
    """Compose a figure in a style and write it to a file, whose suffix says the format."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with mpl.rc_context(style):
        figure = compose()
        # A canvas of the figure's own: pyplot's state and the caller's back end stay as they are.
        FigureCanvasAgg(figure)
        figure.savefig(path, dpi=dpi)
