"""How alike the nodes of a network move: order parameters of phases, cross-correlations, differences.

Each is taken relative to one node, so that nodes that are identical leave no rounding error behind.
"""

# Numba passes the first argument of an intrinsic, and its functions for lanes bind themselves when imported.

from __future__ import annotations

import math

import numpy as np

from fastsci_kernels.numbers import functions  # noqa: F401  (np.cos and np.sin of lanes)
from fastsci_kernels.numbers.memory import lane, load, number
from fastsci_kernels.static import static


@static
def order_parameters(phases, harmonic, first, last, lengths, angles):
    """Length and angle of the mean of ``exp(i harmonic phase)`` along each row of ``phases``."""
    count = phases.shape[1]
    rest = np.zeros((1, 8))
    for row in range(first, last):
        start = number(phases[row, 0], 64, 8)
        cosines, sines = number(0.0, 64, 8), number(0.0, 64, 8)
        whole = count - count % 8
        for place in range(0, whole, 8):
            angle = harmonic * (load(phases, row, place, 8) - start)
            cosines = cosines + np.cos(angle)
            sines = sines + np.sin(angle)
        cosine, sine = 0.0, 0.0
        for i in range(8):
            cosine += lane(cosines, i)
            sine += lane(sines, i)
        if whole < count:
            rest[0, : count - whole] = phases[row, whole:]
            angle = harmonic * (load(rest, 0, 0, 8) - start)
            cosines, sines = np.cos(angle), np.sin(angle)
            for i in range(count - whole):
                cosine += lane(cosines, i)
                sine += lane(sines, i)
        length = math.hypot(cosine, sine) / count
        lengths[row] = 1.0 if length > 1.0 else length
        turned = harmonic * phases[row, 0] + math.atan2(sine, cosine)
        angles[row] = math.atan2(math.sin(turned), math.cos(turned))


@static
def _sum(values):
    """Four sums side by side, since each addition waits for the one before."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = values.size - values.size % 4
    for place in range(0, whole, 4):
        a += values[place]
        b += values[place + 1]
        c += values[place + 2]
        d += values[place + 3]
    for place in range(whole, values.size):
        a += values[place]
    return (a + b) + (c + d)


@static
def _unit_vectors(x, means, reciprocals):
    """Mean of each node, and one over the length of its deviation from it; both exact for a constant node."""
    n_times, n_nodes = x.shape
    origins = x[0]
    means[:] = 0.0
    reciprocals[:] = 0.0
    for time in range(n_times):
        row = x[time]
        for node in range(n_nodes):
            means[node] += row[node] - origins[node]
    for node in range(n_nodes):
        means[node] = origins[node] + means[node] / n_times
    for time in range(n_times):
        row = x[time]
        for node in range(n_nodes):
            deviation = row[node] - means[node]
            reciprocals[node] += deviation * deviation
    for node in range(n_nodes):
        # A constant node has no direction.
        reciprocals[node] = 1.0 / math.sqrt(reciprocals[node]) if reciprocals[node] > 0.0 else math.nan


@static
def cross_correlation(x, reference, first, last, out):
    """Mean correlation of pairs of nodes, ``x (n_members, n_times, n_nodes)``: with ``reference``, or of all if -1.

    Correlations are those of unit vectors z, and 1 - z_i z_m = |z_i - z_m|^2 / 2.  The sum of that over all pairs is
    the number of nodes times the sum of squared distances from the mean of all z, over two.
    """
    n_nodes = x.shape[2]
    means, reciprocals, squares, apart = np.empty((4, n_nodes))
    pivot = max(reference, 0)
    for member in range(first, last):
        _unit_vectors(x[member], means, reciprocals)
        squares[:] = 0.0
        for time in range(x.shape[1]):
            row = x[member, time]
            origin = (row[pivot] - means[pivot]) * reciprocals[pivot]
            for node in range(n_nodes):
                apart[node] = (row[node] - means[node]) * reciprocals[node] - origin
            centre = _sum(apart) / n_nodes if reference < 0 else 0.0
            for node in range(n_nodes):
                squares[node] += (apart[node] - centre) * (apart[node] - centre)
        out[member] = 1.0 - _sum(squares) / (n_nodes - 1) * (0.5 if reference >= 0 else 1.0)


@static
def differences(x, reference, first, last, out):
    """Mean distance in time of the other nodes from one of them."""
    n_nodes = x.shape[2]
    sums = np.empty(n_nodes)
    for member in range(first, last):
        sums[:] = 0.0
        for time in range(x.shape[1]):
            row = x[member, time]
            for node in range(n_nodes):
                sums[node] += abs(row[node] - row[reference])
        out[member] = _sum(sums) / (x.shape[1] * (n_nodes - 1))
