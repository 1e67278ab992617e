"""The largest Lyapunov exponent from data: how fast neighbours in a series part."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.loops.batch import over
from fastsci_kernels.measures import divergence

from ._line import slopes
from ._series import for_finite, give, positive, series, whole

_SECONDS_A_NEIGHBOUR = 2e-9
_SECONDS_A_LOGARITHM = 1e-8


def divergence_curve(
    x: ArrayLike, *, order: int = 3, delay: int = 1, theiler: int | None = None, horizon: int = 10
) -> np.ndarray:
    """Mean logarithm of the distance of nearest neighbours, step by step: Rosenstein's divergence curve.

    Each delay vector of ``order`` samples, ``delay`` apart, is followed together with its nearest neighbour (by the
    Euclidean distance; of several the first).  In a chaotic series the curve rises with the slope of the largest
    exponent until neighbours are as far apart as the attractor is large.

    Parameters
    ----------
    x : (n_times,) or (n_series, n_times) array
        Series; computed in float64.
    order : int
        Samples in a delay vector, the embedding dimension.
    delay : int
        Samples between two of them.
    theiler : int, optional
        A neighbour begins more than so many samples away.  The mean period of each series by default (the reciprocal
        of the mean frequency of its power spectrum), as long as that leaves neighbours for all vectors.
    horizon : int
        Steps that neighbours are followed.

    Returns
    -------
    (horizon + 1,) or (n_series, horizon + 1) array
        Mean logarithms of the distances after 0, 1, ... steps.  Pairs at no distance are left out; NaN where all are,
        as in a constant series, and for a series that holds NaN or infinity.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Rosenstein, Collins and De Luca, Physica D 65, 117 (1993).

    Examples
    --------
    Neighbours of the doubling map's orbit part by log 2 a step.

    >>> import fastsci.chaos
    >>> x = [0.123456789]
    >>> for _ in range(500):
    ...     x.append(2.0 * x[-1] % 0.999999999)
    >>> curve = fastsci.chaos.divergence_curve(x, order=1, theiler=1, horizon=3)
    >>> (curve[1:] - curve[:-1]).round(1)
    array([0.7, 0.7, 0.7])
    """
    steps = whole("horizon", horizon, 1)
    size, lag = whole("order", order, 1), whole("delay", delay, 1)
    given = None if theiler is None else whole("theiler", theiler, 0)
    values, alone = series(x, shortest=(size - 1) * lag + steps + 2 * (given or 0) + 2)
    followed = values.shape[1] - (size - 1) * lag - steps

    def measure(finite: np.ndarray) -> np.ndarray:
        apart = _mean_periods(finite, (followed - 2) // 2) if given is None else np.full(len(finite), given)
        return _curves(finite, _partners(finite, size, lag, apart, followed), size, lag, steps)

    return give(for_finite(values, measure), alone)


def largest_exponent(
    x: ArrayLike,
    *,
    order: int = 3,
    delay: int = 1,
    theiler: int | None = None,
    horizon: int = 10,
    fit: tuple[int, int] | None = None,
    dt: float = 1.0,
) -> Any:
    """The largest Lyapunov exponent of a series, by Rosenstein's method: the slope of its `divergence_curve`.

    Parameters
    ----------
    x : (n_times,) or (n_series, n_times) array
        Series; computed in float64.
    order, delay, theiler, horizon
        As in `divergence_curve`.
    fit : (int, int), optional
        The first and the last step of the straight part of the curve; all of it by default.  Look at the curve: it
        bends down where neighbours are as far apart as the attractor is large, and may begin with a transient.
    dt : float
        Time between two samples.

    Returns
    -------
    float or (n_series,) array
        Slope by least squares, per unit of time.  NaN where fewer than two points of the curve are finite, as in a
        constant series, and for a series that holds NaN or infinity.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Rosenstein, Collins and De Luca, Physica D 65, 117 (1993).

    Examples
    --------
    The logistic map at r = 4 has the exponent log 2 = 0.693.

    >>> import fastsci, fastsci.chaos
    >>> orbit = fastsci.iterate_map(fastsci.systems.logistic, 5000, [0.3], params={"r": 4.0}, save_last=4000)
    >>> round(fastsci.chaos.largest_exponent(orbit.y[0, 0], order=2, horizon=5), 1)
    0.7
    """
    time = positive("dt", dt)
    steps = whole("horizon", horizon, 1)
    first, last = (0, steps) if fit is None else _fit(fit, steps)
    values, alone = series(x)
    curves = divergence_curve(values, order=order, delay=delay, theiler=theiler, horizon=steps)
    return give(slopes(time * np.arange(first, last + 1), curves[:, first : last + 1]), alone)


def _fit(fit: tuple[int, int], steps: int) -> tuple[int, int]:
    if np.shape(fit) != (2,):
        raise ValueError(f"fit: is {fit!r}, expected the first and the last step; give two integers")
    first = whole("fit[0]", fit[0], 0, steps - 1)
    return first, whole("fit[1]", fit[1], first + 1, steps)


def _mean_periods(x: np.ndarray, most: int) -> np.ndarray:
    """Mean periods in samples, rounded up, at most ``most``; 1 for a constant series."""
    about_mean = x - x.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(about_mean, 2 * x.shape[1] - 1, axis=1))[:, 1:] ** 2
    frequency = np.fft.rfftfreq(2 * x.shape[1] - 1)[1:]
    weight = power.sum(axis=1)
    mean = (power * frequency).sum(axis=1) / np.where(weight > 0.0, weight, 1.0)
    periods = np.ceil(1.0 / np.where(mean > 0.0, mean, 1.0))
    return np.minimum(periods, most).astype(np.int64)


def _partners(x: np.ndarray, order: int, delay: int, theiler: np.ndarray, followed: int) -> np.ndarray:
    """Where the nearest neighbour of each of the first ``followed`` delay vectors begins."""
    sorting = np.argsort(x[:, :followed], axis=1).astype(np.int32)
    partners = np.empty((len(x), followed), np.int32)
    pieces = -(-followed // divergence.ROWS)

    def work(first: int, last: int) -> None:
        divergence.neighbours(x, sorting, order, delay, theiler, pieces, first, last, partners)

    over(len(x) * pieces, work, min(followed, divergence.ROWS) * math.sqrt(followed) * order * _SECONDS_A_NEIGHBOUR)
    return partners


def _curves(x: np.ndarray, partners: np.ndarray, order: int, delay: int, steps: int) -> np.ndarray:
    """Mean logarithms of the distances of neighbours after 0 ... ``steps`` steps."""
    curves = np.empty((len(x), steps + 1))

    def work(first: int, last: int) -> None:
        divergence.mean_logarithms(x, partners, order, delay, steps + 1, first, last, curves)

    over(curves.size, work, partners.shape[1] * _SECONDS_A_LOGARITHM)
    return curves
