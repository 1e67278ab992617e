"""SciPy's ``solve_ivp``, one member after the other, as users run ensembles today."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.suites.problems import Problem


def prepare(problem: Problem) -> Callable[[], np.ndarray]:
    """RK45 held to the step of the problem.

    With no tolerance to speak of every step is accepted and the controller asks for more than ``max_step``.
    """
    return prepare_adaptive(
        problem, "RK45", first_step=problem.dt, max_step=problem.dt, rtol=1.0, atol=1e12, t_eval=(problem.t_end,)
    )


def prepare_adaptive(problem: Problem, method: str, **options) -> Callable[[], np.ndarray]:
    """A call that integrates the problem by a method of SciPy and returns the final states."""
    from scipy.integrate import solve_ivp

    def solve() -> np.ndarray:
        return np.array(
            [
                solve_ivp(problem.fun, (0.0, problem.t_end), u, args=(p,), method=method, **options).y[:, -1]
                for u, p in zip(problem.y0, problem.params, strict=True)
            ]
        )

    return solve
