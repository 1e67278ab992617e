"""Parts of a run on a GPU for tangents and Lyapunov exponents."""

from __future__ import annotations

import statistics
from time import perf_counter
from typing import Any

import numpy as np

import fastsci
from benchmarks.suites.problems import problem

ROUNDS = 3
AGREE = 64  # members that the CPU computes too
LORENZ = fastsci.systems.lorenz63


def _median(call: Any, sizes: Any) -> float:
    """Median seconds of the calls after the first."""
    call()
    seconds = []
    for _ in range(min(ROUNDS, sizes.rounds)):
        began = perf_counter()
        call()
        seconds.append(perf_counter() - began)
    return statistics.median(seconds)


def tangent_lorenz63(sizes: Any, left: float) -> dict:
    """One perturbation beside every member of RK4, arrays on the host."""
    given = problem("lorenz63", sizes.members, 1)
    v = np.random.default_rng(1).normal(size=given.y0.shape)
    steps, figures = sizes.steps, {}
    for dtype in ("float64", "float32"):

        def solve(members: int = sizes.members, device: str = "cuda", dtype: str = dtype) -> Any:
            return fastsci.flow_jvp(
                LORENZ, (0.0, steps * 0.005), given.y0[:members], v[:members], params=given.params[:members], dt=0.005,
                dtype=dtype, device=device,
            )  # fmt: skip

        seconds = _median(solve, sizes)
        # A shorter run, in which rounding has not grown.
        short = [
            fastsci.flow_jvp(LORENZ, (0.0, 0.25), given.y0[:AGREE], v[:AGREE], dt=0.005, dtype=dtype, device=device)[1]
            for device in ("cuda", "cpu")
        ]
        figures[dtype] = {
            "members": sizes.members,
            "steps": steps,
            "median_ms": round(1e3 * seconds, 3),
            "tangent_steps_per_second": round(sizes.members * steps / seconds),
            "largest_difference_from_the_cpu": float(np.abs(short[0] - short[1]).max() / np.abs(short[1]).max()),
        }
    return figures


def spectra_lorenz63(sizes: Any, left: float) -> dict:
    """A map of exponents over rho, the whole loop with its QR in one kernel, for one exponent and for all three."""
    figures = {}
    rho = np.linspace(20.0, 200.0, sizes.members)
    for count in (1, 3):

        def solve(members: int = sizes.members, device: str = "cuda", count: int = count) -> Any:
            return fastsci.lyapunov_spectrum(
                LORENZ, params={"rho": rho[:members]}, k=count, dt=0.002, t_transient=0.002 * sizes.steps,
                t_total=0.008 * sizes.steps, device=device,
            )  # fmt: skip

        seconds = _median(solve, sizes)
        ours, theirs = solve(AGREE), solve(AGREE, "cpu")
        figures[f"{count} exponents"] = {
            "members": sizes.members,
            "median_ms": round(1e3 * seconds, 3),
            "tangent_steps_per_second": round(sizes.members * 5 * sizes.steps / seconds),
            # Of chaotic members the trajectories part by rounding; their exponents agree within the errors.
            "median_difference_from_the_cpu": float(np.median(np.abs(ours.exponents - theirs.exponents))),
            "largest_difference_in_standard_errors": float(
                np.nanmax(np.abs(ours.exponents - theirs.exponents) / np.fmax(theirs.stderr, 1e-9))
            ),
            "failed": int((np.asarray(ours.status) < 0).sum()),
        }
    return figures
