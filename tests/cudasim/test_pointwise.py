"""Derivatives at points on the simulator are those of the CPU."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fastsci
from fastsci.tangent import hvp, jacobian, jvp, vjp

pytestmark = pytest.mark.cuda_sim

# What fused multiply-adds on the CPU may change; float32 in its own precision.
TOLERANCE = {"float64": 1e-13, "float32": 2e-6}


@fastsci.system(params={"rate": 0.7, "power": 1.5})
def elementary(t, u, p):
    x, y = u
    rate, power = p
    return (
        math.sin(x) * math.exp(-rate * y) + np.tanh(x * y) + math.sqrt(x) * t,
        np.log(x) / (1 + y**2) + math.atan2(y, x) + x**power + fastsci.where(x < y, x, 2 * y),
    )


@fastsci.system(params={"force": 8.0})
def ring(t, u, p, du):
    n = len(u)
    for i in range(n):
        du[i] = (u[(i + 1) % n] - u[i - 2]) * u[i - 1] - u[i] + p[0]


@fastsci.system(jvp=lambda t, u, p, v: (3.0 * u[0] ** 2 * v[0],), kind="map")
def cube(t, u, p):
    (x,) = u
    return (x**3,)


def states(system, dtype="float64", n=3):
    dim = {ring: 10, cube: 1}.get(system, 2)
    rng = np.random.default_rng(3)
    return rng.uniform(0.5, 2.0, (n, dim)).astype(dtype), *rng.normal(size=(2, n, dim)).astype(dtype)


def both(function, dtype, *arguments, **options):
    """What the simulator gives, held against the CPU."""
    found = function(*arguments, device="cuda", **options)
    expected = function(*arguments, device="cpu", **options)
    for one, other in zip(*(part if isinstance(part, tuple) else (part,) for part in (found, expected)), strict=True):
        assert one.dtype == other.dtype == np.dtype(dtype)
        np.testing.assert_allclose(one, other, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * 10)
    return found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("system", [elementary, ring, cube], ids=lambda system: system.name)
def test_first_derivatives(system, dtype):
    y, v, w = states(system, dtype)
    both(jvp, dtype, system, y, v, t=0.5)
    both(jvp, dtype, system, y, np.stack([v, w], axis=2), t=0.5)
    both(jacobian, dtype, system, y, t=0.5)
    both(vjp, dtype, system, y, w, t=0.5)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("system", [elementary, ring], ids=lambda system: system.name)
def test_parameters_and_second_derivatives(system, dtype):
    y, v, w = states(system, dtype)
    both(jacobian, dtype, system, y, t=0.5, wrt="params")
    both(hvp, dtype, system, y, v, w)
    both(hvp, dtype, system, y, v, cotangent=w)


def test_parameters_and_times_a_point():
    y, v, _ = states(elementary)
    both(jvp, "float64", elementary, y, v, t=[0.1, 0.2, 0.3], params={"rate": [1.0, 2.0, 3.0]})


def test_a_lone_point_and_none():
    y, v, _ = states(elementary)
    f, jv = jvp(elementary, y[0], v[0], device="cuda")
    assert f.shape == jv.shape == (2,)
    assert jvp(elementary, y[:0], v[:0], device="cuda")[1].shape == (0, 2)


def test_a_bad_point_is_bad_alone():
    y, v, _ = states(elementary)
    good = jvp(elementary, y, v, device="cuda")[1]
    y[1] = np.nan
    spoilt = jvp(elementary, y, v, device="cuda")[1]
    np.testing.assert_array_equal(good[[0, 2]], spoilt[[0, 2]])
    assert np.isnan(spoilt[1]).any()


def test_memory_for_results_is_the_hosts():
    y, v, _ = states(elementary)
    with pytest.raises(ValueError, match=r"^out: is for NumPy arrays on the CPU"):
        jvp(elementary, y, v, out=(y.copy(), v.copy()), device="cuda")
