"""asv: fixed points and periodic orbits from many starts, whole public calls, with what each should find."""

from __future__ import annotations

import numpy as np

import fastsci
from fastsci.equilibria import FixedPoints, fixed_points
from fastsci.orbits import PeriodicOrbits, periodic_orbits


class LorenzFixedPoints:
    box = ((-20.0, -20.0, 0.0), (20.0, 20.0, 50.0))

    def find(self, starts: int = 10_000) -> FixedPoints:
        return fixed_points(fastsci.systems.lorenz63, box=self.box, n_starts=starts, seed=1)

    def setup(self) -> None:
        self.find(2)

    def time_find(self) -> None:
        self.find()

    def track_error(self) -> float:
        """Greatest distance of the farther points from ``sqrt(beta (rho - 1))`` in size."""
        x = np.abs(self.find().points[:, 0])
        return float(np.abs(x[x > 1.0] - np.sqrt(72.0)).max())

    track_error.unit = "absolute"


class HenonCycles:
    def find(self, starts: int = 10_000) -> FixedPoints:
        box = ((-1.5, -0.5), (1.5, 0.5))
        return fixed_points(fastsci.systems.henon, box=box, n_starts=starts, seed=1, period=6)

    def setup(self) -> None:
        self.find(2)

    def time_find(self) -> None:
        self.find()

    def track_points(self) -> int:
        """Of 16 that there are."""
        return len(self.find())

    track_points.unit = "points"


class VanDerPolCycle:
    mu = np.linspace(0.5, 1.5, 1000)

    def find(self, starts: int = 1000) -> PeriodicOrbits:
        system = fastsci.systems.van_der_pol
        return periodic_orbits(system, [2.0, 0.0], 6.6, params={"mu": self.mu[:starts]}, method="RK4", n_steps=400)

    def setup(self) -> None:
        self.find(2)

    def time_find(self) -> None:
        self.find()

    def track_residual(self) -> float:
        return float(self.find().residual.max())

    track_residual.unit = "absolute"
