"""Greedy paths of sparse models: terms removed one at a time (SSR), or added one at a time (FROLS)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from fastsci_kernels.loops.batch import over
from fastsci_kernels.regress.elimination import eliminate
from fastsci_kernels.regress.selection import select
from fastsci_kernels.regress.triangle import nested
from numpy.typing import NDArray

from ._problem import Array, NormalEquations
from ._regressor import SparseRegressor
from .criteria import CRITERIA, information_criterion

Order = NDArray[np.int64]
Score = Callable[[Array, float, Array], Array]

MULTIPLY_SECONDS = 3e-10
MOST_PATH_NUMBERS = 4_000_000  # of a block of problems at once: 32 MB
DEPENDENT = 1e-12  # share of a column's square beyond which the Gram matrix holds rounding alone


@dataclass(frozen=True)
class _Sums:
    """Problems of one shape with columns of unit length, side by side for the kernels."""

    grams: Array  # (n, p, p)
    crosses: Array  # (n, m, p)
    squares: Array  # (n, m)
    ridges: Array  # (n, p)
    scales: Array  # (n, p)

    @classmethod
    def of(cls, problems: list[NormalEquations], alpha: float) -> _Sums:
        scales = np.stack([1.0 / problem.norms() for problem in problems])
        grams = np.stack([problem.gram for problem in problems]) * scales[:, :, None] * scales[:, None, :]
        crosses = np.stack([problem.cross.T for problem in problems]) * scales[:, None, :]
        # Rounding of the Gram matrix, as a ridge: columns that depend on one another stay solvable.
        least = 4.0 * grams.shape[1] * np.finfo(float).eps
        ridges = np.maximum(alpha * scales**2, least)
        squares = np.stack([problem.squares for problem in problems])
        return cls(np.ascontiguousarray(grams), np.ascontiguousarray(crosses), squares, ridges, scales)


class GreedyPath(SparseRegressor):
    """A path of nested models, one for each number of terms, and the choice of one of them.

    A subclass gives the order in which terms enter.
    """

    alpha: float
    selection: str | Score
    kappa: float | None
    max_terms: int | None
    unbias: bool

    @abstractmethod
    def _orders(self, sums: _Sums, size: int) -> Order:
        """Columns (n, m, size or more) in the order of the path, -1 where there are no more."""

    def _solve(self, problem: NormalEquations) -> Array:
        self._check()
        size = self._size(problem)
        orders, paths, residuals = self._paths([problem], size)
        scores, chosen = self._choose(problem, residuals[0])
        self.order_, self.path_, self.residual_squares_ = orders[0], paths[0], residuals[0]
        self.scores_, self.n_terms_ = scores, chosen
        return self._coefficients(problem, paths[0], chosen)

    def _solve_many(self, problems: list[NormalEquations]) -> Array:
        self._check()
        size = self._size(problems[0])
        block = max(1, MOST_PATH_NUMBERS // ((size + 1) * problems[0].cross.size))
        found: list[Array] = []
        for start in range(0, len(problems), block):
            some = problems[start : start + block]
            _, paths, residuals = self._paths(some, size)
            for problem, path, residual in zip(some, paths, residuals, strict=True):
                found.append(self._coefficients(problem, path, self._choose(problem, residual)[1]))
        return np.stack(found)

    def select_by(self, validation: NormalEquations) -> Self:
        """Choose the models of the path anew, by their residuals on the sums of samples that were held out."""
        self._require_fitted()
        residuals = np.stack([validation.residual_squares(self.path_[:, size]) for size in range(self.path_.shape[1])])
        self.n_terms_ = residuals.argmin(axis=0)
        chosen = self.path_[np.arange(len(self.path_)), self.n_terms_]
        self.coef_ = chosen.reshape(np.shape(self.coef_))
        return self

    def _size(self, problem: NormalEquations) -> int:
        return problem.n_features if self.max_terms is None else min(self.max_terms, problem.n_features)

    def _paths(self, problems: list[NormalEquations], size: int) -> tuple[Order, Array, Array]:
        """Orders (n, m, size), coefficients (n, m, size + 1, p) and squared residuals (n, m, size + 1)."""
        sums = _Sums.of(problems, float(self.alpha))
        orders = np.ascontiguousarray(self._orders(sums, size)[:, :, :size])
        n_problems, n_targets, n_features = sums.crosses.shape
        paths = np.zeros((n_problems, n_targets, size + 1, n_features))
        residuals = np.empty((n_problems, n_targets, size + 1))

        def work(first: int, last: int) -> None:
            nested(sums.grams, sums.crosses, sums.squares, sums.ridges, orders, paths, residuals, first, last)

        over(n_problems, work, n_targets * size**3 / 3 * MULTIPLY_SECONDS)
        paths *= sums.scales[:, None, None, :]
        return orders, paths, residuals

    def _choose(self, problem: NormalEquations, residuals: Array) -> tuple[Array, NDArray[np.intp]]:
        """Scores (m, size + 1) of the models of a path and the best number of terms (m,)."""
        n_terms = np.arange(residuals.shape[1])
        if self.kappa is not None:
            condition = min(problem.condition(), 1.0 / np.finfo(float).eps)
            scores = residuals + self.kappa * condition * n_terms
        elif callable(self.selection):
            scores = np.stack([np.asarray(self.selection(row, problem.n_samples, n_terms)) for row in residuals])
        elif self.selection == "ratio":
            before = residuals[:, :-1] / np.maximum(residuals[:, 1:], np.finfo(float).tiny)
            scores = np.concatenate((np.zeros((len(residuals), 1)), -before), axis=1)
        else:
            scores = information_criterion(
                residuals, problem.n_samples, n_terms, self.selection, n_features=problem.n_features
            )
        return scores, scores.argmin(axis=1)

    def _coefficients(self, problem: NormalEquations, path: Array, chosen: NDArray[np.intp]) -> Array:
        support = path[np.arange(len(path)), chosen] != 0
        return problem.solve_all(support, 0.0 if self.unbias else float(self.alpha))

    def _check(self) -> None:
        if not np.isfinite(self.alpha) or self.alpha < 0:
            raise ValueError(f"alpha: is {self.alpha!r}, expected a ridge penalty of 0 or more; 0.05 is the default")
        if self.kappa is not None and not (np.isfinite(self.kappa) and self.kappa >= 0):
            raise ValueError(f"kappa: is {self.kappa!r}, expected 0 or more; None chooses by selection={self.selection!r}")
        if self.max_terms is not None and self.max_terms < 1:
            raise ValueError(f"max_terms: is {self.max_terms!r}, expected at least 1; None allows all terms")
        if not callable(self.selection) and self.selection not in (*CRITERIA, "ratio"):
            known = ", ".join((*CRITERIA, "ratio"))
            raise ValueError(f"selection: is {self.selection!r}, expected one of {known}, or a function of the path")


class SSR(GreedyPath):
    """Stepwise sparse regression: remove the least important term, fit the others anew, and so on to the last.

    The whole path costs as much as one inverse of the Gram matrix, whatever the number of samples.

    Parameters
    ----------
    alpha : float
        Ridge penalty along the path, on the coefficients as they are.
    criteria : {"coefficient_value", "model_residual"}
        Which term goes: the one with the smallest coefficient, or the one without which the penalised residual
        ``|y - X c|^2 + alpha |c|^2`` of the others, fitted anew, is the smallest.
    selection : {"aicc", "aic", "bic", "ebic", "hqc", "ratio"} or callable
        Which model of the path is returned, for each target: an information criterion (see
        `fastsci.sparse.criteria`); ``"ratio"``, the model whose last term divides the residual by the most; or
        ``selection(residual_squares, n_samples, n_terms)`` that returns scores, the smallest of which is the best.
    kappa : float, optional
        Choose the least ``residual + kappa cond(X) n_terms`` instead, with the condition number of unit columns.
    max_terms : int, optional
        The largest model considered.
    unbias : bool
        Fit the chosen terms once more without the ridge.
    fit_intercept : bool
        Subtract means first; a library with a constant needs none.

    Attributes
    ----------
    coef_ : ndarray, shape (p,) or (m, p)
    path_ : ndarray, shape (m, size + 1, p)
        Coefficients of the model of each number of terms.
    residual_squares_, scores_ : ndarray, shape (m, size + 1)
    order_ : ndarray of int, shape (m, size)
        Terms by importance: the last one to be removed comes first.
    n_terms_ : ndarray of int, shape (m,)
        Terms of the chosen models.

    References
    ----------
    Boninsegna, Nueske and Clementi, J. Chem. Phys. 148 (2018) 241723.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.sparse.greedy import SSR
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 6))
    >>> y = 2.0 * X[:, 1] - X[:, 4] + 0.1 * rng.normal(size=200)
    >>> np.flatnonzero(SSR(selection="bic").fit(X, y).coef_)
    array([1, 4])
    """

    def __init__(
        self,
        *,
        alpha: float = 0.05,
        criteria: str = "coefficient_value",
        selection: str | Score = "aicc",
        kappa: float | None = None,
        max_terms: int | None = None,
        unbias: bool = True,
        fit_intercept: bool = False,
    ) -> None:
        self.alpha = alpha
        self.criteria = criteria
        self.selection = selection
        self.kappa = kappa
        self.max_terms = max_terms
        self.unbias = unbias
        self.fit_intercept = fit_intercept

    def _orders(self, sums: _Sums, size: int) -> Order:
        if self.criteria not in ("coefficient_value", "model_residual"):
            raise ValueError(
                f"criteria: is {self.criteria!r}, expected 'coefficient_value' or 'model_residual';"
                " the model of the path is chosen by selection"
            )
        by_value = self.criteria == "coefficient_value"
        orders = np.empty(sums.crosses.shape, np.int64)

        def work(first: int, last: int) -> None:
            eliminate(sums.grams, sums.crosses, sums.ridges, sums.scales, by_value, orders, first, last)

        n_problems, n_targets, n_features = orders.shape
        over(n_problems, work, (1 + n_targets / 3) * n_features**3 * MULTIPLY_SECONDS)
        return orders


class FROLS(GreedyPath):
    """Forward regression by orthogonal least squares: add the term with the largest error reduction ratio.

    The ratio of a term is the share of the target's squares that its part orthogonal to the terms before it explains.
    It does not depend on the lengths of the columns, so that these are not normalised first.

    Parameters
    ----------
    alpha : float
        Ridge penalty of the models of the path, on the coefficients as they are.
    selection, kappa, unbias, fit_intercept
        As in `SSR`.
    max_terms : int, optional
        Terms at most; None for all.
    tolerance : float
        Stop where the share that is not yet explained falls to this.

    Attributes
    ----------
    coef_, path_, residual_squares_, scores_, n_terms_
        As in `SSR`.
    order_ : ndarray of int, shape (m, size)
        Terms in the order of their choice, -1 where none was left to choose.
    err_ : ndarray, shape (m, size)
        Error reduction ratios; their sum is the coefficient of determination of the largest model without the ridge.

    References
    ----------
    Chen, Billings and Luo, Int. J. Control 50 (1989) 1873; Billings, Nonlinear System Identification, 2013, chapter 3.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsci.sparse.greedy import FROLS
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 6))
    >>> y = 2.0 * X[:, 1] - X[:, 4] + 0.1 * rng.normal(size=200)
    >>> FROLS(max_terms=2).fit(X, y).err_
    array([[0.8, 0.2]])
    """

    def __init__(
        self,
        *,
        alpha: float = 0.05,
        selection: str | Score = "aicc",
        kappa: float | None = None,
        max_terms: int | None = 10,
        tolerance: float = 0.0,
        unbias: bool = True,
        fit_intercept: bool = False,
    ) -> None:
        self.alpha = alpha
        self.selection = selection
        self.kappa = kappa
        self.max_terms = max_terms
        self.tolerance = tolerance
        self.unbias = unbias
        self.fit_intercept = fit_intercept

    def _orders(self, sums: _Sums, size: int) -> Order:
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"tolerance: is {self.tolerance!r}, expected a share from 0 to 1; 0 stops at max_terms")
        n_problems, n_targets, n_features = sums.crosses.shape
        orders = np.empty((n_problems, n_targets, size), np.int64)
        ratios = np.empty(orders.shape)

        def work(first: int, last: int) -> None:
            select(
                sums.grams, sums.crosses, sums.squares, DEPENDENT, self.tolerance, orders, ratios, first, last
            )  # fmt: skip

        over(n_problems, work, n_targets * size**2 * n_features * MULTIPLY_SECONDS)
        self.err_ = ratios[0]
        return orders
