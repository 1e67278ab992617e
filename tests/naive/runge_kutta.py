"""A slow Runge-Kutta method that anyone can check: one tableau row after the other, members as NumPy arrays."""

from __future__ import annotations

import numpy as np


def step(rhs, tableau, t, u, p, h):
    """One step of size ``h`` from ``u``, a list of arrays of members."""
    slopes = []
    for row, node in zip(tableau.a, tableau.c, strict=True):
        stage = [
            component + h * sum((float(weight) * slope[i] for weight, slope in zip(row, slopes, strict=True)), 0.0)
            for i, component in enumerate(u)
        ]
        slopes.append(rhs(t + float(node) * h, stage, p))
    return [
        component + h * sum(float(weight) * slope[i] for weight, slope in zip(tableau.b, slopes, strict=True))
        for i, component in enumerate(u)
    ]


def integrate(rhs, tableau, t0, y0, dt, n_steps, params=()):
    """State after ``n_steps`` steps of ``dt`` from ``y0 (n_members, dim)``; ``rhs`` returns a tuple of arrays."""
    u = list(np.asarray(y0, float).T)
    for index in range(n_steps):
        u = step(rhs, tableau, t0 + index * dt, u, params, dt)
    return np.array(u).T


def in_place(fun):
    """A function that writes ``du`` as one that returns its components."""

    def rhs(t, u, p):
        du = [None] * len(u)
        fun(t, u, p, du)
        return tuple(du)

    return rhs
