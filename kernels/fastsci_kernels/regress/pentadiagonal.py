"""Symmetric positive definite systems of five diagonals, and the second differences that lead to them.

A matrix is ``bands (3, n)``: the diagonal, and the first and second one below, which end in one and two zeros.
"""

from __future__ import annotations

from fastsci_kernels.static import static


@static
def second_differences(values, steps, out):
    """Jumps of the slope at the inner samples, ``out (n - 2,)``: ``Q' values``."""
    for i in range(out.size):
        out[i] = (values[i + 2] - values[i + 1]) / steps[i + 1] - (values[i + 1] - values[i]) / steps[i]


@static
def add_transposed_differences(factor, jumps, steps, out):
    """``out += factor * Q jumps``, of shape (n,)."""
    for i in range(jumps.size):
        before, behind = factor * jumps[i] / steps[i], factor * jumps[i] / steps[i + 1]
        out[i] += before
        out[i + 1] -= before + behind
        out[i + 2] += behind


@static
def difference_products(steps, bands):
    """``Q' Q``."""
    size = bands.shape[1]
    for i in range(size):
        before, behind = 1.0 / steps[i], 1.0 / steps[i + 1]
        middle = before + behind
        bands[0, i] = before * before + middle * middle + behind * behind
        bands[1, i], bands[2, i] = 0.0, 0.0
        if i + 1 < size:
            bands[1, i] = -behind * (middle + behind + 1.0 / steps[i + 2])
        if i + 2 < size:
            bands[2, i] = behind / steps[i + 2]


@static
def factorise(bands):
    """``L D L'`` in place: D, and the two diagonals of L below its ones."""
    size = bands.shape[1]
    for i in range(size):
        pivot = bands[0, i]
        first, second = bands[1, i], bands[2, i]
        bands[1, i], bands[2, i] = first / pivot, second / pivot
        if i + 1 < size:
            bands[0, i + 1] -= first * bands[1, i]
            bands[1, i + 1] -= second * bands[1, i]
        if i + 2 < size:
            bands[0, i + 2] -= second * bands[2, i]


@static
def solve(factors, values):
    """Solve in place with what `factorise` left."""
    size = values.size
    for i in range(size):
        if i + 1 < size:
            values[i + 1] -= factors[1, i] * values[i]
        if i + 2 < size:
            values[i + 2] -= factors[2, i] * values[i]
    for i in range(size - 1, -1, -1):
        values[i] /= factors[0, i]
        if i + 1 < size:
            values[i] -= factors[1, i] * values[i + 1]
        if i + 2 < size:
            values[i] -= factors[2, i] * values[i + 2]


@static
def trace_of_solution(factors, bands):
    """Trace of the inverse of what was factorised times ``bands``.

    The five middle diagonals of the inverse are enough; they follow from one another backwards: Hutchinson and de
    Hoog, Numer. Math. 47, 99 (1985).
    """
    size = bands.shape[1]
    next_own, next_first, after_own = 0.0, 0.0, 0.0  # the inverse at (i+1, i+1), (i+1, i+2), (i+2, i+2)
    total = 0.0
    for i in range(size - 1, -1, -1):
        first, second = factors[1, i], factors[2, i]
        at_second = -first * next_first - second * after_own
        at_first = -first * next_own - second * next_first
        own = 1.0 / factors[0, i] - first * at_first - second * at_second
        total += own * bands[0, i] + 2.0 * (at_first * bands[1, i] + at_second * bands[2, i])
        after_own, next_own, next_first = next_own, own, at_first
    return total
