"""Ordinal patterns: how often each occurs in a series, and the entropies of that."""

import math

import numpy as np

from fastsci_kernels.static import static

BLOCK = 1024  # windows at a time, which stay in the nearest cache
HISTOGRAMS = 4  # side by side, so that a pattern that repeats does not wait for its own last count


@static
def number_patterns(series, order, delay, first, patterns):
    """The pattern of the windows that begin at ``first`` and after, as a number below ``order!``.

    The digits are those of Lehmer's code: how many later values of the window are smaller than this one.  A tie is
    no inversion, as in a stable sort.
    """
    count = len(patterns)
    for index in range(count):
        patterns[index] = 0
    weight = 1
    for later in range(1, order):
        here = order - 1 - later
        weight *= later
        left = series[first + here * delay : first + here * delay + count]
        for place in range(here + 1, order):
            right = series[first + place * delay : first + place * delay + count]
            for index in range(count):
                patterns[index] += np.int32(weight) if right[index] < left[index] else np.int32(0)


@static
def count_patterns(series, order, delay, patterns, partial, counts):
    """How many windows show each pattern."""
    windows = len(series) - (order - 1) * delay
    partial[:] = 0
    first = 0
    while first < windows:
        block = patterns[: min(BLOCK, windows - first)]
        number_patterns(series, order, delay, first, block)
        whole = len(block) // HISTOGRAMS * HISTOGRAMS
        for index in range(0, whole, HISTOGRAMS):
            for part in range(HISTOGRAMS):
                partial[part, np.uint32(block[index + part])] += 1
        for index in range(whole, len(block)):
            partial[0, np.uint32(block[index])] += 1
        first += len(block)
    for pattern in range(len(counts)):
        counts[pattern] = 0
        for part in range(HISTOGRAMS):
            counts[pattern] += partial[part, pattern]


@static
def distributions(x, order, delay, first, last, out):
    """Frequencies of the patterns, in the order of Lehmer's code."""
    n_patterns = out.shape[1]
    patterns = np.empty(BLOCK, np.int32)
    partial = np.empty((HISTOGRAMS, n_patterns), np.int64)
    counts = np.empty(n_patterns, np.int64)
    windows = x.shape[1] - (order - 1) * delay
    for member in range(first, last):
        count_patterns(x[member], order, delay, patterns, partial, counts)
        for pattern in range(n_patterns):
            out[member, pattern] = counts[pattern] / windows


@static
def entropies(x, order, delay, n_patterns, first, last, out):
    """Shannon's entropy, in nats, of the patterns; and of their mean with the uniform distribution."""
    patterns = np.empty(BLOCK, np.int32)
    partial = np.empty((HISTOGRAMS, n_patterns), np.int64)
    counts = np.empty(n_patterns, np.int64)
    windows = x.shape[1] - (order - 1) * delay
    uniform = 1.0 / n_patterns
    for member in range(first, last):
        count_patterns(x[member], order, delay, patterns, partial, counts)
        own, mixed = 0.0, 0.0
        missing = 0
        for pattern in range(n_patterns):
            if counts[pattern]:
                frequency = counts[pattern] / windows
                mean = 0.5 * (frequency + uniform)
                own -= frequency * math.log(frequency)
                mixed -= mean * math.log(mean)
            else:
                missing += 1
        out[member, 0] = own
        out[member, 1] = mixed - missing * 0.5 * uniform * math.log(0.5 * uniform)
