"""asv: paths of the lasso and batches of problems on moments, whole public calls, with the gap of each; short runs."""

from __future__ import annotations

import numpy as np

from benchmarks.compare.lasso import design, greatest_gap
from fastsci.sparse._problem import NormalEquations
from fastsci.sparse.coordinate import lasso, lasso_path
from fastsci.sparse.lasso_estimators import Lasso

DESIGNS = {
    "tall": (4_000, 200, 0.0, 1.0),
    "wide": (200, 4_000, 0.0, 1.0),
    "correlated": (300, 1_000, 0.95, 1.0),
    "sparse": (2_000, 5_000, 0.0, 0.005),
}


class Path:
    params = (list(DESIGNS),)
    param_names = ("design",)

    def setup(self, name: str) -> None:
        self.X, self.y = design(*DESIGNS[name])
        self.time_path(name)

    def time_path(self, name: str) -> None:
        self.path = lasso_path(self.X, self.y)

    def time_one_penalty(self, name: str) -> None:
        lasso(self.X, self.y, self.path.alphas[50])

    def track_gap(self, name: str) -> float:
        """The largest measured gap of the path over ``|y|^2 / n``; the tolerance is 1e-6."""
        return greatest_gap(self.X, self.y, self.path.alphas, self.path.coefs)

    track_gap.unit = "relative"


class Moments:
    """Bootstraps of a library of 64 features, as equation discovery has them."""

    def setup(self) -> None:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(500, 64))
        Y = X[:, :3] + 0.1 * rng.normal(size=(500, 3))
        self.problems = [NormalEquations.of(X[rows], Y[rows]) for rows in rng.integers(500, size=(200, 500))]
        self.time_bootstraps()

    def time_bootstraps(self) -> None:
        Lasso(0.05)._solve_many(self.problems)
