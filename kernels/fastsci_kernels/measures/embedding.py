"""Average mutual information of a series and its delayed self, from counts in bins of equal width."""

from __future__ import annotations

import math

import numpy as np

from fastsci_kernels.static import static


@static
def bin_equal_width(x, n_bins, first, last, symbols):
    """The bin of every value, between the least and the greatest of its series; all in the first where they agree."""
    for series in range(first, last):
        low, high = math.inf, -math.inf
        for value in x[series]:
            low, high = min(low, value), max(high, value)
        # Halves, since the difference itself may be too large a number.
        width = 0.5 * high - 0.5 * low
        for time in range(x.shape[1]):
            share = (0.5 * x[series, time] - 0.5 * low) / width if width > 0.0 else 0.0
            symbols[series, time] = min(int(share * n_bins), n_bins - 1)


@static
def mutual_information(symbols, n_bins, first, last, out):
    """Nats, ``out (n_series, n_delays)``, for the delays ``first`` to ``last`` counted through all series."""
    n_times, n_delays = symbols.shape[1], out.shape[1]
    joint = np.empty((n_bins, n_bins), np.int64)
    rows, columns = np.empty(n_bins, np.int64), np.empty(n_bins, np.int64)
    for item in range(first, last):
        series, delay = item // n_delays, item % n_delays
        count = n_times - delay
        joint[:] = 0
        now, later = symbols[series, :count], symbols[series, delay:]
        for time in range(count):
            joint[now[time], later[time]] += 1
        rows[:] = 0
        columns[:] = 0
        for i in range(n_bins):
            for j in range(n_bins):
                rows[i] += joint[i, j]
                columns[j] += joint[i, j]
        total = 0.0
        for i in range(n_bins):
            for j in range(n_bins):
                pairs = float(joint[i, j])
                if pairs > 0.0:
                    total += pairs * math.log(pairs / rows[i] * (count / columns[j]))
        out[series, delay] = total / count


@static
def first_minimum(values, first, last, out):
    """Where each row first stops falling before it rises, the left end of a flat bottom; -1 where it never does."""
    for row in range(first, last):
        out[row] = -1
        fell_at = -1
        for place in range(1, values.shape[1]):
            before, value = values[row, place - 1], values[row, place]
            if value < before:
                fell_at = place
            elif value > before and fell_at >= 0:
                out[row] = fell_at
                break
            elif math.isnan(value):
                break
