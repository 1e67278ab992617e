"""Stepwise elimination: from all columns to none, one at a time, by down-dates of the inverse Gram matrix."""

from __future__ import annotations

import numpy as np

from fastsci_kernels.regress.triangle import invert
from fastsci_kernels.static import static


@static
def eliminate(grams, crosses, ridges, scales, by_value, orders, first, last):
    """Order of columns ``(n, m, p)``, that which is removed last first.

    By value the smallest ``|scale c|`` is removed, else the column whose removal raises the penalised residual least,
    by ``c^2 / inverse_jj``.  Removing costs one rank-one down-date of the inverse and of the coefficients.
    """
    n_features = grams.shape[1]
    n_targets = crosses.shape[1]
    whole = np.empty((n_features, n_features))
    inverse = np.empty((n_features, n_features))
    unused = np.zeros(n_features)
    coef = np.empty(n_features)
    names = np.empty(n_features, np.int64)
    for problem in range(first, last):
        for row in range(n_features):
            for column in range(n_features):
                whole[row, column] = grams[problem, row, column]
            whole[row, row] += ridges[problem, row]
        invert(whole, unused, n_features)
        for target in range(n_targets):
            for row in range(n_features):
                names[row] = row
                value = 0.0
                for column in range(n_features):
                    inverse[row, column] = whole[row, column]
                    value += whole[row, column] * crosses[problem, target, column]
                coef[row] = value
            for left in range(n_features, 0, -1):
                worst, least = 0, np.inf
                for row in range(left):
                    value = coef[row] * scales[problem, names[row]]
                    cost = abs(value) if by_value else coef[row] * coef[row] / inverse[row, row]
                    if cost < least:
                        worst, least = row, cost
                orders[problem, target, left - 1] = names[worst]
                _drop(inverse, coef, names, worst, left)


@static
def _drop(inverse, coef, names, gone, size):
    """Remove a column: its place is taken by the last one, the rest is down-dated."""
    final = size - 1
    if gone != final:
        for column in range(size):
            inverse[gone, column], inverse[final, column] = inverse[final, column], inverse[gone, column]
        for row in range(size):
            inverse[row, gone], inverse[row, final] = inverse[row, final], inverse[row, gone]
        coef[gone], coef[final] = coef[final], coef[gone]
        names[gone], names[final] = names[final], names[gone]
    reciprocal = 1.0 / inverse[final, final]
    for row in range(final):
        factor = inverse[row, final] * reciprocal
        for column in range(final):
            inverse[row, column] -= factor * inverse[final, column]
        coef[row] -= factor * coef[final]
