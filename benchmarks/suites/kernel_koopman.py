"""asv: kernel matrices, their factors, and Koopman operators with a kernel, with what they should find."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

import fastsci
from fastsci.lowrank._kernel_factor import factorise
from fastsci.lowrank._kernel_functions import Kernel
from fastsci.lowrank.kernel_koopman import KernelKoopman
from fastsci.lowrank.nystroem_koopman import NystroemKoopman


def attractor(count: int) -> np.ndarray:
    """States of Lorenz-63, 0.01 apart in time."""
    times = 0.01 * np.arange(count)
    run = fastsci.solve_ensemble(
        fastsci.systems.lorenz63, (0.0, times[-1]), [1.5, -1.5, 20.5], method="DOP853", rtol=1e-9, atol=1e-9,
        t_eval=times,
    )  # fmt: skip
    return np.ascontiguousarray(run.y[0].T)


class Matrices:
    params = (["gaussian", "matern12", "matern52", "polynomial"], [3, 50])
    param_names = ("kernel", "variables")

    def setup(self, name: str, variables: int) -> None:
        self.states = np.random.default_rng(0).normal(size=(3000, variables))
        self.kernel = Kernel(name, 2.0, 1.0, 3)
        self.out = np.empty((3000, 3000))
        self.kernel.matrix(self.states, self.states, self.out)

    def time_matrix(self, name: str, variables: int) -> None:
        self.kernel.matrix(self.states, self.states, self.out)


class Factors:
    params = ([1e-6, 1e-12],)
    param_names = ("tolerance",)

    def setup(self, tolerance: float) -> None:
        self.states = attractor(5000)
        self.kernel = Kernel("gaussian", 16.0, 1.0, 3)
        self.factor()

    def factor(self, tolerance: float = 1e-12):
        return factorise(self.kernel, self.states, tolerance, 2000)

    def time_factor(self, tolerance: float) -> None:
        self.factor(tolerance)

    def track_rank(self, tolerance: float) -> int:
        return len(self.factor(tolerance).rows)

    track_rank.unit = "columns"


class Fit:
    params = ([None, 1.2247], [True, False])
    param_names = ("length_scale", "reduced_rank")
    timeout = 300

    def setup(self, length_scale: float | None, reduced_rank: bool) -> None:
        self.states = attractor(5000)
        self.model = KernelKoopman(25, length_scale=length_scale, reduced_rank=reduced_rank)
        self.model.fit(self.states[:1600])

    def time_fit(self, length_scale: float | None, reduced_rank: bool) -> None:
        self.model.fit(self.states)


class Accuracy:
    """Against principal components of the whole matrix."""

    def setup(self) -> None:
        self.states = attractor(1500)
        self.model = KernelKoopman(25, reduced_rank=False).fit(self.states)
        length = self.model.length_scale_
        matrix = np.exp(-0.5 * cdist(self.states, self.states, "sqeuclidean") / length**2)
        values, vectors = np.linalg.eigh(matrix[:-1, :-1])
        values, vectors = values[-25:], vectors[:, -25:]
        self.wanted = np.linalg.eigvals((vectors.T @ matrix[1:, :-1] @ vectors) / (values + 1499 * 1e-6))

    def track_eigenvalue_error(self) -> float:
        return float(np.abs(self.wanted[:, None] - self.model.eigenvalues_).min(axis=1).max())

    track_eigenvalue_error.unit = ""


class Nystroem:
    params = (["pivoted", "uniform", "leverage"], [71, 300])
    param_names = ("selection", "centers")

    def setup(self, selection: str, centers: int) -> None:
        self.states = attractor(50_000)
        self.model = NystroemKoopman(25, centers, "matern32", selection=selection).fit(self.states[:5000])

    def time_fit(self, selection: str, centers: int) -> None:
        self.model.fit(self.states)

    def track_left_out(self, selection: str, centers: int) -> float:
        return self.model.fit(self.states).remainder_

    track_left_out.unit = ""
