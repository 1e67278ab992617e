"""The threshold chosen by the data: thresholded least squares along a path, and the model that its terms pay for."""

from __future__ import annotations

import warnings
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from .._validate import whole
from ._distinct import Path, residual_squares_along, solve_distinct
from ._problem import Array, Mask, NormalEquations
from ._regressor import SparseRegressor
from ._thresholded import Thresholded, check, lost_digits, solve_along
from .criteria import check_criterion, information_criterion
from .thresholding import STLSQ, EliminationWarning

ROUNDINGS = 64.0  # of the sums of squares, within which a residual is none
ERRORS_UNDERESTIMATED = 2.0  # by which targets may err more than is told of them
MOST_BY_FACTORS = 2e8  # flops of factors of a stored design; a longer path goes by the sums and ends with factors


class ThresholdPath(SparseRegressor):
    """Sequentially thresholded least squares with its threshold chosen by a criterion, for every target its own.

    All thresholds start from the same full solution, and every set of terms that they meet is solved once.  Models
    whose residual is within rounding of the sums explain the target exactly, and no criterion can compare them.  Of
    these, of those that the criterion tells no worse than the best, and of those that explain less than these by no
    more than ``tolerance`` the one with fewest terms is taken.

    Parameters
    ----------
    optimizer : STLSQ, optional
        Where ridge penalty, normalisation and so on are taken from; its own threshold is not used.  ``STLSQ()`` unless
        given.
    thresholds : array_like, shape (n_thresholds,) or (n_thresholds, m), optional
        From the coefficients of the full fit of each target unless given: ``n_thresholds`` evenly in the logarithm
        between the smallest and the largest magnitude, and as many again in the widest gaps between them.
    n_thresholds : int, default 50
    criterion : {"ebic", "bic", "aicc", "aic", "hqc", "cv"}, default "ebic"
        An information criterion, or cross-validation over ``n_folds`` stretches of samples, of which the sparsest
        model within one standard error of the best is taken.  The extended Bayesian criterion counts the models that
        a large library offers, among which some spurious term always fits a little.  Where `SINDy` differentiates,
        criteria count samples as one that share their noise.
    n_folds : int, default 5
    evidence : float, default 10.0
        By how much a model's criterion must be smaller for more terms to be believed; the sparsest model within it is
        taken.  Ten is held for very strong evidence (Kass & Raftery 1995; Burnham & Anderson 2002, section 2.6).
    tolerance : float or array_like, shape (m,), optional
        Share of the target (root of the ratio of squares) that terms need not explain.  Unless given it is twice what
        is known of the target's own error: `SINDy` has its differentiation estimate that, since finite differences err
        systematically, and terms would be found for it.  0 has everything explained.

    Attributes
    ----------
    coef_ : ndarray, shape (p,) or (m, p)
    threshold_ : ndarray, shape (m,)
        The largest threshold that gives the chosen model.
    tolerance_ : ndarray, shape (m,)
        The tolerance that was used.
    thresholds_ : ndarray, shape (n_thresholds, m)
    path_ : ndarray, shape (n_thresholds, m, p)
        Coefficients at all thresholds.
    residual_squares_ : ndarray, shape (n_thresholds, m)
    criterion_ : ndarray, shape (n_thresholds, m)
        What was minimised: the criterion, or the sum of squared errors on the stretches left out.
    support_, uncertain_ : ndarray of bool, shape (m, p)
        As in `STLSQ`, of the chosen models.

    Warns
    -----
    EliminationWarning
        No term of some target pays for itself.

    References
    ----------
    Mangan, Kutz, Brunton & Proctor, Proc. R. Soc. A 473 (2017) 20170009; Chen & Chen, Biometrika 95 (2008) 759; Kass &
    Raftery, J. Am. Stat. Assoc. 90 (1995) 773.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 6))
    >>> y = X @ [0.0, 2.0, 0.0, 0.0, -0.05, 0.0] + 0.1 * rng.normal(size=500)
    >>> ThresholdPath().fit(X, y).support_
    array([[False,  True, False, False,  True, False]])
    """

    _allows_errors = True  # of the targets, where the problem tells them

    def __init__(
        self,
        optimizer: STLSQ | None = None,
        thresholds: Any = None,
        n_thresholds: int = 50,
        criterion: str = "ebic",
        *,
        n_folds: int = 5,
        evidence: float = 10.0,
        tolerance: Any = None,
    ) -> None:
        self.optimizer = optimizer
        self.thresholds = thresholds
        self.n_thresholds = n_thresholds
        self.criterion = criterion
        self.n_folds = n_folds
        self.evidence = evidence
        self.tolerance = tolerance

    def _solve(self, problem: NormalEquations) -> Array:
        check_criterion(self.criterion)
        found = self._along(problem)
        terms = found.support.sum(axis=2)
        self.criterion_ = information_criterion(
            np.maximum(self.residual_squares_, self._floors(problem, found.coef)),
            problem.n_samples / problem.inflation,
            terms,
            self.criterion,
            n_features=problem.n_features,
        )
        self._choose(problem, found, self.criterion_ <= self.criterion_.min(axis=0) + float(self.evidence))
        return self._at_chosen(problem)

    def _solve_folds(self, folds: list[NormalEquations]) -> Array:
        """Coefficients by cross-validation over stretches of samples, each given by its sums."""
        problem = _together(folds)
        found = self._along(problem)
        errors = np.empty((len(folds), *self.residual_squares_.shape))
        for place, left_out in enumerate(folds):
            rest = _together(folds[:place] + folds[place + 1 :])
            path = self._solutions(rest, self.thresholds_)
            errors[place] = [left_out.residual_squares(coef) for coef in path.coef]
        self.criterion_ = errors.sum(axis=0)
        least = np.argmin(self.criterion_, axis=0)
        spread = np.sqrt(len(folds)) * np.take_along_axis(errors.std(axis=0, ddof=1), least[None], axis=0)[0]
        self._choose(problem, found, self.criterion_ <= self.criterion_.min(axis=0) + spread)
        return self._at_chosen(problem)

    def _solve_samples(self, theta: Array, target: Array, weight: Array | None) -> Array:
        problem = NormalEquations.of(theta, target, weight)
        if self.criterion == "cv":
            whole("n_folds", self.n_folds)
            if not 2 <= self.n_folds <= len(theta):
                raise ValueError(f"n_folds: is {self.n_folds}, expected 2 to {len(theta)}, the number of samples")
            edges = np.linspace(0, len(theta), self.n_folds + 1).astype(int)
            pieces = [slice(first, last) for first, last in pairwise(edges)]
            coef = self._solve_folds(
                [NormalEquations.of(theta[p], target[p], None if weight is None else weight[p]) for p in pieces]
            )
        else:
            coef = self._solve(problem)
        if self.uncertain_.any() or lost_digits(problem, self.support_):
            coef = self._at_chosen(NormalEquations.factorised(theta, target, weight))
        return coef

    def _along(self, problem: NormalEquations) -> Path:
        self.tolerance_ = self._allowed(problem)
        if not 0 <= self.evidence < np.inf:
            raise ValueError(f"evidence: is {self.evidence!r}, expected a finite number of at least 0; 10 is strong")
        self.thresholds_ = self._default(problem) if self.thresholds is None else self._given(problem.n_targets)
        found = self._solutions(problem, self.thresholds_)
        self.path_ = found.coef
        self.residual_squares_ = residual_squares_along(problem, found.coef)
        return found

    def _allowed(self, problem: NormalEquations) -> Array:
        """Shares of the targets that terms need not explain, (m,)."""
        if self.tolerance is None:
            if problem.errors is None:
                return np.zeros(problem.n_targets)
            shares = ERRORS_UNDERESTIMATED**2 * problem.errors / np.where(problem.squares > 0, problem.squares, 1.0)
            return np.minimum(np.sqrt(shares), 1.0)
        tolerance = np.asarray(self.tolerance, np.float64)
        if tolerance.shape not in ((), (problem.n_targets,)) or not ((tolerance >= 0) & (tolerance < 1)).all():
            raise ValueError(
                f"tolerance: is {self.tolerance!r}, expected a number of 0 to less than 1, or {problem.n_targets} of"
                " them for the targets; take 0 to have everything explained"
            )
        return np.broadcast_to(tolerance, problem.n_targets)

    def _solutions(self, problem: NormalEquations, thresholds: Array) -> Path:
        """At thresholds ``(B, m)``."""
        if problem.root is None or thresholds.size * problem.n_features**3 > MOST_BY_FACTORS:
            found = solve_distinct(problem, thresholds, *self._settings())
            if found is not None:
                return found
            problem = replace(problem, root=None, rotated=None)
        found = self._each(problem, thresholds)
        return Path(found.coef, found.support)

    def _each(self, problem: NormalEquations, thresholds: Array) -> Thresholded:
        """The same, with what rounding could have turned."""
        limits = np.ascontiguousarray(np.broadcast_to(thresholds[:, :, None], (*thresholds.shape, problem.n_features)))
        alpha, max_iter, unbias, normalised = self._settings()
        return solve_along(problem, limits, alpha=alpha, max_iter=max_iter, unbias=unbias, normalize_columns=normalised)

    def _settings(self) -> tuple[float, int, bool, bool]:
        base = STLSQ() if self.optimizer is None else self.optimizer
        check(base.alpha, base.max_iter)
        return float(base.alpha), int(base.max_iter), base.unbias, base.normalize_columns

    def _at_chosen(self, problem: NormalEquations) -> Array:
        """The chosen models again, as exactly as the problem allows."""
        found = self._each(problem, self.threshold_[None])
        self.support_, self.uncertain_ = found.support[0], found.uncertain[0]
        return found.coef[0]

    def _given(self, n_targets: int) -> Array:
        chosen = np.asarray(self.thresholds, np.float64)
        if chosen.size == 0 or chosen.ndim not in (1, 2) or (chosen.ndim == 2 and chosen.shape[1] != n_targets):
            raise ValueError(
                f"thresholds: has shape {chosen.shape}, expected (n_thresholds,) or (n_thresholds, {n_targets});"
                " leave them out to have them chosen"
            )
        if not (chosen >= 0).all():
            raise ValueError(f"thresholds: holds {chosen.min():g}, expected no negative number")
        chosen = np.broadcast_to(chosen[:, None], (len(chosen), n_targets)) if chosen.ndim == 1 else chosen
        return np.sort(chosen, axis=0)

    def _default(self, problem: NormalEquations) -> Array:
        count = whole("n_thresholds", self.n_thresholds)
        full = self._solutions(problem, np.zeros((1, problem.n_targets))).coef[0]
        if self.optimizer is not None and self.optimizer.normalize_columns:
            full = full * problem.norms()
        return np.stack([_between(np.abs(row[row != 0]), count) for row in full], axis=1)

    def _floors(self, problem: NormalEquations, path: Array) -> Array:
        """Residuals that are rounding, (n_thresholds, m)."""
        explained = np.einsum("tmp,pm->tm", np.abs(path), np.abs(problem.cross))
        return ROUNDINGS * np.finfo(float).eps * (problem.squares + explained)

    def _choose(self, problem: NormalEquations, found: Path, good: Mask) -> None:
        """Take the sparsest of the exact models of each target, or of the good ones where none is exact."""
        exact = self.residual_squares_ <= self._floors(problem, found.coef)
        good = np.where(exact.any(axis=0), exact, good)
        best = np.argmin(np.where(good, self.criterion_, np.inf), axis=0)
        least = np.take_along_axis(self.residual_squares_, best[None], axis=0)
        # What more terms explain beyond these may be the error of the target.
        good |= self.residual_squares_ <= least + self.tolerance_**2 * problem.squares
        cost = np.where(good, found.support.sum(axis=2), np.inf)
        last = len(cost) - 1 - np.argmin(cost[::-1], axis=0)
        targets = np.arange(problem.n_targets)
        self.threshold_ = self.thresholds_[last, targets]
        gone = np.flatnonzero(~found.support[last, targets].any(axis=1) & (problem.squares > 0))
        if gone.size:
            warnings.warn(
                f"no term explains enough of target {', '.join(map(str, gone))} (tolerance"
                f" {self.tolerance_[gone].max():.2g}); give samples at shorter times, another library, or a"
                " smaller tolerance",
                EliminationWarning,
                stacklevel=4,
            )


def _between(magnitudes: Array, count: int) -> Array:
    """Thresholds from below the smallest magnitude to above the largest, ``2 count + 2`` of them in order."""
    if not magnitudes.size:
        return np.ones(2 * count + 2)
    ordered = np.sort(magnitudes)
    low, high = ordered[0] * 0.99, ordered[-1] * 1.01
    even = np.geomspace(low, high, count + 2)
    middles = np.sqrt(ordered[1:] * ordered[:-1])
    widest = np.argsort(ordered[:-1] / ordered[1:], kind="stable")[:count]
    gaps = np.full(count, high)
    gaps[: len(widest)] = middles[widest]
    return np.sort(np.concatenate((even, gaps)))


def _together(folds: list[NormalEquations]) -> NormalEquations:
    return NormalEquations(
        np.sum([fold.gram for fold in folds], axis=0),
        np.sum([fold.cross for fold in folds], axis=0),
        np.sum([fold.squares for fold in folds], axis=0),
        sum(fold.n_samples for fold in folds),
    )
