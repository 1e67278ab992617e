"""Right-hand sides and events that these tests share, so that each is compiled once."""

from __future__ import annotations

import math

G = 9.81


def ball(t, u, p):
    _height, speed = u
    return speed, -p[1]


def floor(t, u, p):
    return u[0]


def bounce(t, u, p):
    return 0.0, -p[0] * u[1]


def ball_in_place(t, u, p, du):
    du[0] = u[1]
    du[1] = -p[1]


def bounce_in_place(t, u, p, v):
    v[0] = 0.0
    v[1] = -p[0] * u[1]


def pendulum(t, u, p):
    angle, speed = u
    return speed, -p[0] * math.sin(angle)


def hangs(t, u, p):
    return u[0]


def rests(t, u, p):
    return u[1]


def rossler(t, u, p):
    x, y, z = u
    a, b, c = p
    return -y - z, x + a * y, b + z * (x - c)


def peak(t, u, p):
    """Zero where x is at its largest or smallest."""
    return -u[1] - u[2]


def van_der_pol(t, u, p, du):
    du[0] = u[1]
    du[1] = p[0] * (1.0 - u[0] * u[0]) * u[1] - u[0]


def neuron(t, u, p):
    """Leaky integrate-and-fire: driven by a current towards it, reset at one."""
    (v,) = u
    (current,) = p
    return (current - v,)


def threshold(t, u, p):
    return u[0] - 1.0


def reset(t, u, p):
    return (0.0,)


def clock(t, u, p):
    return (1.0,)


def closed_forms(t, u, p):
    """``exp(sin t)`` and ``1 / (1 + t**2)``."""
    x, y = u
    return x * math.cos(t), -2.0 * t * y * y


def oscillator(t, u, p):
    x, v = u
    (w,) = p
    return v, -w * w * x


def escape(t, u, p):
    """It reaches infinity at ``1 / x(0)``."""
    (x,) = u
    return (p[0] * x * x,)
