"""Thresholded least squares where the columns are nearly dependent: by orthogonal factors of the columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._problem import ROUNDING, Array, Mask, NormalEquations

DEPENDENT = 1e-8  # share of a column beyond those before it, below which singular values have to tell its rank


class Steps(NamedTuple):
    """Outcome of one target."""

    coef: Array
    support: Mask
    uncertain: Mask
    n_iter: int
    converged: bool


def thresholded_by_factors(
    problem: NormalEquations,
    target: int,
    threshold: Array,
    alpha: float,
    max_iter: int,
    unbias: bool,
    normalised: bool,
) -> Steps:
    """Sequential thresholding ``(p,)`` of one target."""
    unit = 1.0 / problem.norms() if normalised else np.ones(problem.n_features)
    scaled = problem.scaled(unit) if normalised else problem
    columns = np.diag(problem.gram) > 0
    support, uncertain = columns.copy(), np.zeros(problem.n_features, np.bool_)
    coef, converged, count = np.zeros(problem.n_features), not support.any(), 0
    while support.any() and not converged and count < max_iter:
        coef, bound = _solution(scaled, target, support, alpha)
        uncertain |= support & (threshold > 0) & (np.abs(np.abs(coef) - threshold) <= bound)
        kept = support & (np.abs(coef) >= threshold)
        converged = bool((kept == support).all()) or not kept.any()
        support, count = kept, count + 1
    if unbias and support.any():
        coef, _ = _solution(scaled, target, support, 0.0)
    return Steps(np.where(support, coef * unit, 0.0), support, uncertain, max(count, 1), converged)


def _solution(problem: NormalEquations, target: int, support: Mask, alpha: float) -> tuple[Array, Array]:
    """Ridge coefficients and bounds of what rounding does to them; none is known of a Gram matrix that is singular."""
    from scipy import linalg

    if problem.root is None or problem.rotated is None:
        return problem.solve(support, target, alpha), np.full(problem.n_features, np.inf)
    chosen = np.flatnonzero(support)
    scale = 1.0 / np.sqrt(np.diag(problem.gram)[chosen] + alpha)
    rows = np.vstack((problem.root[:, chosen] * scale, np.diag(np.sqrt(alpha) * scale)))
    right = np.concatenate((problem.rotated[:, target], np.zeros(chosen.size)))[:, None]
    triangle: Array = np.linalg.qr(np.hstack((rows, right)))[1]
    size = chosen.size
    root, rotated = triangle[:size, :size], triangle[:size, size]
    pivots = np.abs(np.diag(root))
    if pivots.min() > DEPENDENT * pivots.max():
        inverse = linalg.solve_triangular(root, np.eye(size), check_finite=False)
    else:
        left, values, right_vectors = np.linalg.svd(root)
        kept = values > size * ROUNDING
        inverse = (right_vectors[kept].T / values[kept]) @ left[:, kept].T
    found = inverse @ rotated
    # What least squares lose: with the condition for the part that is explained, with its square for the residual.
    lengths = np.linalg.norm(inverse, axis=1)
    explained = np.sum(problem.rotated[:, target] ** 2)
    residual = np.sqrt(triangle[size, size] ** 2 + max(problem.squares[target] - explained, 0.0))
    grown = np.sqrt(problem.squares[target]) + np.sqrt(size) * np.linalg.norm(found)
    bound = lengths * ROUNDING * (grown + np.linalg.norm(inverse) * np.sqrt(size) * residual)
    coef, bounds = np.zeros(problem.n_features), np.zeros(problem.n_features)
    coef[chosen], bounds[chosen] = found * scale, bound * scale
    return coef, bounds
