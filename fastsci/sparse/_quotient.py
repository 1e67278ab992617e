"""Least squares of a quotient of two sums of terms, from coefficients that are nearly right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fastsci_kernels.regress.plan import Term

from ._problem import Array, NormalEquations
from .libraries import plan_of

MOST_STEPS = 20
CHUNK_NUMBERS = 2**21  # of columns that are stored at a time
SETTLED = 1e-14  # relative decrease of the squares that counts as none


def fitted_quotient(
    above: Array,
    below: Array,
    above_terms: tuple[Term, ...],
    below_terms: tuple[Term, ...],
    data: list[tuple[np.ndarray, np.ndarray]],
) -> tuple[Array, Array]:
    """Coefficients that minimise ``|y - N / D|^2``, by Gauss-Newton steps for as long as they help.

    A relation ``N - y D`` that is fitted to noisy ``y`` has the noise among its columns, which pulls coefficients
    towards zero and weighs samples by D; the quotient has neither.

    Parameters
    ----------
    above, below : ndarray, shapes (p,) and (q,)
        Where to start.  The first coefficient of ``below`` stays as it is.
    above_terms, below_terms : tuple of Term
    data : list of (inputs (n, d), y (n,))
    """
    coef, n_above = np.concatenate((above, below)), len(above)
    columns = list(_columns(above_terms + below_terms, data)) if _small(len(coef), data) else None
    best, best_squares = coef, np.inf
    for _ in range(MOST_STEPS):
        gram, cross, squares = np.zeros((coef.size,) * 2), np.zeros(coef.size), 0.0
        for block, y in columns if columns is not None else _columns(above_terms + below_terms, data):
            bottom = block[:, n_above:] @ coef[n_above:]
            if not (bottom > 0).all() and not (bottom < 0).all():
                squares = np.inf
                break
            value = block[:, :n_above] @ coef[:n_above] / bottom
            slopes = block / bottom[:, None]
            slopes[:, n_above:] *= -value[:, None]
            left = y - value
            gram += slopes.T @ slopes
            cross += slopes.T @ left
            squares += float(left @ left)
        if not squares < best_squares:
            break
        settled = squares >= best_squares * (1.0 - SETTLED)
        best, best_squares = coef, squares
        if settled:
            break
        free = np.arange(coef.size) != n_above
        step = NormalEquations(gram, cross[:, None], np.array([squares]), 1.0).solve(free, 0)
        coef = coef + step
    return best[:n_above], best[n_above:]


def _small(n_terms: int, data: list[tuple[np.ndarray, np.ndarray]]) -> bool:
    return n_terms * sum(len(y) for _, y in data) <= CHUNK_NUMBERS


def _columns(terms: tuple[Term, ...], data: list[tuple[np.ndarray, np.ndarray]]) -> Iterator[tuple[Array, Array]]:
    """Terms at samples, some of these at a time."""
    from fastsci_kernels.regress import features

    plan = plan_of(terms, data[0][0].shape[1], 0, moments=False)
    size = max(1, CHUNK_NUMBERS // len(terms))
    for inputs, y in data:
        for first in range(0, len(y), size):
            some = slice(first, first + size)
            yield features.values(plan, inputs[some]), np.asarray(y[some], np.float64)
