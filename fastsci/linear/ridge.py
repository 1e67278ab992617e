"""Ridge regression for a whole row of penalties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._checks import Array, design, row, targets
from ._paths import LinearPath, in_range, residual_norms

EPSILON = float(np.finfo(np.float64).eps)
LARGEST_CONDITION = 1e6  # of penalised products that still leave ten digits
TALL = 1.5  # rows a column from which on a triangle is formed first


@dataclass(frozen=True, repr=False)
class RidgePath(LinearPath):
    """Solutions of `ridge_path`; one target has no axis of its own.

    Attributes
    ----------
    coefs : ndarray, shape (n_alphas, n_features) or (n_alphas, n_targets, n_features)
    residual_norms, norms : ndarray, shape (n_alphas,) or (n_alphas, n_targets)
        Norms of the residuals on the samples of the fit, and of the coefficients.
    alphas : ndarray, shape (n_alphas,)
    degrees_of_freedom : ndarray, shape (n_alphas,)
        ``sum s^2 / (s^2 + alpha)`` over the singular values: coefficients that the penalty leaves, in effect.
    n_samples : int
    """

    alphas: Array
    degrees_of_freedom: Array
    n_samples: int

    def generalized_cross_validation(self) -> Array:
        """An estimate of the mean squared error at new samples, from those of the fit alone.

        Returns
        -------
        ndarray, shape (n_alphas,) or (n_alphas, n_targets)
            ``n |residual|^2 / (n - degrees of freedom)^2``; infinite where the fit leaves nothing over.

        References
        ----------
        Golub, Heath and Wahba, Technometrics 21 (1979) 215.
        """
        spare = self.n_samples - self.degrees_of_freedom
        spare = np.where(spare > EPSILON * self.n_samples**2, spare, 0.0).reshape(-1, *[1] * (self.norms.ndim - 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(spare > 0, self.n_samples * (self.residual_norms / spare) ** 2, np.inf)


def ridge_path(X: Any, y: Any, alphas: Any) -> RidgePath:
    """Ridge coefficients for every penalty of ``alphas``, from one decomposition.

    Minimises ``|y - X coef|^2 + alpha |coef|^2`` (scikit-learn's ``Ridge`` without intercept; where an asymptotic
    formula speaks of ``lambda``, ``alpha = n_samples * lambda``).  Zero gives the least-squares solution of least norm.

    Parameters
    ----------
    X : array_like, shape (n_samples, n_features)
        Subtract means first where there is to be an intercept.
    y : array_like, shape (n_samples,) or (n_samples, n_targets)
    alphas : float or array_like, shape (n_alphas,)
        At least 0, in any order.

    Returns
    -------
    RidgePath
        Coefficients, norms, residuals and degrees of freedom by penalty, with ``predict(X)``, ``risks(X, y)`` and
        ``generalized_cross_validation()``.

    Raises
    ------
    ValueError
        Shapes that do not fit, numbers that are not finite, a negative penalty.
    TypeError
        What holds no real numbers.

    Notes
    -----
    Where the penalties keep the smaller matrix of products well conditioned (below 1e6, so that ten digits are left),
    its eigenvectors serve; else singular vectors of ``X`` itself, of its triangular factor where it has many more rows
    than columns.  Singular values below rounding count as zero, where the penalty is 0 too.

    References
    ----------
    Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 2nd edition (2009), 3.4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.linear import ridge_path
    >>> X = np.diag([3.0, 1.0])
    >>> path = ridge_path(X, [3.0, 1.0], [0.0, 1.0, 9.0])
    >>> path.coefs.round(2).tolist(), path.degrees_of_freedom.round(2).tolist()
    ([[1.0, 1.0], [0.9, 0.5], [0.5, 0.1]], [2.0, 1.4, 0.6])
    """
    given = row("alphas", alphas, 0.0)
    samples, unit = in_range(design(X), float(given.min()))
    known, height = in_range(targets(y, len(samples)))
    with np.errstate(over="ignore"):
        penalties = given / unit / unit
    columns = known.reshape(len(samples), -1)
    found = _by_products(samples, columns, penalties) or _by_singular_vectors(samples, columns, penalties)
    coefs, residuals, squares = found
    freedom = np.sum(squares / (squares + penalties[:, None]), axis=1)
    return RidgePath(*RidgePath.parts(coefs, residuals, known.ndim, unit, height), given, freedom, len(samples))


# Coefficients (n_alphas, n_targets, n_features), residual norms (n_alphas, n_targets), squared singular values.
_Solved = tuple[Array, Array, Array]


def _by_products(X: Array, y: Array, alphas: Array) -> _Solved | None:
    """From the eigenvectors of the smaller of X'X and XX', where they leave ten digits."""
    tall = len(X) >= X.shape[1]
    with np.errstate(over="ignore", invalid="ignore"):
        products = X.T @ X if tall else X @ X.T
    largest = float(np.trace(products))
    if not (0.0 < largest < np.inf and float(alphas.min()) > largest / LARGEST_CONDITION):
        return None
    squares, vectors = np.linalg.eigh(products)
    squares = np.maximum(squares, 0.0)
    right = vectors.T @ (X.T @ y if tall else y)
    scaled = right.T / (squares + alphas[:, None])[:, None, :]
    if tall:
        coefs = scaled @ vectors.T
        return coefs, residual_norms(X, y, coefs), squares
    # The residual is alpha times the dual solution.
    return scaled @ (vectors.T @ X), alphas[:, None] * np.sqrt(np.sum(scaled**2, axis=2)), squares


def _by_singular_vectors(X: Array, y: Array, alphas: Array) -> _Solved:
    n, p = X.shape
    outside = np.zeros(y.shape[1])
    if n > TALL * p:
        factor: Array = np.asarray(np.linalg.qr(np.column_stack([X, y]), mode="r"))
        outside = np.sum(factor[p:, p:] ** 2, axis=0)
        smaller, y = factor[:p, :p], factor[:p, p:]
    else:
        smaller = X
    left, values, right = np.linalg.svd(smaller, full_matrices=False)
    kept = values > max(n, p) * EPSILON * values[0]
    left, values, right = left[:, kept], values[kept], right[kept]
    components = (left.T @ y).T
    if len(values) < len(y):
        outside = outside + np.sum((y - left @ components.T) ** 2, axis=0)
    sums = (values**2 + alphas[:, None])[:, None, :]
    # Of each direction the fit leaves alpha / (s^2 + alpha) of what the target has there.
    with np.errstate(divide="ignore", over="ignore"):
        left_over = components / (1.0 + values**2 / alphas[:, None, None])
    return (values / sums * components) @ right, np.sqrt(np.sum(left_over**2, axis=2) + outside), values**2
