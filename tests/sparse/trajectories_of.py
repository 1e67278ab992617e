"""Sampled trajectories of catalogue systems with exact derivatives, and the equations behind them."""

from functools import cache

import numpy as np

import fastsci

# Coefficients by state and term; every other term of the library is zero.
TRUTHS = {
    "lorenz63": [{"x": -10.0, "y": 10.0}, {"x": 28.0, "y": -1.0, "x z": -1.0}, {"z": -8 / 3, "x y": 1.0}],
    "rossler": [{"y": -1.0, "z": -1.0}, {"x": 1.0, "y": 0.2}, {"1": 0.2, "z": -5.7, "x z": 1.0}],
    "lotka_volterra": [
        {"prey": 1.5, "prey predators": -1.0},
        {"prey predators": 1.0, "predators": -3.0},
    ],
    "van_der_pol": [{"v": 1.0}, {"x": -1.0, "v": 1.0, "x^2 v": -1.0}],
    "duffing": [{"v": 1.0}, {"v": -0.3, "x": 1.0, "x^3": -1.0, "cos": 0.5}],
}


@cache
def sampled(name, n=10_000, t_end=50.0, size=None):
    """States (n, d), derivatives (n, d) and times (n,) of a catalogue system."""
    system = fastsci.systems.get(name) if size is None else fastsci.systems.get(name, n=size)
    times = np.linspace(0.0, t_end, n)
    run = fastsci.solve_ensemble(
        system, (0.0, t_end), system.default_y0, method="DOP853", rtol=1e-11, atol=1e-11, t_eval=times
    )
    states = np.ascontiguousarray(run.y[0].T)
    slopes = np.array([system.rhs(t, state) for t, state in zip(times, states, strict=True)])
    return states, slopes, times


def lorenz96_truth(n):
    """``x_i' = (x_{i+1} - x_{i-2}) x_{i-1} - x_i + 8``."""
    truth = []
    for i in range(n):
        terms = {"1": 8.0, f"x{i}": -1.0}
        for other, sign in (((i + 1) % n, 1.0), ((i - 2) % n, -1.0)):
            low, high = sorted(((i - 1) % n, other))
            terms[f"x{low} x{high}"] = sign
        truth.append(terms)
    return truth


def coefficients(names, truth):
    """The truth as an array over the terms of a library."""
    found = np.zeros((len(truth), len(names)))
    for row, terms in enumerate(truth):
        for term, value in terms.items():
            found[row, names.index(term)] = value
    return found
