"""heyoka's batch mode: adaptive Taylor series, members side by side in SIMD registers, one thread a processor.

It has no fixed step and at any useful tolerance its error is below that of RK4: ``TOLERANCE`` is a loose one.  Of
batches of 8, 16 and 32 and its other switches, what is set here was the quickest.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import numpy as np

from benchmarks.suites.problems import Problem

TOLERANCE = 1e-6
SWITCHES = {"fast_math": True, "force_avx512": True}


def threads() -> int:
    """As many as there are processors for this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def on_threads(share: Callable[[int], None], count: int) -> None:
    """``share(thread)`` for every thread, at the same time."""
    with ThreadPoolExecutor(count) as pool:
        for job in [pool.submit(share, thread) for thread in range(count)]:
            job.result()


def equations(problem: Problem) -> list[tuple]:
    """The right-hand side in heyoka's expressions."""
    import heyoka

    states = heyoka.make_vars(*(f"u{i}" for i in range(problem.y0.shape[1])))
    slopes = problem.fun(heyoka.time, states, [heyoka.par[i] for i in range(problem.params.shape[1])])
    return list(zip(states, slopes, strict=True))


def prepare(problem: Problem, tolerance: float = TOLERANCE) -> Callable[[], np.ndarray]:
    """A call that integrates the problem and returns the final states, already compiled."""
    import heyoka

    width = 2 * heyoka.recommended_simd_size()
    shapes = (problem.y0.shape[1], width), (problem.params.shape[1], width)
    integrator = heyoka.taylor_adaptive_batch(
        equations(problem), np.zeros(shapes[0]), pars=np.zeros(shapes[1]), tol=tolerance, **SWITCHES
    )
    count = threads()
    integrators = [integrator, *(deepcopy(integrator) for _ in range(count - 1))]
    starts = range(0, problem.n_members, width)

    def solve() -> np.ndarray:
        y = np.empty_like(problem.y0)

        def share(thread: int) -> None:
            taylor = integrators[thread]
            for first in starts[thread::count]:
                members = np.minimum(np.arange(first, first + width), problem.n_members - 1)
                taylor.set_time(0.0)
                taylor.state[:], taylor.pars[:] = problem.y0[members].T, problem.params[members].T
                taylor.propagate_until(problem.t_end)
                y[members] = taylor.state.T

        on_threads(share, count)
        return y

    solve()
    return solve


def quadruple(problem: Problem, tolerance: str = "1e-26") -> np.ndarray:
    """The solution itself: one member after the other in quadruple precision, rounded to float64 at the end."""
    import heyoka

    number = heyoka.real128
    start = np.array([number(0.0)] * problem.y0.shape[1]), np.array([number(0.0)] * problem.params.shape[1])
    integrator = heyoka.taylor_adaptive(
        equations(problem), start[0], pars=start[1], tol=number(tolerance), fp_type=number
    )
    count = threads()
    integrators = [integrator, *(deepcopy(integrator) for _ in range(count - 1))]
    y = np.empty(problem.y0.shape)

    def share(thread: int) -> None:
        taylor = integrators[thread]
        for member in range(thread, problem.n_members, count):
            taylor.time = number(0.0)
            taylor.state[:] = [number(value) for value in problem.y0[member].tolist()]
            taylor.pars[:] = [number(value) for value in problem.params[member].tolist()]
            taylor.propagate_until(number(problem.t_end))
            y[member] = [float(value) for value in taylor.state]

    on_threads(share, count)
    return y
