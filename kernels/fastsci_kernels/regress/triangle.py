"""Triangles of symmetric matrices: the factor, and the nested least-squares models that one factor holds."""

from __future__ import annotations

import math

import numpy as np

from fastsci_kernels.static import static

SMALLEST = 1e-300


@static
def factorise(matrix, size):
    """Upper Cholesky factor of the leading block, in its place; the lower part is left as it was."""
    for pivot in range(size):
        diagonal = math.sqrt(max(matrix[pivot, pivot], SMALLEST))
        matrix[pivot, pivot] = diagonal
        for column in range(pivot + 1, size):
            matrix[pivot, column] /= diagonal
        for row in range(pivot + 1, size):
            factor = matrix[pivot, row]
            for column in range(row, size):
                matrix[row, column] -= factor * matrix[pivot, column]


@static
def invert(matrix, right, size):
    """Gauss-Jordan: a positive definite matrix becomes its inverse, and ``right`` the solution; returns log det."""
    determinant = 0.0
    for pivot in range(size):
        diagonal = max(matrix[pivot, pivot], SMALLEST)
        determinant += math.log(diagonal)
        reciprocal = 1.0 / diagonal
        matrix[pivot, pivot] = 1.0
        for column in range(size):
            matrix[pivot, column] *= reciprocal
        right[pivot] *= reciprocal
        for row in range(size):
            if row != pivot:
                factor = matrix[row, pivot]
                matrix[row, pivot] = 0.0
                for column in range(size):
                    matrix[row, column] -= factor * matrix[pivot, column]
                right[row] -= factor * right[pivot]
    return determinant


@static
def nested(grams, crosses, squares, ridges, orders, coefs, residuals, first, last):
    """Ridge models on the leading columns of an order, of all sizes, by one factor of the permuted Gram.

    ``coefs (n, m, size + 1, p)`` and sums of squared residuals ``(n, m, size + 1)``, by number of columns; the squares
    of the rotated target are summed from the largest model down, so that a small residual is no difference of sums.
    """
    n_targets, size = orders.shape[1], orders.shape[2]
    upper = np.empty((size, size))
    lower = np.empty((size, size))
    rotated = np.empty(size)
    found = np.empty(size)
    for problem in range(first, last):
        for target in range(n_targets):
            order = orders[problem, target]
            count = 0
            while count < size and order[count] >= 0:
                count += 1
            for row in range(count):
                for column in range(row, count):
                    upper[row, column] = grams[problem, order[row], order[column]]
                upper[row, row] += ridges[problem, order[row]]
            factorise(upper, count)
            left = squares[problem, target]
            floor = 2.3e-16 * left
            for row in range(count):
                value = crosses[problem, target, order[row]]
                for column in range(row):
                    lower[row, column] = upper[column, row]
                    value -= upper[column, row] * rotated[column]
                lower[row, row] = upper[row, row]
                rotated[row] = value / upper[row, row]
                left -= rotated[row] * rotated[row]
            left = max(left, floor)
            for taken in range(count, -1, -1):
                shrinkage = 0.0
                for row in range(taken):
                    found[row] = rotated[row]
                for row in range(taken - 1, -1, -1):
                    found[row] /= lower[row, row]
                    for column in range(row):
                        found[column] -= found[row] * lower[row, column]
                for row in range(taken):
                    coefs[problem, target, taken, order[row]] = found[row]
                    shrinkage += ridges[problem, order[row]] * found[row] * found[row]
                residuals[problem, target, taken] = max(left - shrinkage, floor)
                if taken:
                    left += rotated[taken - 1] * rotated[taken - 1]
            for taken in range(count + 1, size + 1):
                for column in range(coefs.shape[3]):
                    coefs[problem, target, taken, column] = coefs[problem, target, count, column]
                residuals[problem, target, taken] = residuals[problem, target, count]
