"""What the answers should be, by means that share nothing with the solvers under comparison."""

from __future__ import annotations

import types
from dataclasses import replace
from functools import cache

import numpy as np

from benchmarks.suites.problems import Problem, problem

MEMBERS = 16  # as many of a problem's members as the references integrate


def members(size: int) -> np.ndarray:
    """Which members: spread over the ensemble, first and last among them."""
    return np.unique(np.linspace(0, size - 1, min(size, MEMBERS)).astype(int))


class _LongMath:
    """``math`` for arrays of long double."""

    sin, cos = staticmethod(np.sin), staticmethod(np.cos)


def _on_arrays(problem: Problem):
    """The right-hand side on rows of members, ``u`` being (dim, n_members)."""
    fun = problem.fun
    plain = types.FunctionType(fun.__code__, {**fun.__globals__, "math": _LongMath}, fun.__name__)
    if not problem.in_place:
        return lambda t, u, p: np.stack(plain(t, u, p))

    def slope(t, u, p):
        du = np.empty_like(u)
        plain(t, u, p, du)
        return du

    return slope


def long_rk4(problem: Problem) -> np.ndarray:
    """The same RK4 in long double with NumPy: what a solver misses of it is rounding alone."""
    slope = _on_arrays(problem)
    u, p = problem.y0.T.astype(np.longdouble), problem.params.T.astype(np.longdouble)
    h = np.longdouble(problem.dt)
    for index in range(problem.n_steps):
        t = index * h
        k1 = slope(t, u, p)
        k2 = slope(t + h / 2, u + h / 2 * k1, p)
        k3 = slope(t + h / 2, u + h / 2 * k2, p)
        k4 = slope(t + h, u + h * k3, p)
        u = u + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return u.T


def exact(problem: Problem) -> np.ndarray:
    """The solution itself, by SciPy's DOP853 at a relative tolerance of 3e-14."""
    from scipy.integrate import solve_ivp

    slope = _on_arrays(problem)
    return np.array(
        [
            solve_ivp(
                lambda t, u, p=p: slope(t, u[:, np.newaxis], p[:, np.newaxis])[:, 0], (0.0, problem.t_end), u,
                method="DOP853", rtol=3e-14, atol=1e-14, t_eval=(problem.t_end,),
            ).y[:, -1]
            for u, p in zip(problem.y0, problem.params, strict=True)
        ]
    )  # fmt: skip


def relative_error(y: np.ndarray, reference: np.ndarray) -> float:
    """Largest over the members of ||y - reference|| / ||reference||; NaN where anything is not finite."""
    distance = np.linalg.norm((y - reference).astype(float), axis=-1)
    return float(np.max(distance / np.linalg.norm(reference.astype(float), axis=-1)))


@cache
def references(name: str, n_members: int, n_steps: int) -> tuple[np.ndarray, np.ndarray]:
    """`exact` and `long_rk4` for `members` of a problem."""
    whole = problem(name, n_members, n_steps)
    rows = members(n_members)
    part = replace(whole, y0=whole.y0[rows], params=whole.params[rows])
    return exact(part), long_rk4(part)


def errors(problem: Problem, y: np.ndarray) -> dict[str, float]:
    """``total``: against the solution itself; ``rounding``: against the same RK4 in long double."""
    truth, long = references(problem.name, problem.n_members, problem.n_steps)
    rows = members(problem.n_members)
    return {"total": relative_error(y[rows], truth), "rounding": relative_error(y[rows], long)}
