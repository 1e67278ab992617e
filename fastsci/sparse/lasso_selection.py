"""The strength of the lasso's penalty chosen from the data: by validation or by an information criterion."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._lasso_design import Design, arrays, penalty_weights, prepare
from ._lasso_path import Penalty, gram_path
from ._lasso_solve import check, fit, grid, penalties, solve, tolerance, warn
from ._problem import Array, NormalEquations
from .lasso_estimators import ElasticNet

CRITERIA = ("cv", "aic", "bic")


class LassoCV(ElasticNet):
    """The lasso or elastic net with ``alpha`` chosen along one path a fold, or by AIC or BIC along a single path.

    Parameters
    ----------
    criterion : {'cv', 'aic', 'bic'}
        The mean squared error of held-out folds, or ``n log(|r|^2 / n) + k f`` with ``f`` the number of coefficients
        (Zou, Hastie and Tibshirani, Ann. Stat. 35, 2007) and ``k`` 2 or ``log n``.
    cv : int, splitter or iterable, optional
        As scikit-learn's ``check_cv`` takes it; None is 5 folds.
    eps, n_alphas, alphas
        The grid of penalties, as `lasso_path` takes it.
    l1_ratio, fit_intercept, positive, weights, tol, max_iter
        As in `ElasticNet`, with ``l1_ratio=1`` by default.

    Attributes
    ----------
    alpha_ : float
        The penalty with the best score.
    alphas_ : ndarray, shape (n_alphas,)
    mse_path_ : ndarray, shape (n_alphas, n_folds)
        With ``criterion='cv'``: mean squared errors of the held-out samples.
    criterion_ : ndarray, shape (n_alphas,)
        Score of each penalty; the least is best.
    coef_, intercept_, dual_gap_, n_iter_
        Of a fit on all samples with ``alpha_``.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 20))
    >>> model = LassoCV(criterion="bic").fit(X, X[:, 3] - X[:, 7] + 0.1 * rng.normal(size=100))
    >>> np.flatnonzero(model.coef_).tolist()
    [3, 7]
    """

    def __init__(
        self,
        *,
        criterion: str = "cv",
        cv: Any = None,
        eps: float = 1e-3,
        n_alphas: int = 100,
        alphas: Any = None,
        l1_ratio: float = 1.0,
        fit_intercept: bool = True,
        positive: bool = False,
        weights: Any = None,
        tol: float = 1e-6,
        max_iter: int = 10_000,
    ) -> None:
        super().__init__(
            l1_ratio=l1_ratio, fit_intercept=fit_intercept, positive=positive, weights=weights, tol=tol,
            max_iter=max_iter,
        )  # fmt: skip
        self.criterion = criterion
        self.cv = cv
        self.eps = eps
        self.n_alphas = n_alphas
        self.alphas = alphas

    def _fit_checked(self, X: Any, target: Array, weight: Array | None) -> None:
        self._check()
        if target.ndim == 2:
            from sklearn.utils.validation import column_or_1d

            if target.shape[1] > 1:
                raise ValueError(f"y: has shape {target.shape}, expected (n_samples,); fit each target by itself")
            target = column_or_1d(target, warn=True)
        design, flat = arrays(X, target)
        weights = penalty_weights(self.weights, design.shape[1])
        prepared = prepare(design, flat, weights, weight, self.fit_intercept)
        alphas = self._grid(prepared)
        if self.criterion == "cv":
            self.mse_path_ = self._errors(X, flat, weights, weight, alphas)
            self.criterion_ = self.mse_path_.mean(axis=1)
        else:
            path = solve(prepared, alphas, self.l1_ratio, self.positive, False, self.tol, self.max_iter)
            warn(path.gaps, tolerance(prepared, self.tol), alphas)
            coefs, intercepts = prepared.restore(path.coefs)
            left = flat - (X @ coefs.T).T - intercepts[:, None]
            squares = left**2 @ (np.ones(len(flat)) if weight is None else weight)
            self.criterion_ = self._information(squares, coefs, prepared.total)
        self.alphas_ = alphas
        self.alpha_ = float(alphas[int(np.argmin(self.criterion_))])
        found = fit(prepared, self.alpha_, self.l1_ratio, self.positive, False, self.tol, self.max_iter)
        self._keep(found, target.ndim == 1)

    def _check(self) -> None:
        check(1.0, self.l1_ratio, self.tol, self.max_iter, self.positive, False)
        if self.criterion not in CRITERIA:
            raise ValueError(f"criterion: is {self.criterion!r}, expected one of {', '.join(CRITERIA)}; choose one")

    def _grid(self, prepared: Design) -> Array:
        if self.alphas is not None:
            return penalties(self.alphas)
        return grid(prepared, self.l1_ratio, self.positive, False, self.eps, self.n_alphas)

    def _errors(self, X: Any, target: Array, weights: Array, weight: Array | None, alphas: Array) -> Array:
        """Mean squared errors of held-out samples (n_alphas, n_folds)."""
        from sklearn.model_selection import check_cv

        rows = X.tocsr() if hasattr(X, "tocsr") else X
        errors = []
        for train, held_out in check_cv(self.cv).split(rows, target):
            design, flat = arrays(rows[train], target[train])
            inside = None if weight is None else weight[train]
            if inside is not None and not inside.any():
                raise ValueError("sample_weight: is 0 for all samples of a fold; use fewer folds")
            prepared = prepare(design, flat, weights, inside, self.fit_intercept)
            path = solve(prepared, alphas, self.l1_ratio, self.positive, False, self.tol, self.max_iter)
            warn(path.gaps, tolerance(prepared, self.tol), alphas)
            coefs, intercepts = prepared.restore(path.coefs)
            left = target[held_out, None] - rows[held_out] @ coefs.T - intercepts
            errors.append(np.average(left**2, axis=0, weights=None if weight is None else weight[held_out]))
        return np.stack(errors, axis=1)

    def _information(self, squares: Array, coefs: Array, total: float) -> Array:
        factor = 2.0 if self.criterion == "aic" else np.log(total)
        floor = float(np.finfo(float).tiny)
        return total * np.log(np.maximum(squares / total, floor)) + factor * np.count_nonzero(coefs, axis=1)

    def _solve_many(self, problems: list[NormalEquations]) -> Array:
        """A penalty for each target, by AIC or BIC: sums of samples cannot be split into folds."""
        self._check()
        if self.criterion == "cv":
            raise ValueError("criterion: is 'cv', expected 'aic' or 'bic' where only sums of samples are known")
        return np.stack([self._best(problem) for problem in problems])

    def _best(self, problem: NormalEquations) -> Array:
        weight = penalty_weights(self.weights, problem.n_features)
        gram = np.ascontiguousarray(problem.gram)
        chosen, found = [], []
        for task in range(problem.n_targets):
            cross, squares = np.ascontiguousarray(problem.cross[:, task]), float(problem.squares[task])
            pulled = np.maximum(cross, 0.0) if self.positive else np.abs(cross)
            most = max(float(np.max(pulled / weight)) / problem.n_samples, 1e-300) / max(self.l1_ratio, 1e-3)
            given = self.alphas is not None
            alphas = penalties(self.alphas) if given else most * np.geomspace(1.0, self.eps, self.n_alphas)
            strength = alphas * problem.n_samples
            target = max(self.tol, 1e-15) * squares
            penalty = Penalty(
                strength * self.l1_ratio, strength * (1.0 - self.l1_ratio), self.positive, target, self.max_iter
            )
            coefs = gram_path(gram, cross, squares, weight, penalty).coefs
            left = squares - np.einsum("kp,kp->k", coefs, 2.0 * cross - coefs @ gram)
            best = int(np.argmin(self._information(left, coefs, problem.n_samples)))
            chosen.append(alphas[best])
            found.append(coefs[best])
        self.alpha_ = np.array(chosen)
        return np.stack(found)

    def __sklearn_tags__(self) -> Any:
        """Called by scikit-learn alone."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags
