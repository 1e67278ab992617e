"""Pictures of ensembles: phase portraits, the spread in time, densities, and what a parameter does."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ._pictures import saved

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

SHOWN_STATES = 3
DRAWN_PATHS, DRAWN_TURNS = 30, 60  # more would bury the densities
BINS = 160
POINTS = 5000  # up to so many final states are drawn one by one
INK, BAND, HOT = "#1f3a5f", "#3f7fbf", "#c8442c"
DENSITY, PARAMETER = "Greys", "viridis"
STYLE: Any = {
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.0,
    "axes.linewidth": 0.7,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
}


@dataclass(frozen=True)
class Portrait:
    """What a picture of an ensemble shows.

    Attributes
    ----------
    title : str
        What was run.
    names : sequence of str
        Names of the ``shown`` state variables, three at most.
    spread_times : (n_times,) array
        Times over the whole span.
    spread : (n_sample, shown, n_times) array
        A sample of members at those times.
    path_times : (n_path_times,) array
        Close times over the last stretch of the span.
    paths : (n_sample, shown, n_path_times) array
        The same members at those times.
    finals : (n_finals, shown) array
        Final states of every member or of many; members that failed hold nan.
    parameter : str, optional
        The one parameter that differs between members.
    path_parameter : (n_sample,) array, optional
        Its values in the sample.
    final_parameter : (n_finals,) array, optional
        Its values beside ``finals``.
    """

    title: str
    names: Sequence[str]
    spread_times: np.ndarray
    spread: np.ndarray
    path_times: np.ndarray
    paths: np.ndarray
    finals: np.ndarray
    parameter: str | None = None
    path_parameter: np.ndarray | None = None
    final_parameter: np.ndarray | None = None


def draw(portrait: Portrait, path: str | os.PathLike[str]) -> None:
    """Draw an ensemble into a file; no display is needed.

    Parameters
    ----------
    portrait : Portrait
    path : path
        Its suffix says the format: ``.png``, ``.pdf``, ``.svg``.

    Examples
    --------
    >>> import numpy as np, pathlib, tempfile
    >>> times = np.linspace(0, 6, 50)
    >>> phases = np.linspace(0, 1, 20)[:, None, None]
    >>> circles = np.concatenate([np.cos(times + phases), np.sin(times + phases)], axis=1)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "circles.png"
    >>> draw(Portrait("circles", ("x", "v"), times, circles, times, circles, circles[:, :, -1]), path)
    >>> path.stat().st_size > 10_000
    True
    """
    saved(lambda: compose(portrait), STYLE, 150, path)


def compose(portrait: Portrait) -> Figure:
    """The figure, one row for each kind of view and one column for each state variable."""
    from matplotlib.figure import Figure

    shown = len(portrait.names)
    finals = portrait.finals[np.isfinite(portrait.finals).all(axis=1)]
    many = len(finals) > 1
    rows = [_phase_portraits] if shown > 1 else []
    rows += [_spread_in_time]
    if many:
        rows += [_final_densities]
    if many and portrait.parameter is not None:
        rows += [_against_parameter]
    heights = [1.5 if row is _phase_portraits else 1.0 for row in rows]
    figure = Figure(figsize=(1.2 + 3.6 * max(shown, 2), 0.6 + 2.4 * sum(heights)))
    figure.suptitle(portrait.title, fontsize=11, x=0.01, ha="left")
    strips = figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False)[:, 0]
    for strip, row in zip(strips, rows, strict=True):
        row(strip, portrait)
    return figure


def _phase_portraits(strip: Any, portrait: Portrait) -> None:
    """Density of the final states, and over it the last turns of some members."""
    from matplotlib.collections import LineCollection

    pairs = list(itertools.combinations(range(len(portrait.names)), 2))
    axes = strip.subplots(1, len(pairs), squeeze=False)[0]
    chosen = np.unique(np.linspace(0, len(portrait.paths) - 1, min(DRAWN_PATHS, len(portrait.paths))).astype(int))
    first = _last_turns(portrait.paths, DRAWN_TURNS // len(chosen))
    paths = portrait.paths[chosen, :, first:]
    scale, colours = _parameter_colours(portrait, chosen)
    for axis, (i, j) in zip(axes, pairs, strict=True):
        limits = _limits(paths[:, i], portrait.finals[:, i]), _limits(paths[:, j], portrait.finals[:, j])
        _density(axis, portrait.finals[:, i], portrait.finals[:, j], limits, "Greys" if scale else "OrRd")
        lines = [np.column_stack([path[i], path[j]]) for path in paths]
        axis.add_collection(LineCollection(lines, linewidths=0.5, alpha=0.7, colors=colours, zorder=3))
        axis.set(xlim=limits[0], ylim=limits[1], xlabel=portrait.names[i], ylabel=portrait.names[j])
    window = f"t = {portrait.path_times[first]:.4g} to {portrait.path_times[-1]:.4g}"
    marked = "grey" if scale else "red"
    drawn = f"{len(chosen)} members" if len(chosen) > 1 else "trajectory"
    axes[0].set_title(f"{drawn} over {window}; {marked}: final states", loc="left")
    if scale is not None:
        from matplotlib.cm import ScalarMappable

        strip.colorbar(ScalarMappable(scale, PARAMETER), ax=list(axes), label=portrait.parameter, aspect=30, pad=0.01)


def _last_turns(paths: np.ndarray, turns: int) -> int:
    """Where the last ``turns`` turns of a typical path begin: a turn is a maximum of the variable that has most."""
    maxima = max(len(_maxima(paths[:, index])[0]) for index in range(paths.shape[1])) / len(paths)
    return 0 if maxima <= turns else int(paths.shape[2] * (1.0 - turns / maxima))


def _parameter_colours(portrait: Portrait, chosen: np.ndarray) -> tuple[Normalize | None, Any]:
    """A colour a trajectory: by the parameter that varies, where one does."""
    if portrait.path_parameter is None:
        return None, INK
    import matplotlib as mpl
    from matplotlib.colors import Normalize

    values = portrait.path_parameter
    scale = Normalize(float(values.min()), float(values.max()))
    return scale, mpl.colormaps[PARAMETER](scale(values[chosen]))


def _density(axis: Axes, x: np.ndarray, y: np.ndarray, limits: tuple[Any, Any], colours: str = DENSITY) -> None:
    """Points; of many, counts in a grid of boxes on a logarithmic scale, where empty boxes stay clear."""
    if len(x) <= POINTS:
        colour = HOT if colours != DENSITY else "black"
        axis.plot(
            x,
            y,
            ".",
            ms=9.0 if len(x) == 1 else 2.2,
            mew=0,
            color=colour,
            alpha=0.7,
            rasterized=True,
            zorder=3,
        )
        return
    from matplotlib.colors import LogNorm

    bins = int(np.clip(2 * len(x) ** 0.4, 80, BINS))
    counts, x_edges, y_edges = np.histogram2d(x, y, bins=bins, range=limits)
    # The palest colours would not be seen on white.
    norm = LogNorm(0.1, max(counts.max(), 2.0))
    axis.pcolormesh(
        x_edges, y_edges, np.ma.masked_equal(counts.T, 0), cmap=colours, norm=norm, alpha=0.75, lw=0, zorder=3,
        rasterized=True,
    )  # fmt: skip


def _spread_in_time(strip: Any, portrait: Portrait) -> None:
    """Median and the bands that hold the middle 50 % and 90 % of the members."""
    shown = len(portrait.names)
    axes = strip.subplots(1, shown, squeeze=False)[0]
    for index, axis in enumerate(axes):
        values = portrait.spread[:, index]
        if len(values) > 1:
            low, lower, median, upper, high = np.percentile(values, (5, 25, 50, 75, 95), axis=0)
            axis.fill_between(portrait.spread_times, low, high, color=BAND, alpha=0.22, lw=0, label="90 %")
            axis.fill_between(portrait.spread_times, lower, upper, color=BAND, alpha=0.45, lw=0, label="50 %")
            axis.plot(portrait.spread_times, median, color=INK, lw=1.0, label="median")
        else:
            axis.plot(portrait.spread_times, values[0], color=INK, lw=0.8)
        axis.set(xlabel="t", ylabel=portrait.names[index])
        axis.margins(x=0)
    if len(portrait.spread) > 1:
        axes[0].set_title(f"spread of {len(portrait.spread)} members in time", loc="left")
        axes[-1].legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, borderaxespad=0.1)


def _final_densities(strip: Any, portrait: Portrait) -> None:
    """Density of every final state variable."""
    from matplotlib.ticker import MaxNLocator

    finals = portrait.finals[np.isfinite(portrait.finals).all(axis=1)]
    axes = strip.subplots(1, len(portrait.names), squeeze=False)[0]
    for index, axis in enumerate(axes):
        limits = _limits(finals[:, index])
        bins = int(np.clip(len(finals) ** 0.5, 10, BINS))
        axis.hist(
            finals[:, index],
            bins=bins,
            range=limits,
            density=True,
            color=BAND,
            histtype="stepfilled",
            alpha=0.8,
        )
        axis.set(xlabel=f"{portrait.names[index]} at the end", xlim=limits)
        axis.set_ylim(bottom=0)
        axis.xaxis.set_major_locator(MaxNLocator(6))
    axes[0].set_ylabel("probability density")
    axes[0].set_title(f"final states of {len(finals):,} members", loc="left")


def _against_parameter(strip: Any, portrait: Portrait) -> None:
    """Final states and late extrema of the trajectories against the parameter that varies."""
    finite = np.isfinite(portrait.finals).all(axis=1)
    assert portrait.final_parameter is not None
    assert portrait.path_parameter is not None
    parameter, finals = portrait.final_parameter[finite], portrait.finals[finite]
    middle = len(portrait.path_times) // 2
    late = portrait.paths[:, :, middle:]
    axes = strip.subplots(1, len(portrait.names), squeeze=False)[0]
    across = _limits(parameter, pad=0.0)
    for index, axis in enumerate(axes):
        limits = _limits(late[:, index], finals[:, index])
        _density(axis, parameter, finals[:, index], (across, limits))
        for extrema, colour, label in ((_maxima, HOT, "maxima"), (_minima, BAND, "minima")):
            who, values = extrema(late[:, index])
            axis.plot(
                portrait.path_parameter[who], values, ".", ms=1.6, mew=0, color=colour, label=label, zorder=4,
                rasterized=True,
            )  # fmt: skip
        axis.set(xlabel=portrait.parameter, ylabel=portrait.names[index], xlim=across, ylim=limits)
    window = f"t = {portrait.path_times[middle]:.4g} to {portrait.path_times[-1]:.4g}"
    axes[0].set_title(f"grey: final states; dots: extrema over {window}", loc="left")
    axes[-1].legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, borderaxespad=0.1, markerscale=6
    )


def _maxima(paths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Path and value of every local maximum."""
    inner = paths[:, 1:-1]
    who, when = np.nonzero((inner > paths[:, :-2]) & (inner >= paths[:, 2:]))
    return who, inner[who, when]


def _minima(paths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    who, values = _maxima(-paths)
    return who, -values


def _limits(*drawn: np.ndarray, pad: float = 0.04) -> tuple[float, float]:
    """A range that holds what is drawn, but does not stretch to a few values far from all others."""
    values = np.concatenate([values.ravel() for values in drawn])
    finite = values[np.isfinite(values)].astype(np.float64)
    inner = np.percentile(finite, (0.1, 99.9))
    reach = 0.5 * (inner[1] - inner[0])
    low, high = max(finite.min(), inner[0] - reach), min(finite.max(), inner[1] + reach)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        width = 0.05 * max(abs(low), abs(high)) or 1.0
        return low - width, high + width
    return low - pad * (high - low), high + pad * (high - low)
