"""Nearest neighbours of points, exact, with a window in time whose points do not count."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.measures import neighbours

from ._series import one_of, trajectory, whole


class Neighbours(NamedTuple):
    """The nearest neighbours of each query, the nearest first."""

    indices: np.ndarray  # (n_queries, k), -1 where there is none
    distances: np.ndarray  # (n_queries, k)


def nearest_neighbours(
    points: ArrayLike, k: int, *, queries: ArrayLike | None = None, theiler: int = 0, metric: str = "euclidean"
) -> Neighbours:
    """The k nearest neighbours of every point, or of other points, by exact search.

    Few points, or points of many coordinates, are all compared with each other; others are sorted into a tree of
    boxes (k-d tree).  Both give the same indices and distances, bit for bit.  Of points at one distance the one with
    the lower index comes first.

    Parameters
    ----------
    points : (n_points, dim) array
        Points, in the order of time where ``theiler`` is to mean anything.  One that holds NaN or infinity is nobody's
        neighbour.
    k : int
        Neighbours of each, at least 1.
    queries : (n_queries, dim) array, optional
        Points whose neighbours to find.  Without them the points themselves are asked, none of which counts as its own
        neighbour.
    theiler : int
        Points at most so many places before or after a point in ``points`` are not its neighbours either; 0 leaves
        out the point alone.  Has no meaning, and must be 0, where there are ``queries``.
    metric : {"euclidean", "chebyshev", "manhattan"}
        Root of the sum of squares, the largest, or the sum of the distances along the axes.

    Returns
    -------
    Neighbours
        ``indices`` and ``distances``, both ``(n_queries, k)``.  Where fewer than k neighbours are allowed the index is
        -1 and the distance infinite; for a query that holds NaN or infinity they are -1 and NaN.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Friedman, Bentley and Finkel, ACM Trans. Math. Softw. 3, 209 (1977); Theiler, Phys. Rev. A 34, 2427 (1986).

    Examples
    --------
    >>> from fastsci.chaos.neighbours import nearest_neighbours
    >>> found = nearest_neighbours([[0.0], [1.0], [3.0], [3.5]], 2)
    >>> found.indices
    array([[1, 2],
           [0, 2],
           [3, 1],
           [2, 1]])
    >>> found.distances[0]
    array([1., 3.])
    """
    known = trajectory(points, "points")
    asked = known if queries is None else trajectory(queries, "queries")
    if asked.shape[1] != known.shape[1]:
        raise ValueError(
            f"queries: has shape {asked.shape}, expected (n_queries, {known.shape[1]}) like the points; check the axes"
        )
    number = whole("k", k, 1, max(1, len(known)))
    window = whole("theiler", theiler, 0)
    if queries is not None and window:
        raise ValueError(f"theiler: is {window}, expected 0 with queries, which have no place in time; leave it out")
    kind = one_of("metric", metric, tuple(neighbours.METRICS))
    exponent = binary_exponent(known, asked)
    near = np.ldexp(known, -exponent)
    indices, distances = neighbours.nearest(
        np.ascontiguousarray(near.T)[np.newaxis],
        (near if queries is None else np.ldexp(asked, -exponent))[np.newaxis],
        number,
        theiler=window if queries is None else -1,
        metric=kind,
    )
    return Neighbours(indices[0], np.ldexp(distances[0], exponent))


def binary_exponent(*arrays: np.ndarray, axis: int | tuple[int, ...] | None = None) -> Any:
    """The exponent e for which the largest finite magnitude, along ``axis``, lies between 2^(e - 1) and 2^e.

    Numbers divided by 2^e keep their digits, and their squares neither overflow nor vanish.
    """
    largest = [
        np.max(np.abs(values), axis=axis, keepdims=axis is not None, where=np.isfinite(values), initial=0.0)
        for values in arrays
    ]
    return np.frexp(np.max(largest, axis=0))[1]
