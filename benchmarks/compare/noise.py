"""Ornstein-Uhlenbeck paths by Euler-Maruyama, against NumPy vectorised over the paths and in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

import fastsci
from benchmarks.compare.row import Row
from benchmarks.compare.timing import compare

PATHS, STEPS, NUMPY_STEPS = 1_000_000, 1000, 25
THETA, SIGMA, DT, START = 1.0, 0.5, 0.01, 1.0
PAIRS = 5


def _pull(t, u, p):
    (x,) = u
    theta, _ = p
    return (-theta * x,)


def _diffusion(t, u, p):
    _, sigma = p
    return (sigma,)


def prepare_fastsci(paths: int, steps: int, seed: int = 1) -> Callable[[], np.ndarray]:
    """Final states ``(paths,)`` by the public call, already compiled."""
    process = fastsci.system(_pull, noise=_diffusion, params={"theta": THETA, "sigma": SIGMA})
    y0 = np.full((paths, 1), START)

    def solve(steps: int = steps) -> np.ndarray:
        return fastsci.solve_ensemble(
            process, (0.0, steps * DT), y0, method="EulerMaruyama", dt=DT, seed=seed
        ).y_final[:, 0]  # fmt: skip

    solve(1)
    return solve


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


def moments(steps: int) -> tuple[float, float]:
    """Mean and variance that the recursion itself has after so many steps."""
    kept = 1.0 - THETA * DT
    return START * kept**steps, SIGMA**2 * DT * (1.0 - kept ** (2 * steps)) / (1.0 - kept**2)


def standard_errors(x: np.ndarray, steps: int) -> tuple[float, float]:
    """Deviation of mean and variance from `moments`, each in units of what chance alone gives."""
    mean, variance = moments(steps)
    of_mean = (x.mean() - mean) / np.sqrt(variance / x.size)
    of_variance = (x.var() / variance - 1.0) / np.sqrt(2.0 / x.size)
    return float(of_mean), float(of_variance)


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
