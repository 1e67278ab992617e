"""Forward selection by orthogonal least squares: a Cholesky factor that chooses its own pivots."""

from __future__ import annotations

import math

import numpy as np

from fastsci_kernels.static import static


@static
def select(grams, crosses, squares, dependent, tolerance, orders, ratios, first, last):
    """Columns in the order of their error reduction ratios ``(n, m, size)``, -1 where none is left.

    The columns have unit length.  Each step takes the column whose part beyond those taken explains most of the
    target; a column of which less than ``dependent`` is left depends on them.  Stops where the share that is not yet
    explained falls to ``tolerance``.  Only the rows of taken columns are ever orthogonalised.
    """
    n_features = grams.shape[1]
    n_targets, size = orders.shape[1], orders.shape[2]
    rows = np.empty((size, n_features))
    beyond = np.empty(n_features)
    product = np.empty(n_features)
    for problem in range(first, last):
        for target in range(n_targets):
            total = squares[problem, target]
            unexplained = 1.0
            for column in range(n_features):
                beyond[column] = grams[problem, column, column]
                product[column] = crosses[problem, target, column]
            for step in range(size):
                orders[problem, target, step] = -1
                ratios[problem, target, step] = 0.0
            for step in range(size):
                best, most = -1, 0.0
                for column in range(n_features):
                    if beyond[column] > dependent:
                        explained = product[column] * product[column] / beyond[column]
                        if explained > most:
                            best, most = column, explained
                if best < 0 or unexplained <= tolerance:
                    break
                orders[problem, target, step] = best
                ratios[problem, target, step] = most / total
                unexplained -= most / total
                row = rows[step]
                for column in range(n_features):
                    row[column] = grams[problem, best, column]
                for before in range(step):
                    factor = rows[before, best]
                    for column in range(n_features):
                        row[column] -= factor * rows[before, column]
                scale = 1.0 / math.sqrt(beyond[best])
                share = product[best] * scale
                for column in range(n_features):
                    row[column] *= scale
                    beyond[column] -= row[column] * row[column]
                    product[column] -= share * row[column]
                beyond[best] = -1.0
