"""Regression of the features of states on those of the states before: ridge, principal components, reduced rank.

(Kostic, Novelli, Maurer, Ciliberto, Rosasco, Pontil 2022, "Learning dynamical systems via Koopman operator regression
in reproducing kernel Hilbert spaces".)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .._algebra import threads_for
from ._kernel_factor import EPSILON, Features
from ._kernel_functions import Array
from ._kernel_operator import FiniteRank, Span
from ._kernel_pairs import Pairs
from ._kernel_passes import added, piece

SHARE = 1e-6  # of alpha that may be dropped of a kernel matrix, on average over its diagonal


@dataclass
class Moments:
    """Means over pairs ``(x, y)`` of products of features.

    Attributes
    ----------
    covariance : ndarray, (m, m)
        Of ``phi(x) phi(x)'``.
    cross : ndarray, (m, m)
        Of ``phi(y) phi(x)'``.
    state, observed : ndarray, (m, dim) and (m, n_observables) or None
        Of ``phi(x) y'`` and of the products with observables.
    norm : float
        Of ``k(y, y)``.
    """

    covariance: Array
    cross: Array
    state: Array
    observed: Array | None
    norm: float


def moments(pairs: Pairs, features: Features, valued: Callable[[Pairs], tuple[Array, Pairs]]) -> Moments:
    """Means over pairs, of which some at a time are ``valued``.

    That gives the values ``(m, n_states)`` of the features at their states, and the pairs as places among these.
    """
    size = piece(len(features.centers))

    def sums(first: int, last: int) -> list[Array]:
        rows, part = valued(_some(pairs, first, last))
        before, after = rows[:, part.origin], rows[:, part.target]
        found = [before @ before.T, after @ before.T, before @ part.targets]
        return found if part.observed is None else [*found, before @ part.observed]

    norm = float(np.mean(features.kernel.diagonal(pairs.targets)))
    totals = added(features.kernel, pairs.count, size, sums, 4.0 * len(features.centers) ** 2)
    covariance, cross, state, *observed = (total / pairs.count for total in totals)
    return Moments(covariance, cross, state, observed[0] if observed else None, norm)


def _some(pairs: Pairs, first: int, last: int) -> Pairs:
    origin, target = (
        slice(where.start + first, where.start + last) if isinstance(where, slice) else where[first:last]
        for where in (pairs.origin, pairs.target)
    )
    observed = None if pairs.observed is None else pairs.observed[first:last]
    return Pairs(pairs.states, origin, target, last - first, observed)


def regression(found: Moments, features: Features, rank: int | None, alpha: float, reduced: bool) -> FiniteRank:
    """The operator from means of products of features; without a rank, ridge regression."""
    with threads_for(found.covariance.size, scipy=True):
        return _regression(found, features, rank, alpha, reduced)


def _regression(found: Moments, features: Features, rank: int | None, alpha: float, reduced: bool) -> FiniteRank:
    whitening = whitened(found.covariance, alpha, None if reduced or rank is None else rank)
    predicted = found.cross @ whitening
    squares, turn = _leading(predicted.T @ predicted, rank)
    ours = whitening @ turn
    theirs = predicted @ turn
    observed = None if found.observed is None else ours.T @ found.observed
    return FiniteRank(
        right=Span(features.kernel, features.centers, features.weights(ours)),
        left=Span(features.kernel, features.centers, features.weights(theirs)),
        step=theirs.T @ ours,
        right_squares=ours.T @ found.covariance @ ours,
        left_norms=theirs.T @ theirs,
        state=ours.T @ found.state,
        observed=observed,
        norm=found.norm,
        singular_values=np.sqrt(squares),
    )


def whitened(covariance: Array, alpha: float, rank: int | None) -> Array:
    """``S (m, r)`` with ``S' (C + alpha) S = 1``, of leading eigenvectors or of all that rounding does not hide."""
    from scipy.linalg import eigh, solve_triangular

    size = len(covariance)
    floor = size * EPSILON * float(np.max(np.diag(covariance), initial=0.0))
    if rank is None and alpha > 10.0 * floor:
        factor = np.linalg.cholesky(covariance + alpha * np.eye(size))
        return solve_triangular(factor, np.eye(size), lower=True, check_finite=False).T
    if size == 0:
        return np.zeros((0, 0))
    first = 0 if rank is None else max(0, size - rank)
    values, vectors = eigh(covariance, subset_by_index=(first, size - 1), check_finite=False)
    kept = values > max(floor, size * EPSILON * values[-1])
    return vectors[:, kept] / np.sqrt(values[kept] + alpha)


def _leading(squares: Array, rank: int | None) -> tuple[Array, Array]:
    """Leading eigenvalues, from large to small, and eigenvectors of a positive semidefinite matrix."""
    from scipy.linalg import eigh

    size = len(squares)
    if size == 0:
        return np.zeros(0), np.zeros((0, 0))
    first = 0 if rank is None else max(0, size - rank)
    values, vectors = eigh(squares, subset_by_index=(first, size - 1), check_finite=False)
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = values > size * EPSILON * values[0]
    return values[kept], vectors[:, kept]
