"""heyoka's batch mode: adaptive Taylor series, members side by side in SIMD registers, one thread a processor.

It has no fixed step and at any useful tolerance its error is below that of RK4: ``TOLERANCE`` is a loose one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import numpy as np

from benchmarks.suites.problems import Problem

TOLERANCE = 1e-6


def prepare(problem: Problem) -> Callable[[], np.ndarray]:
    """A call that integrates the problem and returns the final states, already compiled."""
    import heyoka

    dim, n_params = problem.y0.shape[1], problem.params.shape[1]
    states = heyoka.make_vars(*(f"u{i}" for i in range(dim)))
    slopes = problem.fun(heyoka.time, states, [heyoka.par[i] for i in range(n_params)])
    width = heyoka.recommended_simd_size()
    integrator = heyoka.taylor_adaptive_batch(
        list(zip(states, slopes, strict=True)), np.zeros((dim, width)), pars=np.zeros((n_params, width)), tol=TOLERANCE
    )
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    integrators = [integrator, *(deepcopy(integrator) for _ in range(threads - 1))]
    starts = range(0, problem.n_members, width)

    def share(thread: int, y: np.ndarray) -> None:
        taylor = integrators[thread]
        for first in starts[thread::threads]:
            members = np.minimum(np.arange(first, first + width), problem.n_members - 1)
            taylor.set_time(0.0)
            taylor.state[:], taylor.pars[:] = problem.y0[members].T, problem.params[members].T
            taylor.propagate_until(problem.t_end)
            y[members] = taylor.state.T

    def solve() -> np.ndarray:
        y = np.empty_like(problem.y0)
        with ThreadPoolExecutor(threads) as pool:
            for job in [pool.submit(share, thread, y) for thread in range(threads)]:
                job.result()
        return y

    solve()
    return solve
