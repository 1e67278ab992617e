"""The problems that every benchmark solves, on arrays that every solver is given alike."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import FunctionType

import numpy as np

OMEGA = np.linspace(-1.0, 1.0, 10)  # natural frequencies of the ten phases


def lorenz63(t, u, p):
    x, y, z = u
    sigma, rho, beta = p
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z


def lorenz96(t, u, p, du):
    n = len(du)
    F = p[0]
    for i in range(n):
        du[i] = (u[(i + 1) % n] - u[(i - 2) % n]) * u[(i - 1) % n] - u[i] + F


def pendulum(t, u, p):
    theta, omega = u
    damping, strength = p
    return omega, -damping * omega - strength * math.sin(theta)


def kuramoto(t, u, p, du):
    n = len(du)
    for i in range(n):
        pull = 0.0
        for j in range(n):
            pull += math.sin(u[j] - u[i])
        du[i] = OMEGA[i] + p[0] / n * pull


def one_sided_spring(t, u, p):
    """Branches on its state, so that it runs on scalars."""
    x, v = u
    (stiffness,) = p
    if x > 0.0:
        return v, -stiffness * x
    return v, -x


def robertson(t, u, p):
    y1, y2, y3 = u
    k1, k2, k3 = p
    slow, back, fast = k1 * y1, k3 * y2 * y3, k2 * y2 * y2
    return back - slow, slow - back - fast, fast


def jac_robertson(t, u, p):
    _, y2, y3 = u
    k1, k2, k3 = p
    return (-k1, k3 * y3, k3 * y2), (k1, -k3 * y3 - 2.0 * k2 * y2, -k3 * y2), (0.0, 2.0 * k2 * y2, 0.0)


@dataclass(frozen=True)
class Problem:
    """A right-hand side with initial states (n_members, dim), parameters (n_members, n_params) and a time grid."""

    name: str
    fun: FunctionType
    y0: np.ndarray
    params: np.ndarray
    dt: float
    n_steps: int

    @property
    def t_end(self) -> float:
        return self.dt * self.n_steps

    @property
    def in_place(self) -> bool:
        return self.fun.__code__.co_argcount == 4

    @property
    def n_members(self) -> int:
        return self.y0.shape[0]

    @property
    def member_steps(self) -> int:
        return self.n_members * self.n_steps

    def cast(self, dtype: str) -> Problem:
        """The same in another precision."""
        return replace(self, y0=self.y0.astype(dtype), params=self.params.astype(dtype))

    def first(self, n_members: int) -> Problem:
        """The first members alone."""
        return replace(self, y0=self.y0[:n_members], params=self.params[:n_members])

    def with_steps(self, n_steps: int) -> Problem:
        """The same span in another number of steps."""
        return replace(self, dt=self.t_end / n_steps, n_steps=n_steps)


def _lorenz63(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    y0 = rng.normal((0.0, 0.0, 25.0), 5.0, (n, 3))
    return y0, np.column_stack([np.full(n, 10.0), np.linspace(24.0, 32.0, n), np.full(n, 8 / 3)])


def _lorenz96(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(2.3, 3.6, (n, 40)), np.linspace(7.0, 9.0, n)[:, np.newaxis]


def _pendulum(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    y0 = rng.normal(0.0, 1.5, (n, 2))
    return y0, np.column_stack([np.linspace(0.0, 0.2, n), np.full(n, 9.81)])


def _kuramoto(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.uniform(-np.pi, np.pi, (n, OMEGA.size)), np.linspace(0.5, 4.0, n)[:, np.newaxis]


def _one_sided_spring(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(0.0, 1.0, (n, 2)), np.linspace(0.5, 2.0, n)[:, np.newaxis]


def _robertson(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    usual = np.array([0.04, 3e7, 1e4])
    return np.broadcast_to([1.0, 0.0, 0.0], (n, 3)).copy(), usual * 2.0 ** rng.uniform(-1.0, 1.0, (n, 3))


_PROBLEMS: dict[str, tuple[FunctionType, Callable, float]] = {
    "lorenz63": (lorenz63, _lorenz63, 0.005),
    "lorenz96": (lorenz96, _lorenz96, 0.01),
    "pendulum": (pendulum, _pendulum, 0.01),
    "kuramoto": (kuramoto, _kuramoto, 0.02),
    "robertson": (robertson, _robertson, 1e5),
    "one_sided_spring": (one_sided_spring, _one_sided_spring, 0.01),
}


def problem(name: str, n_members: int, n_steps: int) -> Problem:
    """A problem of the given size; the same members on every call."""
    fun, draw, dt = _PROBLEMS[name]
    y0, params = draw(np.random.default_rng(20240229), n_members)
    return Problem(name, fun, y0, params, dt, n_steps)


def strided(given: Problem, stride: int) -> Problem:
    """Every so manyth member alone, the first among them."""
    return replace(given, y0=given.y0[::stride], params=given.params[::stride])


def henon_heiles_energy(y: np.ndarray) -> np.ndarray:
    """Of stars ``(n_members, 4, n_times)``."""
    x, y, px, py = np.moveaxis(y, 1, 0)
    return (px * px + py * py + x * x + y * y) / 2 + x * x * y - y * y * y / 3
