"""Tridiagonal matrices with the eigenvalues of sample covariances of Gaussian features."""

import numpy as np

from fastsci_kernels.linear.draws import fill_chi, member
from fastsci_kernels.linear.gaussian_ridge import freedoms_of_bidiagonal
from fastsci_kernels.static import static


@static
def covariances(rows, columns, key, diagonals, besides, first, last):
    """Of draws ``first`` to ``last`` the diagonals (n_draws, size) and those beside them (n_draws, size - 1), written.

    ``B B' / rows`` for the bidiagonal ``B`` of the draw.
    """
    size = min(rows, columns)
    freedoms, chis = np.empty(2 * size - 1, np.int64), np.empty(2 * size - 1)
    freedoms_of_bidiagonal(rows, columns, freedoms)
    diagonal, above = chis[:size], chis[size:]
    for draw in range(first, last):
        fill_chi(key, member(rows, draw), columns, 0, freedoms, 2 * size - 1, chis)
        for row in range(size):
            square = diagonal[row] * diagonal[row]
            if row + 1 < size:
                square += above[row] * above[row]
                besides[draw, row] = above[row] * diagonal[row + 1] / rows
            diagonals[draw, row] = square / rows
