"""Systems that conserve something, and what they conserve."""

import math

import numpy as np


def kepler(t, u, p):
    """A planet; p holds the strength of the attraction."""
    x, y, vx, vy = u
    (strength,) = p
    r2 = x * x + y * y
    pull = -strength / (r2 * math.sqrt(r2))
    return vx, vy, pull * x, pull * y


def kepler_energy(t, u, p):
    x, y, vx, vy = u
    (strength,) = p
    return 0.5 * (vx * vx + vy * vy) - strength / math.sqrt(x * x + y * y)


def kepler_both(t, u, p):
    """Energy and angular momentum."""
    x, y, vx, vy = u
    (strength,) = p
    return 0.5 * (vx * vx + vy * vy) - strength / math.sqrt(x * x + y * y), x * vy - y * vx


def kepler_starts(eccentricity):
    """States at the pericentre of orbits with unit semi-major axis and unit attraction, period 2 pi."""
    e = np.asarray(eccentricity)
    return np.stack([1.0 - e, 0.0 * e, 0.0 * e, np.sqrt((1.0 + e) / (1.0 - e))], axis=-1)


def pendulum(t, u, p):
    angle, momentum = u
    return momentum, -math.sin(angle)


def pendulum_energy(t, u, p):
    angle, momentum = u
    return 0.5 * momentum * momentum - math.cos(angle)


def rigid_body(t, u, p):
    """Euler's equations of the free body; p holds the moments of inertia."""
    x, y, z = u
    a, b, c = p
    return (1.0 / c - 1.0 / b) * y * z, (1.0 / a - 1.0 / c) * x * z, (1.0 / b - 1.0 / a) * x * y


def rigid_body_invariants(t, u, p):
    """Kinetic energy and squared angular momentum."""
    x, y, z = u
    a, b, c = p
    return 0.5 * (x * x / a + y * y / b + z * z / c), x * x + y * y + z * z


def chain_energy(t, u, p):
    """Of a chain of Fermi, Pasta, Ulam and Tsingou with loose ends, positions first."""
    n = len(u) // 2
    energy = 0.0
    for i in range(n):
        energy += 0.5 * u[n + i] * u[n + i]
    for i in range(n - 1):
        stretch = u[i + 1] - u[i]
        energy += 0.5 * stretch * stretch + 0.25 * stretch**4
    return energy
