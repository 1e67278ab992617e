"""Natural cubic smoothing splines, many columns at once, in a time that grows with the samples.

A column's spline minimises the sum of squared residuals plus ``penalty`` times the integral of the squared second
derivative.  Its second derivatives at the inner samples solve a system of five diagonals: Reinsch, Numer. Math. 10,
177 (1967); Green and Silverman, Nonparametric Regression and Generalized Linear Models (Chapman & Hall, 1994),
section 2.3.  Time is measured in mean steps.
"""

from __future__ import annotations

import math

import numpy as np

from fastsci_kernels.loops.batch import over
from fastsci_kernels.regress.pentadiagonal import (
    add_transposed_differences,
    difference_products,
    factorise,
    second_differences,
    solve,
    trace_of_solution,
)
from fastsci_kernels.static import static

SAMPLE_SECONDS = 4e-6  # one sample of one column, of a search
LEAST, MOST = -6.0, 14.0  # decimal logarithms of the penalties that are searched
GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)


def smoothing_splines(x: np.ndarray, steps: np.ndarray, squares: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Splines of every column of ``x (n_slabs, n_times, n_columns)``.

    Parameters
    ----------
    steps : ndarray, (n_times - 1,)
        Times between samples, 1 in the mean.
    squares : float
        The sum of squared residuals; negative: the penalty of least generalised cross validation instead.

    Returns
    -------
    values, curvatures : ndarrays of the shape of ``x``
        At the samples.
    penalties : ndarray, (n_slabs, n_columns)
    """
    values, curvatures = np.empty_like(x), np.zeros_like(x)
    penalties = np.empty((x.shape[0], x.shape[2]))
    over(
        penalties.size,
        lambda first, last: fit_columns(x, steps, squares, values, curvatures, penalties, first, last),
        x.shape[1] * SAMPLE_SECONDS,
    )
    return values, curvatures, penalties


@static
def fit_columns(x, steps, squares, values, curvatures, penalties, first, last):
    n_times, n_columns = x.shape[1], x.shape[2]
    products, factors = np.empty((3, n_times - 2)), np.empty((3, n_times - 2))
    column, residuals, curvature = np.empty(n_times), np.empty(n_times), np.empty(n_times - 2)
    difference_products(steps, products)
    for item in range(first, last):
        slab, place = item // n_columns, item % n_columns
        for time in range(n_times):
            column[time] = x[slab, time, place]
        if squares < 0.0:
            penalty = least_cross_validation(column, steps, products, factors, curvature, residuals)
        else:
            penalty = penalty_of_residuals(squares, column, steps, products, factors, curvature, residuals)
        smooth(column, steps, products, penalty, factors, curvature, residuals)
        penalties[slab, place] = penalty
        for time in range(n_times):
            values[slab, time, place] = column[time] - residuals[time]
        for inner in range(n_times - 2):
            curvatures[slab, inner + 1, place] = curvature[inner]


@static
def smooth(column, steps, products, penalty, factors, curvature, residuals):
    """The spline of one penalty; its sum of squared residuals."""
    size = curvature.size
    for i in range(size):
        factors[0, i] = (steps[i] + steps[i + 1]) / 3.0 + penalty * products[0, i]
        factors[1, i] = steps[i + 1] / 6.0 + penalty * products[1, i] if i + 1 < size else 0.0
        factors[2, i] = penalty * products[2, i]
    factorise(factors)
    second_differences(column, steps, curvature)
    solve(factors, curvature)
    residuals[:] = 0.0
    add_transposed_differences(penalty, curvature, steps, residuals)
    total = 0.0
    for time in range(residuals.size):
        total += residuals[time] * residuals[time]
    return total


@static
def cross_validation(exponent, column, steps, products, factors, curvature, residuals):
    """The score of Craven and Wahba, Numer. Math. 31, 377 (1979), of a penalty of ``10**exponent``."""
    penalty = 10.0**exponent
    squares = smooth(column, steps, products, penalty, factors, curvature, residuals)
    freedom = penalty * trace_of_solution(factors, products)
    return column.size * squares / (freedom * freedom)


@static
def least_cross_validation(column, steps, products, factors, curvature, residuals):
    """The best of whole decades, then golden sections between its neighbours: the score has few minima, all wide."""
    best, least = LEAST, math.inf
    for decade in range(int(MOST - LEAST) + 1):
        score = cross_validation(LEAST + decade, column, steps, products, factors, curvature, residuals)
        if score < least:
            best, least = LEAST + decade, score
    low, high = max(best - 1.0, LEAST), min(best + 1.0, MOST)
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left = cross_validation(left, column, steps, products, factors, curvature, residuals)
    at_right = cross_validation(right, column, steps, products, factors, curvature, residuals)
    while high - low > 1e-3:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = cross_validation(left, column, steps, products, factors, curvature, residuals)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = cross_validation(right, column, steps, products, factors, curvature, residuals)
    return 10.0 ** (0.5 * (low + high))


@static
def penalty_of_residuals(squares, column, steps, products, factors, curvature, residuals):
    """The penalty whose spline leaves so large a sum of squares, which grows with it; 0 for none."""
    if squares == 0.0:
        return 0.0
    low, high = -30.0, MOST
    while high - low > 1e-9:
        middle = 0.5 * (low + high)
        if smooth(column, steps, products, 10.0**middle, factors, curvature, residuals) < squares:
            low = middle
        else:
            high = middle
    return 10.0**low
