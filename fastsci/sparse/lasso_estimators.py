"""The lasso family as estimators that scikit-learn and `SINDy` know how to use."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from fastsci_kernels.loops.batch import over
from fastsci_kernels.regress import coordinate_path

from ._lasso_design import arrays, penalty_weights, prepare
from ._lasso_path import Penalty
from ._lasso_rows import gram_row_path
from ._lasso_solve import Fit, check, fit, warn
from ._problem import Array, NormalEquations
from ._regressor import SparseRegressor

SECONDS_A_NUMBER = 2e-8  # of a Gram matrix, to solve on it


class ElasticNet(SparseRegressor):
    """Least squares with ``alpha (l1_ratio |w|_1 + (1 - l1_ratio) / 2 |w|^2)``; the objective is that of `lasso`.

    Parameters
    ----------
    alpha : float
        Strength of the penalty.
    l1_ratio : float
        From 0 (ridge) to 1 (lasso).
    fit_intercept : bool
        Whether a constant, which is not penalised, is fitted too.
    positive : bool
        Whether coefficients must not be negative.
    weights : array_like, shape (n_features,), optional
        Factor of each feature's penalty: 0 leaves it free, ``inf`` excludes it.
    tol : float
        The duality gap is at most ``tol |y|^2 / n``.
    max_iter : int
        Sweeps at most.

    Attributes
    ----------
    coef_ : ndarray, shape (n_features,) or (n_targets, n_features)
    intercept_ : float or ndarray
    dual_gap_ : float or ndarray
        Certified bound of what the objective could still fall.
    n_iter_ : int
        Sweeps over the features made, the most of all targets.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 5))
    >>> ElasticNet(alpha=0.01).fit(X, X[:, 1] + 2.0).coef_.round(1).tolist()
    [0.0, 1.0, 0.0, 0.0, 0.0]
    """

    _multitask = False

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        positive: bool = False,
        weights: Any = None,
        tol: float = 1e-6,
        max_iter: int = 10_000,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.positive = positive
        self.weights = weights
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit coefficients.

        Parameters
        ----------
        X : array_like or scipy.sparse matrix or array, shape (n_samples, n_features)
        y : array_like, shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array_like, shape (n_samples,), optional

        Returns
        -------
        self
        """
        from sklearn.utils.validation import _check_sample_weight, validate_data

        sparse = ("csc",) if not self._multitask else False
        checked, target = validate_data(
            self, X, y, accept_sparse=sparse, dtype=np.float64, order="F", multi_output=True, y_numeric=True
        )
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, checked, dtype=np.float64)
        self._fit_checked(checked, np.asarray(target, np.float64), weight)
        return self

    def _fit_checked(self, X: Any, target: Array, weight: Array | None) -> None:
        check(self.alpha, self.l1_ratio, self.tol, self.max_iter, self.positive, self._multitask)
        design, flat = arrays(X, target)
        prepared = prepare(design, flat, penalty_weights(self.weights, design.shape[1]), weight, self.fit_intercept)
        found = fit(prepared, self.alpha, self.l1_ratio, self.positive, self._multitask, self.tol, self.max_iter)
        self._keep(found, target.ndim == 1)

    def _keep(self, found: Fit, flat: bool) -> None:
        self.coef_ = found.coef[0] if flat else found.coef
        intercept = found.intercept
        self.intercept_ = (float(intercept[0]) if flat else intercept) if self.fit_intercept else 0.0
        self.dual_gap_ = float(found.gaps[0]) if flat or self._multitask else found.gaps
        self.n_iter_ = max(1, int(found.sweeps.max()))

    def predict(self, X: Any) -> Array:
        """Targets of new samples, (n_samples,) or (n_samples, n_targets)."""
        from sklearn.utils.validation import check_is_fitted, validate_data

        check_is_fitted(self)
        checked = validate_data(self, X, reset=False, accept_sparse=("csr", "csc"), dtype=np.float64)
        return checked @ self.coef_.T + self.intercept_

    def _solve(self, problem: NormalEquations) -> Array:
        return self._solve_many([problem])[0]

    def _solve_many(self, problems: list[NormalEquations]) -> Array:
        """Coefficients (n_problems, m, p): all problems and targets side by side on the threads."""
        check(self.alpha, self.l1_ratio, self.tol, self.max_iter, self.positive, self._multitask)
        first = problems[0]
        weight = penalty_weights(self.weights, first.n_features)
        if not np.all((weight > 0.0) & np.isfinite(weight)):
            raise ValueError("weights: some are 0 or inf, expected finite ones above 0 where only sums are known")
        if self.alpha == 0.0:
            support = np.ones((first.n_targets, first.n_features), np.bool_)
            return np.stack([problem.solve_all(support) for problem in problems])
        shape = (len(problems), first.n_targets, first.n_features)
        crosses = np.concatenate([problem.cross.T for problem in problems])
        squares = np.concatenate([problem.squares for problem in problems])
        owners = np.repeat(np.arange(len(problems)), first.n_targets)
        grams = [np.ascontiguousarray(problem.gram) for problem in problems]
        strength = self.alpha * np.array([problem.n_samples for problem in problems], np.float64)[owners]
        levels, ridges = strength * self.l1_ratio, strength * (1.0 - self.l1_ratio)
        targets = max(self.tol, 4.0 * np.finfo(float).eps) * squares
        coefs, gaps = np.zeros(crosses.shape), np.zeros(len(crosses))
        sweeps = np.zeros(len(crosses), np.int64)
        stack = np.stack(grams)

        def work(begin: int, end: int) -> None:
            coordinate_path.solve_many(
                stack, owners, crosses, squares, weight, levels, ridges, self.positive, targets, self.max_iter,
                begin, end, coefs, gaps, sweeps,
            )  # fmt: skip

        over(len(crosses), work, SECONDS_A_NUMBER * first.gram.size)
        late = gaps > targets
        warn(gaps[late], 0.0, np.full(int(late.sum()), self.alpha))
        return coefs.reshape(shape)

    def __sklearn_tags__(self) -> Any:
        """Called by scikit-learn alone."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self._multitask
        return tags


class Lasso(ElasticNet):
    """Least squares with ``alpha |w|_1``: the objective and the certificate of `lasso`, as an estimator.

    Parameters, attributes and errors are those of `ElasticNet`, without ``l1_ratio``.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 5))
    >>> Lasso(alpha=0.1).fit(X, 3.0 * X[:, 1]).coef_.round(1).tolist()
    [0.0, 2.9, 0.0, 0.0, 0.0]
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        positive: bool = False,
        weights: Any = None,
        tol: float = 1e-6,
        max_iter: int = 10_000,
    ) -> None:
        super().__init__(
            alpha, l1_ratio=1.0, fit_intercept=fit_intercept, positive=positive, weights=weights, tol=tol,
            max_iter=max_iter,
        )  # fmt: skip


class MultiTaskLasso(ElasticNet):
    """The lasso of several targets whose features enter for all of them at once: ``alpha sum_j |w_j|_2``.

    Parameters, attributes and errors are those of `ElasticNet`, as far as they are here; designs are dense.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 4))
    >>> (MultiTaskLasso(alpha=0.1).fit(X, X[:, [1, 1]]).coef_ != 0.0).tolist()
    [[False, True, False, False], [False, True, False, False]]
    """

    _multitask = True

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        weights: Any = None,
        tol: float = 1e-6,
        max_iter: int = 10_000,
    ) -> None:
        super().__init__(alpha, l1_ratio=1.0, fit_intercept=fit_intercept, weights=weights, tol=tol, max_iter=max_iter)

    def _solve_many(self, problems: list[NormalEquations]) -> Array:
        check(self.alpha, 1.0, self.tol, self.max_iter, False, True)
        found = []
        for problem in problems:
            weight = penalty_weights(self.weights, problem.n_features)
            total = float(problem.squares.sum())
            levels = np.array([self.alpha * problem.n_samples])
            penalty = Penalty(levels, 0.0 * levels, False, max(self.tol, 1e-15) * total, self.max_iter)
            coef, gap = gram_row_path(problem.gram, problem.cross, total, weight, penalty)
            warn(np.array([gap]), penalty.target, np.array([self.alpha]))
            found.append(coef.T)
        return np.stack(found)
