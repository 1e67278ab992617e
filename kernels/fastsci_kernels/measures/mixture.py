"""The density of a mixture of equal round Gaussians, one at every point of a trajectory, on lanes and threads."""

from __future__ import annotations

import math

import numpy as np

from fastsci_kernels.loops.batch import over
from fastsci_kernels.numbers import functions  # noqa: F401 (binds the exponential of lanes)
from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.numbers.memory import load, number, store
from fastsci_kernels.static import static

BITS, WIDTH = 64, 8
PAIR_SECONDS = 2e-9


def log_density(samples: np.ndarray, means: np.ndarray, variance: float) -> np.ndarray:
    """Logarithm of the density of the mixture at samples, less the constant that all mixtures of a kind share.

    The largest term is taken out before the sum, so that no sample is too far away to have a density.

    Parameters
    ----------
    samples : ndarray, (n_samples, dim)
    means : ndarray, (n, dim)
    variance : float
        Of every Gaussian along every axis.

    Returns
    -------
    ndarray, (n_samples,)
        ``log((1 / n) sum_j exp(-|x - means[j]|^2 / (2 variance)))``.
    """
    count = len(samples)
    blocks = -(-count // WIDTH)
    columns = np.zeros((samples.shape[1], blocks * WIDTH))
    columns[:, :count] = samples.T
    out = np.empty((1, blocks * WIDTH))

    def work(first: int, last: int) -> None:
        log_sums(columns, means, 0.5 / variance, out, first, last)

    over(blocks, work, WIDTH * len(means) * PAIR_SECONDS)
    return out[0, :count] - math.log(len(means))


@static
def squared_distance(columns, column, points, j):
    """From ``WIDTH`` columns to the point ``j``."""
    total = number(0.0, BITS, WIDTH)
    for axis in range(points.shape[1]):
        offset = load(columns, axis, column, WIDTH) - number(points[j, axis], BITS, WIDTH)
        total = total + offset * offset
    return total


@static
def log_sums(columns, means, rate, out, first, last):
    """For blocks of columns, the logarithm of the sum over the means of ``exp(-rate d^2)``."""
    for block in range(first, last):
        column = block * WIDTH
        nearest = number(np.inf, BITS, WIDTH)
        for j in range(means.shape[0]):
            distance = squared_distance(columns, column, means, j)
            nearest = where(distance < nearest, distance, nearest)
        total = number(0.0, BITS, WIDTH)
        for j in range(means.shape[0]):
            total = total + math.exp((nearest - squared_distance(columns, column, means, j)) * rate)
        store(out, 0, column, math.log(total) - nearest * rate)
