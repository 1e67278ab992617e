"""Whether two samples come from one distribution: the maximum mean discrepancy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._arrays import real_array
from ._series import one_of, trajectory

KERNELS = ("gaussian", "laplacian")
MEDIAN_POINTS = 1000  # of both samples together, evenly spaced, whose distances have the median


def maximum_mean_discrepancy(
    x: ArrayLike,
    y: ArrayLike,
    *,
    kernel: str = "gaussian",
    bandwidth: str | ArrayLike = "median",
    unbiased: bool = True,
) -> float:
    """The squared maximum mean discrepancy (MMD) between two samples.

    ``E k(x, x') + E k(y, y') - 2 E k(x, y)`` is 0 for equal distributions and positive for others.  All pairs enter,
    n^2 + n m + m^2 of them, blocks of points side by side in SIMD registers on all processors; no matrix is stored.
    The result has the same bits whatever the number of threads.

    Parameters
    ----------
    x : (n, dim) array
        Points, in any unit that is the same for all axes.
    y : (m, dim) array
    kernel : {"gaussian", "laplacian"}
        ``exp(-|x - y|^2 / (2 bandwidth^2))`` of the Euclidean distance, or ``exp(-|x - y| / bandwidth)`` of the sum of
        absolute differences.
    bandwidth : "median", float or sequence of float
        In the unit of ``x``; of several, the kernel is the mean.  "median" is the median of the kernel's distances
        between all pairs of points of both samples together, of at most 1000 evenly spaced ones where there are more.
    unbiased : bool
        True leaves out the pairs of a point with itself and divides by n (n - 1) (U-statistic): on average the true
        value, hence sometimes below 0.  False is the V-statistic, never below 0, and 0 for equal samples.

    Returns
    -------
    float
        NaN where a value is not finite, or the median distance is 0.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Gretton, Borgwardt, Rasch, Scholkopf, Smola, J. Machine Learning Research 13, 723 (2012), lemma 6 and equation 5.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.chaos.discrepancy import maximum_mean_discrepancy
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(2, 500, 3))
    >>> same, moved = maximum_mean_discrepancy(x, y), maximum_mean_discrepancy(x, y + 1.0)
    >>> abs(same) < 0.01, moved > 0.1
    (True, True)
    """
    absolute = one_of("kernel", kernel, KERNELS) == 1
    least = 2 if unbiased else 1
    points, others = trajectory(x, "x", least), trajectory(y, "y", least)
    if points.shape[1] != others.shape[1]:
        raise ValueError(
            f"y: has {others.shape[1]} components and x {points.shape[1]}, expected the same number; cut or reshape one"
        )
    if isinstance(bandwidth, str):
        one_of("bandwidth", bandwidth, ("median",))
        widths = None
    else:
        widths = _widths(bandwidth)
    if not (np.isfinite(points).all() and np.isfinite(others).all()):
        return float("nan")
    if widths is None:
        widths = np.atleast_1d(_median_distance(np.concatenate([points, others]), absolute))
        if widths[0] == 0.0:
            return float("nan")
    return _discrepancy(points, others, 1.0 / widths if absolute else 0.5 / widths**2, absolute, unbiased)


def _discrepancy(x: np.ndarray, y: np.ndarray, rates: np.ndarray, absolute: bool, unbiased: bool) -> float:
    from fastsci_kernels.measures.discrepancy import sum_across, sum_within

    across = sum_across(x, y, rates, absolute) / (len(x) * len(y))
    means = 0.0
    for points in (x, y):
        count = len(points)
        within = sum_within(points, rates, absolute)
        means += within / (count * (count - 1)) if unbiased else (within + count) / count**2
    return means - 2.0 * across


def _widths(bandwidth: Any) -> np.ndarray:
    widths = np.atleast_1d(real_array(bandwidth, "bandwidth").astype(np.float64))
    if widths.ndim != 1 or widths.size == 0 or not np.all((widths > 0.0) & np.isfinite(widths)):
        raise ValueError(
            f"bandwidth: is {bandwidth!r}, expected 'median', a finite number above 0 or a sequence of them; check its"
            " sign and units"
        )
    return widths


def _median_distance(points: np.ndarray, absolute: bool) -> float:
    """Median distance of all pairs of points, or of pairs of evenly spaced ones."""
    if len(points) > MEDIAN_POINTS:
        points = points[np.linspace(0, len(points) - 1, MEDIAN_POINTS).astype(np.int64)]
    first, second = np.triu_indices(len(points), 1)
    offsets = points[first] - points[second]
    return float(np.median(np.abs(offsets).sum(axis=1) if absolute else np.sqrt((offsets**2).sum(axis=1))))
