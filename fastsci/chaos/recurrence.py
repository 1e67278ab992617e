"""Recurrence quantification: how often a trajectory comes back, and how long it then follows itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.loops.batch import over
from fastsci_kernels.measures import recurrence

from ._series import one_of, positive, trajectory, whole
from .correlation import NORMS, correlation_sum

_SECONDS_A_PAIR = 1.5e-9


@dataclass(frozen=True)
class RecurrenceQuantification:
    """Measures of a recurrence plot, from the diagonals more than ``theiler`` off the main one."""

    rate: float
    """Share of pairs of points that are recurrent."""
    determinism: float
    """Share of the recurrent points that lie on diagonal lines; NaN where no point is recurrent."""
    mean_line: float
    """Mean length of the diagonal lines, in samples; NaN where there is none."""
    longest_line: int
    """Length of the longest diagonal line, in samples; 0 where there is none."""


def recurrence_rate(trajectory: ArrayLike, *, radius: float, theiler: int = 0, norm: str = "euclidean") -> float:
    """The share of pairs of points of a trajectory that are closer than a radius.

    Parameters
    ----------
    trajectory : (n_times, dim) array
        States, or delay vectors of a series; computed in float64.
    radius : float
        Points that are closer are recurrent; in units of the states.
    theiler : int
        Pairs at most so many samples apart do not count; 0 leaves out each point's recurrence to itself alone.
    norm : {"euclidean", "chebyshev"}
        Distance; "chebyshev" is the largest difference of a coordinate.

    Returns
    -------
    float
        From 0 to 1; that of a constant trajectory is 1.  NaN if a state holds NaN or infinity.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Marwan, Romano, Thiel and Kurths, Phys. Rep. 438, 237 (2007).

    Examples
    --------
    Every second point of an alternation is the same: 2 of the 6 pairs.

    >>> import fastsci.chaos
    >>> round(fastsci.chaos.recurrence_rate([[0.0], [1.0], [0.0], [1.0]], radius=0.5), 3)
    0.333
    """
    return float(correlation_sum(trajectory, positive("radius", radius), theiler=theiler, norm=norm))


def determinism(
    trajectory: ArrayLike, *, radius: float, shortest: int = 2, theiler: int = 0, norm: str = "euclidean"
) -> float:
    """The share of recurrent points that lie on diagonal lines of a recurrence plot.

    Parameters
    ----------
    trajectory, radius, theiler, norm
        As in `recurrence_rate`.
    shortest : int
        Recurrent points in a row that make a line.

    Returns
    -------
    float
        From 0 to 1: low for noise, near 1 for a periodic or a constant trajectory.  NaN where no point is recurrent,
        and if a state holds NaN or infinity.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Webber and Zbilut, J. Appl. Physiol. 76, 965 (1994).

    Examples
    --------
    >>> import fastsci.chaos, numpy as np
    >>> turn = 2 * np.pi * np.arange(100)[:, np.newaxis] / 10
    >>> fastsci.chaos.determinism(np.hstack((np.cos(turn), np.sin(turn))), radius=0.1)
    1.0
    """
    return recurrence_quantification(
        trajectory, radius=radius, shortest=shortest, theiler=theiler, norm=norm
    ).determinism


def recurrence_quantification(
    trajectory: ArrayLike, *, radius: float, shortest: int = 2, theiler: int = 0, norm: str = "euclidean"
) -> RecurrenceQuantification:
    """Recurrence rate, determinism and lengths of the diagonal lines, in one pass.

    The plot is walked diagonal by diagonal and never stored.  A line that the border of the plot cuts off counts with
    the length that is left.

    Parameters
    ----------
    trajectory, radius, theiler, norm
        As in `recurrence_rate`.
    shortest : int
        Recurrent points in a row that make a line.

    Returns
    -------
    RecurrenceQuantification
        All its numbers are NaN, and the longest line is 0, if a state holds NaN or infinity.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Marwan, Romano, Thiel and Kurths, Phys. Rep. 438, 237 (2007).

    Examples
    --------
    >>> import fastsci.chaos
    >>> fastsci.chaos.recurrence_quantification([[0], [1], [2], [0], [1]], radius=0.5)
    RecurrenceQuantification(rate=0.2, determinism=1.0, mean_line=2.0, longest_line=2)
    """
    points, apart, limit, euclidean = _checked(trajectory, radius, theiler, norm)
    least = whole("shortest", shortest, 1)
    if not np.isfinite(points).all():
        return RecurrenceQuantification(math.nan, math.nan, math.nan, 0)
    columns = np.ascontiguousarray(points.T)
    free = len(points) - apart
    counts = np.empty((free - 1, 4), np.int64)

    def work(first: int, last: int) -> None:
        recurrence.diagonals(columns, limit, euclidean, apart + 1, least, first, last, counts)

    over(free - 1, work, len(points) * _SECONDS_A_PAIR)
    recurrent, on_lines, lines = (int(total) for total in counts[:, :3].sum(axis=0))
    return RecurrenceQuantification(
        rate=recurrent / (free * (free - 1) / 2),
        determinism=on_lines / recurrent if recurrent else math.nan,
        mean_line=on_lines / lines if lines else math.nan,
        longest_line=int(counts[:, 3].max()),
    )


def _checked(states: ArrayLike, radius: float, theiler: int, norm: str) -> tuple[np.ndarray, int, float, bool]:
    apart = whole("theiler", theiler, 0)
    euclidean = one_of("norm", norm, NORMS) == NORMS.index("euclidean")
    distance = positive("radius", radius)
    points = trajectory(states, shortest=apart + 2)
    return points, apart, distance * distance if euclidean else distance, euclidean
