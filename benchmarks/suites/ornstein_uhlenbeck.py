"""The process of Ornstein and Uhlenbeck by Euler-Maruyama, and what its recursion says of the end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import fastsci

THETA, SIGMA, DT, START = 1.0, 0.5, 0.01, 1.0


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
