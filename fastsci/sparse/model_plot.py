"""Pictures of discovered equations: how well they fit, what sparsity costs, how certain they are, where they lead."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .._pictures import saved, stacked
from ..plot import BAND, HOT, INK, STYLE
from .equations import coefficient_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

DPI = 150
MINUS = "\u2212"
FLOW_RATE = "d{}/dt"
WIDTH = 11.0
MOST_STATES = 6  # that are drawn
DRAWN_POINTS = 2000  # of a series: more would hide one another
FEW_POINTS = 150  # up to so many have dots
NUMBERED = 40  # up to so many columns have their numbers written out
FEW_NAMES = 12  # that stand side by side
BARS = 2.2  # inches that error bars are high
GREY = "#8a8a8a"


@dataclass(frozen=True)
class Fit:
    """Derivatives of the data and those of the model; of a map, next states.

    Attributes
    ----------
    names : sequence of str
        Of the ``d`` states.
    t : (n,) array
    measured, fitted : (n, d) array
    what : str
        What is compared, with ``{}`` for a state's name.
    time : str
        Name of the time axis.
    joined : bool
        Whether there is something between two samples, as there is not between the iterations of a map.
    """

    names: Sequence[str]
    t: np.ndarray
    measured: np.ndarray
    fitted: np.ndarray
    what: str = FLOW_RATE
    time: str = "t"
    joined: bool = True


@dataclass(frozen=True)
class ErrorCurve:
    """What models of fewer and fewer terms leave unexplained, for each state.

    Attributes
    ----------
    names : sequence of str
        Of the ``d`` states.
    thresholds : (k, d) array
        Increasing.
    n_terms : (k, d) array
        Coefficients that are not zero.
    residual : (k, d) array
        Root of the mean squared residual, in parts of that of the derivatives themselves.
    taken : (3, d) array, optional
        Threshold, number of terms and residual of the model that was taken.
    criterion : (k, d) array, optional
        What a choice is made by: the least is the best.
    criterion_name : str
    """

    names: Sequence[str]
    thresholds: np.ndarray
    n_terms: np.ndarray
    residual: np.ndarray
    taken: np.ndarray | None = None
    criterion: np.ndarray | None = None
    criterion_name: str = "criterion"


@dataclass(frozen=True)
class Coefficients:
    """The coefficients with what is known of their certainty.

    Attributes
    ----------
    names : sequence of str
        Of the ``d`` states.
    feature_names : sequence of str
        Of the ``p`` terms.
    coef : (d, p) array
    stderr : (d, p) array, optional
        Standard errors.
    inclusion : (d, p) array, optional
        Share of an ensemble's models that hold each term.
    """

    names: Sequence[str]
    feature_names: Sequence[str]
    coef: np.ndarray
    stderr: np.ndarray | None = None
    inclusion: np.ndarray | None = None


@dataclass(frozen=True)
class Simulation:
    """Measured states and those of the model from the same start.

    Attributes
    ----------
    names : sequence of str
    t : (n,) array
    measured : (n, d) array
    simulated : (n, d) array
        NaN where the model has gone to infinity.
    time : str
        Name of the time axis.
    joined : bool
        As for `Fit`.
    """

    names: Sequence[str]
    t: np.ndarray
    measured: np.ndarray
    simulated: np.ndarray
    time: str = "t"
    joined: bool = True


Picture = Fit | ErrorCurve | Coefficients | Simulation


def draw(pictures: Sequence[Picture] | Picture, title: str, path: str | os.PathLike[str]) -> None:
    """Draw pictures into a file, one below the other; no display is needed.

    Parameters
    ----------
    pictures : Fit, ErrorCurve, Coefficients, Simulation, or a sequence of such
    title : str
    path : path
        Its suffix says the format: ``.png``, ``.pdf``, ``.svg``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> t = np.linspace(0, 6, 100)
    >>> x = np.stack([np.sin(t), np.cos(t)], axis=1)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "fit.png"
    >>> draw(Fit(["x", "v"], t, x, 1.01 * x), "an oscillator", path)
    >>> path.stat().st_size > 10_000
    True
    """
    saved(lambda: compose(pictures, title), STYLE, DPI, path)


def compose(pictures: Sequence[Picture] | Picture, title: str) -> Figure:
    """The figure, a part for each picture."""
    every = list(pictures) if isinstance(pictures, Sequence) else [pictures]
    return stacked(
        title, WIDTH, [_height(picture) for picture in every], [partial(_draw, picture) for picture in every]
    )


def _draw(picture: Picture, part: SubFigure) -> None:
    if isinstance(picture, Fit):
        _fit(part, picture)
    elif isinstance(picture, ErrorCurve):
        _error_curve(part, picture)
    elif isinstance(picture, Coefficients):
        _coefficients(part, picture)
    else:
        _simulation(part, picture)


def _height(picture: Picture) -> float:
    if isinstance(picture, ErrorCurve):
        return 3.2
    if isinstance(picture, Coefficients):
        matrices = 1 + (picture.inclusion is not None)
        matrix = 0.9 + 0.38 * len(picture.names) + 0.065 * max(map(len, picture.feature_names))
        return matrices * matrix + BARS * (picture.stderr is not None)
    return 0.7 + 1.5 * min(len(picture.names), MOST_STATES)


def _fit(part: SubFigure, picture: Fit) -> None:
    """Derivatives beside residuals, a row a state."""
    shown = min(len(picture.names), MOST_STATES)
    rows = part.subplots(shown, 2, sharex="col", squeeze=False, width_ratios=(1.6, 1.0))
    every = _thinned(len(picture.t))
    most = DRAWN_POINTS if picture.joined else FEW_POINTS
    near = slice(0, most)
    for place, row in enumerate(rows):
        left, right = row
        measured, fitted = picture.measured[:, place], picture.fitted[:, place]
        lone = "." if min(len(picture.t), most) <= FEW_POINTS else ""
        left.plot(picture.t[near], measured[near], color=BAND, lw=2.2, alpha=0.6, marker=lone, ms=6, label="data")
        left.plot(picture.t[near], fitted[near], color=HOT, lw=0.9, label="model")
        name = picture.names[place]
        left.set_ylabel(picture.what.format(name if len(name) == 1 or not picture.joined else f" {name}"))
        residual = measured - fitted
        right.plot(picture.t[every], residual[every], ".", color=INK, ms=2.5, mew=0, rasterized=True)
        right.axhline(0.0, color=GREY, lw=0.7, zorder=0)
        size = float(np.sqrt(np.nanmean(residual**2)))
        right.set_title(f"rms {size:.3g}", loc="right", pad=2)
        for axis in row:
            axis.margins(x=0.01)
    part_of = f", the first {most:,} samples" if len(picture.t) > most else ""
    rows[0][0].set_title(("derivatives" if picture.what == FLOW_RATE else "next states") + part_of, loc="left")
    rows[0][0].legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, borderaxespad=0.1)
    rows[0][1].set_title(f"residuals, data {MINUS} model", loc="left")
    for axis in rows[-1]:
        axis.set_xlabel(picture.time)


def _error_curve(part: SubFigure, picture: ErrorCurve) -> None:
    """The residual against the number of terms, and both against the threshold."""
    panels = 2 if picture.criterion is None else 3
    axes = part.subplots(1, panels, squeeze=False)[0]
    shown = min(len(picture.names), MOST_STATES)
    for place in range(shown):
        colour = _colour(place, shown)
        terms, thresholds = picture.n_terms[:, place], picture.thresholds[:, place]
        style: Any = {"color": colour, "lw": 0.9, "marker": ".", "ms": 5}
        axes[0].plot(terms, picture.residual[:, place], **style, label=picture.names[place])
        axes[1].step(thresholds, terms, where="mid", color=colour, lw=1.1)
        if picture.criterion is not None:
            criterion = picture.criterion[:, place]
            axes[2].plot(thresholds, criterion - np.nanmin(criterion), **style)
        if picture.taken is not None:
            threshold, count, residual = picture.taken[:, place]
            axes[0].plot([count], [residual], "o", ms=10, mfc="none", mec=colour, mew=1.4, zorder=5)
            axes[1].plot([threshold], [count], "o", ms=10, mfc="none", mec=colour, mew=1.4, zorder=5)
    axes[0].set(xlabel="number of terms", ylabel="relative residual (rms)", yscale="log")
    axes[0].set_title("error against sparsity" + ("; circles: taken" if picture.taken is not None else ""), loc="left")
    if shown > 1:
        axes[0].legend(frameon=False)
    axes[1].set(xlabel="threshold", ylabel="number of terms")
    axes[1].set_title("terms that stay", loc="left")
    if picture.criterion is not None:
        axes[2].set_yscale("symlog", linthresh=10.0)
        axes[2].set(xlabel="threshold", ylabel=f"{picture.criterion_name} above its least")
        axes[2].set_title("what a choice is made by", loc="left")
    for axis in axes[1:]:
        if (picture.thresholds > 0).all():
            axis.set_xscale("log")
    axes[0].xaxis.get_major_locator().set_params(integer=True)
    axes[1].yaxis.get_major_locator().set_params(integer=True)


def _colour(place: int, count: int) -> Any:
    import matplotlib as mpl

    few = (INK, HOT, BAND)
    return few[place] if count <= len(few) else mpl.colormaps["viridis"](0.9 * place / (count - 1))


def _coefficients(part: SubFigure, picture: Coefficients) -> None:
    """A matrix of coefficients and one of the shares of models that hold them."""
    from matplotlib.colors import SymLogNorm

    if picture.stderr is not None:
        halves: Any = part.subfigures(2, 1, height_ratios=(_height(picture) - BARS, BARS))
        part = halves[0]
        _error_bars(halves[1], picture)
    rows = part.subplots(1 + (picture.inclusion is not None), 1, squeeze=False)[:, 0]
    size = np.abs(picture.coef[picture.coef != 0])
    largest = float(size.max(initial=1e-3))
    linear = float(min(size.min(initial=largest), largest / 10))
    norm = SymLogNorm(linear, vmin=-largest, vmax=largest)
    image = rows[0].imshow(np.where(picture.coef == 0, np.nan, picture.coef), cmap="RdBu_r", norm=norm, aspect="auto")
    errors = np.full_like(picture.coef, np.nan) if picture.stderr is None else picture.stderr
    for place, k in _numbered(picture.coef):
        value = float(picture.coef[place, k])
        number, _, power = coefficient_text(abs(value), 3, float(errors[place, k])).partition(")")
        text = "\n± ".join(f"{part}{power}" for part in number.removeprefix("(").split(" ± "))
        dark = abs(norm(value) - 0.5) > 0.3
        rows[0].text(
            k, place, f"{MINUS if value < 0 else ''}{text}", ha="center", va="center", fontsize=_text_size(picture),
            color="white" if dark else "black", linespacing=0.95,
        )  # fmt: skip
    rows[0].set_title("coefficients" + (" and their standard errors" if picture.stderr is not None else ""), loc="left")
    part.colorbar(image, ax=rows[0], pad=0.01, aspect=12, ticks=(-largest, 0.0, largest), format="%.3g")
    if picture.inclusion is not None:
        image = rows[1].imshow(picture.inclusion, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
        for place, k in _numbered(picture.inclusion):
            share = float(picture.inclusion[place, k])
            rows[1].text(
                k, place, f"{share:.2f}".removeprefix("0") if share < 0.995 else "1", ha="center", va="center",
                fontsize=_text_size(picture), color="white" if share > 0.6 else "black",
            )  # fmt: skip
        rows[1].set_title("share of models that hold the term", loc="left")
        part.colorbar(image, ax=rows[1], pad=0.01, aspect=12)
    for axis in rows:
        size = min(9.0, 560.0 / len(picture.feature_names))
        axis.set_xticks(range(len(picture.feature_names)), picture.feature_names, rotation=90, fontsize=size)
        axis.set_yticks(range(len(picture.names)), picture.names)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(True)
        axis.set_xticks(np.arange(0.5, len(picture.feature_names) - 1), minor=True)
        axis.set_yticks(np.arange(0.5, len(picture.names) - 1), minor=True)
        axis.grid(which="minor", color="#dddddd", lw=0.5)
        axis.tick_params(which="minor", length=0)


def _error_bars(part: SubFigure, picture: Coefficients) -> None:
    """Standard errors in parts of the coefficients: one whose errors reach zero may as well be none."""
    assert picture.stderr is not None
    axis = part.subplots()
    kept = np.argwhere(picture.coef != 0)
    relative = np.array([picture.stderr[place, k] / abs(picture.coef[place, k]) for place, k in kept])
    places = np.arange(len(kept))
    colours = np.where(2.0 * relative < 1.0, INK, HOT)
    axis.vlines(places, 1e-3, np.maximum(100.0 * relative, 1e-3), color=colours, lw=2.5)
    axis.axhline(50.0, color=GREY, lw=0.7, ls=(0, (4, 2)))
    axis.set(yscale="log", ylim=(1e-3, 300.0))
    names = [f"{picture.names[place]}: {picture.feature_names[k]}" for place, k in kept]
    axis.set_xticks(places, names, rotation=90 if len(names) > FEW_NAMES else 0)
    axis.set_xlim(-0.6, len(kept) - 0.4)
    axis.set_ylabel("standard error (%)")
    axis.set_title("standard errors in parts of the coefficients; dashed: two of them reach zero", loc="left")


def _numbered(table: np.ndarray) -> np.ndarray:
    """Places whose numbers are written out: those that are not zero, where there is room."""
    return np.argwhere(table != 0) if table.shape[1] <= NUMBERED else np.empty((0, 2), int)


def _text_size(picture: Coefficients) -> float:
    """Of numbers that have to fit into a column."""
    return float(np.clip(125.0 / len(picture.feature_names), 3.0, 7.5))


def _simulation(part: SubFigure, picture: Simulation) -> None:
    """States in time, a row each, beside the first two against one another."""
    shown = min(len(picture.names), MOST_STATES)
    flat = shown == 1
    grid = part.add_gridspec(shown, 1 if flat else 2, width_ratios=None if flat else (1.8, 1.0))
    every = _thinned(len(picture.t)) if picture.joined else slice(0, FEW_POINTS)
    axes: list[Axes] = []
    for place in range(shown):
        axis = part.add_subplot(grid[place, 0], sharex=axes[0] if axes else None)
        axes.append(axis)
        values = picture.measured[:, place]
        dots = "." if len(picture.t[every]) <= FEW_POINTS else ""
        axis.plot(picture.t[every], values[every], color=BAND, lw=1.6, marker=dots, ms=5, alpha=0.6, label="data")
        axis.plot(picture.t[every], picture.simulated[every, place], color=HOT, lw=1.0, label="model")
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        pad = 0.12 * (high - low) or 1.0
        axis.set_ylim(low - pad, high + pad)
        axis.set_ylabel(picture.names[place])
        axis.margins(x=0.01)
        axis.tick_params(labelbottom=place == shown - 1)
    axes[0].set_title("simulated from the first sample", loc="left")
    axes[0].legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, borderaxespad=0.1)
    axes[-1].set_xlabel(picture.time)
    if not flat:
        axis = part.add_subplot(grid[:, 1])
        pair = (0, shown - 1) if shown == 3 else (0, 1)
        style: dict[str, Any] = {} if picture.joined else {"ls": "", "marker": "."}
        axis.plot(*picture.measured[:, pair].T, color=BAND, lw=1.2, ms=6, mew=0, alpha=0.6, **style)
        limits = axis.get_xlim(), axis.get_ylim()
        axis.plot(*picture.simulated[:, pair].T, color=HOT, lw=0.8, ms=2.5, mew=0, **style)
        axis.set(xlabel=picture.names[pair[0]], ylabel=picture.names[pair[1]], xlim=limits[0], ylim=limits[1])


def _thinned(count: int) -> slice:
    return slice(None, None, max(1, -(-count // DRAWN_POINTS)))
