"""asv: distances between attractors and the keeping of invariants, whole public calls, with the error of each."""

from __future__ import annotations

import math

import numpy as np

import fastsci
from fastsci.chaos.discrepancy import maximum_mean_discrepancy
from fastsci.chaos.invariants import project_to_invariant
from fastsci.chaos.power_spectrum import power_spectrum_distance
from fastsci.chaos.projected_run import solve_projected
from fastsci.chaos.state_space import state_space_divergence


def lorenz(members: int, n_times: int) -> np.ndarray:
    """Trajectories on the Lorenz attractor, (members, n_times, 3), in units of their deviation."""
    starts = np.random.default_rng(0).normal([0.0, 0.0, 25.0], 5.0, (members, 3))
    end = 20.0 + 0.02 * n_times
    times = 20.0 + 0.02 * np.arange(n_times)
    run = fastsci.solve_ensemble(fastsci.systems.lorenz63, (0.0, end), starts, dt=0.01, t_eval=times)
    states = np.swapaxes(run.y, 1, 2)
    return np.ascontiguousarray(states / states[0].std(axis=0))


class StateSpaceDivergence:
    params = (["bins", "mixture"],)
    param_names = ("method",)

    def setup(self, method: str) -> None:
        self.truth, *others = lorenz(9, 10_000)
        self.others = np.array(others)
        state_space_divergence(self.truth[:100], self.others[:2, :100], method=method)

    def time_eight_members(self, method: str) -> None:
        state_space_divergence(self.truth, self.others, method=method)

    def track_same_attractor(self, method: str) -> float:
        """Greatest divergence of trajectories of one attractor; 0 for endless ones."""
        return float(state_space_divergence(self.truth, self.others, method=method).max())

    track_same_attractor.unit = "nats"


class PowerSpectrumDistance:
    def setup(self) -> None:
        self.truth, *others = lorenz(9, 10_000)
        self.others = np.array(others)

    def time_eight_members(self) -> None:
        power_spectrum_distance(self.truth, self.others)

    def track_same_attractor(self) -> float:
        return float(power_spectrum_distance(self.truth, self.others).max())

    track_same_attractor.unit = "Hellinger distance"


class MaximumMeanDiscrepancy:
    params = (["gaussian", "laplacian"],)
    param_names = ("kernel",)

    def setup(self, kernel: str) -> None:
        self.x, self.y = np.random.default_rng(1).normal(size=(2, 4000, 3))
        maximum_mean_discrepancy(self.x[:10], self.y[:10], kernel=kernel, bandwidth=1.0)

    def time_four_thousand_points(self, kernel: str) -> None:
        maximum_mean_discrepancy(self.x, self.y, kernel=kernel, bandwidth=1.0)

    def track_same_distribution(self, kernel: str) -> float:
        """The size of the unbiased estimate, 0 on average."""
        return abs(maximum_mean_discrepancy(self.x, self.y, kernel=kernel, bandwidth=1.0))

    track_same_distribution.unit = "squared discrepancy"


def kepler(t, u, p):
    x, y, vx, vy = u
    pull = -1.0 / (x * x + y * y) ** 1.5
    return vx, vy, pull * x, pull * y


def energy(t, u, p):
    x, y, vx, vy = u
    return 0.5 * (vx * vx + vy * vy) - 1.0 / math.sqrt(x * x + y * y)


class Projection:
    e = np.linspace(0.0, 0.6, 20_000)
    orbits = np.stack([1.0 - e, 0.0 * e, 0.0 * e, np.sqrt((1.0 + e) / (1.0 - e))], axis=1)

    def setup(self) -> None:
        project_to_invariant(self.orbits[:2], energy, -0.501)
        self.run(10)

    def run(self, steps: int):
        return solve_projected(kepler, energy, (0.0, 0.05 * steps), self.orbits[::1000], dt=0.05, every=10)

    def time_twenty_thousand_states(self) -> None:
        project_to_invariant(self.orbits, energy, -0.501)

    def time_run_of_thousand_steps(self) -> None:
        self.run(1000)

    def track_drift(self) -> float:
        """Greatest distance from the level after a projection."""
        return float(self.run(1000).drift_after.max() / 0.5)

    track_drift.unit = "relative, of the energy"
