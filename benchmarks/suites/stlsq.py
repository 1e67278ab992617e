"""asv: thresholded least squares on sums, whole solves, batches and paths, with what they should find."""

from __future__ import annotations

import numpy as np

from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.libraries import PolynomialLibrary
from fastsci.sparse.threshold_path import ThresholdPath
from fastsci.sparse.thresholding import STLSQ, Thresholded, solve_batch


def problem(n_inputs: int, degree: int, n_targets: int) -> tuple[NormalEquations, np.ndarray]:
    """Sums of polynomials of correlated inputs, with the coefficients behind the targets."""
    rng = np.random.default_rng(n_inputs)
    inputs = rng.normal(size=(4000, n_inputs)) @ rng.normal(size=(n_inputs, n_inputs)) / n_inputs
    theta = PolynomialLibrary(degree=degree).fit_transform(inputs)
    coef = np.zeros((n_targets, theta.shape[1]))
    for row in coef:
        row[rng.choice(len(row), 4, replace=False)] = rng.choice([-1.0, 1.0], 4) * rng.uniform(0.5, 2.0, 4)
    target = theta @ coef.T
    return NormalEquations.of(theta, target + 1e-3 * rng.normal(size=target.shape)), coef


class Solve:
    params = ([(3, 2, 3), (3, 3, 3), (3, 5, 3), (6, 5, 6)],)
    param_names = ("inputs_degree_targets",)

    def setup(self, shape: tuple[int, int, int]) -> None:
        self.problem, self.coef = problem(*shape)
        STLSQ()._solve(self.problem)

    def time_solve(self, shape: tuple[int, int, int]) -> None:
        STLSQ()._solve(self.problem)

    def track_wrong_terms(self, shape: tuple[int, int, int]) -> int:
        return int(np.sum((STLSQ()._solve(self.problem) != 0) != (self.coef != 0)))

    track_wrong_terms.unit = "terms"


class Batch:
    params = ([(1000, 3, 3, 3), (50, 6, 5, 6)],)
    param_names = ("problems_inputs_degree_targets",)

    def setup(self, shape: tuple[int, int, int, int]) -> None:
        one, _ = problem(*shape[1:])
        self.grams = np.repeat(one.gram[None], shape[0], axis=0)
        self.crosses = np.repeat(one.cross[None], shape[0], axis=0)
        self.squares = np.repeat(one.squares[None], shape[0], axis=0)
        self.solve()

    def solve(self) -> Thresholded:
        return solve_batch(self.grams, self.crosses, self.squares)

    def time_batch(self, shape: tuple[int, int, int, int]) -> None:
        self.solve()


class Path:
    params = ([2, 5],)
    param_names = ("degree",)

    def setup(self, degree: int) -> None:
        self.problem, self.coef = problem(3, degree, 3)
        ThresholdPath()._solve(self.problem)

    def time_path(self, degree: int) -> None:
        ThresholdPath()._solve(self.problem)

    def track_wrong_terms(self, degree: int) -> int:
        return int(np.sum((ThresholdPath()._solve(self.problem) != 0) != (self.coef != 0)))

    track_wrong_terms.unit = "terms"
