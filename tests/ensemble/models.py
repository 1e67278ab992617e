"""Right-hand sides that many tests share, so that each is compiled once."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

LORENZ = {"sigma": 10.0, "rho": 28.0, "beta": 8.0 / 3.0}
SHORT = {"dt": 0.01, "params": LORENZ}


def lorenz(t, u, p):
    x, y, z = u
    sigma, rho, beta = p
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z


def harmonic(t, u, p):
    x, v = u
    (w,) = p
    return v, -w * w * x


def clock(t, u, p):
    """A cubic in time: the classical method is Simpson's rule here, exact for any step."""
    return (1.0 + t * (2.0 + t * (3.0 + t * 4.0)),)


def clock_reads(t):
    return t + t**2 + t**3 + t**4


def ring(t, u, p, du):
    n = len(u)
    for i in range(n):
        du[i] = (u[(i + 1) % n] - u[i - 2]) * u[i - 1] - u[i] + p[0]


def thermostat(t, u, p):
    """It branches on its state, and raises below zero."""
    (x,) = u
    (target,) = p
    if x < 0.0:
        raise ValueError("below zero")
    if x < target:
        return (1.0 + 0.125 * x,)
    return (-x,)


def spread(n, dim=3, seed=1):
    return np.random.default_rng(seed).normal(0.0, 3.0, (n, dim)) + 1.0


def bits(array):
    """The bits of floats, so that NaN equals NaN and -0.0 does not equal 0.0."""
    array = np.ascontiguousarray(array)
    return array.view(np.uint64 if array.dtype == np.float64 else np.uint32)


def same_bits(a, b):
    return a.shape == b.shape and a.dtype == b.dtype and bool((bits(a) == bits(b)).all())


def generated_modules():
    """Kernels that have been generated so far."""
    return sorted(Path(os.environ["FASTSCI_CACHE_DIR"]).glob("kernel_*.py"))
