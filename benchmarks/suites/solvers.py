"""asv: greedy, exact and Bayesian sparse solvers on the sums of Lorenz's system among 56 terms, and what they find."""

from __future__ import annotations

import itertools

import numpy as np

import fastsci
from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.greedy import FROLS, SSR
from fastsci.sparse.relevance import RVM
from fastsci.sparse.subset import BestSubset, best_subset

N_SAMPLES, DT, NOISE = 20_000, 0.002, 0.01
TERMS = [term for degree in range(6) for term in itertools.combinations_with_replacement(range(3), degree)]
TRUTH = (((0,), (1,)), ((0,), (1,), (0, 2)), ((2,), (0, 1)))


def lorenz() -> tuple[np.ndarray, np.ndarray]:
    """Library (n, 56) and derivatives (n, 3) with noise of a hundredth of their spread."""
    times = 20.0 + DT * np.arange(N_SAMPLES)
    run = fastsci.solve_ensemble(fastsci.systems.lorenz63, (0.0, times[-1]), dt=DT, t_eval=times)
    x, y, z = run.y[0]
    library = np.stack([np.prod(run.y[0][list(term)], axis=0) for term in TERMS], axis=1)
    slopes = np.stack((10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z), axis=1)
    return library, slopes + NOISE * slopes.std(axis=0) * np.random.default_rng(0).normal(size=slopes.shape)


def true_support() -> np.ndarray:
    return np.array([[term in terms for term in TERMS] for terms in TRUTH])


SOLVERS = {
    "SSR": SSR(alpha=0.0, criteria="model_residual", selection="ebic"),
    "FROLS": FROLS(alpha=0.0, selection="ebic"),
    "BestSubset": BestSubset(criterion="ebic"),
    "RVM": RVM(threshold=4.0),
}


class Solvers:
    """One call for three targets, from the sums on."""

    params = (list(SOLVERS),)
    param_names = ("solver",)

    def setup(self, name: str) -> None:
        self.problem = NormalEquations.of(*lorenz())
        self.time_solve(name)

    def time_solve(self, name: str) -> None:
        SOLVERS[name]._solve(self.problem)

    def track_wrong_terms(self, name: str) -> int:
        """Terms too many or missing, of three equations with seven."""
        return int(((SOLVERS[name]._solve(self.problem) != 0) != true_support()).sum())

    track_wrong_terms.unit = "terms"


class ExactSizes:
    """Best subsets of a given size, most of whose terms can only fit noise; certified."""

    params = ([3, 5, 8],)
    param_names = ("terms",)

    def setup(self, size: int) -> None:
        self.problem = NormalEquations.of(*lorenz())
        self.time_search(size)

    def time_search(self, size: int) -> None:
        best_subset(self.problem, n_terms=size)

    def track_nodes(self, size: int) -> int:
        return int(best_subset(self.problem, n_terms=size).nodes.sum())

    track_nodes.unit = "nodes"


class Bootstraps:
    """Elimination paths of many problems at once."""

    def setup(self) -> None:
        library, slopes = lorenz()
        rng = np.random.default_rng(1)
        self.problems = [
            NormalEquations.of(library, slopes, rng.multinomial(len(library), np.full(len(library), 1 / len(library))))
            for _ in range(50)
        ]
        self.time_elimination()

    def time_elimination(self) -> None:
        SSR(alpha=0.0)._solve_many(self.problems)
