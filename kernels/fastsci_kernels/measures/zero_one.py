"""The 0-1 test: growth of the mean square displacement of a walk that a series drives.

With increments phi(j) exp(i c j) the displacement over n steps, squared and averaged over its starts, is
``sum over k, l <= n of a(k, l) cos((k - l) c)``, where ``a(k, l)`` is the mean of ``phi(j + k) phi(j + l)`` over the
starts j.  The means do not depend on the frequency c.  Summed along the diagonals ``l = k + lag`` they are
``sums[lag, n]``, and the displacement is ``sums[0] + 2 sum over lags of cos(lag c) sums[lag]``.
"""

import math

import numpy as np

from fastsci_kernels.static import static

LAGS = 4  # at a time: with more arrays in one loop the compiler gives up on SIMD


@static
def lag_products(series, starts, products):
    """Sums of ``series[j] series[j + lag]`` over the starts, for all lags."""
    lags = len(products)
    products[:] = 0.0
    start = 0
    while start + 4 <= starts:
        one, two, three, four = series[start], series[start + 1], series[start + 2], series[start + 3]
        right = series[start : start + lags + 3]
        for lag in range(lags):
            products[lag] += (one * right[lag] + two * right[lag + 1]) + (
                three * right[lag + 2] + four * right[lag + 3]
            )
        start += 4
    while start < starts:
        one, right = series[start], series[start : start + lags]
        for lag in range(lags):
            products[lag] += one * right[lag]
        start += 1


@static
def diagonal_sums(series, starts, lag, product, sums):
    """``sums[n - 1]``: products of lag ``lag`` within a displacement over n steps, averaged over the starts."""
    sums[: min(lag, len(sums))] = 0.0
    total = 0.0
    for last in range(lag, len(sums)):
        total += product
        sums[last] = total / starts
        if last + 1 < len(sums):
            left, right = last - lag, last
            product += series[starts + left] * series[starts + right] - series[left] * series[right]


@static
def add_lags(weights, lag, sums, displacement):
    """Add the diagonals of ``LAGS`` lags with their weights to the displacements at all frequencies."""
    p, q, r, s = sums[0, lag:], sums[1, lag:], sums[2, lag:], sums[3, lag:]
    for frequency in range(len(displacement)):
        a, b = weights[frequency, lag], weights[frequency, lag + 1]
        c, d = weights[frequency, lag + 2], weights[frequency, lag + 3]
        row = displacement[frequency, lag:]
        for n in range(len(row)):
            row[n] += (a * p[n] + b * q[n]) + (c * r[n] + d * s[n])


@static
def displacements(series, starts, weights, products, sums, out):
    """Mean square displacements ``out (n_frequencies, n_cut)``; ``weights`` of the lags are filled up with zeros."""
    n_cut = out.shape[1]
    out[:] = 0.0
    lag_products(series, starts, products)
    for lag in range(0, n_cut, LAGS):
        for part in range(LAGS):
            diagonal_sums(series, starts, lag + part, products[min(lag + part, n_cut - 1)], sums[part])
        add_lags(weights, lag, sums, out)


@static
def correlation_with_time(values):
    """Pearson's correlation of values with 1, 2, 3, ..."""
    count = len(values)
    mean = 0.0
    for index in range(count):
        mean += values[index]
    mean /= count
    across, up, both = 0.0, 0.0, 0.0
    for index in range(count):
        time, value = index - 0.5 * (count - 1), values[index] - mean
        across += time * time
        up += value * value
        both += time * value
    return both / math.sqrt(across * up)


@static
def scaled(series, out):
    """The series times a power of two that brings its largest value near 1; whether it is constant."""
    lowest, highest = series[0], series[0]
    for index in range(len(series)):
        lowest, highest = min(lowest, series[index]), max(highest, series[index])
    _, exponent = math.frexp(max(abs(lowest), abs(highest)))
    scale = math.ldexp(1.0, min(max(-exponent, -1000), 1000))
    for index in range(len(series)):
        out[index] = scale * series[index]
    return lowest == highest


@static
def growth_rates(x, weights, oscillation, first, last, out):
    """The rates K of a range of series at all frequencies; NaN for a constant series.

    ``oscillation (n_frequencies, n_cut)`` is what a mean of 1 adds to the displacements and is taken off again.
    """
    n_times = x.shape[1]
    n_frequencies, n_cut = oscillation.shape
    series = np.empty(n_times)
    products = np.empty(n_cut)
    sums = np.empty((LAGS, n_cut))
    displacement = np.empty((n_frequencies, n_cut))
    for member in range(first, last):
        if scaled(x[member], series):
            out[member, :] = np.nan
            continue
        mean = 0.0
        for index in range(n_times):
            mean += series[index]
        mean /= n_times
        displacements(series[1:], n_times - n_cut, weights, products, sums, displacement)
        for frequency in range(n_frequencies):
            for index in range(n_cut):
                displacement[frequency, index] -= mean * mean * oscillation[frequency, index]
            out[member, frequency] = correlation_with_time(displacement[frequency])
