"""Pictures of modal models: eigenvalues, singular values, what the modes look like and how they go on in time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from .._pictures import saved, stacked
from ..plot import BAND, HOT, INK, STYLE
from ._modes import ModalModel, fitted_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

DPI = 150
WIDTH = 11.0
GREY = "#8a8a8a"
MOST_MODES = 6  # that are drawn
CROWDED = 3, 5  # modes side by side, whose names take two lines each, and three
DRAWN_POINTS = 2000  # of a line: more would hide one another
STILL = 1e-9  # growth in a step that is none
TICKS = 5
DOTS = (12.0, 220.0)  # areas, from the smallest amplitude to the largest


@dataclass(frozen=True)
class Eigenvalues:
    """Eigenvalues of a step in the complex plane, beside growth rates over frequencies.

    Attributes
    ----------
    eigs : (r,) array
    dt : float
        Time between snapshots.
    sizes : (r,) array, optional
        Amplitudes, which areas of dots stand for.
    """

    eigs: np.ndarray
    dt: float = 1.0
    sizes: np.ndarray | None = None


@dataclass(frozen=True)
class SingularValues:
    """Singular values, and what part of the squared norm the first of them leave out.

    Attributes
    ----------
    values : (k,) array
        From large to small.
    rank : int, optional
        How many are kept.
    """

    values: np.ndarray
    rank: int | None = None


@dataclass(frozen=True)
class Modes:
    """Modes in space, a column each: real parts over imaginary ones.

    Attributes
    ----------
    modes : (n_space, k) array
    names : sequence of str
        Of the ``k`` modes.
    shape : (int, int), optional
        Rows and columns of a grid, whose points are the variables in row-major order; lines over the variables unless
        given.
    x : (n_space,) array, optional
        Places of the variables on a line.
    """

    modes: np.ndarray
    names: Sequence[str]
    shape: tuple[int, int] | None = None
    x: np.ndarray | None = None


@dataclass(frozen=True)
class Dynamics:
    """Amplitudes of modes in time: real parts within their envelopes.

    Attributes
    ----------
    t : (n,) array
    values : (k, n) array
    names : sequence of str
        Of the ``k`` modes.
    """

    t: np.ndarray
    values: np.ndarray
    names: Sequence[str]


Picture = Eigenvalues | SingularValues | Modes | Dynamics


def pictures_of(
    model: ModalModel, *, shape: tuple[int, int] | None = None, x: Any = None, most: int = 4
) -> list[Picture]:
    """Everything there is to see of a fitted model, for `draw`.

    Parameters
    ----------
    model : ModalModel
        `DMD` and its kin.
    shape : (int, int), optional
        Rows and columns of the grid on which the variables lie.
    x : array_like, shape (n_space,), optional
        Places of the variables, where they lie on a line.
    most : int, default=4
        Modes that are drawn, the first ones; of a conjugate pair of real snapshots one.

    Raises
    ------
    ValueError
        If the model is not fitted, ``shape`` or ``x`` does not fit its modes, or ``most`` is no number of modes.
    TypeError
        If ``model`` is no modal model.
    """
    fitted = fitted_model(model)
    n_space = len(model.modes)
    given: Any = shape
    sides = isinstance(given, (tuple, list)) and len(given) == 2 and all(isinstance(side, Integral) for side in given)
    if given is not None and not (sides and min(given) > 0 and given[0] * given[1] == n_space):
        raise ValueError(f"shape: is {shape!r}, expected (rows, columns) with {n_space} points, one a variable")
    places = None if x is None else np.asarray(x)
    if places is not None and places.shape != (n_space,):
        raise ValueError(f"x: has shape {places.shape}, expected ({n_space},), a place for each variable")
    if places is not None and (places.dtype.kind not in "fiu" or not np.isfinite(places).all()):
        raise ValueError("x: holds what is no finite number, expected a place for each variable")
    if isinstance(most, bool) or not isinstance(most, Integral) or most < 0:
        raise ValueError(f"most: is {most!r}, expected a number of modes, an integer of at least 0")
    drawn = np.flatnonzero((model.eigs.imag >= 0) | (not fitted._real))[:most]
    names = [_name(model, int(place)) for place in drawn]
    found: list[Picture] = [Eigenvalues(model.eigs, model.dt, np.abs(model.amplitudes))]
    singular = getattr(model, "singular_values", None)
    if singular is not None:
        found.append(SingularValues(singular, len(model.eigs)))
    if len(drawn):
        steps = np.linspace(0, model.n_snapshots - 1, min(DRAWN_POINTS, 8 * model.n_snapshots))
        found.append(Modes(model.modes[:, drawn], names, shape, places))
        found.append(Dynamics(steps * model.dt, _continued(model, steps)[drawn], names))
    return found


def _continued(model: ModalModel, steps: np.ndarray) -> np.ndarray:
    """Amplitudes between snapshots too; a negative eigenvalue turns half a circle a step."""
    with np.errstate(divide="ignore", invalid="ignore"):
        turns = np.where(steps == 0, 0.0, np.log(model.eigs)[:, None] * steps)
    return model.amplitudes[:, None] * np.exp(turns)


def _name(model: ModalModel, place: int) -> str:
    if model.eigs[place] == 0:
        return f"mode {place}: dies at once"
    rate = complex(np.log(model.eigs[place])) / model.dt
    growth = rate.real if abs(rate.real) * model.dt > STILL else 0.0
    turning = "" if rate.imag == 0 else f", {abs(rate.imag) / (2 * np.pi):.3g} turns"
    return f"mode {place}: growth {growth:.3g}{turning}".replace("-", "\u2212")


def draw(pictures: Sequence[Picture] | Picture, title: str, path: str | os.PathLike[str]) -> None:
    """Draw pictures into a file, one below the other; no display is needed.

    Parameters
    ----------
    pictures : Eigenvalues, SingularValues, Modes, Dynamics, or a sequence of such
    title : str
    path : path
        Its suffix says the format: ``.png``, ``.pdf``, ``.svg``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from fastsci.lowrank.dmd import DMD
    >>> x, t = np.linspace(0, 1, 200), 0.1 * np.arange(60)
    >>> model = DMD(2).fit(np.sin(2 * np.pi * (3 * x[:, None] - 0.5 * t)), dt=0.1)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "wave.png"
    >>> draw(pictures_of(model, x=x), "a wave", path)
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
    if isinstance(picture, Eigenvalues):
        _eigenvalues(part, picture)
    elif isinstance(picture, SingularValues):
        _singular_values(part, picture)
    elif isinstance(picture, Modes):
        _modes(part, picture)
    else:
        _dynamics(part, picture)


def _height(picture: Picture) -> float:
    if isinstance(picture, Eigenvalues):
        return 4.2
    if isinstance(picture, SingularValues):
        return 2.8
    if isinstance(picture, Modes):
        width = WIDTH / min(picture.modes.shape[1], MOST_MODES)
        return 3.6 if picture.shape is None else 0.8 + 2 * min(2.6, width * picture.shape[0] / picture.shape[1])
    return 0.5 + 1.2 * min(len(picture.values), MOST_MODES)


def _eigenvalues(part: SubFigure, picture: Eigenvalues) -> None:
    """The plane of a step with the unit circle, and that of rates."""
    plane, rates = part.subplots(1, 2)
    eigs = np.asarray(picture.eigs)
    areas = _areas(picture)
    grows = np.abs(eigs) > 1.0 + STILL
    sides = ((~grows, INK, "decaying or steady"), (grows, HOT, "growing"))
    angles = np.linspace(0.0, 2.0 * np.pi, 400)
    plane.plot(np.cos(angles), np.sin(angles), color=GREY, lw=0.8, zorder=0)
    known = eigs != 0
    logarithms = np.log(np.where(known, eigs, 1.0)) / picture.dt
    growth = np.where(np.abs(logarithms.real) * picture.dt > STILL, logarithms.real, 0.0)
    rates.axhline(0.0, color=GREY, lw=0.8, zorder=0)
    for which, colour, name in sides:
        style: Any = {"color": colour, "alpha": 0.75, "lw": 0.0}
        plane.scatter(np.real(eigs[which]), np.imag(eigs[which]), areas[which], label=name, **style)
        which = which & known
        rates.scatter(logarithms[which].imag / (2 * np.pi), growth[which], areas[which], **style)
    reach = 1.08 * max(1.0, float(np.abs(eigs).max(initial=0.0)))
    plane.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="real part", ylabel="imaginary part")
    plane.set_title("eigenvalues of a step; area: amplitude" if picture.sizes is not None else "eigenvalues of a step",
                    loc="left")  # fmt: skip
    for axis in (plane.xaxis, plane.yaxis):
        axis.get_major_locator().set_params(nbins=TICKS)
    if grows.any():
        plane.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), markerscale=0.7)
    rates.set(xlabel="frequency (turns per unit of time)", ylabel="growth rate")
    rates.set_title("rates", loc="left")
    rates.margins(0.08)


def _areas(picture: Eigenvalues) -> np.ndarray:
    if picture.sizes is None:
        return np.full(len(picture.eigs), 0.3 * DOTS[1])
    largest = float(np.max(picture.sizes, initial=0.0))
    return DOTS[0] + (DOTS[1] - DOTS[0]) * np.asarray(picture.sizes) / (largest if largest > 0 else 1.0)


def _singular_values(part: SubFigure, picture: SingularValues) -> None:
    left, right = part.subplots(1, 2)
    values = np.asarray(picture.values, np.float64)
    places = np.arange(1, len(values) + 1)
    kept = len(values) if picture.rank is None else picture.rank
    squares = np.cumsum(values[::-1] ** 2)[::-1]
    left_out = 100.0 * np.append(squares[1:], 0.0)[: len(values)] / (squares[0] if squares.any() else 1.0)
    for which, colour, name in ((places <= kept, INK, "kept"), (places > kept, GREY, "left out")):
        style: Any = {"color": colour, "marker": ".", "ms": 6, "ls": "none"}
        for axis, shown in ((left, values), (right, left_out)):
            axis.plot(places[which & (shown > 0)], shown[which & (shown > 0)], label=name, **style)
    left.set(yscale="log", xlabel="number", ylabel="singular value")
    left.set_title("singular values", loc="left")
    if kept < len(values):
        left.legend(frameon=False)
    right.set(yscale="log", xlabel="rank", ylabel="left out (%)")
    right.set_title("part of the squared norm that a rank leaves out", loc="left")
    for axis in (left, right):
        axis.xaxis.get_major_locator().set_params(integer=True)


def _modes(part: SubFigure, picture: Modes) -> None:
    shown = min(picture.modes.shape[1], MOST_MODES)
    if picture.shape is None:
        _lines(part, picture, shown)
        return
    rows = part.subplots(2, shown, squeeze=False)
    for place in range(shown):
        mode = picture.modes[:, place].reshape(picture.shape)
        largest = float(np.abs(mode).max()) or 1.0
        for axis, values in zip(rows[:, place], (np.real(mode), np.imag(mode)), strict=True):
            axis.imshow(values, cmap="RdBu_r", vmin=-largest, vmax=largest, origin="lower", interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(True)
        rows[0, place].set_title(_within(picture.names[place], shown), loc="left", fontsize=8)
    rows[0, 0].set_ylabel("real part")
    rows[1, 0].set_ylabel("imaginary part")


def _within(name: str, shown: int) -> str:
    """A name that leaves room for those beside it."""
    for least, comma in zip(CROWDED, (": ", ", "), strict=True):
        name = name.replace(comma, "\n", 1) if shown >= least else name
    return name


def _lines(part: SubFigure, picture: Modes, shown: int) -> None:
    axes: list[Axes] = list(part.subplots(1, shown, sharey=True, squeeze=False)[0])
    n_space = len(picture.modes)
    places = np.arange(n_space) if picture.x is None else np.asarray(picture.x)
    order = np.argsort(places, kind="stable")
    every = order[:: max(1, n_space // DRAWN_POINTS)]
    few = "." if n_space <= 30 else ""
    for place, axis in enumerate(axes):
        mode = picture.modes[every, place]
        size = np.abs(mode)
        axis.fill_between(places[every], -size, size, color=GREY, alpha=0.2, lw=0.0, label="size")
        axis.plot(places[every], np.real(mode), color=INK, lw=1.1, marker=few, label="real part")
        axis.plot(places[every], np.imag(mode), color=HOT, lw=0.9, marker=few, label="imaginary part")
        axis.set_title(_within(picture.names[place], shown), loc="left", fontsize=8)
        axis.set_xlabel("variable" if picture.x is None else "x")
        axis.margins(x=0.01)
    axes[0].set_ylabel("mode")
    # Beside the modes, which fill their axes.
    axes[-1].legend(frameon=False, fontsize=7.5, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _dynamics(part: SubFigure, picture: Dynamics) -> None:
    shown = min(len(picture.values), MOST_MODES)
    rows = part.subplots(shown, 1, sharex=True, squeeze=False)[:, 0]
    for place, axis in enumerate(rows):
        values = picture.values[place]
        size = np.abs(values)
        axis.fill_between(picture.t, -size, size, color=BAND, alpha=0.18, lw=0.0)
        axis.plot(picture.t, values.real, color=INK, lw=0.9)
        axis.set_title(picture.names[place], loc="left", fontsize=8, pad=2)
        axis.margins(x=0.005)
    rows[-1].set_xlabel("t")
