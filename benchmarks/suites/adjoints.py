"""asv: adjoints of ensembles, whole public calls, and what they cost beside the run whose derivative they are."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np

import fastsci
from fastsci.adjoint import flow_vjp
from fastsci.flow import flow_jvp

from .problems import Problem, problem


def _best(work: Callable[[], object]) -> float:
    best = np.inf
    for _ in range(5):
        began = perf_counter()
        work()
        best = min(best, perf_counter() - began)
    return best


class _Adjoint:
    """Time and memory of one problem, of which cotangents of states and parameters are asked, and the dot test."""

    given: Problem
    timeout = 120

    def pull(self, given: Problem) -> tuple:
        run = {"params": given.params, "dt": given.dt}
        return flow_vjp(given.fun, (0.0, given.t_end), given.y0, np.ones_like(given.y0), wrt="both", **run)

    def solve(self) -> None:
        given = self.given
        fastsci.solve_ensemble(given.fun, (0.0, given.t_end), given.y0, params=given.params, dt=given.dt)

    def setup(self) -> None:
        self.pull(self.given.first(2))

    def time_pull(self) -> None:
        self.pull(self.given)

    def peakmem_pull(self) -> None:
        self.pull(self.given)

    def track_cost(self) -> float:
        """Time in runs forwards, the run forwards that it holds among them."""
        self.solve()
        return _best(lambda: self.pull(self.given)) / _best(self.solve)

    track_cost.unit = "runs forwards"

    def track_error(self) -> float:
        """Of ``<w, J v> = <J^T w, v>``, relative to the terms of the sums."""
        few = self.given.first(16)
        v = np.cos(np.arange(few.y0.size)).reshape(few.y0.shape)
        _, carried = flow_jvp(few.fun, (0.0, few.t_end), few.y0, v, params=few.params, dt=few.dt)
        _, w0, _ = self.pull(few)
        defects = np.abs(carried.sum(axis=1) - (w0 * v).sum(axis=1))
        return float((defects / np.abs(w0 * v).sum(axis=1)).max())

    track_error.unit = "relative"


class Lorenz63(_Adjoint):
    given = problem("lorenz63", 65_536, 400)


class Lorenz96(_Adjoint):
    """Forty components in memory, in blocks of steps."""

    given = problem("lorenz96", 2048, 200)


class OneSidedSpring(_Adjoint):
    """Branches on its state: pulled back along all its tangents, on scalars."""

    given = problem("one_sided_spring", 2048, 200)
