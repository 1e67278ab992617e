"""fastsci, by its public call: checks, packing and the result object are all inside what is timed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import fastsci
from benchmarks.suites.problems import Problem


def prepare(problem: Problem) -> Callable[[], np.ndarray]:
    """A call that integrates the problem and returns the final states, already compiled."""

    def solve() -> np.ndarray:
        return fastsci.solve_ensemble(
            problem.fun, (0.0, problem.t_end), problem.y0, params=problem.params, dt=problem.dt
        ).y_final

    fastsci.solve_ensemble(problem.fun, (0.0, problem.dt), problem.y0[:2], params=problem.params[:2], dt=problem.dt)
    return solve
