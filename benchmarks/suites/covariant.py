"""asv: what stands on the tangent dynamics, whole public calls, with what each should keep; short runs."""

from __future__ import annotations

import math

import numpy as np

import fastsci
from fastsci.alignment import gali
from fastsci.covariant import covariant_vectors
from fastsci.growth import error_growth, ftle


def double_gyre(t, u, p):
    x, y = u
    a = 0.25 * math.sin(0.2 * math.pi * t)
    b = 1.0 - 2.0 * a
    f = a * x * x + b * x
    return (
        -0.1 * math.pi * math.sin(math.pi * f) * math.cos(math.pi * y),
        0.1 * math.pi * math.cos(math.pi * f) * math.sin(math.pi * y) * (2.0 * a * x + b),
    )


class CovariantVectorsOfLorenz:
    members = 512
    y0 = np.random.default_rng(0).normal([0.0, 0.0, 25.0], 5.0, (members, 3))

    def solve(self, members: int = members):
        return covariant_vectors(
            fastsci.systems.lorenz63, y0=self.y0[:members], dt=0.01, t_transient=20, t_window=10, t_backward=20
        )

    def setup(self) -> None:
        self.solve(2)

    def time_solve(self) -> None:
        self.solve()

    def track_error(self) -> float:
        """Largest distance of a vector carried over an interval from the next one."""
        found = self.solve(64)
        _, carried = fastsci.flow_jvp(
            fastsci.systems.lorenz63, (0, 0.1), found.y[:, :, 0], found.vectors[:, :, :, 0], dt=0.01
        )
        carried /= np.linalg.norm(carried, axis=1, keepdims=True)
        return float(np.linalg.norm(carried - found.vectors[:, :, :, 1], axis=1).max())

    track_error.unit = "absolute"


class AlignmentOfHenonHeiles:
    y0 = np.linspace(0.5, 1.0, 1024)[:, np.newaxis] * np.array([0.0, 0.55, 0.2417, 0.0])

    def solve(self, members: int = 1024, end: float = 100.0):
        return gali(fastsci.systems.henon_heiles, 2, (0.0, end), y0=self.y0[:members], dt=0.05, t_eval=[end])

    def setup(self) -> None:
        self.solve(2)

    def time_solve(self) -> None:
        self.solve()

    def track_error(self) -> float:
        """Distance from the definition, where that has digits."""
        v = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
        run = {"y0": self.y0[:64], "v": v, "dt": 0.05}
        found = gali(fastsci.systems.henon_heiles, 2, (0.0, 10.0), t_eval=[10.0], **run)
        tiled = np.tile(v, (64, 1, 1))
        _, carried = fastsci.flow_jvp(fastsci.systems.henon_heiles, (0.0, 10.0), self.y0[:64], tiled, dt=0.05)
        unit = carried / np.linalg.norm(carried, axis=1, keepdims=True)
        return float(np.abs(found.gali[:, 0] - np.linalg.svd(unit, compute_uv=False).prod(axis=1)).max())

    track_error.unit = "absolute"


class FiniteTimeExponentsOfTheDoubleGyre:
    nx, ny = 400, 200
    y0 = np.stack(np.meshgrid(np.linspace(0.0, 2.0, nx), np.linspace(0.0, 1.0, ny), indexing="ij"), axis=-1)

    def solve(self, stride: int = 1):
        return ftle(double_gyre, (0.0, 15.0), self.y0[::stride, ::stride], k=2, dt=0.1)

    def setup(self) -> None:
        self.solve(100)

    def time_solve(self) -> None:
        self.solve()

    def track_error(self) -> float:
        """Sum of both exponents, which is zero since areas are preserved."""
        return float(np.abs(self.solve().sum(axis=-1)).max())

    track_error.unit = "1 / t"


class ErrorGrowthOfLorenz:
    y0 = np.random.default_rng(0).normal([0.0, 0.0, 25.0], 5.0, (4096, 3))

    def solve(self, members: int = 4096):
        return error_growth(fastsci.systems.lorenz63, (0.0, 0.5), self.y0[:members], dt=0.01)

    def setup(self) -> None:
        self.solve(2)

    def time_solve(self) -> None:
        self.solve()

    def track_error(self) -> float:
        """Logarithm of the volume's growth against the divergence -(10 + 1 + 8 / 3) times the window."""
        growth = np.log(self.solve().singular_values).sum(axis=1)
        return float(np.abs(growth + 0.5 * (11.0 + 8.0 / 3.0)).max())

    track_error.unit = "absolute"
