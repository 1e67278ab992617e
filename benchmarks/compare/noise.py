"""Ornstein-Uhlenbeck paths by Euler-Maruyama, against NumPy vectorised over the paths and in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.compare.row import Row
from benchmarks.compare.timing import compare
from benchmarks.suites.ornstein_uhlenbeck import DT, SIGMA, START, THETA, prepare_fastsci, standard_errors

PATHS, STEPS, NUMPY_STEPS = 1_000_000, 1000, 25
PAIRS = 5


def prepare_numpy(paths: int, steps: int) -> Callable[[], np.ndarray]:
    """The same with arrays of all paths, without a temporary."""
    rng = np.random.default_rng(1)

    def solve() -> np.ndarray:
        x, z = np.full(paths, START), np.empty(paths)
        for _ in range(steps):
            rng.standard_normal(out=z)
            z *= SIGMA * DT**0.5
            x *= 1.0 - THETA * DT
            x += z
        return x

    return solve


def rows(paths: int = PATHS, steps: int = STEPS, numpy_steps: int = NUMPY_STEPS) -> Iterator[Row]:
    """Path-steps a second of ours over those of NumPy."""
    solve, solve_peer = prepare_fastsci(paths, steps), prepare_numpy(paths, numpy_steps)
    ratio = compare(solve, solve_peer, pairs=PAIRS)
    scale = steps / numpy_steps
    ours, theirs = standard_errors(solve(), steps), standard_errors(solve_peer(), numpy_steps)
    yield Row(
        f"Ornstein-Uhlenbeck, Euler-Maruyama, {paths:,} paths x {steps:,} steps, against NumPy over the paths",
        ratio.median * scale, ratio.low * scale, ratio.high * scale, at_least=10.0,
        steps_per_second=paths * steps / ratio.seconds_a, peer_steps_per_second=paths * numpy_steps / ratio.seconds_b,
        note=f"NumPy on one thread, {numpy_steps} steps, extrapolated; the mean and the variance at the end are"
        f" {ours[0]:+.1f} and {ours[1]:+.1f} standard errors from those of the recursion, NumPy's {theirs[0]:+.1f} and"
        f" {theirs[1]:+.1f}",
    )  # fmt: skip
