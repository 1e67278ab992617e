"""Slopes of bounded total variation: the piecewise linear curve near the samples whose slope changes least in all.

A column's curve x minimises ``|f - x|^2 / 2 + strength * |Q' x|_1``, where ``Q' x`` are the jumps of its slope.  That
is the regularised derivative of Chartrand, ISRN Appl. Math. 2011, 164564, written for the antiderivative, and l1
trend filtering of Kim, Koh, Boyd and Gorinevsky, SIAM Review 51, 339 (2009).  The dual variables ``z`` (n - 2,) lie
between ``-strength`` and ``strength``, with a slack ``above`` and ``below``, and ``x = f - Q z``.  They are found by
the predictor and corrector of Mehrotra, SIAM J. Optim. 2, 575 (1992), a system of five diagonals an iteration.  Time
is measured in mean steps.
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
)
from fastsci_kernels.static import static

SAMPLE_SECONDS = 4e-6  # one sample of one column
MOST_ITERATIONS = 100
MOST_STALLED = 5  # iterations without progress, which rounding then forbids
TOLERANCE = 1e-11  # duality gap over the objective
SEARCH_TOLERANCE = 1e-3  # the same, while a strength is looked for
RESIDUAL_TOLERANCE = 0.01  # of a sum of squared residuals that is aimed at
ROUNDING = 2.0**-50


def trends(
    x: np.ndarray, steps: np.ndarray, strength: float, squares: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Curves of every column of ``x (n_slabs, n_times, n_columns)``.

    Parameters
    ----------
    steps : ndarray, (n_times - 1,)
        Times between samples, 1 in the mean.
    strength : float
        Negative: for each column the one that leaves the sum of squared residuals in ``squares``.
    squares : ndarray, (n_slabs, n_columns)

    Returns
    -------
    values : ndarray of the shape of ``x``
    strengths, gaps : ndarrays, (n_slabs, n_columns)
        The duality gap is relative to the objective.
    """
    values = np.empty_like(x)
    strengths, gaps = np.full(squares.shape, strength), np.empty(squares.shape)
    over(
        strengths.size,
        lambda first, last: fit_columns(x, steps, squares, values, strengths, gaps, first, last),
        x.shape[1] * SAMPLE_SECONDS,
    )
    return values, strengths, gaps


@static
def fit_columns(x, steps, squares, values, strengths, gaps, first, last):
    n_times, n_columns = x.shape[1], x.shape[2]
    products, factors = np.empty((3, n_times - 2)), np.empty((3, n_times - 2))
    column, curve, work = np.empty(n_times), np.empty(n_times), np.empty((10, n_times - 2))
    difference_products(steps, products)
    for item in range(first, last):
        slab, place = item // n_columns, item % n_columns
        mean, spread = 0.0, 0.0
        for time in range(n_times):
            mean += x[slab, time, place] / n_times
        for time in range(n_times):
            column[time] = x[slab, time, place] - mean
            spread = max(spread, abs(column[time]))
        unit = spread if spread > 0.0 else 1.0
        for time in range(n_times):
            column[time] /= unit
        strength = strengths[slab, place] / unit
        if strength < 0.0:
            aim = squares[slab, place] / unit / unit
            strength = strength_of_residuals(aim, column, steps, products, factors, work, curve)
        gaps[slab, place] = filter_trend(column, steps, products, strength, TOLERANCE, factors, work, curve)
        strengths[slab, place] = strength * unit
        for time in range(n_times):
            values[slab, time, place] = mean + unit * curve[time]


@static
def filter_trend(column, steps, products, strength, tolerance, factors, work, curve):
    """Write the curve; the duality gap over the objective.

    Slacks are kept beside their multipliers, and the curve moves with them: a difference of nearly equal numbers would
    lose both where the strength is large.
    """
    above, below, upper, lower, slopes, move, upper_move, lower_move, upper_aim, lower_aim = work
    size = slopes.size
    curve[:] = column
    second_differences(column, steps, slopes)
    largest = 0.0
    for i in range(size):
        largest = max(largest, abs(slopes[i]))
    if strength == 0.0 or largest == 0.0:
        return 0.0
    above[:] = strength
    below[:] = strength
    upper[:] = largest
    lower[:] = largest
    gap, objective, least, stalled = math.inf, math.inf, math.inf, 0
    for _ in range(MOST_ITERATIONS):
        gap, objective = duality_gap(column, curve, slopes, above, below)
        stalled = 0 if gap < 0.9 * least else stalled + 1
        least = min(gap, least)
        if gap <= tolerance * objective or stalled == MOST_STALLED:
            break
        for i in range(size):
            factors[0, i] = products[0, i] + upper[i] / above[i] + lower[i] / below[i]
            factors[1, i] = products[1, i]
            factors[2, i] = products[2, i]
        factorise(factors)
        upper_aim[:] = 0.0
        lower_aim[:] = 0.0
        direction(above, below, upper, lower, slopes, upper_aim, lower_aim, factors, move, upper_move, lower_move)
        length = longest_step(above, below, upper, lower, move, upper_move, lower_move)
        now, then = 0.0, 0.0
        for i in range(size):
            now += upper[i] * above[i] + lower[i] * below[i]
            then += (upper[i] + length * upper_move[i]) * (above[i] - length * move[i])
            then += (lower[i] + length * lower_move[i]) * (below[i] + length * move[i])
        centre = (then / now) ** 3 * now / (2 * size)
        for i in range(size):
            upper_aim[i] = centre + move[i] * upper_move[i]
            lower_aim[i] = centre - move[i] * lower_move[i]
        direction(above, below, upper, lower, slopes, upper_aim, lower_aim, factors, move, upper_move, lower_move)
        length = min(1.0, 0.995 * longest_step(above, below, upper, lower, move, upper_move, lower_move))
        for i in range(size):
            move[i] *= length
            above[i] -= move[i]
            below[i] += move[i]
            upper[i] += length * upper_move[i]
            lower[i] += length * lower_move[i]
        add_transposed_differences(-1.0, move, steps, curve)
        second_differences(curve, steps, slopes)
    return gap / objective


@static
def duality_gap(column, curve, slopes, above, below):
    """How far the objective of the curve may be from the least, and the objective."""
    gap, variation, squares = 0.0, 0.0, 0.0
    for i in range(slopes.size):
        gap += slopes[i] * above[i] if slopes[i] > 0.0 else -slopes[i] * below[i]
        variation += abs(slopes[i])
    for time in range(column.size):
        squares += (column[time] - curve[time]) ** 2
    return gap, 0.5 * squares + 0.5 * (above[0] + below[0]) * variation


@static
def direction(above, below, upper, lower, slopes, upper_aim, lower_aim, factors, move, upper_move, lower_move):
    """Newton's direction to where each multiplier times its slack is what is aimed at."""
    for i in range(move.size):
        move[i] = slopes[i] - upper_aim[i] / above[i] + lower_aim[i] / below[i]
    solve(factors, move)
    for i in range(move.size):
        upper_move[i] = (upper_aim[i] + upper[i] * move[i]) / above[i] - upper[i]
        lower_move[i] = (lower_aim[i] - lower[i] * move[i]) / below[i] - lower[i]


@static
def longest_step(above, below, upper, lower, move, upper_move, lower_move):
    """The share of a direction, at most 1, that keeps slacks and multipliers from falling below zero."""
    length = 1.0
    for i in range(move.size):
        if length * move[i] > above[i]:
            length = above[i] / move[i]
        if -length * move[i] > below[i]:
            length = -below[i] / move[i]
        if -length * upper_move[i] > upper[i]:
            length = -upper[i] / upper_move[i]
        if -length * lower_move[i] > lower[i]:
            length = -lower[i] / lower_move[i]
    return length


@static
def strength_of_residuals(aim, column, steps, products, factors, work, curve):
    """The strength that leaves so large a sum of squared residuals, which grows with it; bisection of the logarithm."""
    if aim <= ROUNDING * ROUNDING * column.size:
        return 0.0
    strength = math.sqrt(aim / column.size)
    low, high = 0.0, math.inf
    for _ in range(60):
        filter_trend(column, steps, products, strength, SEARCH_TOLERANCE, factors, work, curve)
        squares = 0.0
        for time in range(column.size):
            squares += (column[time] - curve[time]) ** 2
        if abs(squares - aim) <= RESIDUAL_TOLERANCE * aim or strength > column.size**3:
            break
        if squares < aim:
            low = strength
        else:
            high = strength
        if math.isinf(high):
            strength *= 4.0
        elif low == 0.0:
            strength *= 0.25
        else:
            strength = math.sqrt(low * high)
    return strength
