"""Functions and points that the tests of derivatives share, so that each is compiled once."""

from __future__ import annotations

import math

import numpy as np

import fastsci

CATALOGUE = fastsci.systems.names()
TOLERANCE = 1e-13  # of the size of a point's result


def assert_close(found, expected, tolerance=TOLERANCE):
    """To ``tolerance`` of the largest component of each point."""
    size = np.abs(expected).max(axis=tuple(range(1, expected.ndim)), keepdims=True)
    assert (np.abs(found - expected) <= tolerance * size).all(), np.abs(found - expected).max()


def random_points(n, dim=2, seed=3):
    return np.random.default_rng(seed).uniform(0.5, 2.0, (n, dim))


def points_of(system, n=3, seed=3):
    """States near the default one."""
    near = np.random.default_rng(seed).uniform(0.9, 1.1, (n, system.dim))
    return np.asarray(system.default_y0) * near + 0.05 * (near - 1.0)


def directions_of(shape, seed=4):
    return np.random.default_rng(seed).normal(size=shape)


def params_of(system):
    return np.array(list(system.params.values()))


@fastsci.system(params={"rate": 0.7, "power": 1.5})
def elementary(t, u, p):
    """Functions of math and NumPy, where all are analytic."""
    x, y = u
    rate, power = p
    return (
        math.sin(x) * math.exp(-rate * y) + np.tanh(x * y) + math.sqrt(x) * t,
        np.log(x) / (1 + y**2) + math.atan2(y, x) + x**power + np.hypot(x, 2 * y) + rate * math.cos(rate),
    )


@fastsci.system(params={"slope": 2.0})
def branching(t, u, p):
    """It branches on its state, and raises far below zero."""
    x, y = u
    (slope,) = p
    if x < -100.0:
        raise ValueError("far below zero")
    if x < y:
        return slope * x * x, y
    return x * y, slope * y**3


@fastsci.system(params={"slope": 2.0})
def choosing(t, u, p):
    x, y = u
    (slope,) = p
    return fastsci.where(x < y, slope * x * x, x * y), abs(x - y) + max(x, y) + min(x, slope)


@fastsci.system(params={"force": 8.0})
def ring(t, u, p, du):
    n = len(u)
    for i in range(n):
        du[i] = (u[(i + 1) % n] - u[i - 2]) * u[i - 1] - u[i] + p[0]


@fastsci.system(params={"a": 1.4, "b": 0.3}, kind="map")
def henon_loop(t, u, p):
    """Three iterations of Henon's map in one."""
    x, y = u
    a, b = p
    for _ in range(3):
        x, y = 1.0 - a * x * x + y, b * x
    return x, y


OWN = (elementary, branching, choosing, henon_loop)
