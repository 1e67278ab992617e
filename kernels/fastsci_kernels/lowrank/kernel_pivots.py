"""Pivots of a small positive semidefinite matrix, the greatest of what is left one after the other."""

from __future__ import annotations

import math

import numpy as np

from fastsci_kernels.static import static


def pivots(matrix: np.ndarray, floor: float, most: int) -> np.ndarray:
    """Columns whose remainder is above ``floor`` when they are taken, in the order in which they are.

    Parameters
    ----------
    matrix : ndarray, (n, n)
        Symmetric.
    floor : float
        Not negative.
    most : int
        Columns that are taken at most.

    Returns
    -------
    ndarray, (n_taken,), integers
    """
    order = np.empty(min(most, len(matrix)), np.int64)
    rows = np.empty((len(order), len(matrix)))
    return order[: take(matrix, floor, np.diag(matrix).copy(), rows, order)]


@static
def take(matrix, floor, left, rows, order):
    """Number of columns taken; ``rows`` are those of the factor, ``left`` what remains of the diagonal."""
    size = matrix.shape[0]
    for step in range(order.size):
        column = 0
        for j in range(size):
            if left[j] > left[column]:
                column = j
        if not left[column] > floor:
            return step
        order[step] = column
        reciprocal = 1.0 / math.sqrt(left[column])
        for j in range(size):
            rows[step, j] = matrix[column, j]
        for above in range(step):
            factor = rows[above, column]
            for j in range(size):
                rows[step, j] -= factor * rows[above, j]
        for j in range(size):
            rows[step, j] *= reciprocal
            left[j] -= rows[step, j] * rows[step, j]
        left[column] = -1.0
    return order.size
