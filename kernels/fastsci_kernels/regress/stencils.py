"""Derivatives as weighted sums of neighbouring samples: the weights, and the sums.

Samples are ``x (n_slabs, n_times, n_columns)``: times may be any axis of an array, without a copy of it.
"""

from __future__ import annotations

import math

import numpy as np

from fastsci_kernels.loops.batch import over
from fastsci_kernels.static import static

BLOCK = 2048  # numbers that stay in the first cache while one weight after another passes over them
GROUP = 64  # rows whose weights are found together
FEW_COLUMNS = 8  # fewer are summed one after the other
NUMBER_SECONDS = 3e-10  # one number of a block times one weight
TERM_SECONDS = 1.5e-9  # one term of a sum whose weights come from a table
WEIGHT_SECONDS = 5e-9  # one weight of a table, times the size of its stencil


def difference_table(times: np.ndarray, starts: np.ndarray, at: np.ndarray, size: int, d: int) -> np.ndarray:
    """Weights ``(n_rows, size)`` of the derivative of the interpolating polynomial.

    Row r is of the samples from ``starts[r]`` on, for the time ``at[r]``; ``times`` are of all samples.
    """
    weights = np.empty((len(starts), size))
    over(
        len(starts),
        lambda first, last: fill_differences(times, starts, at, d, weights, first, last),
        size * size * WEIGHT_SECONDS,
    )
    return weights


def polynomial_table(
    times: np.ndarray, starts: np.ndarray, at: np.ndarray, size: int, degree: int, d: int
) -> np.ndarray:
    """Weights ``(n_rows, size)`` of the derivative of the polynomial that fits the samples best (least squares)."""
    weights = np.empty((len(starts), size))
    over(
        len(starts),
        lambda first, last: fill_polynomials(times, starts, at, degree, d, weights, first, last),
        size * (degree + 1) ** 2 * WEIGHT_SECONDS,
    )
    return weights


def convolve(x: np.ndarray, weights: np.ndarray, left: int, out: np.ndarray) -> None:
    """Write the sums of one stencil for all rows that have ``left`` neighbours before and the others behind."""
    n_slabs, n_times, n_columns = x.shape
    count = (n_times - len(weights) + 1) * n_columns
    flat, into = x.reshape(n_slabs, -1), out.reshape(n_slabs, -1)
    over(
        n_slabs * -(-count // BLOCK),
        lambda first, last: convolve_blocks(flat, weights, left * n_columns, n_columns, count, into, first, last),
        min(BLOCK, count) * len(weights) * NUMBER_SECONDS,
    )


def apply_table(x: np.ndarray, starts: np.ndarray, rows: np.ndarray, weights: np.ndarray, out: np.ndarray) -> None:
    """Write the sums for ``rows``, each with its own weights for the samples from its start on."""
    over(
        x.shape[0] * len(rows),
        lambda first, last: apply_rows(x, starts, rows, weights, out, first, last),
        weights.shape[1] * x.shape[2] * TERM_SECONDS,
    )


@static
def convolve_blocks(x, weights, offset, stride, count, out, first, last):
    blocks = (count + BLOCK - 1) // BLOCK
    used = np.flatnonzero(weights)
    for item in range(first, last):
        slab = item // blocks
        begin = (item % blocks) * BLOCK
        size = min(BLOCK, count - begin)
        target = out[slab, offset + begin : offset + begin + size]
        target[:] = 0.0
        done = 0
        while done < used.size:
            # Four weights a pass, where there are so many: the sums stay in registers meanwhile.
            together = 4 if done + 4 <= used.size else 1
            a = weights[used[done]]
            one = neighbours(x, slab, used[done] * stride + begin, size)
            if together == 4:
                b, c, d = weights[used[done + 1]], weights[used[done + 2]], weights[used[done + 3]]
                two = neighbours(x, slab, used[done + 1] * stride + begin, size)
                three = neighbours(x, slab, used[done + 2] * stride + begin, size)
                four = neighbours(x, slab, used[done + 3] * stride + begin, size)
                for i in range(size):
                    target[i] = target[i] + a * one[i] + b * two[i] + c * three[i] + d * four[i]
            else:
                for i in range(size):
                    target[i] += a * one[i]
            done += together


@static
def neighbours(x, slab, begin, size):
    return x[slab, begin : begin + size]


@static
def apply_rows(x, starts, rows, weights, out, first, last):
    size, n_columns = weights.shape[1], x.shape[2]
    for item in range(first, last):
        slab, row = item // rows.size, item % rows.size
        start, place = starts[row], rows[row]
        if n_columns < FEW_COLUMNS:
            for column in range(n_columns):
                total = 0.0
                for k in range(size):
                    total += weights[row, k] * x[slab, start + k, column]
                out[slab, place, column] = total
        else:
            target = out[slab, place]
            target[:] = 0.0
            for k in range(size):
                source = x[slab, start + k]
                for column in range(n_columns):
                    target[column] += weights[row, k] * source[column]


@static
def fill_differences(times, starts, at, d, weights, first, last):
    """Rows in groups, so that each operation of the recurrence runs along the rows of a group."""
    size = weights.shape[1]
    nodes, scratch = np.empty((size, GROUP)), np.empty((size, d + 1, GROUP))
    work = np.empty((4, GROUP))
    for begin in range(first, last, GROUP):
        count = min(GROUP, last - begin)
        for row in range(GROUP):
            # Places of an incomplete group repeat its last row.
            source = begin + min(row, count - 1)
            for k in range(size):
                nodes[k, row] = times[starts[source] + k] - at[source]
        fornberg(nodes, d, scratch, work)
        for row in range(count):
            for k in range(size):
                weights[begin + row, k] = scratch[k, d, row]


@static
def fornberg(nodes, d, scratch, work):
    """Weights of all derivatives up to ``d`` at zero, ``scratch (size, d + 1, n_rows)``, for ``nodes (size, n_rows)``.

    Fornberg, Math. Comp. 51, 699 (1988): the interpolating polynomials of the first node, the first two, and so on.
    """
    product, last_product, ratio, inverse = work
    rows = range(nodes.shape[1])
    scratch[:] = 0.0
    scratch[0, 0] = 1.0
    last_product[:] = 1.0
    for i in range(1, nodes.shape[0]):
        highest = min(i, d)
        here, before = nodes[i], nodes[i - 1]
        product[:] = 1.0
        for j in range(i):
            there = nodes[j]
            for row in rows:
                product[row] *= here[row] - there[row]
                inverse[row] = 1.0 / (here[row] - there[row])
            if j == i - 1:
                for row in rows:
                    ratio[row] = last_product[row] / product[row]
                for k in range(highest, -1, -1):
                    new, old, lower = scratch[i, k], scratch[j, k], scratch[j, max(k - 1, 0)]
                    for row in rows:
                        new[row] = ratio[row] * (k * lower[row] - before[row] * old[row])
            for k in range(highest, -1, -1):
                old, lower = scratch[j, k], scratch[j, max(k - 1, 0)]
                for row in rows:
                    old[row] = (here[row] * old[row] - k * lower[row]) * inverse[row]
        last_product[:] = product


@static
def fill_polynomials(times, starts, at, degree, d, weights, first, last):
    size = weights.shape[1]
    nodes = np.empty(size)
    basis = np.empty((degree + 1, size))
    values = np.empty((degree + 1, d + 1))
    for row in range(first, last):
        scale = 0.0
        for k in range(size):
            nodes[k] = times[starts[row] + k] - at[row]
            scale = max(scale, abs(nodes[k]))
        for k in range(size):
            nodes[k] /= scale
        orthonormal(nodes, basis, values)
        unit = scale**d
        for k in range(size):
            total = 0.0
            for j in range(degree + 1):
                total += values[j, d] * basis[j, k]
            weights[row, k] = total / unit


@static
def orthonormal(nodes, basis, values):
    """Polynomials that are orthonormal over ``nodes`` (size,), by rising degree, and their derivatives at zero.

    ``basis (degree + 1, size)`` holds the polynomials at the nodes, ``values (degree + 1, d + 1)`` the derivatives of
    order 0 to d.  Each is the node times the one before, made orthogonal to all: Brubeck, Nakatsukasa and Trefethen,
    SIAM Review 63, 405 (2021).
    """
    size, orders = nodes.size, values.shape[1]
    values[:] = 0.0
    for k in range(size):
        basis[0, k] = 1.0 / math.sqrt(size)
    values[0, 0] = basis[0, 0]
    for j in range(1, basis.shape[0]):
        for k in range(size):
            basis[j, k] = nodes[k] * basis[j - 1, k]
        for order in range(1, orders):
            values[j, order] = order * values[j - 1, order - 1]
        for _ in range(2):  # what rounding leaves of the others is removed by a second pass
            for i in range(j):
                share = 0.0
                for k in range(size):
                    share += basis[i, k] * basis[j, k]
                for k in range(size):
                    basis[j, k] -= share * basis[i, k]
                for order in range(orders):
                    values[j, order] -= share * values[i, order]
        length = 0.0
        for k in range(size):
            length += basis[j, k] * basis[j, k]
        length = math.sqrt(length)
        for k in range(size):
            basis[j, k] /= length
        for order in range(orders):
            values[j, order] /= length
