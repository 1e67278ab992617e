"""Sparse regression whose coefficients satisfy linear equations and inequalities, such as conservation laws."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ._problem import Array, Mask, NormalEquations
from ._quadratic_program import Constraints, Minimum, minimise
from ._regressor import SparseRegressor
from .thresholding import EliminationWarning

ORDERS = ("target", "feature")


class ConstrainedSTLSQ(SparseRegressor):
    """Sequentially thresholded least squares among the coefficients that satisfy linear constraints.

    Each round minimises ``|y - X c|^2 + alpha |c|^2`` under ``C c = d`` and ``E c <= e`` and then drops the terms below
    the threshold; of those that the constraints cannot do without, the largest stay.  The constraints may tie the
    coefficients of several targets together.

    Parameters
    ----------
    threshold : float, default 0.1
        Smallest magnitude of a coefficient that is kept.
    alpha : float, default 0.05
        Ridge penalty, on the coefficients as they are.
    max_iter : int, default 20
        Rounds at most.
    constraint_lhs, constraint_rhs : array_like, shapes (n_constraints, m p) and (n_constraints,), optional
        ``C`` and ``d`` of the equations.  Redundant rows do no harm.
    inequality_lhs, inequality_rhs : array_like, shapes (n_inequalities, m p) and (n_inequalities,), optional
        ``E`` and ``e`` of the inequalities.
    constraint_order : {"target", "feature"}, default "target"
        Whether columns of the constraints run through the p features of the first target, then of the second, or
        through the m targets of the first feature, then of the second.
    unbias : bool, default True
        Fit the kept terms once more without the ridge, under the same constraints.
    fit_intercept : bool, default False
        Subtract means first; the constraints then speak of the other coefficients.

    Attributes
    ----------
    coef_ : ndarray, shape (p,) or (m, p)
    multipliers_ : ndarray, shape (n_constraints,)
        Lagrange multipliers: half the rate at which the squares change with ``-d``.
    inequality_multipliers_ : ndarray, shape (n_inequalities,)
        The same of the inequalities; none is negative, and those of inequalities that are not active are zero.
    n_iter_ : int
        Rounds.

    Raises
    ------
    ValueError
        By ``fit``: constraints of the wrong shape, not finite, or that no coefficients satisfy.

    See Also
    --------
    fastsci.sparse.constraints : rows for energy-preserving models and for symmetric ones.

    References
    ----------
    Loiseau and Brunton, J. Fluid Mech. 838 (2018) 42; Champion, Zheng, Aravkin, Brunton and Kutz, IEEE Access 8 (2020)
    169259; Lawson and Hanson, Solving Least Squares Problems, 1974, chapter 23.

    Examples
    --------
    The two coefficients are known to be opposite:

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 3))
    >>> y = 2.0 * X[:, 0] - 2.1 * X[:, 1] + 0.1 * rng.normal(size=100)
    >>> model = ConstrainedSTLSQ(constraint_lhs=[[1.0, 1.0, 0.0]], constraint_rhs=[0.0]).fit(X, y)
    >>> model.coef_.round(2)
    array([ 2.05, -2.05,  0.  ])
    """

    def __init__(
        self,
        threshold: float = 0.1,
        alpha: float = 0.05,
        max_iter: int = 20,
        *,
        constraint_lhs: Any = None,
        constraint_rhs: Any = None,
        inequality_lhs: Any = None,
        inequality_rhs: Any = None,
        constraint_order: str = "target",
        unbias: bool = True,
        fit_intercept: bool = False,
    ) -> None:
        self.threshold = threshold
        self.alpha = alpha
        self.max_iter = max_iter
        self.constraint_lhs = constraint_lhs
        self.constraint_rhs = constraint_rhs
        self.inequality_lhs = inequality_lhs
        self.inequality_rhs = inequality_rhs
        self.constraint_order = constraint_order
        self.unbias = unbias
        self.fit_intercept = fit_intercept

    def _solve(self, problem: NormalEquations) -> Array:
        constraints = self._check(problem.n_targets, problem.n_features)
        support: Mask = np.ones((problem.n_targets, problem.n_features), bool)
        if not constraints.feasible(support):
            raise ValueError(
                "constraint_lhs, constraint_rhs, inequality_lhs, inequality_rhs: no coefficients satisfy them all,"
                " expected constraints that agree; leave some out"
            )
        alpha = float(self.alpha)
        for rounds in range(1, self.max_iter + 1):
            found = minimise(problem, support, constraints, alpha)
            self.n_iter_ = rounds
            kept = _feasible(support & (np.abs(found.coef) >= self.threshold), support, found, constraints)
            if np.array_equal(kept, support):
                break
            support = kept
        found = minimise(problem, support, constraints, 0.0 if self.unbias else alpha)
        self.multipliers_, self.inequality_multipliers_ = found.equal_multipliers, found.below_multipliers
        gone = np.flatnonzero(~support.any(axis=1) & (problem.squares > 0))
        if gone.size:
            warnings.warn(
                f"threshold: is {self.threshold!r}, which leaves no term of target {', '.join(map(str, gone))}; take a"
                " smaller threshold",
                EliminationWarning,
                stacklevel=4,
            )
        return found.coef

    def _check(self, n_targets: int, n_features: int) -> Constraints:
        for name, value in (("threshold", self.threshold), ("alpha", self.alpha)):
            if not (np.isfinite(value) and value >= 0):
                raise ValueError(f"{name}: is {value!r}, expected a finite number of at least 0")
        if self.max_iter < 1:
            raise ValueError(f"max_iter: is {self.max_iter!r}, expected at least 1; 20 is the default")
        if self.constraint_order not in ORDERS:
            raise ValueError(f"constraint_order: is {self.constraint_order!r}, expected 'target' or 'feature'")
        shape = n_targets, n_features
        return Constraints(
            *self._rows("constraint", self.constraint_lhs, self.constraint_rhs, shape),
            *self._rows("inequality", self.inequality_lhs, self.inequality_rhs, shape),
        )

    def _rows(self, kind: str, left: Any, right: Any, shape: tuple[int, int]) -> tuple[Array, Array]:
        n_targets, n_features = shape
        size = n_targets * n_features
        if left is None and right is None:
            return np.zeros((0, size)), np.zeros(0)
        if left is None or right is None:
            missing = "lhs" if left is None else "rhs"
            raise ValueError(f"{kind}_{missing}: is missing, expected it where the other side is given")
        rows, values = np.array(left, np.float64), np.array(right, np.float64)
        if rows.ndim != 2 or rows.shape[1] != size:
            raise ValueError(
                f"{kind}_lhs: has shape {rows.shape}, expected ({kind} rows, {size}), a column for each of"
                f" {n_features} features of {n_targets} targets"
            )
        if values.shape != (len(rows),):
            raise ValueError(f"{kind}_rhs: has shape {values.shape}, expected ({len(rows)},), one for each row")
        if not (np.isfinite(rows).all() and np.isfinite(values).all()):
            raise ValueError(f"{kind}_lhs, {kind}_rhs: hold numbers that are not finite; leave such rows out")
        if self.constraint_order == "feature":
            rows = rows.reshape(-1, n_features, n_targets).transpose(0, 2, 1).reshape(-1, size)
        return np.ascontiguousarray(rows), values


def _feasible(kept: Mask, support: Mask, found: Minimum, constraints: Constraints) -> Mask:
    """The terms to be kept, with as few of the largest others of the support as the constraints need."""
    if constraints.feasible(kept):
        return kept
    touched = constraints.touched.reshape(support.shape)
    dropped = np.flatnonzero(support & touched & ~kept)
    dropped = dropped[np.argsort(-np.abs(found.coef.ravel()[dropped]), kind="stable")]

    def with_these(places: Any) -> Mask:
        some = kept.copy()
        some.flat[places] = True
        return some

    few, many = 0, len(dropped)  # the last number that is too small, the last one that is enough
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if constraints.feasible(with_these(dropped[:middle])) else (middle, many)
    needed = list(dropped[:many])
    for place in dropped[:many][::-1]:
        others = [other for other in needed if other != place]
        if constraints.feasible(with_these(others)):
            needed = others
    return with_these(needed)
