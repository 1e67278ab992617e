"""asv: fixed-step ensembles, whole public calls, for every path that a right-hand side can take."""

from __future__ import annotations

from time import perf_counter

import numpy as np

import fastsci

from .problems import Problem, problem


def solve(given: Problem, **options):
    return fastsci.solve_ensemble(given.fun, (0.0, given.t_end), given.y0, params=given.params, dt=given.dt, **options)


class _Ensemble:
    """Time, memory, rate and error of one problem; ``path`` is the one it has to take."""

    given: Problem
    path = "lanes"
    timeout = 120

    def setup(self) -> None:
        result = solve(self.given.first(2))
        if result.path != self.path:
            raise RuntimeError(f"{self.given.name} ran on {result.path} instead of {self.path}: {result.reason}")

    def time_solve(self) -> None:
        solve(self.given)

    def peakmem_solve(self) -> None:
        solve(self.given)

    def track_steps_per_second(self) -> float:
        best = np.inf
        for _ in range(5):
            began = perf_counter()
            solve(self.given)
            best = min(best, perf_counter() - began)
        return self.given.member_steps / best

    track_steps_per_second.unit = "member-steps/s"

    def track_error(self) -> float:
        """Largest relative change of a member's final state when the step is halved, that is, nearly all its error."""
        some = self.given.first(64)
        finer = some.with_steps(2 * some.n_steps)
        coarse, fine = (solve(part).y_final.astype(np.float64) for part in (some, finer))
        return float(np.max(np.linalg.norm(coarse - fine, axis=1) / np.linalg.norm(fine, axis=1)))

    track_error.unit = "relative"


class Lorenz63(_Ensemble):
    given = problem("lorenz63", 16_384, 200)


class Lorenz63Single(_Ensemble):
    given = problem("lorenz63", 16_384, 200).cast("float32")


class Lorenz96(_Ensemble):
    given = problem("lorenz96", 1024, 100)


class Pendulum(_Ensemble):
    given = problem("pendulum", 16_384, 100)


class Kuramoto(_Ensemble):
    given = problem("kuramoto", 1024, 50)


class OnScalars(_Ensemble):
    """A right-hand side that branches on its state."""

    given = problem("one_sided_spring", 16_384, 100)
    path = "scalar"


class SmallCall:
    """What a call costs where there is next to nothing to compute."""

    def setup(self) -> None:
        self.given = problem("lorenz63", 64, 10)
        solve(self.given)

    def time_solve(self) -> None:
        solve(self.given)


class Saves:
    """Many saves, on the grid and between its points."""

    params = ([10, 100], [0.0, 0.37])
    param_names = ("saves", "steps off the grid")

    def setup(self, n_saves: int, off: float) -> None:
        self.given = problem("lorenz63", 4096, 200)
        self.times = (np.arange(n_saves) * (200 // n_saves) + off) * self.given.dt
        solve(self.given.first(2), t_eval=self.times)

    def time_solve(self, n_saves: int, off: float) -> None:
        solve(self.given, t_eval=self.times)

    def peakmem_solve(self, n_saves: int, off: float) -> None:
        solve(self.given, t_eval=self.times)


class OwnSpans:
    """Every member from its own start to its own end, with saves at fractions of its span."""

    params = ([0, 10],)
    param_names = ("saves",)

    def setup(self, n_saves: int) -> None:
        self.given = problem("lorenz63", 4096, 200)
        start = np.linspace(0.0, 1.0, self.given.n_members)
        self.span = np.column_stack([start, start + np.linspace(0.5, 1.0, start.size)])
        self.fractions = np.linspace(0.0, 1.0, n_saves) if n_saves else None
        self.time_solve(n_saves)

    def time_solve(self, n_saves: int) -> None:
        given = self.given
        fastsci.solve_ensemble(given.fun, self.span, given.y0, params=given.params, dt=given.dt, t_eval=self.fractions)
