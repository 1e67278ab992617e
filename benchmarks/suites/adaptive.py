"""asv: steps of every member's own, stiff or not, with events, dense output and statistics; short runs."""

from __future__ import annotations

import numpy as np

import fastsci

from .problems import problem

LORENZ = problem("lorenz63", 4096, 400)


def relative_error(y: np.ndarray, finer: np.ndarray) -> float:
    """Median over the members of the distance to a run of a tighter tolerance."""
    return float(np.median(np.linalg.norm(y - finer, axis=1) / np.linalg.norm(finer, axis=1)))


class Lorenz63:
    """A nonstiff ensemble by methods of low, high and any order."""

    params = (["Tsit5", "DOP853", "Taylor"],)
    param_names = ("method",)
    timeout = 120

    def solve(self, method: str, rtol: float = 1e-8, given=LORENZ, **options):
        return fastsci.solve_ensemble(
            given.fun, (0.0, given.t_end), given.y0, params=given.params, method=method, rtol=rtol, atol=rtol, **options
        )

    def setup(self, method: str) -> None:
        self.solve(method, given=LORENZ.first(2))

    def time_solve(self, method: str) -> None:
        self.solve(method)

    def peakmem_solve(self, method: str) -> None:
        self.solve(method)

    def track_error(self, method: str) -> float:
        some = LORENZ.first(256)
        return relative_error(self.solve(method, given=some).y_final, self.solve(method, 1e-12, given=some).y_final)

    track_error.unit = "relative, median"

    def track_lanes_busy(self, method: str) -> float:
        return self.solve(method).lanes_busy

    track_lanes_busy.unit = "share"


class Robertson:
    """A stiff ensemble by Rosenbrock methods, the Jacobian by forward derivatives."""

    params = (["Rodas4", "Rodas5P"],)
    param_names = ("method",)
    timeout = 120
    given = problem("robertson", 4096, 1)

    def solve(self, method: str, rtol: float, members: int):
        some = self.given.first(members)
        return fastsci.solve_ensemble(
            some.fun, (0.0, some.t_end), some.y0, params=some.params, method=method, rtol=rtol, atol=1e-4 * rtol
        )

    def setup(self, method: str) -> None:
        self.solve(method, 1e-6, 2)

    def time_solve(self, method: str) -> None:
        self.solve(method, 1e-6, 4096)

    def track_error(self, method: str) -> float:
        return relative_error(self.solve(method, 1e-6, 64).y_final, self.solve(method, 1e-9, 64).y_final)

    track_error.unit = "relative, median"


class AlongTheWay(Lorenz63):
    """What is found or kept on the way of a run of Tsit5: crossings, every step's polynomial, statistics."""

    params = (["events", "dense_output", "reduce"],)
    param_names = ("what",)

    def options(self, what: str) -> dict:
        if what == "events":
            return {"events": fastsci.event(lambda t, u, p: u[2] - 27.0, direction=-1)}
        if what == "dense_output":
            return {"dense_output": True}
        return {"reduce": ["mean", "max"], "t_eval": np.linspace(0.0, LORENZ.t_end, 200)}

    def solve(self, what: str, rtol: float = 1e-8, given=LORENZ):
        return super().solve("Tsit5", rtol, given, **self.options(what))

    def track_evaluation_error(self, what: str) -> float:
        """Of what the option gives, against a run of a tighter tolerance."""
        some = LORENZ.first(64)
        loose, tight = (self._gathered(what, self.solve(what, rtol, some)) for rtol in (1e-8, 1e-11))
        return relative_error(loose, tight)

    track_evaluation_error.unit = "relative, median"

    def _gathered(self, what: str, result) -> np.ndarray:
        if what == "events":
            return np.array([[len(times), times[0]] for times in result.t_events[0] if len(times)])
        if what == "dense_output":
            return np.array([result.sol.member(i, 0.7) for i in range(len(result))])
        return result.reduced["mean"]
