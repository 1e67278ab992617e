"""Sequential thresholding of least squares with the threshold learnt from the data."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from ._problem import Array, Mask, NormalEquations
from ._regressor import SparseRegressor

DEPENDENT = 1e-13  # relative eigenvalue of a Gram matrix that is rounding
TERM = 0.1  # what a term costs: it has to lower the residual by a tenth


class MSTLS(SparseRegressor):
    """Modified sequentially thresholded least squares (Messenger & Bortz 2021).

    A term stays where its share ``|c_j| |theta_j| / |target|`` is between ``threshold`` and its inverse, and fits are
    repeated on the terms that stay until none leaves.  Of a path of thresholds the smallest of those is taken that
    minimise a loss.  Shares have no units: the outcome does not depend on those of the data.

    With ``loss="residual"`` it is ``log(|target - theta c| / |target|) + penalty * n_terms``: a term stays that lowers
    the residual by more than the factor ``exp(-penalty)``, until it is within ``tolerance``.
    With ``loss="projection"`` it is that of the paper, ``|theta (c - c_ls)| / |theta c_ls| + penalty * n_terms``, where
    ``c_ls`` are the coefficients of least squares; of a library of few terms it drops those of small share.

    Parameters
    ----------
    thresholds : array_like, optional
        The path; 50 from 1e-4 to 1, evenly in their logarithm, unless given.
    loss : {"residual", "projection"}, default "residual"
    penalty : float, optional
        Of a term; 0.1 for the loss by residuals, and ``1 / p`` for that by projections, unless given.
    tolerance : float, default 1e-3
        Relative residual below which a better fit counts no more: it would fit errors of the discretisation.
    prune : bool, default True
        Whether terms then leave one by one, always the one that the residual misses least, down to whichever of these
        models has the least loss: the path may pass the best one by, where many small terms cancel.
    fit_intercept : bool, default False

    Attributes
    ----------
    coef_ : ndarray, shape (p,) or (m, p)
    thresholds_ : ndarray, shape (m,)
        Threshold that was taken for each target.
    losses_ : ndarray, shape (m, n_thresholds)

    References
    ----------
    Messenger & Bortz, J. Comput. Phys. 443 (2021) 110525, section 4.2.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 6))
    >>> y = X @ [0.0, 2.0, 0.0, 0.0, -0.5, 0.0] + 0.01 * rng.normal(size=200)
    >>> MSTLS().fit(X, y).coef_.round(2) + 0.0
    array([ 0. ,  2. ,  0. ,  0. , -0.5,  0. ])
    """

    def __init__(
        self,
        thresholds: Any = None,
        loss: str = "residual",
        penalty: float | None = None,
        tolerance: float = 1e-3,
        prune: bool = True,
        fit_intercept: bool = False,
    ) -> None:
        self.thresholds = thresholds
        self.loss = loss
        self.penalty = penalty
        self.tolerance = tolerance
        self.prune = prune
        self.fit_intercept = fit_intercept

    def _solve(self, problem: NormalEquations) -> Array:
        path = self._path()
        penalty = self._penalty(problem.n_features)
        if not (_is_number(self.tolerance) and 0 < self.tolerance < 1):
            raise ValueError(f"tolerance: is {self.tolerance!r}, expected a number between 0 and 1")
        scaled = problem.scaled(1.0 / problem.norms())
        coef = np.zeros((problem.n_targets, problem.n_features))
        self.thresholds_ = np.zeros(problem.n_targets)
        self.losses_ = np.zeros((problem.n_targets, len(path)))
        for target in range(problem.n_targets):
            search = _Search(scaled, target, self.loss, penalty, float(self.tolerance))
            found = [search.along(threshold) for threshold in path]
            self.losses_[target] = [search.loss(one) for one in found]
            best = int(np.argmin(self.losses_[target]))
            self.thresholds_[target] = path[best]
            chosen = found[best]
            if self.prune:
                chosen = min((chosen, *search.elimination(chosen)), key=search.loss)
            coef[target] = problem.solve(chosen != 0, target)
            if problem.squares[target] > 0 and not coef[target].any():
                warnings.warn(
                    f"no term of target {target} is left: none explains enough of it; lower the thresholds or the"
                    " penalty, or give a library with other terms",
                    stacklevel=3,
                )
        return coef

    def _path(self) -> Array:
        if self.thresholds is None:
            return np.logspace(-4, 0, 50)
        path = np.sort(np.atleast_1d(np.asarray(self.thresholds, np.float64)))
        if path.ndim != 1 or not path.size or not ((path >= 0) & (path <= 1)).all():
            raise ValueError(f"thresholds: is {self.thresholds!r}, expected numbers from 0 to 1")
        return path

    def _penalty(self, n_features: int) -> float:
        if self.loss not in ("residual", "projection"):
            raise ValueError(f"loss: is {self.loss!r}, expected 'residual' or 'projection'")
        if self.penalty is None:
            return TERM if self.loss == "residual" else 1.0 / n_features
        if not (_is_number(self.penalty) and 0 <= self.penalty < np.inf):
            raise ValueError(f"penalty: is {self.penalty!r}, expected a number of at least 0")
        return float(self.penalty)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


class _Search:
    """Fits of one target on supports, each done once.  The problem's columns have unit length."""

    def __init__(self, problem: NormalEquations, target: int, kind: str, penalty: float, tolerance: float) -> None:
        self.problem = problem
        self.target = target
        self.kind = kind
        self.penalty = penalty
        self.tolerance = tolerance
        self.size = float(np.sqrt(problem.squares[target]))
        self._known: dict[bytes, Array] = {}
        self.every = np.diag(problem.gram) > 0
        self.full = self.fit(self.every)
        self.explained = self._length(self.full)

    def fit(self, support: Mask) -> Array:
        key = support.tobytes()
        if key not in self._known:
            self._known[key] = self._fitted(support)
        return self._known[key]

    def _fitted(self, support: Mask) -> Array:
        root, rotated = self.problem.root, self.problem.rotated
        chosen = np.flatnonzero(support)
        if not chosen.size:
            return np.zeros(self.problem.n_features)
        if root is None or rotated is None:
            return self._by_sums(chosen)
        q, r, order = linalg.qr(root[:, chosen], mode="economic", pivoting=True, check_finite=False)
        diagonal = np.abs(np.diag(r))
        rank = int(np.sum(diagonal > len(chosen) * np.finfo(float).eps * diagonal[0]))
        coef = np.zeros(self.problem.n_features)
        right = q[:, :rank].T @ rotated[:, self.target]
        coef[chosen[order[:rank]]] = linalg.solve_triangular(r[:rank, :rank], right, check_finite=False)
        return coef

    def _by_sums(self, chosen: NDArray[np.intp]) -> Array:
        """The solution of least norm, where columns depend on one another as far as their sums can tell."""
        coef = np.zeros(self.problem.n_features)
        gram, right = self.problem.gram[np.ix_(chosen, chosen)], self.problem.cross[chosen, self.target]
        values, vectors = np.linalg.eigh(gram)
        kept = values > DEPENDENT * values[-1]
        coef[chosen] = vectors[:, kept] @ ((vectors[:, kept].T @ right) / values[kept])
        return coef

    def along(self, threshold: float) -> Array:
        """Coefficients where the fit on the terms that stay lets none leave."""
        support, coef = self.every, self.full
        while support.any():
            share = np.abs(coef)
            kept = support & (share >= threshold * self.size) & (share * threshold <= self.size)
            if np.array_equal(kept, support):
                break
            support, coef = kept, self.fit(kept)
        return coef

    def elimination(self, coef: Array) -> list[Array]:
        """Fits with ever fewer of its terms, always without the one whose absence raises the residual least."""
        found: list[Array] = []
        support = coef != 0
        while support.sum() > 1:
            chosen = np.flatnonzero(support)
            inverse = np.linalg.pinv(self._rows(chosen))
            missed = coef[chosen] ** 2 / np.maximum(np.sum(inverse**2, axis=1), np.finfo(float).tiny)
            support = support.copy()
            support[chosen[np.argmin(missed)]] = False
            coef = self.fit(support)
            found.append(coef)
        return found

    def _rows(self, chosen: NDArray[np.intp]) -> Array:
        """Columns with the same products as those of the design."""
        if self.problem.root is not None:
            return self.problem.root[:, chosen]
        values, vectors = np.linalg.eigh(self.problem.gram[np.ix_(chosen, chosen)])
        return np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T

    def loss(self, coef: Array) -> float:
        """What coefficients miss, and what their number costs."""
        missed = self._to_target(coef) if self.kind == "residual" else self._to_full(coef)
        return missed + self.penalty * np.count_nonzero(coef)

    def _to_target(self, coef: Array) -> float:
        """Logarithm of the relative residual, which counts as the tolerance at the least."""
        if not self.size > 0:
            return 0.0
        coefs = np.zeros((self.problem.n_targets, len(coef)))
        coefs[self.target] = coef
        squares = float(self.problem.residual_squares(coefs)[self.target])
        return 0.5 * float(np.log(squares / self.size**2 + self.tolerance**2))

    def _to_full(self, coef: Array) -> float:
        """Relative distance from the fit with all terms."""
        return self._length(coef - self.full) / self.explained if self.explained > 0 else 0.0

    def _length(self, coef: Array) -> float:
        if self.problem.root is not None:
            return float(np.linalg.norm(self.problem.root @ coef))
        return float(np.sqrt(max(coef @ self.problem.gram @ coef, 0.0)))
