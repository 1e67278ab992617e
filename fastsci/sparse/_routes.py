"""Ways to exact coefficients where sums of products have lost digits: a factorisation, or one more pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fastsci_kernels.regress.plan import Term

from ._problem import Array, NormalEquations
from .libraries import plan_of
from .moments import residual_products

STORED = 2**24  # numbers of the library that are stored at a time, where it is factorised

Data = list[tuple[np.ndarray, np.ndarray, "Array | None"]]  # inputs, targets, weights


def triangle(terms: tuple[Term, ...], data: Data) -> Array:
    """R of the QR factorisation of columns and targets side by side, (p + m, p + m).

    The library is stored for some samples at a time.
    """
    from fastsci_kernels.regress import features

    n_columns = len(terms) + data[0][1].shape[1]
    found = np.zeros((0, n_columns))
    size = max(STORED // n_columns, 4 * n_columns)
    for inputs, targets, weight in data:
        plan = plan_of(terms, inputs.shape[1], 0, moments=False)
        for first in range(0, len(inputs), size):
            part = slice(first, first + size)
            rows = np.hstack((features.values(plan, inputs[part]), np.asarray(targets[part], np.float64)))
            if weight is not None:
                rows *= np.sqrt(np.asarray(weight[part], np.float64))[:, None]
            found = np.linalg.qr(np.vstack((found, rows)), mode="r")
    square = np.zeros((n_columns, n_columns))
    square[: len(found)] = found
    return square


def factorised(terms: tuple[Term, ...], problem: NormalEquations, data: Data) -> NormalEquations:
    """The same problem with a factorisation of its library."""
    square, n_features = triangle(terms, data), problem.n_features
    return replace(problem, root=square[:n_features, :n_features], rotated=square[:n_features, n_features:])


def refined(
    terms: tuple[Term, ...], problem: NormalEquations, data: Data, coef: Array, alpha: float, passes: int = 2
) -> Array:
    """Ridge coefficients ``(m, p)`` on their supports, corrected by the residuals of the samples themselves."""
    support = coef != 0
    used = np.flatnonzero(support.any(axis=0))
    kept, small, found = tuple(terms[index] for index in used), problem.select(used), coef.copy()
    for _ in range(passes):
        gradient, _ = residual_products(kept, data, found[:, used])
        step = replace(small, cross=gradient - alpha * found[:, used].T)
        found[:, used] += step.solve_all(support[:, used], alpha)
    return found
