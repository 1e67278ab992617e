"""Delay embedding: the points of a series in a delay space, and what speaks for a delay and a dimension."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.loops.batch import over
from fastsci_kernels.measures import embedding
from fastsci_kernels.measures.neighbours import nearest

from ._series import for_finite, give, positive, series, whole
from .neighbours import binary_exponent

MOST_BINS = 1024


def delay_embedding(x: ArrayLike, dimension: int, delay: int = 1) -> np.ndarray:
    """Points of a series in a delay space, the earliest value first.

    Point i is ``(x[i], x[i + delay], ..., x[i + (dimension - 1) * delay])``: time runs forward along the coordinates.
    (Takens' and most papers on forecasting run it backward; distances are the same.)

    Parameters
    ----------
    x : (n_times,) or (n_series, n_times) array
        Series.  NaN and infinity pass into the points that touch them.
    dimension : int
        Coordinates of a point.
    delay : int
        Samples between two coordinates.

    Returns
    -------
    (n_points, dimension) or (n_series, n_points, dimension) array
        A new array, float64, with ``n_points = n_times - (dimension - 1) * delay``.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Takens, in Dynamical Systems and Turbulence, Lecture Notes in Mathematics 898, 366 (1981).

    Examples
    --------
    >>> from fastsci.chaos.embedding import delay_embedding
    >>> delay_embedding([1, 2, 3, 4, 5], 2, delay=3)
    array([[1., 4.],
           [2., 5.]])
    """
    count, lag = whole("dimension", dimension, 1), whole("delay", delay, 1)
    values, alone = series(x, shortest=(count - 1) * lag + 1)
    points = np.ascontiguousarray(_coordinates(values, count, lag).transpose(0, 2, 1))
    return points[0] if alone else points


def mutual_information(x: ArrayLike, max_delay: int, *, n_bins: int = 16) -> np.ndarray:
    """Average mutual information of a series and itself so many samples later, in nats.

    The values fall into ``n_bins`` bins of equal width between the least and the greatest of the whole series, and
    the frequencies of the bins stand for probabilities (the plug-in estimator, which overestimates by about
    ``(n_bins - 1)**2 / (2 n_times)`` for independent values).  Marginal frequencies are those of the pairs counted
    at each delay, so that no value is negative beyond rounding.

    Parameters
    ----------
    x : (n_times,) or (n_series, n_times) array
        Series; computed in float64.
    max_delay : int
        Largest delay, less than the length of the series.
    n_bins : int
        Bins, 2 to 1024.

    Returns
    -------
    (max_delay + 1,) or (n_series, max_delay + 1) array
        For delays from 0 on; at 0 it is the entropy of the bins.  0 for a constant series; NaN for one that holds
        NaN or infinity.  The delay that Fraser and Swinney recommend is `first_minimum` of it.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Fraser and Swinney, Phys. Rev. A 33, 1134 (1986); Kantz and Schreiber, Nonlinear Time Series Analysis, 2nd ed.
    (Cambridge, 2004), section 9.2.

    Examples
    --------
    A series of period 2 says all about itself, at any delay.

    >>> from fastsci.chaos.embedding import mutual_information
    >>> mutual_information([0, 1] * 50, 2)
    array([0.693, 0.693, 0.693])
    """
    longest, bins = whole("max_delay", max_delay, 0), whole("n_bins", n_bins, 2, MOST_BINS)
    values, alone = series(x, shortest=longest + 1)

    def measure(finite: np.ndarray) -> np.ndarray:
        symbols = np.empty(finite.shape, np.int64)
        over(
            len(finite),
            lambda first, last: embedding.bin_equal_width(finite, bins, first, last, symbols),
            finite.shape[1] * 3e-9,
        )
        information = np.empty((len(finite), longest + 1))
        over(
            information.size,
            lambda first, last: embedding.mutual_information(symbols, bins, first, last, information),
            finite.shape[1] * 1e-9 + bins * bins * 5e-9,
        )
        return information

    return give(for_finite(values, measure), alone)


def first_minimum(values: ArrayLike) -> Any:
    """Where a sequence first turns from falling to rising: of the mutual information, the delay to embed with.

    Parameters
    ----------
    values : (n,) or (n_series, n) array
        Sequences, such as `mutual_information` gives.

    Returns
    -------
    int or (n_series,) array of int
        Index of the first local minimum; the first index of a flat one; -1 where the sequence does not fall and then
        rise (before a NaN).

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    Examples
    --------
    >>> from fastsci.chaos.embedding import first_minimum
    >>> first_minimum([3.0, 1.0, 0.5, 0.5, 2.0, 0.1, 1.0])
    2
    """
    rows, alone = series(values, "values")
    places = np.empty(len(rows), np.int64)
    over(len(rows), lambda first, last: embedding.first_minimum(rows, first, last, places), 1e-8)
    return int(places[0]) if alone else places


class FalseNeighbours(NamedTuple):
    """Fractions of false nearest neighbours, ``(n_dimensions,)`` or ``(n_series, n_dimensions)``."""

    dimensions: np.ndarray  # (n_dimensions,)
    fraction: np.ndarray  # by either criterion
    by_distance: np.ndarray  # the next coordinate tears them apart
    by_size: np.ndarray  # they are then as far apart as the attractor is large


def false_nearest_neighbours(
    x: ArrayLike,
    dimensions: int | Iterable[int],
    *,
    delay: int = 1,
    distance_ratio: float = 15.0,
    size_ratio: float = 2.0,
    theiler: int = 0,
) -> FalseNeighbours:
    """Fraction of the nearest neighbours in a delay space that are none with one coordinate more.

    Of a point and its nearest neighbour at the distance R, the next coordinate of which differ by D, the neighbour is
    false by the first criterion where ``D / R > distance_ratio`` and by the second where
    ``sqrt(R**2 + D**2) / s > size_ratio``, ``s`` being the standard deviation of the series.  The fraction falls to
    nothing at a dimension that suffices.  The second criterion is there for noise, which never falls.

    Parameters
    ----------
    x : (n_times,) or (n_series, n_times) array
        Series; computed in float64.
    dimensions : int or iterable of int
        Dimensions to try; a number m stands for 1, 2, ..., m.
    delay : int
        Samples between two coordinates.
    distance_ratio, size_ratio : float
        Thresholds R_tol and A_tol of the two criteria; Kennel, Brown and Abarbanel use 15 and 2.
    theiler : int
        Points at most so many samples before or after a point are not taken for its neighbours; 0 leaves out the
        point alone, as the paper does.

    Returns
    -------
    FalseNeighbours
        Dimensions and, for each, the fractions among all points that have a neighbour and a next coordinate.  A
        neighbour at distance zero is false where the next coordinates differ at all.  NaN for a series that is
        constant or holds NaN or infinity, and where no point has a neighbour.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Kennel, Brown and Abarbanel, Phys. Rev. A 45, 3403 (1992).

    Examples
    --------
    One coordinate does not tell where on a circle a point is; two do.

    >>> import numpy as np
    >>> from fastsci.chaos.embedding import false_nearest_neighbours
    >>> x = np.sin(0.7 * np.arange(2000))
    >>> false_nearest_neighbours(x, 3, delay=2).fraction[1:]
    array([0., 0.])
    """
    tried = _dimensions(dimensions)
    lag, window = whole("delay", delay, 1), whole("theiler", theiler, 0)
    ratio, size = positive("distance_ratio", distance_ratio), positive("size_ratio", size_ratio)
    values, alone = series(x, shortest=max(tried) * lag + 2)

    def measure(finite: np.ndarray) -> np.ndarray:
        scaled = np.ldexp(finite, -binary_exponent(finite, axis=1))
        by_dimension = [_false_fractions(scaled, number, lag, ratio, size, window) for number in tried]
        return np.stack(by_dimension, axis=2)

    fractions = for_finite(values, measure)
    return FalseNeighbours(np.array(tried), *(give(fractions[:, kind], alone) for kind in range(3)))


def _dimensions(dimensions: Any) -> list[int]:
    if hasattr(dimensions, "__index__"):
        return list(range(1, whole("dimensions", dimensions, 1) + 1))
    if not isinstance(dimensions, Iterable):
        raise TypeError(f"dimensions: is {dimensions!r}, expected an integer or several; give range(1, 11)")
    tried = [whole("dimensions", number, 1) for number in dimensions]
    if not tried:
        raise ValueError("dimensions: is empty, expected at least one; give range(1, 11)")
    return tried


def _coordinates(x: np.ndarray, dimension: int, delay: int, shorter: int = 0) -> np.ndarray:
    """Points ``(n_series, dimension, n_points)``, without the last ``shorter``."""
    count = x.shape[1] - (dimension - 1) * delay - shorter
    return np.stack([x[:, axis * delay : axis * delay + count] for axis in range(dimension)], axis=1)


def _false_fractions(x: np.ndarray, dimension: int, delay: int, ratio: float, size: float, theiler: int) -> np.ndarray:
    """``(n_series, 3)``: by either criterion, by distance, by size."""
    points = _coordinates(x, dimension, delay, shorter=delay)
    indices, distances = nearest(points, np.ascontiguousarray(points.transpose(0, 2, 1)), 1, theiler=theiler)
    indices, distances = indices[..., 0], distances[..., 0]
    following = x[:, dimension * delay :]
    change = np.abs(following - np.take_along_axis(following, np.maximum(indices, 0), axis=1))
    there = indices >= 0
    deviation = np.array([row.std() if row.min() < row.max() else math.nan for row in x])[:, np.newaxis]
    torn = there & (change > ratio * distances)
    large = there & (np.hypot(distances, change) > size * deviation)
    counts = np.stack([kind.sum(axis=1) for kind in (torn | large, torn, large)], axis=1)
    found = np.where(np.isnan(deviation), 0, there.sum(axis=1, keepdims=True))
    return np.divide(counts, found, out=np.full(counts.shape, math.nan), where=found > 0)
