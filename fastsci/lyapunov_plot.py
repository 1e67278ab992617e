"""Pictures of Lyapunov exponents: how they converge, what a parameter does to them, and maps over two parameters."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ._pictures import saved
from .bifurcation_plot import edges
from .plot import BAND, HOT, INK, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 150
ROUNDING = 1e-10  # smaller errors of exponents are those of rounding
OWN_PANELS = 6  # up to so many exponents converge in a panel each
SHOWN = 0.05  # of the span: what is earlier does not stretch the axes
SQUEEZED = 3.0  # the range of all exponents over that of the largest, from which the largest has a panel of its own
SIGNED, MISSING, ZERO = "RdBu_r", "#b9b9b0", "#8a8a8a"


@dataclass(frozen=True)
class Convergence:
    """The exponents of one member as they stood during the run.

    Attributes
    ----------
    title : str
        What was run.
    unit : str
        Of the exponents, such as "per unit of t".
    time : str
        Name of the time axis.
    t : (n_times,) array
    history : (k, n_times) array
        Exponents at those times.
    stderr : (k,) array
        Standard errors at the end.
    """

    title: str
    unit: str
    time: str
    t: np.ndarray
    history: np.ndarray
    stderr: np.ndarray


@dataclass(frozen=True)
class Sweep:
    """The exponents at the values of a parameter.

    Attributes
    ----------
    title, unit : str
        As in `Convergence`.
    parameter : str
        Name of the parameter.
    values : (n,) array
        Of the parameter, evenly spaced.
    exponents, stderr : (n, k) array
        NaN where a member failed.
    """

    title: str
    unit: str
    parameter: str
    values: np.ndarray
    exponents: np.ndarray
    stderr: np.ndarray


@dataclass(frozen=True)
class ExponentMap:
    """The largest exponent over a grid of two parameters.

    Attributes
    ----------
    title, unit : str
        As in `Convergence`.
    parameters : (str, str)
        Names of the horizontal and of the vertical axis.
    values : ((n,) array, (m,) array)
        Of the two parameters, evenly spaced.
    exponent : (n, m) array
        NaN where a member failed.
    """

    title: str
    unit: str
    parameters: Sequence[str]
    values: Sequence[np.ndarray]
    exponent: np.ndarray


def draw(picture: Convergence | Sweep | ExponentMap, path: str | os.PathLike[str]) -> None:
    """Draw exponents into a file; no display is needed.

    Parameters
    ----------
    picture : Convergence, Sweep or ExponentMap
    path : path
        Its suffix says the format: ``.png``, ``.pdf``, ``.svg``.

    Examples
    --------
    >>> import fastsci, numpy as np, pathlib, tempfile
    >>> r = np.linspace(2.9, 4.0, 200)
    >>> found = fastsci.lyapunov_spectrum(
    ...     fastsci.systems.logistic, y0=[0.3], params={"r": r}, t_transient=500, t_total=2000
    ... )
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "logistic.png"
    >>> draw(Sweep("logistic", "per iteration", "r", r, found.exponents, found.stderr), path)
    >>> path.stat().st_size > 10_000
    True
    """
    saved(lambda: compose(picture), {**STYLE, "font.size": 10.0, "axes.titlesize": 10.0}, DPI, path)


def compose(picture: Convergence | Sweep | ExponentMap) -> Figure:
    """The figure of a picture."""
    if isinstance(picture, Convergence):
        return _converging(picture)
    return _swept(picture) if isinstance(picture, Sweep) else _mapped(picture)


def with_error(value: float, error: float) -> tuple[str, str]:
    """A value with as many places as its standard error needs for two digits, and the error.

    Examples
    --------
    >>> with_error(0.90562, 0.00231)
    ('0.9056', '0.0023')
    """
    if not (math.isfinite(error) and error > ROUNDING):
        return f"{value:.10g}", f"{error:.1g}"
    places = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{places}f}", f"{error:.{places}f}"


def _figure(title: str, size: tuple[float, float]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size)
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    return figure


def _converging(picture: Convergence) -> Figure:
    if len(picture.history) > OWN_PANELS:
        return _many_converging(picture)
    count = len(picture.history)
    figure = _figure(picture.title, (9.0, 1.2 + max(1.5 * count, 2.0)))
    axes = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    for place, (axis, history, error) in enumerate(zip(axes, picture.history, picture.stderr, strict=True)):
        final = history[-1]
        axis.axhspan(final - error, final + error, color=BAND, alpha=0.2, lw=0)
        axis.axhline(final, color=BAND, lw=0.7)
        axis.plot(picture.t, history, color=INK, lw=1.2)
        axis.set_ylim(*_settled(history, picture.t, error))
        shown = " $\\pm$ ".join(with_error(final, error)).replace("-", "\u2212")
        axis.set_title(rf"$\lambda_{{{place + 1}}}$ = {shown}", loc="right", pad=3)
        axis.set_xlim(0.0, picture.t[-1])
    axes[-1].set_xlabel(picture.time)
    figure.supylabel(f"exponent so far ({picture.unit})", fontsize=10)
    return figure


def _many_converging(picture: Convergence) -> Figure:
    """All histories in one panel, and the spectrum beside them."""
    import matplotlib as mpl

    count = len(picture.history)
    figure = _figure(picture.title, (11.0, 4.8))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.3, 1.0))
    colours = mpl.colormaps["viridis"](np.linspace(0.0, 0.9, count))
    for history, colour in zip(picture.history, colours, strict=True):
        left.plot(picture.t, history, color=colour, lw=0.8)
    ends = np.array([_settled(history, picture.t, 0.0) for history in picture.history])
    left.set(ylim=(ends.min(), ends.max()), xlabel=picture.time, ylabel=f"exponent so far ({picture.unit})")
    left.set_xlim(0.0, picture.t[-1])
    places = np.arange(1, count + 1)
    right.errorbar(places, picture.history[:, -1], picture.stderr, color=INK, lw=0.8, marker=".", capsize=2)
    right.set(xlabel="number of the exponent", xlim=(0, count + 1))
    right.set_title("at the end", loc="left")
    for axis in (left, right):
        axis.axhline(0.0, color=ZERO, lw=0.7, zorder=0)
    return figure


def _settled(history: np.ndarray, t: np.ndarray, error: float) -> tuple[float, float]:
    """Limits that hold the history after its first part, and the error of its end."""
    late = history[t >= SHOWN * t[-1]]
    low, high = min(late.min(), history[-1] - 1.5 * error), max(late.max(), history[-1] + 1.5 * error)
    pad = 0.08 * (high - low) or 0.05 * max(abs(low), 1e-3)
    return low - pad, high + pad


def _swept(picture: Sweep) -> Figure:
    lead, everything = picture.exponents[:, :1], picture.exponents
    squeezed = _extent(everything) > SQUEEZED * max(_extent(lead), 1e-12)
    figure = _figure(picture.title, (9.0, 6.6 if squeezed else 4.4))
    if squeezed:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1.2, 1.0))
        _lines(upper, picture)
        upper.set_ylim(*_around_zero(lead))
        upper.set_title("the largest", loc="left")
        _lines(lower, picture)
        lower.set_title("all" if everything.shape[1] > 1 else "", loc="left")
        axes = (upper, lower)
    else:
        axes = (figure.subplots(),)
        _lines(axes[0], picture)
    axes[-1].set_xlabel(picture.parameter)
    axes[-1].set_ylim(*_around_zero(everything))
    figure.supylabel(f"Lyapunov exponent ({picture.unit})", fontsize=10)
    count = everything.shape[1]
    if 1 < count <= OWN_PANELS:
        drawn, names = axes[0].get_legend_handles_labels()
        axes[0].legend(
            drawn[::-1], names[::-1], loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=count, frameon=False,
            borderaxespad=0.1,
        )  # fmt: skip
    return figure


def _lines(axis: Axes, picture: Sweep) -> None:
    """Exponents with bands of a standard error; the largest on top."""
    count = picture.exponents.shape[1]
    dots = "." if len(picture.values) < 60 else ""
    for place in reversed(range(count)):
        value, error, colour = picture.exponents[:, place], picture.stderr[:, place], _colour(place, count)
        axis.fill_between(picture.values, value - error, value + error, color=colour, alpha=0.25, lw=0)
        name = rf"$\lambda_{{{place + 1}}}$"
        axis.plot(picture.values, value, color=colour, lw=0.9, marker=dots, label=name)
    axis.axhline(0.0, color=ZERO, lw=0.8, zorder=0)
    if len(picture.values) > 1:
        axis.set_xlim(picture.values.min(), picture.values.max())


def _colour(place: int, count: int) -> Any:
    import matplotlib as mpl

    named = (HOT, BAND, INK)
    if place < len(named):
        return named[place]
    return mpl.colormaps["viridis"](0.3 + 0.65 * (place - len(named)) / max(count - len(named), 1))


def _extent(values: np.ndarray) -> float:
    low, high = _around_zero(values)
    return high - low


def _around_zero(values: np.ndarray) -> tuple[float, float]:
    """A range that holds zero and the values, but for a few far from all others."""
    finite = values[np.isfinite(values)]
    inner = np.percentile(finite, (1.0, 99.0))
    reach = 0.3 * (max(inner[1], 0.0) - min(inner[0], 0.0))
    low = min(0.0, max(finite.min(), inner[0] - reach))
    high = max(0.0, min(finite.max(), inner[1] + reach))
    pad = 0.05 * (high - low) or 1e-3
    return low - pad, high + pad


def _mapped(picture: ExponentMap) -> Figure:
    import matplotlib as mpl
    from matplotlib.colors import TwoSlopeNorm

    figure = _figure(picture.title, (9.0, 6.8))
    axis = figure.subplots()
    extent = (*_ordered(picture.values[0]), *_ordered(picture.values[1]))
    rows = picture.exponent.T
    if picture.values[1][0] > picture.values[1][-1]:
        rows = rows[::-1]
    if picture.values[0][0] > picture.values[0][-1]:
        rows = rows[:, ::-1]
    low, high = _signed_limits(rows)
    colours = mpl.colormaps[SIGNED].with_extremes(bad=MISSING)
    image = axis.imshow(
        np.ma.masked_where(np.isnan(rows), np.clip(rows, low, high)), extent=extent, origin="lower", aspect="auto",
        cmap=colours, norm=TwoSlopeNorm(0.0, low, high), interpolation="nearest",
    )  # fmt: skip
    axis.set_xlabel(picture.parameters[0], fontsize=12)
    axis.set_ylabel(picture.parameters[1], fontsize=12)
    axis.spines[:].set_visible(True)
    bar = figure.colorbar(image, ax=axis, extend=_beyond(rows, low, high), aspect=30, pad=0.02)
    bar.set_label(f"largest Lyapunov exponent ({picture.unit})")
    bar.ax.axhline(0.0, color=INK, lw=0.7)
    return figure


def _ordered(values: np.ndarray) -> tuple[float, float]:
    first, last = edges(values)
    return min(first, last), max(first, last)


def _beyond(values: np.ndarray, low: float, high: float) -> Any:
    """Which ends of the colours stand for what lies beyond them too."""
    below, above = bool(np.nanmin(values) < low), bool(np.nanmax(values) > high)
    return ("both" if above else "min") if below else ("max" if above else "neither")


def _signed_limits(values: np.ndarray) -> tuple[float, float]:
    """Limits of the colours on either side of zero, which need not be alike; a few far values do not count."""
    low, high = np.percentile(values[np.isfinite(values)], (1.0, 99.5))
    if low >= 0.0 or high <= 0.0:
        reach = max(abs(low), abs(high)) or 1e-3
        return -reach, reach
    return float(low), float(high)
