"""SciPy's ``solve_ivp``, one member after the other, as users run ensembles today: RK45 held to the same step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.suites.problems import Problem


def prepare(problem: Problem) -> Callable[[], np.ndarray]:
    """A call that integrates the problem and returns the final states."""
    from scipy.integrate import solve_ivp

    def solve() -> np.ndarray:
        # With no tolerance to speak of every step is accepted and the controller asks for more than max_step.
        return np.array(
            [
                solve_ivp(
                    problem.fun, (0.0, problem.t_end), u, args=(p,), method="RK45", t_eval=(problem.t_end,),
                    first_step=problem.dt, max_step=problem.dt, rtol=1.0, atol=1e12,
                ).y[:, -1]
                for u, p in zip(problem.y0, problem.params, strict=True)
            ]
        )  # fmt: skip

    return solve
