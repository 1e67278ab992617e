"""What one writes by hand today: the right-hand side under plain ``njit``, RK4 in a ``prange`` loop over members.

``fastmath`` is on, which is more than fastsci allows itself, and small states are unrolled into local variables.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit, prange

from benchmarks.suites.problems import Problem


def _two_states(rhs):
    @njit(parallel=True, fastmath=True, error_model="numpy")
    def integrate(y0, params, dt, n_steps, y):
        half, sixth = 0.5 * dt, dt / 6.0
        for member in prange(y0.shape[0]):
            a, b = y0[member, 0], y0[member, 1]
            p = (params[member, 0], params[member, 1])
            for step in range(n_steps):
                t = step * dt
                a1, b1 = rhs(t, (a, b), p)
                a2, b2 = rhs(t + half, (a + half * a1, b + half * b1), p)
                a3, b3 = rhs(t + half, (a + half * a2, b + half * b2), p)
                a4, b4 = rhs(t + dt, (a + dt * a3, b + dt * b3), p)
                a += sixth * (a1 + 2.0 * a2 + 2.0 * a3 + a4)
                b += sixth * (b1 + 2.0 * b2 + 2.0 * b3 + b4)
            y[member, 0], y[member, 1] = a, b

    return integrate


def _three_states(rhs):
    @njit(parallel=True, fastmath=True, error_model="numpy")
    def integrate(y0, params, dt, n_steps, y):
        half, sixth = 0.5 * dt, dt / 6.0
        for member in prange(y0.shape[0]):
            a, b, c = y0[member, 0], y0[member, 1], y0[member, 2]
            p = (params[member, 0], params[member, 1], params[member, 2])
            for step in range(n_steps):
                t = step * dt
                a1, b1, c1 = rhs(t, (a, b, c), p)
                a2, b2, c2 = rhs(t + half, (a + half * a1, b + half * b1, c + half * c1), p)
                a3, b3, c3 = rhs(t + half, (a + half * a2, b + half * b2, c + half * c2), p)
                a4, b4, c4 = rhs(t + dt, (a + dt * a3, b + dt * b3, c + dt * c3), p)
                a += sixth * (a1 + 2.0 * a2 + 2.0 * a3 + a4)
                b += sixth * (b1 + 2.0 * b2 + 2.0 * b3 + b4)
                c += sixth * (c1 + 2.0 * c2 + 2.0 * c3 + c4)
            y[member, 0], y[member, 1], y[member, 2] = a, b, c

    return integrate


def _in_place(rhs):
    @njit(parallel=True, fastmath=True, error_model="numpy")
    def integrate(y0, params, dt, n_steps, y):
        half, sixth = 0.5 * dt, dt / 6.0
        dim = y0.shape[1]
        for member in prange(y0.shape[0]):
            u, p = y0[member].copy(), params[member]
            slope, total, stage = np.empty(dim), np.empty(dim), np.empty(dim)
            for step in range(n_steps):
                t = step * dt
                rhs(t, u, p, slope)
                for i in range(dim):
                    total[i] = slope[i]
                    stage[i] = u[i] + half * slope[i]
                rhs(t + half, stage, p, slope)
                for i in range(dim):
                    total[i] += 2.0 * slope[i]
                    stage[i] = u[i] + half * slope[i]
                rhs(t + half, stage, p, slope)
                for i in range(dim):
                    total[i] += 2.0 * slope[i]
                    stage[i] = u[i] + dt * slope[i]
                rhs(t + dt, stage, p, slope)
                for i in range(dim):
                    u[i] += sixth * (total[i] + slope[i])
            y[member] = u

    return integrate


def prepare(problem: Problem) -> Callable[[], np.ndarray]:
    """A call that integrates the problem and returns the final states, already compiled."""
    rhs = njit(fastmath=True, error_model="numpy")(problem.fun)
    make = _in_place if problem.in_place else {2: _two_states, 3: _three_states}[problem.y0.shape[1]]
    integrate = make(rhs)
    y = np.empty_like(problem.y0)

    def solve() -> np.ndarray:
        integrate(problem.y0, problem.params, problem.dt, problem.n_steps, y)
        return y

    integrate(problem.y0[:2], problem.params[:2], problem.dt, 1, y[:2])
    return solve
