"""Least squares on the first p features, for every p at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsci_kernels.linear.leading import solve_leading
from fastsci_kernels.loops.batch import over

from .._algebra import threads_for
from ._checks import Array, design, number, targets, wholes
from ._paths import LinearPath, in_range, residual_norms

EPSILON = float(np.finfo(np.float64).eps)
PANEL = 32  # columns that LAPACK's update of a triangle takes together
SECONDS = 1e-9  # of a multiplication and addition in a triangular solution


@dataclass(frozen=True, repr=False)
class MinNormPath(LinearPath):
    """Solutions of `min_norm_path`; one target has no axis of its own.

    Attributes
    ----------
    coefs : ndarray, shape (n_sizes, n_features) or (n_sizes, n_targets, n_features)
        Zero for features beyond each size.
    residual_norms, norms : ndarray, shape (n_sizes,) or (n_sizes, n_targets)
        Norms of the residuals on the samples of the fit, and of the coefficients.
    sizes : ndarray of int, shape (n_sizes,)
    alpha : float
    """

    sizes: NDArray[np.int64]
    alpha: float


def min_norm_path(X: Any, y: Any, sizes: Any = None, *, alpha: float = 0.0) -> MinNormPath:
    """Least-squares coefficients of least norm on the first ``p`` features, for each ``p`` of ``sizes``.

    Up to as many features as samples, leading blocks of one orthogonal factorisation of the columns hold every
    solution.  Beyond, the triangular factor of the rows grows with each size by the features that it adds.  Neither
    forms products of the data, which would square their condition: that is worst where it matters, at the peak of
    double descent.

    Parameters
    ----------
    X : array_like, shape (n_samples, n_features)
        Subtract means first where there is to be an intercept.
    y : array_like, shape (n_samples,) or (n_samples, n_targets)
    sizes : array_like of int, shape (n_sizes,), optional
        In any order, from 1 to ``n_features``; every one of them unless given.
    alpha : float, default 0.0
        ``alpha |coefficients|^2`` is added to the sum of squared residuals; 0 is least squares, and of its solutions
        that of least norm.

    Returns
    -------
    MinNormPath
        Coefficients, norms and residuals by size, with ``predict(X)`` and ``risks(X, y)`` for other samples.

    Raises
    ------
    ValueError
        Shapes that do not fit, numbers that are not finite, sizes beyond the features, a negative penalty.
    TypeError
        What holds no real numbers.

    Notes
    -----
    A column (beyond ``n_samples`` features: a row) that those before it leave less of than rounding is dependent; sizes
    with such a column are solved by a singular value decomposition of the triangle, with the same cut-off.

    The cost is ``2 n_samples n_features min(n_samples, n_features)`` operations, and a triangular solution or two for
    each size.

    References
    ----------
    Golub and Van Loan, Matrix Computations, 4th edition (2013), 5.3 and 5.6; Paige, An error analysis of a method for
    solving matrix equations, Math. Comp. 27 (1973) 355.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.linear import min_norm_path
    >>> rng = np.random.default_rng(0)
    >>> X, truth = rng.normal(size=(50, 200)), np.full(200, 0.1)
    >>> path = min_norm_path(X, X @ truth + 0.1 * rng.normal(size=50), sizes=[25, 50, 200])
    >>> path.coefs.shape, path.residual_norms.round(6)[1:]
    ((3, 200), array([0., 0.]))
    >>> risks = path.risks(X_test := rng.normal(size=(2000, 200)), X_test @ truth)
    >>> bool(risks[1] > 2 * risks[0] and risks[1] > 2 * risks[2])
    True
    """
    given = number("alpha", alpha)
    samples, unit = in_range(design(X), given)
    known, height = in_range(targets(y, len(samples)))
    columns = known.reshape(len(samples), -1)
    wanted = np.arange(1, samples.shape[1] + 1) if sizes is None else wholes("sizes", sizes, 1, samples.shape[1])
    penalty = given / unit / unit
    steps, where = np.unique(wanted, return_inverse=True)
    coefs = np.zeros((len(steps), columns.shape[1], samples.shape[1]))
    residuals = np.empty(coefs.shape[:2])
    with threads_for(samples.size, scipy=True):
        _solve(samples, columns, steps, penalty, coefs, residuals)
    return MinNormPath(*MinNormPath.parts(coefs[where], residuals[where], known.ndim, unit, height), wanted, given)


def _solve(X: Array, y: Array, sizes: NDArray[np.int64], penalty: float, coefs: Array, residuals: Array) -> None:
    narrow = int(np.count_nonzero(sizes <= len(X)))
    if narrow:
        _narrow(X, y, sizes[:narrow], penalty, coefs[:narrow], residuals[:narrow])
    if narrow < len(sizes):
        _wide(X, y, sizes[narrow:], penalty, coefs[narrow:], residuals[narrow:])


def _narrow(X: Array, y: Array, sizes: NDArray[np.int64], penalty: float, coefs: Array, residuals: Array) -> None:
    """Sizes up to the number of samples, by an orthogonal factorisation of the columns."""
    most = int(sizes[-1])
    # Bounds of the columns' norms, whose squares might be out of range.
    scale = np.sqrt(len(X)) * np.abs(X[:, :most]).max(axis=0)
    stacked = np.column_stack([X[:, :most], y])
    if penalty:
        below = np.zeros((most, stacked.shape[1]))
        np.fill_diagonal(below, np.sqrt(penalty))
        stacked = np.vstack([stacked, below])
    factor: Array = np.asarray(np.linalg.qr(stacked, mode="r"))
    triangle, right = factor[:most, :most], factor[:most, most:]
    dependent = np.abs(np.diag(triangle)) <= max(X.shape) * EPSILON * np.hypot(scale, np.sqrt(penalty))
    known = int(np.argmax(dependent)) if dependent.any() else most
    regular = int(np.count_nonzero(sizes <= known))
    if regular:
        across, rows = np.ascontiguousarray(triangle.T), np.ascontiguousarray(right.T)
        seconds = SECONDS * float(np.mean(sizes[:regular] ** 2.0)) * y.shape[1]

        def work(first: int, last: int) -> None:
            solve_leading(across, rows, sizes, coefs, first, last)

        over(regular, work, seconds)
    for item in range(regular, len(sizes)):
        size = int(sizes[item])
        coefs[item, :, :size] = (_pseudo_inverse(triangle[:size, :size], max(X.shape)) @ right[:size]).T
    if penalty or regular < len(sizes):
        residuals[:] = residual_norms(X, y, coefs)
    else:
        squares = np.cumsum(factor[::-1, most:] ** 2, axis=0)[::-1]
        tails = np.vstack([squares, np.zeros((1, y.shape[1]))])
        residuals[:] = np.sqrt(tails[np.minimum(sizes, len(squares))])


def _wide(X: Array, y: Array, sizes: NDArray[np.int64], penalty: float, coefs: Array, residuals: Array) -> None:
    """Sizes beyond the number of samples, by an orthogonal factorisation of the rows that grows."""
    from scipy.linalg import solve_triangular
    from scipy.linalg.lapack import dtpqrt

    n = len(X)
    scale = np.full(n, np.sqrt(penalty))
    start = np.zeros((n, n))
    np.fill_diagonal(start, np.sqrt(penalty))
    triangle, begin = np.asfortranarray(start), 0
    duals = np.empty((len(sizes), y.shape[1], n))
    for item, end in enumerate(sizes):
        added = X[:, begin:end]
        scale = np.maximum(scale, np.sqrt(X.shape[1]) * np.abs(added).max(axis=1))
        if begin == 0 and not penalty:
            triangle = np.asfortranarray(np.linalg.qr(added.T, mode="r"))
        else:
            # LAPACK overwrites the copy.
            panel = np.array(added.T, order="F")
            triangle = dtpqrt(0, min(PANEL, n), triangle, panel, overwrite_a=True, overwrite_b=True)[0]
        begin = int(end)
        if (np.abs(np.diag(triangle)) <= max(X.shape) * EPSILON * scale).any():
            inverse = _pseudo_inverse(np.triu(triangle), max(X.shape))
            duals[item] = (inverse @ (inverse.T @ y)).T
        else:
            half = solve_triangular(triangle, y, trans="T")
            duals[item] = solve_triangular(triangle, half).T
    np.matmul(duals.reshape(-1, n), X, out=coefs.reshape(-1, X.shape[1]))
    for item, end in enumerate(sizes):
        coefs[item, :, end:] = 0.0
    residuals[:] = residual_norms(X, y, coefs)


def _pseudo_inverse(triangle: Array, count: int) -> Array:
    left, values, right = np.linalg.svd(triangle)
    kept = values > count * EPSILON * values[0]
    return (right[kept].T / values[kept]) @ left[:, kept].T
