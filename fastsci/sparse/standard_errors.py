"""Standard errors of least-squares coefficients on the terms that were kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from ._problem import ROUNDING, Array, NormalEquations


def standard_errors(problem: NormalEquations, coef: ArrayLike) -> Array:
    """Standard errors of coefficients, by the least squares of each target on its own terms.

    The variance of the residuals, over samples less terms, times the diagonal of the inverse of the kept columns' Gram
    matrix.  It takes residuals as independent and terms as known: of derivatives of smooth series, whose errors are
    alike from sample to sample, an ensemble of block bootstraps says more.

    Parameters
    ----------
    problem : NormalEquations
        Of ``m`` targets and ``p`` terms, such as ``SINDy.problem_``.
    coef : array_like, shape (m, p)

    Returns
    -------
    ndarray, shape (m, p)
        Zero where the coefficient is zero; NaN where there are no more samples than terms, or a term depends on others.

    References
    ----------
    Seber and Lee, Linear Regression Analysis, 2nd ed. (Wiley, 2003), section 3.3.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> theta = rng.normal(size=(10_000, 2))
    >>> target = theta @ [[3.0], [0.0]] + 0.5 * rng.normal(size=(10_000, 1))
    >>> standard_errors(NormalEquations.of(theta, target), [[3.0, 0.0]]).round(4)
    array([[0.005, 0.   ]])
    """
    table = np.asarray(coef, np.float64)
    errors = np.zeros_like(table)
    for target, squares in enumerate(problem.residual_squares(table)):
        kept = np.flatnonzero(table[target])
        freedom = problem.n_samples - kept.size
        if not kept.size:
            continue
        diagonal = _inverse_diagonal(problem.select(kept))
        errors[target, kept] = np.sqrt(squares / freedom * diagonal) if freedom > 0 else np.nan
    return errors


def _inverse_diagonal(problem: NormalEquations) -> Array:
    """Of the Gram matrix's inverse, by the triangle of a factorisation; NaN where it has none."""
    norms = problem.norms()
    if problem.root is not None:
        triangle = np.linalg.qr(problem.root / norms, mode="r")
    else:
        try:
            triangle = linalg.cholesky(problem.gram / np.outer(norms, norms), check_finite=False)
        except linalg.LinAlgError:
            return np.full(problem.n_features, np.nan)
    diagonal = np.abs(np.diag(triangle))
    negligible = problem.n_features * ROUNDING
    if diagonal.min() <= (negligible if problem.root is not None else np.sqrt(negligible)):
        return np.full(problem.n_features, np.nan)
    inverse = linalg.solve_triangular(triangle, np.eye(problem.n_features), check_finite=False)
    return np.sum(inverse**2, axis=1) / norms**2
