"""Forecasts by neighbours in a delay space: simplex projection, and the locally weighted linear map (S-map).

The S-map solves one least squares problem a query, eight queries side by side in lanes.  A problem is made
triangular twice by Cholesky's factors of its normal equations, the second time of rows that are orthogonal but for
rounding: as good as Householder's reflections while the first factor exists with digits to spare, and those (and a
singular value decomposition, for the shortest solution) are what a problem gets that is closer to singular.
"""

# Numba passes the first argument of an intrinsic, and its functions for lanes bind themselves when imported.

from __future__ import annotations

import math

import numpy as np

from fastsci_kernels.numbers import functions  # noqa: F401  (np.exp and np.sqrt of lanes)
from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.numbers.memory import load, number, store
from fastsci_kernels.static import static

WIDTH = 8
SMALLEST_PIVOT = 1e-10  # of a column's squared length: what is left of it beside the columns before it
MOST_SWEEPS = 60
NOTHING = 1e-34  # the square of less than rounding


@static
def simplex(indices, distances, targets, first, last, out):
    """Weighted means of ``targets (n_series, n_library)`` over neighbours ``(n_series, n_queries, k)``.

    The weights are exp(-d / d_1), d_1 being the distance of the nearest; where that is zero, the neighbours at
    distance zero alone count.
    """
    n_queries = indices.shape[1]
    for item in range(first, last):
        series, query = item // n_queries, item % n_queries
        nearest = distances[series, query, 0]
        total, weights = 0.0, 0.0
        for place in range(indices.shape[2]):
            index, distance = indices[series, query, place], distances[series, query, place]
            if index < 0:
                break
            weight = 1.0 if distance == 0.0 else 0.0
            if nearest > 0.0:
                weight = math.exp(-distance / nearest)
            total += weight * targets[series, index]
            weights += weight
        out[series, query] = total / weights if weights > 0.0 else math.nan


@static
def _triangle(normal, factor, size):
    """Cholesky: ``factor`` of the matrices in the lanes of ``normal``, and the least share of a pivot in its column.

    Entry (i, j), i <= j, of either is row ``i * size + j``; the diagonal of ``factor`` holds reciprocals.
    """
    least = number(1.0, 64, 8)
    for i in range(size):
        for j in range(i, size):
            rest = load(normal, i * size + j, 0, 8)
            for k in range(i):
                rest = rest - load(factor, k * size + i, 0, 8) * load(factor, k * size + j, 0, 8)
            if i == j:
                share = rest / load(normal, i * size + i, 0, 8)
                # One that is not a number is no share at all.
                share = where(share > 0.0, share, number(0.0, 64, 8))
                least = where(share < least, share, least)
                store(factor, i * size + i, 0, 1.0 / np.sqrt(where(share > 0.0, rest, number(1.0, 64, 8))))
            else:
                store(factor, i * size + j, 0, rest * load(factor, i * size + i, 0, 8))
    return least


@static
def _solve(factor, vector, size):
    """The solution of ``factor x = vector`` in its place, from the last row up."""
    for back in range(size):
        i = size - 1 - back
        rest = load(vector, i, 0, 8)
        for k in range(i + 1, size):
            rest = rest - load(factor, i * size + k, 0, 8) * load(vector, k, 0, 8)
        store(vector, i, 0, rest * load(factor, i * size + i, 0, 8))


@static
def _solve_transposed(factor, vectors, size, count):
    """Solutions of ``factor' x = vector`` in the place of ``count`` vectors, whose entry i is row ``i * count + b``."""
    for i in range(size):
        reciprocal = load(factor, i * size + i, 0, 8)
        for b in range(count):
            rest = load(vectors, i * count + b, 0, 8)
            for k in range(i):
                rest = rest - load(factor, k * size + i, 0, 8) * load(vectors, k * count + b, 0, 8)
            store(vectors, i * count + b, 0, rest * reciprocal)


@static
def _rows(points, targets, queries, series, j, column, weights, size, rows):
    """Rows of the problems for eight points from j on: weight, displacements and target times it."""
    for b in range(8):
        weight = load(weights, j + b, 0, 8)
        store(rows, b, 0, weight)
        store(rows, size * 8 + b, 0, weight * targets[series, j + b])
    for axis in range(size - 1):
        place = load(queries, series * (size - 1) + axis, column, 8)
        for b in range(8):
            apart = number(points[series, j + b, axis], 64, 8) - place
            store(rows, (axis + 1) * 8 + b, 0, load(weights, j + b, 0, 8) * apart)


@static
def _add_products(rows, size, normal, right):
    """Add the products of the columns of eight rows with each other, and with the targets."""
    for i in range(size):
        # Held in registers: half of the time goes into these products, and most of theirs into loads.
        a, b = load(rows, i * 8, 0, 8), load(rows, i * 8 + 1, 0, 8)
        c, d = load(rows, i * 8 + 2, 0, 8), load(rows, i * 8 + 3, 0, 8)
        e, f = load(rows, i * 8 + 4, 0, 8), load(rows, i * 8 + 5, 0, 8)
        g, h = load(rows, i * 8 + 6, 0, 8), load(rows, i * 8 + 7, 0, 8)
        for k in range(i, size + 1):
            total = load(normal, i * size + k, 0, 8) if k < size else load(right, i, 0, 8)
            j = k * 8
            total = total + a * load(rows, j, 0, 8) + b * load(rows, j + 1, 0, 8)
            total = total + c * load(rows, j + 2, 0, 8) + d * load(rows, j + 3, 0, 8)
            total = total + e * load(rows, j + 4, 0, 8) + f * load(rows, j + 5, 0, 8)
            total = total + g * load(rows, j + 6, 0, 8) + h * load(rows, j + 7, 0, 8)
            if k < size:
                store(normal, i * size + k, 0, total)
            else:
                store(right, i, 0, total)


@static
def _least_squares(points, targets, queries, series, column, weights, room, solution):
    """Solve the problems of eight queries; what is left of the columns' squared lengths says how well it went."""
    size = points.shape[2] + 1
    rows, normal, factor, again = room
    normal[:] = 0.0
    for j in range(0, points.shape[1], 8):
        _rows(points, targets, queries, series, j, column, weights, size, rows)
        _add_products(rows, size, normal, solution)
    least = _triangle(normal, factor, size)
    normal[:] = 0.0
    solution[:] = 0.0
    for j in range(0, points.shape[1], 8):
        _rows(points, targets, queries, series, j, column, weights, size, rows)
        _solve_transposed(factor, rows, size, 8)
        _add_products(rows, size, normal, solution)
    _triangle(normal, again, size)
    _solve_transposed(again, solution, size, 1)
    _solve(again, solution, size)
    _solve(factor, solution, size)
    return least


@static
def _reflect(rows, count, size):
    """Householder: ``rows (size + 1, n)`` hold the columns and the right-hand side; the triangle comes out on top."""
    for i in range(min(size, count)):
        length = 0.0
        for j in range(i, count):
            length = math.hypot(length, rows[i, j])
        if length == 0.0:
            continue
        head = rows[i, i] + math.copysign(length, rows[i, i])
        squares = head * head
        for j in range(i + 1, count):
            squares += rows[i, j] * rows[i, j]
        for k in range(i + 1, size + 1):
            product = head * rows[k, i]
            for j in range(i + 1, count):
                product += rows[i, j] * rows[k, j]
            share = 2.0 * product / squares
            rows[k, i] -= share * head
            for j in range(i + 1, count):
                rows[k, j] -= share * rows[i, j]
        rows[i, i] = -math.copysign(length, rows[i, i])
        rows[i, i + 1 :] = 0.0


@static
def _shortest_solution(triangle, right, cut, solution):
    """The shortest x of least ``|triangle x - right|``; singular values below ``cut`` of the largest count as zero.

    One-sided Jacobi rotations (Hestenes): columns turn until they are orthogonal.  ``triangle`` holds columns as
    rows and is overwritten.
    """
    size = triangle.shape[0]
    turned = np.eye(size)
    whole = 0.0
    for i in range(size):
        for j in range(size):
            whole += triangle[i, j] * triangle[i, j]
    for _ in range(MOST_SWEEPS):
        calm = True
        for i in range(size):
            for k in range(i + 1, size):
                a, b, c = 0.0, 0.0, 0.0
                for j in range(size):
                    a += triangle[i, j] * triangle[i, j]
                    b += triangle[k, j] * triangle[k, j]
                    c += triangle[i, j] * triangle[k, j]
                # A column that is nothing but rounding would turn for ever.
                if abs(c) <= 1e-16 * math.sqrt(a) * math.sqrt(b) or min(a, b) <= NOTHING * whole:
                    continue
                calm = False
                zeta = (b - a) / (2.0 * c)
                tangent = math.copysign(1.0, zeta) / (abs(zeta) + math.hypot(1.0, zeta))
                cosine = 1.0 / math.hypot(1.0, tangent)
                sine = cosine * tangent
                for j in range(size):
                    one, other = triangle[i, j], triangle[k, j]
                    triangle[i, j], triangle[k, j] = cosine * one - sine * other, sine * one + cosine * other
                    one, other = turned[i, j], turned[k, j]
                    turned[i, j], turned[k, j] = cosine * one - sine * other, sine * one + cosine * other
        if calm:
            break
    largest = 0.0
    for i in range(size):
        length = 0.0
        for j in range(size):
            length += triangle[i, j] * triangle[i, j]
        largest = max(largest, length)
    solution[:] = 0.0
    for i in range(size):
        length, product = 0.0, 0.0
        for j in range(size):
            length += triangle[i, j] * triangle[i, j]
            product += triangle[i, j] * right[j]
        if length > cut * cut * largest:
            for j in range(size):
                solution[j] += turned[i, j] * product / length


@static
def _with_care(points, targets, queries, series, column, weights, lane, unit, solution):
    """The problem of one query, however close to singular it is; ``unit`` is a one in the unit of the series."""
    size = points.shape[2] + 1
    rows = np.zeros((size + 1, max(points.shape[1], size)))
    count = 0
    for j in range(points.shape[1]):
        weight = weights[j, lane]
        if weight > 0.0:
            rows[0, count] = weight * unit
            for axis in range(points.shape[2]):
                place = queries[series * points.shape[2] + axis, column + lane]
                rows[axis + 1, count] = weight * (points[series, j, axis] - place)
            rows[size, count] = weight * targets[series, j]
            count += 1
    if count == 0:
        solution[:] = math.nan
        return
    cut = max(count, size) * 2.0**-52
    _reflect(rows, max(count, size), size)
    _shortest_solution(rows[:size, :size].copy(), rows[size], cut, solution)
    solution[0] *= unit


@static
def _distances(points, usable, queries, series, column, when, offset, theiler, distances):
    """Distances of eight queries from the library, -1 from what they may not use; the mean and the least."""
    total, count = number(0.0, 64, 8), number(0.0, 64, 8)
    least = number(math.inf, 64, 8)
    for j in range(points.shape[1]):
        if not usable[series, j]:
            store(distances, j, 0, number(-1.0, 64, 8))
            continue
        square = number(0.0, 64, 8)
        for axis in range(points.shape[2]):
            place = load(queries, series * points.shape[2] + axis, column, 8)
            apart = number(points[series, j, axis], 64, 8) - place
            square = square + apart * apart
        distance = np.sqrt(square)
        allowed = np.abs(load(when, 0, column, 8) + (offset - j)) > theiler
        total = total + where(allowed, distance, number(0.0, 64, 8))
        count = count + where(allowed, number(1.0, 64, 8), number(0.0, 64, 8))
        least = where(allowed & (distance < least), distance, least)
        store(distances, j, 0, where(allowed, distance, number(-1.0, 64, 8)))
    return total / count, least


@static
def smap(points, targets, units, usable, queries, when, offset, theiler, thetas, first, last, out, coefficients):
    """Forecasts of the groups of eight queries ``first`` to ``last``, counted through all series.

    ``points`` is ``(n_series, n_library, dim)``, ``queries`` ``(n_series * dim, n_queries)``, ``when (1, n_queries)``
    their numbers, and ``out`` ``(n_series, n_thetas, n_queries)``; the numbers of points and of queries are multiples
    of eight.  Points that are not ``usable`` are zero, and so are their targets.  Point j is not in the library of
    query i where ``|i + offset - j| <= theiler``.  ``units (n_series,)`` are ones in the units of the series, which
    say what the shortest solution is.
    """
    n_points, size = points.shape[1], points.shape[2] + 1
    groups = out.shape[2] // 8
    distances, weights = np.empty((n_points, 8)), np.empty((n_points, 8))
    squares = size * size
    room = (np.empty((8 * size + 8, 8)), np.empty((squares, 8)), np.empty((squares, 8)), np.empty((squares, 8)))
    solution, lone, shares = np.empty((size, 8)), np.empty(size), np.empty((1, 8))
    for item in range(first, last):
        series, column = item // groups, item % groups * 8
        mean, least = _distances(points, usable, queries, series, column, when, offset, theiler, distances)
        for choice in range(thetas.size):
            # The nearest weighs one: a common factor moves no solution, and weights that all vanish would be none.
            rate = where(mean > 0.0, thetas[choice] / mean, number(0.0, 64, 8))
            for j in range(n_points):
                distance = load(distances, j, 0, 8)
                weight = np.exp(rate * (least - distance))
                store(weights, j, 0, where(distance >= 0.0, weight, number(0.0, 64, 8)))
            share = _least_squares(points, targets, queries, series, column, weights, room, solution)
            store(shares, 0, 0, share)
            for lane in range(8):
                for i in range(size):
                    lone[i] = solution[i, lane]
                if shares[0, lane] < SMALLEST_PIVOT:
                    _with_care(points, targets, queries, series, column, weights, lane, units[series], lone)
                out[series, choice, column + lane] = lone[0]
                for i in range(size):
                    coefficients[series, choice, column + lane, i] = lone[i]
