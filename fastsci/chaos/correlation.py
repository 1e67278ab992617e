"""Correlation sum and correlation dimension of a set of points."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.loops.batch import over
from fastsci_kernels.measures import correlation

from .._arrays import real_array
from ._line import slopes
from ._series import one_of, positive, trajectory, whole

NORMS = ("euclidean", "chebyshev")
_SECONDS_A_PAIR = 5e-10


def correlation_sum(
    trajectory: ArrayLike, radii: ArrayLike, *, theiler: int = 0, norm: str = "euclidean"
) -> np.ndarray:
    """The share of pairs of points that are closer than each radius.

    Parameters
    ----------
    trajectory : (n_times, dim) array
        Points in the order in which they were visited, or any set of points; computed in float64.
    radii : float or (n_radii,) array
        Distances, positive, in units of the points.
    theiler : int
        Pairs visited at most so many samples apart do not count: they are close in time and not by recurrence.
    norm : {"euclidean", "chebyshev"}
        Distance; "chebyshev" is the largest difference of a coordinate.

    Returns
    -------
    float or (n_radii,) array
        Shares of all pairs more than ``theiler`` apart.  NaN if a point holds NaN or infinity.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Grassberger and Procaccia, Phys. Rev. Lett. 50, 346 (1983); Theiler, Phys. Rev. A 34, 2427 (1986).

    Examples
    --------
    Corners of a square: four sides and two diagonals.

    >>> import fastsci.chaos
    >>> fastsci.chaos.correlation_sum([[0, 0], [1, 0], [1, 1], [0, 1]], [0.5, 1.2, 2.0])
    array([0.   , 0.667, 1.   ])
    """
    points, apart, place = _checked(trajectory, theiler, norm)
    given = _distances(radii)
    return _shares(points, np.atleast_1d(given), apart, place).reshape(given.shape)[()]


def correlation_dimension(
    trajectory: ArrayLike,
    *,
    radii: ArrayLike | None = None,
    region: tuple[float, float] = (0.02, 0.2),
    n_radii: int = 16,
    theiler: int = 0,
    norm: str = "euclidean",
) -> float:
    """Grassberger and Procaccia's correlation dimension: the slope of log C(r) over log r in a scaling region.

    Parameters
    ----------
    trajectory : (n_times, dim) array
        Points of an attractor, or delay vectors of a series; computed in float64.
    radii : (n_radii,) array, optional
        Radii of the scaling region, in units of the points; in the place of ``region``.
    region : (float, float)
        The smallest and the largest radius in units of the attractor's size, the root mean square distance of its
        points from their mean.  The slope is a dimension only where log C is straight over log r: look at
        `correlation_sum`.
    n_radii : int
        Radii in the region, in geometric progression.
    theiler : int
        Pairs visited at most so many samples apart do not count; for a flow, at least its correlation time.
    norm : {"euclidean", "chebyshev"}
        Distance; "chebyshev" is the largest difference of a coordinate.

    Returns
    -------
    float
        Slope by least squares, over the radii for which C is not zero.  NaN if those are fewer than two, as for
        points that coincide, or if a point holds NaN or infinity.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Grassberger and Procaccia, Physica D 9, 189 (1983): 1.21 for the Henon map and 2.05 for the Lorenz system.

    Examples
    --------
    >>> import fastsci.chaos, numpy as np
    >>> angle = np.random.default_rng(1).uniform(0, 2 * np.pi, 4000)
    >>> round(fastsci.chaos.correlation_dimension(np.column_stack((np.cos(angle), np.sin(angle)))), 1)
    1.0
    """
    points, apart, place = _checked(trajectory, theiler, norm)
    count = whole("n_radii", n_radii, 2)
    chosen = _region(points, region, count) if radii is None else np.atleast_1d(_distances(radii))
    if not (chosen > 0.0).all():
        return math.nan
    shares = _shares(points, chosen, apart, place)
    with np.errstate(divide="ignore"):
        return float(slopes(np.log(chosen), np.log(shares)[np.newaxis])[0])


def _checked(states: ArrayLike, theiler: int, norm: str) -> tuple[np.ndarray, int, int]:
    apart = whole("theiler", theiler, 0)
    return trajectory(states, shortest=apart + 2), apart, one_of("norm", norm, NORMS)


def _distances(radii: ArrayLike) -> np.ndarray:
    given = real_array(radii, "radii").astype(np.float64)
    if given.ndim > 1 or not (np.isfinite(given) & (given > 0.0)).all():
        raise ValueError("radii: expected one positive distance or (n_radii,) of them; leave out zero and NaN")
    return given


def _region(points: np.ndarray, region: tuple[float, float], count: int) -> np.ndarray:
    """Radii in geometric progression; zeros for points that coincide, NaN for points that are not finite."""
    smallest, largest = (positive(f"region[{place}]", value) for place, value in enumerate(region))
    if not smallest < largest:
        raise ValueError(f"region: is {region}, expected the smaller radius first; swap them")
    with np.errstate(invalid="ignore"):
        size = math.sqrt(np.var(points, axis=0).sum())
    return size * np.geomspace(smallest, largest, count)


def _shares(points: np.ndarray, radii: np.ndarray, theiler: int, place: int) -> np.ndarray:
    if not np.isfinite(points).all():
        return np.full(len(radii), math.nan)
    euclidean = NORMS[place] == "euclidean"
    rising = np.argsort(radii)
    limits = radii[rising] * radii[rising] if euclidean else radii[rising]
    lead = int(np.argmax(np.ptp(points, axis=0)))
    times = np.argsort(points[:, lead], kind="stable").astype(np.int32)
    columns = np.ascontiguousarray(points[times].T)
    pieces = -(-len(points) // correlation.ROWS)
    counts = np.empty((pieces, len(radii)), np.int64)
    reach = float(radii.max(initial=0.0))

    def work(first: int, last: int) -> None:
        correlation.count_closer(columns, times, lead, limits, reach, euclidean, theiler, first, last, counts)

    over(pieces, work, correlation.ROWS * len(points) * _SECONDS_A_PAIR)
    free = len(points) - theiler
    shares = np.empty(len(radii))
    shares[rising] = counts.sum(axis=0) / (free * (free - 1) / 2)
    return shares
