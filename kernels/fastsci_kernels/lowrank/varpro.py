"""Sums of exponentials fitted to data by variable projection and Levenberg-Marquardt, many subsets of times at once."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fastsci_kernels.loops.batch import over
from fastsci_kernels.lowrank.varpro_basis import exponentials, orthogonalise, residual_of
from fastsci_kernels.lowrank.varpro_normal import normal_equations
from fastsci_kernels.regress.cholesky import factorise, solve
from fastsci_kernels.static import static

LANES, ROWS = 8, 4
EXHAUSTED, CONVERGED, STALLED, FAILED = 0, 1, 2, 3
FIRST_DAMPING, LEAST_DAMPING = 1e-3, 1e-15
REJECTIONS = 30  # in a row, over which the damping grows beyond all that matters
STEEPEST = 150.0  # growth rate, times from -1 to 1: beyond, what a mode is at first has squares that are not numbers
ROUNDING = 2.0**-52
EXACT = 32.0  # norm of a residual over that of the data that rounding alone leaves, in roundings of the exponents
VISIBLE = 16.0  # change of the squares that rounding hides, over norms of data and residual, in the same units
SECONDS = 1e-10  # of one product in a sum, on one thread


class Exponentials(NamedTuple):
    """What `fit` finds for each subset of times.

    Attributes
    ----------
    rates : ndarray, (n_sets, n)
        Growth rate and angular frequency of each pair in turn, then the real rates.
    coefs : ndarray, (n_sets, n, n_data)
        Of the columns of the basis, each at most 1 over the times from -1 to 1.
    squares : ndarray, (n_sets,)
        Of the residual.
    iterations, status : ndarray of int, (n_sets,)
        Steps taken, and EXHAUSTED, CONVERGED, STALLED or FAILED.
    """

    rates: np.ndarray
    coefs: np.ndarray
    squares: np.ndarray
    iterations: np.ndarray
    status: np.ndarray


def fit(
    data: np.ndarray,
    times: np.ndarray,
    weights: np.ndarray,
    chosen: np.ndarray,
    rates: np.ndarray,
    *,
    n_pairs: int,
    stable: bool,
    held: np.ndarray,
    max_iter: int,
    tol: float,
    damping: np.ndarray | None = None,
) -> Exponentials:
    """Fit exponentials to each of many subsets of times.

    Parameters
    ----------
    data : ndarray, (n_parts, n_data, n_times)
        Real; a second part holds the imaginary part of complex data, of which every rate is then a pair.
    times : ndarray, (n_times,)
        From -1 to 1.
    weights : ndarray, (n_times,)
        Square roots of the weights of the times, with which ``data`` are not yet multiplied.
    chosen : ndarray of int, (n_sets, n_chosen)
        Places of the times of each subset.
    rates : ndarray, (n_sets, n)
        Where to begin: pairs, then real rates.
    n_pairs : int
    stable : bool
        Whether growth rates are at most 0.
    held : ndarray of bool, (n_sets, n)
        Numbers of the rates that stay as they are.
    max_iter : int
        Steps at most; 0 evaluates the rates as they are.
    tol : float
        A fit has converged where its next step is predicted to shorten the residual by less than this part.
    damping : ndarray, (n_sets,), optional
        To begin with; what it is at the end is written.
    """
    n_parts, n_data, _ = data.shape
    n_sets, n = rates.shape
    length = -(-chosen.shape[1] // LANES) * LANES
    found = Exponentials(
        rates.copy(), np.full((n_sets, n, n_data), np.nan), np.empty(n_sets), np.zeros(n_sets, np.int64),
        np.zeros(n_sets, np.int64),
    )  # fmt: skip
    damping = np.full(n_sets, FIRST_DAMPING) if damping is None else damping
    wide, tall = -(-n // ROWS) * ROWS, -(-n_data // ROWS) * ROWS

    def work(first: int, last: int) -> None:
        rows = np.zeros((2, wide, n_parts * length))
        targets = np.zeros((2, tall, n_parts * length))
        clock = np.zeros((2, n_parts * length))
        small = np.zeros((11, wide, wide))
        thin = np.zeros((tall, wide)), np.zeros((wide, tall))
        lines = np.zeros((5, n))
        _levenberg_marquardt(
            first, last, data, times, weights, chosen, n_pairs, stable, held, max_iter, tol, damping, *found,
            rows, targets, clock, small, *thin, lines,
        )  # fmt: skip

    effort = n_parts * length * n * (4.0 * n + 3.0 * n_data + 20.0)
    over(n_sets, work, SECONDS * effort * (1 + min(max_iter, 8)))
    return found


@static
def _gather(data, times, weights, places, length, clock, target):
    """The times of a subset and their data, weighted, and the sum of the squares of these."""
    n_parts, n_data, _ = data.shape
    count = len(places)
    for i in range(n_parts * length):
        within = i % length
        clock[0, i] = times[places[within]] if within < count else 0.0
        clock[1, i] = weights[places[within]] if within < count else 0.0
    squares = 0.0
    for part in range(n_parts):
        for row in range(n_data):
            for i in range(count):
                value = data[part, row, places[i]] * clock[1, i]
                target[row, part * length + i] = value
                squares += value * value
    return squares


@static
def _assess(rates, n, n_pairs, clock, length, n_parts, rows, targets, n_data, small, turned, coefs, lines):
    """Squares of the residual that rates leave; infinite where they do not make a basis."""
    exponentials(rates, n_pairs, n - 2 * n_pairs, clock[:1], clock[1:], length, n_parts, rows[0])
    if not orthogonalise(rows[0], n, small[0], small[1], small[2], lines[3], lines[4]):
        return np.inf
    return residual_of(rows[0], n, small[1], targets[0], n_data, coefs, turned, targets[1])


@static
def _step(matrix, right, damping, n, n_pairs, stable, held, rates, factor, diagonal, step):
    """The damped step, and by how much it is predicted to shrink the squares; -1 where it cannot be found.

    Numbers that are held, or that a bound holds, stay as they are.
    """
    most = 0.0
    for i in range(n):
        most = max(most, matrix[i, i])
    for i in range(n):
        step[i] = right[i]
        for j in range(n):
            factor[i, j] = matrix[i, j]
        factor[i, i] += damping * (matrix[i, i] + ROUNDING * most)
        if factor[i, i] == 0.0:
            factor[i, i] = 1.0
    for i in range(n):
        growth = i >= 2 * n_pairs or i % 2 == 0
        if held[i] or (stable and growth and rates[i] >= 0.0 and right[i] > 0.0):
            step[i] = 0.0
            for j in range(n):
                factor[i, j] = 0.0
                factor[j, i] = 0.0
            factor[i, i] = 1.0
    if not factorise(factor, diagonal, n):
        return -1.0
    solve(factor, step, n)
    predicted = 0.0
    for i in range(n):
        predicted += step[i] * (right[i] + damping * matrix[i, i] * step[i])
    return predicted


@static
def _write(out, coefs, n, n_data):
    for i in range(n):
        for j in range(n_data):
            out[i, j] = coefs[i, j]


@static
def _levenberg_marquardt(
    first, last, data, times, weights, chosen, n_pairs, stable, held, max_iter, tol, dampings, rates, coefs, squares,
    iterations, status, rows, targets, clock, small, turned, thin, lines,
):  # fmt: skip
    """Fit the subsets ``first`` to ``last``, one after another (damping as in Nielsen 1999)."""
    n, n_parts, n_data = rates.shape[1], data.shape[0], data.shape[1]
    length = rows.shape[2] // n_parts
    right, step, trial, diagonal = lines[0], lines[1], lines[2], lines[3]
    matrix, factor = small[3], small[4]
    for which in range(first, last):
        known = rates[which]
        whole_squares = _gather(data, times, weights, chosen[which], length, clock, targets[0])
        for i in range(n):
            trial[i] = known[i]
        now, damping, growing, rejected, predicted = np.inf, dampings[which], 2.0, 0, 0.0
        status[which] = EXHAUSTED
        while True:
            reached = np.inf
            if predicted >= 0.0:
                reached = _assess(
                    trial, n, n_pairs, clock, length, n_parts, rows, targets, n_data, small, turned, thin, lines
                )  # fmt: skip
            if reached < now:
                if now < np.inf:
                    gain = (now - reached) / predicted
                    damping = max(damping * max(1.0 / 3.0, 1.0 - (2.0 * gain - 1.0) ** 3), LEAST_DAMPING)
                    iterations[which] += 1
                now, growing, rejected = reached, 2.0, 0
                for i in range(n):
                    known[i] = trial[i]
                normal_equations(
                    rows[0], n, n_pairs, clock, small[1], small[2], targets[1], n_data, thin, turned, rows[1],
                    small[5:], matrix, right,
                )  # fmt: skip
                _write(coefs[which], thin, n, n_data)
            elif now == np.inf:
                status[which] = FAILED
                break
            else:
                damping *= growing
                growing *= 2.0
                rejected += 1
                if rejected == REJECTIONS:
                    status[which] = STALLED
                    break
            predicted = _step(
                matrix, right, damping, n, n_pairs, stable, held[which], known, factor, diagonal, step
            )  # fmt: skip
            # Exponents are as exact as rates times times are, and residuals no more than exponents.
            largest = 1.0
            for i in range(n):
                largest = max(largest, abs(known[i]))
            exact = ROUNDING * largest * math.sqrt(whole_squares)
            least = 2.0 * tol * now + VISIBLE * exact * math.sqrt(now)
            if now <= (EXACT * exact) ** 2 or (rejected == 0 and 0.0 <= predicted <= least):
                status[which] = CONVERGED
                break
            if iterations[which] == max_iter:
                break
            for i in range(n):
                trial[i] = known[i] + step[i]
                if i >= 2 * n_pairs or i % 2 == 0:
                    trial[i] = min(trial[i], 0.0 if stable else STEEPEST)
        squares[which] = now
        dampings[which] = damping
