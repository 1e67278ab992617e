"""asv: noise, symplectic steps and maps, whole public calls, with what each should keep; short runs."""

from __future__ import annotations

import numpy as np

import fastsci

from .ornstein_uhlenbeck import prepare_fastsci, standard_errors
from .problems import henon_heiles_energy


class OrnsteinUhlenbeck:
    """Euler-Maruyama: the normals cost more than the step."""

    paths, steps = 100_000, 100

    def setup(self) -> None:
        self.solve = prepare_fastsci(self.paths, self.steps)

    def time_solve(self) -> None:
        self.solve()

    def track_error(self) -> float:
        """The larger deviation of mean and variance, in standard errors."""
        return float(np.abs(standard_errors(self.solve(), self.steps)).max())

    track_error.unit = "standard errors"


class HenonHeiles:
    params = (["Leapfrog", "Yoshida4", "KahanLi8"],)
    param_names = ("method",)
    y0 = np.linspace(0.5, 1.0, 4096)[:, np.newaxis] * np.array([0.0, 0.1, 0.48, 0.0])

    def solve(self, method: str, members: int = 4096):
        return fastsci.solve_ensemble(
            fastsci.systems.henon_heiles,
            (0.0, 10.0),
            self.y0[:members],
            method=method,
            dt=0.01,
            t_eval=[0.0, 10.0],
        )

    def setup(self, method: str) -> None:
        self.solve(method, 2)

    def time_solve(self, method: str) -> None:
        self.solve(method)

    def track_error(self, method: str) -> float:
        kept = henon_heiles_energy(self.solve(method).y)
        return float(np.abs(kept / kept[:, :1] - 1.0).max())

    track_error.unit = "relative, of the energy"


class Logistic:
    r = np.linspace(2.5, 4.0, 100_000)

    def solve(self, members: int = 100_000):
        return fastsci.iterate_map(fastsci.systems.logistic, 1000, [0.3], params={"r": self.r[:members]}, save_last=10)

    def setup(self) -> None:
        self.solve(2)

    def time_solve(self) -> None:
        self.solve()

    def track_error(self) -> float:
        """Greatest distance from the fixed point 1 - 1 / r where it attracts."""
        calm = self.r < 2.9
        late = self.solve().y[calm, 0]
        return float(np.abs(late - (1.0 - 1.0 / self.r[calm, np.newaxis])).max())

    track_error.unit = "absolute"
