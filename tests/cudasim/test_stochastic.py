"""Stochastic methods on the simulator draw the numbers that lanes draw."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fastsci_kernels.methods.stochastic import STOCHASTIC
from tests.random.ensembles import integrate

pytestmark = pytest.mark.cuda_sim

TOLERANCE = {"float64": 1e-13, "float32": 3e-6}


def chain(t, u, p):
    a, b, c, d, e, f = u
    return d, e, f, -a + t, -math.sin(b) * p[0], -c


def noise(t, u, p):
    return 0.1, 0.2, 0.3, 0.2, 0.1 + 0.1 * t, 0.3


def friction(t, u, p):
    return 0.0, 0.0, 0.0, 0.0, 0.5, 1.0


def ring(t, u, p, du):
    for i in range(len(u)):
        du[i] = p[0] * u[i - 1] - u[i]


def ring_noise(t, u, p, du):
    for i in range(len(u)):
        du[i] = 0.3 + 0.1 * math.cos(t)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("method", STOCHASTIC, ids=lambda method: method.name)
@pytest.mark.parametrize("style", ["tuple", "inplace"])
def test_simulated_steps_are_those_of_lanes(style, method, dtype):
    y0 = np.random.default_rng(1).standard_normal((6, 5))
    fun = {"tuple": chain, "inplace": ring}[style]
    parts = {
        "tuple": {"diffusion": noise, "friction": friction},
        "inplace": {"diffusion": ring_noise, "friction": ring_noise},
    }
    run = {"parts": parts[style], "params": (0.8,), "dtype": dtype, "style": style}
    run["t_eval"] = np.array([0.0, 0.13, 0.2])
    gpu = integrate(method, fun, y0, 0.3, 0.1, device="cuda", **run)
    cpu = integrate(method, fun, y0, 0.3, 0.1, device="cpu", **run)
    np.testing.assert_allclose(gpu, cpu, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
