"""Ordinal patterns of series: their distribution, permutation entropy and statistical complexity."""

from __future__ import annotations

import itertools
import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastsci_kernels.loops.batch import over
from fastsci_kernels.measures import ordinal

from ._series import for_finite, give, series, whole

HIGHEST_ORDER = 8
_SECONDS_A_COMPARISON = 5e-10


def ordinal_patterns(order: int) -> np.ndarray:
    """All patterns of one order, in the order in which `ordinal_distribution` gives their frequencies.

    Parameters
    ----------
    order : int
        Values in a window, 2 to 8.

    Returns
    -------
    (order!, order) array of int
        A row lists the places of a window from its smallest value to its largest; rows are in lexicographic order.

    Raises
    ------
    ValueError, TypeError
        One line that names the option.

    Examples
    --------
    >>> import fastsci.chaos
    >>> fastsci.chaos.ordinal_patterns(2)
    array([[0, 1],
           [1, 0]])
    """
    return _patterns(whole("order", order, 2, HIGHEST_ORDER)).copy()


def ordinal_distribution(x: ArrayLike, *, order: int = 3, delay: int = 1) -> np.ndarray:
    """How often each ordinal pattern occurs in a series.

    A window holds ``order`` values, ``delay`` samples apart, and one begins at every sample.  Its pattern lists the
    places of its values from the smallest to the largest.  Of equal values the earlier counts as the smaller, as in
    a stable sort, in ordpy and in PECCARY.

    Parameters
    ----------
    x : (n_times,) or (n_series, n_times) array
        Series; computed in float64.
    order : int
        Values in a window, 2 to 8.
    delay : int
        Samples between two values of a window.

    Returns
    -------
    (order!,) or (n_series, order!) array
        Relative frequencies, for the rows of `ordinal_patterns`.  NaN for a series that holds NaN or infinity.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Bandt and Pompe, Phys. Rev. Lett. 88, 174102 (2002).

    Examples
    --------
    Bandt and Pompe's own: of six pairs four rise and two fall.

    >>> import fastsci.chaos
    >>> fastsci.chaos.ordinal_distribution([4, 7, 9, 10, 6, 11, 3], order=2)
    array([0.667, 0.333])
    """
    values, alone, size, lag = _checked(x, order, delay)

    def measure(finite: np.ndarray) -> np.ndarray:
        by_code = np.empty((len(finite), math.factorial(size)))

        def work(first: int, last: int) -> None:
            ordinal.distributions(finite, size, lag, first, last, by_code)

        over(len(finite), work, _seconds(finite, size))
        return by_code[:, _codes(size)]

    return give(for_finite(values, measure), alone)


def permutation_entropy(x: ArrayLike, *, order: int = 3, delay: int = 1, normalize: bool = True) -> Any:
    """Permutation entropy: Shannon's entropy of the ordinal patterns of a series.

    It is 0 for a series that only rises (or stays: see `ordinal_distribution` for ties) and 1 for one in which all
    patterns are equally frequent, as in white noise.

    Parameters
    ----------
    x : (n_times,) or (n_series, n_times) array
        Series; computed in float64.  They should be much longer than ``order!`` samples.
    order : int
        Values in a window, 2 to 8.
    delay : int
        Samples between two values of a window.
    normalize : bool
        Divide by the logarithm of ``order!``, the largest value; without it the result is in nats.

    Returns
    -------
    float or (n_series,) array
        NaN for a series that holds NaN or infinity; 0 for a constant one.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Bandt and Pompe, Phys. Rev. Lett. 88, 174102 (2002).

    Examples
    --------
    Bandt and Pompe's own, in bits 0.918.

    >>> import fastsci.chaos
    >>> round(fastsci.chaos.permutation_entropy([4, 7, 9, 10, 6, 11, 3], order=2), 4)
    0.9183
    """
    values, alone, size, lag = _checked(x, order, delay)
    largest = math.log(math.factorial(size)) if normalize else 1.0
    return give(for_finite(values, lambda finite: _entropies(finite, size, lag)[:, 0] / largest), alone)


def statistical_complexity(x: ArrayLike, *, order: int = 3, delay: int = 1) -> Any:
    """Jensen-Shannon statistical complexity of the ordinal patterns of a series.

    The product of the normalised permutation entropy and the Jensen-Shannon divergence of the patterns from the
    uniform distribution, the latter divided by its largest value.  It vanishes both for perfect order and for white
    noise; chaos and long correlations raise it.

    Parameters
    ----------
    x : (n_times,) or (n_series, n_times) array
        Series; computed in float64.
    order : int
        Values in a window, 2 to 8.
    delay : int
        Samples between two values of a window.

    Returns
    -------
    float or (n_series,) array
        NaN for a series that holds NaN or infinity; 0 for a constant one.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.

    References
    ----------
    Lopez-Ruiz, Mancini and Calbet, Phys. Lett. A 209, 321 (1995); Rosso, Larrondo, Martin, Plastino and Fuentes,
    Phys. Rev. Lett. 99, 154102 (2007).

    Examples
    --------
    >>> import fastsci.chaos
    >>> round(fastsci.chaos.statistical_complexity([4, 7, 9, 10, 6, 11, 3], order=2), 4)
    0.0611
    """
    values, alone, size, lag = _checked(x, order, delay)
    count = math.factorial(size)
    uniform = math.log(count)
    farthest = -0.5 * ((count + 1) / count * math.log(count + 1) + uniform - 2.0 * math.log(2 * count))

    def measure(finite: np.ndarray) -> np.ndarray:
        own, mixed = _entropies(finite, size, lag).T
        divergence = mixed - 0.5 * own - 0.5 * uniform
        return own / uniform * (divergence / farthest)

    return give(for_finite(values, measure), alone)


def _checked(x: ArrayLike, order: int, delay: int) -> tuple[np.ndarray, bool, int, int]:
    size = whole("order", order, 2, HIGHEST_ORDER)
    lag = whole("delay", delay, 1)
    return *series(x, shortest=(size - 1) * lag + 1), size, lag


def _seconds(x: np.ndarray, order: int) -> float:
    return x.shape[1] * order * order * _SECONDS_A_COMPARISON


def _entropies(x: np.ndarray, order: int, delay: int) -> np.ndarray:
    """Entropies in nats, ``(n_series, 2)``: of the patterns, and of their mean with the uniform distribution."""
    values = np.empty((len(x), 2))

    def work(first: int, last: int) -> None:
        ordinal.entropies(x, order, delay, math.factorial(order), first, last, values)

    over(len(x), work, _seconds(x, order))
    return values


@lru_cache(maxsize=HIGHEST_ORDER)
def _patterns(order: int) -> np.ndarray:
    return np.array(list(itertools.permutations(range(order))))


@lru_cache(maxsize=HIGHEST_ORDER)
def _codes(order: int) -> np.ndarray:
    """Lehmer's code of the windows that show each of the patterns."""
    ranks = np.argsort(_patterns(order), axis=1)
    later = np.arange(order) > np.arange(order)[:, np.newaxis]
    digits = ((ranks[:, np.newaxis, :] < ranks[:, :, np.newaxis]) & later).sum(axis=2)
    return digits @ np.array([math.factorial(order - 1 - place) for place in range(order)])
