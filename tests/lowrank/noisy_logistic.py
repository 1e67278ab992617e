"""The noisy logistic map, x -> 4 x (1 - x) + xi mod 1, whose Koopman operator has finite rank and a known spectrum.

The noise has the density cos(pi xi)^(2 M), a finite Fourier series, so that the operator has rank 2 M + 1 (Ostruszka,
Pakonski, Slomczynski & Zyczkowski, Phys. Rev. E 62 (2000) 2018).
"""

import numpy as np
from scipy.special import betaincinv, binom

ORDER = 10


def logistic(x):
    return 4.0 * x * (1.0 - x)


def exact_eigenvalues(order=ORDER, least=0.0):
    """Those larger than ``least``, by quadrature, from the largest to the smallest.

    The density is sum_k c_k exp(2 pi i k (y - f(x))), so that the operator's range is spanned by
    exp(-2 pi i k f), on which its matrix is c_l times the integral of exp(2 pi i (k y - l f(y))).
    """
    k = np.arange(-order, order + 1)
    series = binom(2 * order, order + k) / binom(2 * order, order)
    nodes, weights = np.polynomial.legendre.leggauss(400)
    y, weights = (nodes + 1.0) / 2.0, weights / 2.0
    waves = np.exp(2j * np.pi * np.outer(k, y))
    images = np.exp(-2j * np.pi * np.outer(k, logistic(y)))
    matrix = (waves * weights) @ images.T * series
    values = np.linalg.eigvals(matrix)
    return values[np.argsort(-np.abs(values))][: np.count_nonzero(np.abs(values) > least)]


def noise(rng, n, order=ORDER):
    """sin(pi xi)^2 has a beta distribution."""
    return np.arcsin(np.sqrt(rng.beta(0.5, order + 0.5, n))) / np.pi * rng.choice([-1.0, 1.0], n)


def trajectories(count, n, seed=0, order=ORDER):
    """A list of samples (n, 1) in time order."""
    rng = np.random.default_rng(seed)
    steps = noise(rng, (n, count), order)
    x = np.empty((n, count))
    value = rng.uniform(size=count)
    for place in range(n):
        x[place] = value
        value = (logistic(value) + steps[place]) % 1.0
    return list(x.T[:, :, None])


def spread_pairs(n, order=ORDER):
    """Pairs of states, evenly spread over states and noise together: a lattice of the golden ratio."""
    x = (np.arange(n) + 0.5) / n
    level = np.arange(n) * (np.sqrt(5.0) - 1.0) / 2.0 % 1.0
    steps = np.arcsin(np.sqrt(betaincinv(0.5, order + 0.5, np.abs(2.0 * level - 1.0)))) / np.pi
    y = (logistic(x) + np.copysign(steps, level - 0.5)) % 1.0
    return x[:, None], y[:, None]


def quadrature(order=ORDER, nodes=100):
    """Pairs of states and their weights, Gauss rules in both: smooth functions have their exact expectations."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    x, y = (part.ravel()[:, None] for part in np.meshgrid((points + 1.0) / 2.0, (points + 1.0) / 2.0))
    density = np.cos(np.pi * (y - logistic(x))) ** (2 * order)
    return x, y, np.outer(weights, weights).ravel() * density[:, 0]
