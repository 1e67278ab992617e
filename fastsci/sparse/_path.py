"""Paths of nested sparse models, and the choice of one of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from fastsci_kernels.loops.batch import over
from fastsci_kernels.regress.triangle import nested

from ._problem import Array, NormalEquations
from ._regressor import SparseRegressor
from .criteria import CRITERIA, information_criterion

Order = NDArray[np.int64]
Score = Callable[[Array, float, Array], Array]

MULTIPLY_SECONDS = 3e-10
MOST_PATH_NUMBERS = 4_000_000  # of a block of problems at once: 32 MB


@dataclass(frozen=True)
class UnitSums:
    """Problems of one shape with columns of unit length, side by side for the kernels."""

    grams: Array  # (n, p, p)
    crosses: Array  # (n, m, p)
    squares: Array  # (n, m)
    ridges: Array  # (n, p)
    scales: Array  # (n, p)

    @classmethod
    def of(cls, problems: list[NormalEquations], alpha: float) -> UnitSums:
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
    def _orders(self, sums: UnitSums, size: int) -> Order:
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
        sums = UnitSums.of(problems, float(self.alpha))
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
            scores = residuals + self.kappa * _condition(problem) * n_terms
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
            raise ValueError(
                f"kappa: is {self.kappa!r}, expected 0 or more; None chooses by selection={self.selection!r}"
            )
        if self.max_terms is not None and self.max_terms < 1:
            raise ValueError(f"max_terms: is {self.max_terms!r}, expected at least 1; None allows all terms")
        if not callable(self.selection) and self.selection not in (*CRITERIA, "ratio"):
            known = ", ".join((*CRITERIA, "ratio"))
            raise ValueError(f"selection: is {self.selection!r}, expected one of {known}, or a function of the path")


def _condition(problem: NormalEquations) -> float:
    """Condition number of the design with columns of unit length, as far as its Gram matrix tells."""
    values = np.linalg.eigvalsh(problem.gram / np.outer(problem.norms(), problem.norms()))
    return float(np.sqrt(values[-1] / max(values[0], np.finfo(float).eps * values[-1])))
