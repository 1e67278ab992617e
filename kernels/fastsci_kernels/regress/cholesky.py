"""Cholesky factors in memory that the caller lends: the factor lies in both triangles, so that both of its solves run
along rows.

Four rows are found together, each number that is read meeting four others, and stay in registers while all that is
known is taken from them; nothing is summed in an order that depends on a batch or on threads.
"""

import math

from fastsci_kernels.numbers.blocks import subtract_products
from fastsci_kernels.static import static

EPSILON = 2.0**-52
BLOCK = 64  # rows that stay in the second-level cache while all others meet them


@static
def factorise(matrix, diagonal, size):
    """Factor the leading block, of which the upper triangle is read, into ``U' U``; False where it is singular.

    ``U`` comes to lie above the diagonal and ``U'`` below; ``diagonal (size,)`` is written.  A pivot of no more than
    the rounding of its diagonal is that of a column that depends on those before it.
    """
    for row in range(size):
        diagonal[row] = matrix[row, row]
    for begin in range(0, size, BLOCK):
        end = min(begin + BLOCK, size)
        for top in range(begin, size, 4):
            bottom = min(top + 4, size)
            known = min(top, end)
            if bottom - top == 4:
                subtract_products(matrix, top, matrix, matrix, begin, known, top, size)
            else:
                for row in range(top, bottom):
                    for above in range(begin, known):
                        factor = matrix[above, row]
                        for column in range(row, size):
                            matrix[row, column] -= factor * matrix[above, column]
            if top < end and not _finish(matrix, diagonal, top, bottom, size):
                return False
    for row in range(size):
        for column in range(row):
            matrix[row, column] = matrix[column, row]
    return True


@static
def _finish(matrix, diagonal, top, bottom, size):
    """The factor's rows ``top`` to ``bottom``, from which all rows above have been taken."""
    for row in range(top, bottom):
        for above in range(top, row):
            factor = matrix[above, row]
            for column in range(row, size):
                matrix[row, column] -= factor * matrix[above, column]
        if not matrix[row, row] > size * EPSILON * diagonal[row]:
            return False
        matrix[row, row] = math.sqrt(matrix[row, row])
        reciprocal = 1.0 / matrix[row, row]
        for column in range(row + 1, size):
            matrix[row, column] *= reciprocal
    return True


@static
def solve(factor, right, size):
    """Solve with a factor in the place of ``right``."""
    for row in range(size):
        right[row] /= factor[row, row]
        value = right[row]
        for column in range(row + 1, size):
            right[column] -= value * factor[row, column]
    for row in range(size - 1, -1, -1):
        right[row] /= factor[row, row]
        value = right[row]
        for column in range(row):
            right[column] -= value * factor[row, column]


@static
def inverse_diagonal(factor, inverse, diagonal, size):
    """Diagonal of the inverse of the factorised matrix; ``inverse (size, size)`` is written with ``U``'s inverse."""
    for row in range(size):
        for column in range(row // BLOCK * BLOCK, size):
            inverse[row, column] = 0.0
        inverse[row, row] = 1.0
    for begin in range((size - 1) // BLOCK * BLOCK, -1, -BLOCK):
        end = min(begin + BLOCK, size)
        for top in range((end - 1) // 4 * 4, -1, -4):
            bottom = min(top + 4, size)
            if bottom - top == 4:
                known = max(bottom, begin)
                subtract_products(inverse, top, factor, inverse, known, end, known, size)
            if top >= begin:
                _finish_inverse(factor, inverse, diagonal, top, bottom, size)


@static
def _finish_inverse(factor, inverse, diagonal, top, bottom, size):
    """Rows ``top`` to ``bottom`` of the inverse of ``U``, from which all rows below have been taken."""
    for row in range(bottom - 1, top - 1, -1):
        for below in range(row + 1, bottom):
            value = factor[row, below]
            for column in range(below, size):
                inverse[row, column] -= value * inverse[below, column]
        reciprocal = 1.0 / factor[row, row]
        total = 0.0
        for column in range(row, size):
            inverse[row, column] *= reciprocal
            total += inverse[row, column] * inverse[row, column]
        diagonal[row] = total
