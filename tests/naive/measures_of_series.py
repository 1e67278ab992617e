"""Slow measures of series that anyone can check: each is its definition, written down with loops."""

from __future__ import annotations

import itertools
import math

import numpy as np


def ordinal_distribution(x, order, delay):
    """Frequencies of all argsorts of windows, in lexicographic order."""
    windows = [x[begin : begin + (order - 1) * delay + 1 : delay] for begin in range(len(x) - (order - 1) * delay)]
    seen = [tuple(np.argsort(window, kind="stable").tolist()) for window in windows]
    return np.array([seen.count(pattern) for pattern in itertools.permutations(range(order))]) / len(seen)


def shannon(distribution):
    return -sum(p * math.log(p) for p in distribution if p > 0)


def statistical_complexity(distribution):
    """H times the Jensen-Shannon divergence from the uniform distribution over that of a certain pattern."""
    count = len(distribution)
    uniform = np.full(count, 1 / count)

    def divergence(p):
        return shannon((p + uniform) / 2) - shannon(p) / 2 - shannon(uniform) / 2

    certain = np.zeros(count)
    certain[0] = 1.0
    return shannon(distribution) / math.log(count) * divergence(distribution) / divergence(certain)


def embed(x, order, delay=1):
    """Delay vectors ``(n, order)``."""
    return np.array(
        [x[begin : begin + (order - 1) * delay + 1 : delay] for begin in range(len(x) - (order - 1) * delay)]
    )


def distances(points, norm="euclidean"):
    """All distances ``(n, n)``."""
    differences = np.abs(points[:, np.newaxis] - points)
    return differences.max(axis=2) if norm == "chebyshev" else np.sqrt((differences**2).sum(axis=2))


def matching_pairs(x, order, radius, closed=False):
    """Pairs among the first ``n - order`` templates that match: at ``order`` values, and at one more."""
    counts = []
    for length in (order, order + 1):
        templates = embed(x, length)[: len(x) - order]
        count = 0
        for here, template in enumerate(templates):
            far = np.abs(templates[here + 1 :] - template).max(axis=1)
            count += int(np.sum(far <= radius if closed else far < radius))
        counts.append(count)
    return counts


def approximate_entropy(x, order, radius):
    def phi(length):
        return np.log((distances(embed(x, length), "chebyshev") <= radius).mean(axis=1)).mean()

    return phi(order) - phi(order + 1)


def far_apart(count, theiler):
    """Which pairs of times are more than ``theiler`` apart, each pair once."""
    return np.triu(np.ones((count, count), bool), theiler + 1)


def correlation_sum(points, radii, theiler, norm):
    pairs = distances(points, norm)[far_apart(len(points), theiler)]
    return np.array([(pairs < radius).mean() for radius in radii])


def line_lengths(points, radius, theiler, norm):
    """Lengths of all runs of recurrent points along the diagonals more than ``theiler`` off the main one."""
    plot = distances(points, norm) < radius
    lengths = []
    for offset in range(theiler + 1, len(points)):
        runs = itertools.groupby(np.diagonal(plot, offset).tolist())
        lengths.extend(len(list(run)) for recurrent, run in runs if recurrent)
    return lengths


def divergence_curve(x, order, delay, theiler, horizon):
    vectors = embed(x, order, delay)
    far = distances(vectors)
    followed = len(vectors) - horizon
    pairs = []
    for here in range(followed):
        allowed = [there for there in range(followed) if abs(there - here) > theiler]
        pairs.append((here, min(allowed, key=lambda there: far[here, there])))
    curve = []
    for step in range(horizon + 1):
        apart = np.array([far[here + step, there + step] for here, there in pairs])
        curve.append(np.log(apart[apart > 0]).mean())
    return np.array(curve)


def zero_one(x, frequencies, n_cut, damping=0.0):
    """The walk, its displacements and their correlation with time, frequency by frequency."""
    count = len(x)
    times, steps = np.arange(1, count + 1), np.arange(1, n_cut + 1)
    rates = []
    for c in frequencies:
        p, q = np.cumsum(x * np.cos(times * c)), np.cumsum(x * np.sin(times * c))
        starts = count - n_cut
        displacement = [
            ((p[n : n + starts] - p[:starts]) ** 2 + (q[n : n + starts] - q[:starts]) ** 2).mean() for n in steps
        ]
        oscillation = (1 - np.cos(steps * c)) / (1 - np.cos(c)) + damping * np.sin(math.sqrt(2) * steps)
        rates.append(np.corrcoef(steps, displacement - np.mean(x) ** 2 * oscillation)[0, 1])
    return np.median(rates)
