"""Parts of a run on a GPU for the methods that choose their steps, and for noise and events."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

import fastsci
from benchmarks.suites.problems import problem

ROUNDS = 5
AGREE = 64  # members that the CPU computes too


def _taken(solve: Callable[[], Any], sizes: Any) -> tuple[Any, float]:
    """The result of a call and the median seconds of the calls after the first."""
    result = solve()
    seconds = []
    for _ in range(min(ROUNDS, sizes.rounds)):
        began = perf_counter()
        result = solve()
        seconds.append(perf_counter() - began)
    return result, statistics.median(seconds)


def _record(result: Any, seconds: float, reference: Any) -> dict[str, Any]:
    tried = int(np.asarray(result.naccepted + result.nrejected).sum())
    both = min(len(result), len(reference))
    difference = np.asarray(result.y_final)[:both] - np.asarray(reference.y_final)[:both]
    return {
        "members": len(result),
        "median_ms": round(1e3 * seconds, 3),
        "attempts_per_second": round(tried / seconds),
        "failed": int((np.asarray(result.status) < 0).sum()),
        "largest_difference_from_the_cpu": float(np.abs(difference).max()),
    }


def adaptive_lorenz63(sizes: Any, left: float) -> dict:
    """The ensemble of the literature's adaptive figures: rho over its range, to t = 1, arrays on the host."""
    figures = {}
    given = problem("lorenz63", sizes.members, 1)
    for method, tolerance, dtype in (
        ("Tsit5", 1e-6, "float64"),
        ("Tsit5", 1e-5, "float32"),
        ("DOP853", 1e-9, "float64"),
    ):
        options = {"method": method, "rtol": tolerance, "atol": tolerance, "dtype": dtype}

        def solve(members: int = sizes.members, device: str = "cuda", options: dict = options) -> Any:
            return fastsci.solve_ensemble(
                given.fun, (0.0, 1.0), given.y0[:members], params=given.params[:members], device=device, **options
            )

        result, seconds = _taken(solve, sizes)
        figures[f"{method} {dtype}"] = _record(result, seconds, solve(AGREE, "cpu"))
    return figures


def stiff_robertson(sizes: Any, left: float) -> dict:
    """Rodas5P with tangent numbers to t = 1e5, the rate constants of every member its own."""
    robertson, members = fastsci.systems.robertson, min(sizes.members, 2**17)
    spread = np.exp(np.random.default_rng(0).uniform(-0.5, 0.5, (members, 3)))
    params = spread * np.array(list(robertson.params.values()))
    atol = np.array([1e-9, 1e-13, 1e-9])

    def solve(count: int = members, device: str = "cuda") -> Any:
        return fastsci.solve_ensemble(
            robertson, (0.0, 1e5), params=params[:count], method="Rodas5P", rtol=1e-6, atol=atol, device=device
        )

    result, seconds = _taken(solve, sizes)
    return _record(result, seconds, solve(AGREE, "cpu"))


def ornstein_uhlenbeck(sizes: Any, left: float) -> dict:
    """Euler-Maruyama, one normal number a step: the paths are those of the CPU."""
    system = fastsci.system(lambda t, u, p: (-u[0],), noise=lambda t, u, p: (0.5,), name="ornstein_uhlenbeck")
    steps = sizes.steps

    def solve(count: int = sizes.members, device: str = "cuda") -> Any:
        y0 = np.zeros((count, 1))
        return fastsci.solve_ensemble(system, (0.0, 0.01 * steps), y0, method="EM", dt=0.01, seed=1, device=device)

    result, seconds = _taken(solve, sizes)
    return {**_record(result, seconds, solve(AGREE, "cpu")), "steps": steps}


def bouncing_ball(sizes: Any, left: float) -> dict:
    """Events that change the state: every bounce of every ball, at its exact time."""

    def ball(t: Any, u: Any, p: Any) -> Any:
        return u[1], -9.81

    bounce = fastsci.event(lambda t, u, p: u[0], direction=-1, apply=lambda t, u, p: (0.0, -0.9 * u[1]))
    members = min(sizes.members, 2**16)
    y0 = np.stack([np.linspace(1.0, 2.0, members), np.zeros(members)], axis=1)

    def solve(count: int = members, device: str = "cuda") -> Any:
        return fastsci.solve_ensemble(ball, (0.0, 3.0), y0[:count], method="Tsit5", events=bounce, device=device)

    result, seconds = _taken(solve, sizes)
    first = np.sqrt(2.0 * y0[:, 0] / 9.81)
    landed = np.array([result.t_events[0][i][0] for i in range(min(members, AGREE))])
    return {
        **_record(result, seconds, solve(AGREE, "cpu")),
        "bounces": len(result.t_events[0].values),
        "largest_error_of_the_first": float(np.abs(landed - first[: len(landed)]).max()),
    }
