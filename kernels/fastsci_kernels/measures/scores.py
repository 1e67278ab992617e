"""How good forecasts are: errors of single ones, scores of ensembles, and how long one stays near the truth."""

from __future__ import annotations

import math

from fastsci_kernels.static import static

NAIVE, FAIR = 0, 1


@static
def skill(forecast, truth, share, first, last, out):
    """Pearson's correlation, mean absolute and root mean square error of the rows of ``forecast (n_rows, n_times)``.

    ``share`` rows in turn have one row of ``truth``.  Times at which either is not finite are left out.
    """
    n_times = forecast.shape[1]
    for row in range(first, last):
        count, absolute, squares, f_origin, y_origin, f_mean, y_mean = 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for time in range(n_times):
            f, y = forecast[row, time], truth[row // share, time]
            if math.isfinite(f) and math.isfinite(y):
                if count == 0:
                    # A row that does not vary is then its own mean, to the last bit.
                    f_origin, y_origin = f, y
                count += 1
                absolute += abs(f - y)
                squares += (f - y) * (f - y)
                f_mean += f - f_origin
                y_mean += y - y_origin
        f_mean = f_origin + f_mean / count
        y_mean = y_origin + y_mean / count
        f_squares, y_squares, products = 0.0, 0.0, 0.0
        for time in range(n_times):
            f, y = forecast[row, time], truth[row // share, time]
            if math.isfinite(f) and math.isfinite(y):
                f_squares += (f - f_mean) * (f - f_mean)
                y_squares += (y - y_mean) * (y - y_mean)
                products += (f - f_mean) * (y - y_mean)
        out[row, 0] = products / (math.sqrt(f_squares) * math.sqrt(y_squares))
        out[row, 1] = absolute / count
        out[row, 2] = math.sqrt(squares / count)


@static
def smape(truth, forecast, first, last, out):
    """Mean of ``2 |y - f| / (|y| + |f|)`` along each row; a pair of zeros has no error."""
    for row in range(first, last):
        total = 0.0
        for time in range(truth.shape[1]):
            y, f = truth[row, time], forecast[row, time]
            # Halves, since the sum of two large numbers may be no number.
            size = 0.5 * abs(y) + 0.5 * abs(f)
            if size != 0.0:
                total += abs(0.5 * y - 0.5 * f) / size
        out[row] = 2.0 * total / truth.shape[1]


@static
def mase(truth, forecast, training, seasonality, first, last, out):
    """Mean absolute error over that of repeating the training series ``seasonality`` times later."""
    for row in range(first, last):
        error, naive = 0.0, 0.0
        for time in range(truth.shape[1]):
            error += abs(truth[row, time] - forecast[row, time])
        for time in range(seasonality, training.shape[1]):
            naive += abs(training[row, time] - training[row, time - seasonality])
        out[row] = error / truth.shape[1] / (naive / (training.shape[1] - seasonality))


@static
def crps(truth, ensemble, estimator, begin, first, last, out):
    """Score of each ensemble; ``ensemble`` holds the sorted members, one row a case, of the cases from ``begin`` on.

    Of sorted members, the sum of the distances of all pairs is that of ``(2 i + 1 - m) x_i``, i from 0.
    """
    count = ensemble.shape[1]
    pairs = count * count if estimator == NAIVE else count * (count - 1)
    for case in range(first, last):
        y, members = truth[case], ensemble[case - begin]
        error, spread, finite = 0.0, 0.0, math.isfinite(y)
        for place in range(count):
            apart = members[place] - y
            error += abs(apart)
            spread += (2 * place + 1 - count) * apart
            finite = finite and math.isfinite(members[place])
        out[case] = error / count - spread / pairs if finite else math.nan


@static
def crps_gaussian(truth, mean, deviation, first, last, out):
    """Closed form for a normal distribution; that of one without width is the absolute error."""
    for case in range(first, last):
        error, sigma = truth[case] - mean[case], deviation[case]
        if sigma > 0.0:
            z = error / sigma
            density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
            out[case] = sigma * (z * math.erf(z / math.sqrt(2.0)) + 2.0 * density - 1.0 / math.sqrt(math.pi))
        else:
            out[case] = abs(error)


@static
def variance_and_error(truth, ensemble, first, last, out):
    """Of each row of ``ensemble (n_cases, m)``: unbiased variance, and squared error of the mean."""
    count = ensemble.shape[1]
    for case in range(first, last):
        origin, shift = ensemble[case, 0], 0.0
        for member in range(count):
            shift += ensemble[case, member] - origin
        mean, squares = origin + shift / count, 0.0
        for member in range(count):
            deviation = ensemble[case, member] - mean
            squares += deviation * deviation
        out[case, 0] = squares / (count - 1)
        out[case, 1] = (mean - truth[case]) * (mean - truth[case])


@static
def ranks(truth, ensemble, first, last, below, equal):
    """How many members of each row lie below the truth, and how many equal it."""
    for case in range(first, last):
        y, less, same = truth[case], 0, 0
        for member in range(ensemble.shape[1]):
            less += ensemble[case, member] < y
            same += ensemble[case, member] == y
        below[case], equal[case] = less, same


@static
def spreads(states, by_component, first, last, out):
    """Root mean square of each trajectory ``(n_members, n_times, dim)`` about its mean: of the norm, or of each.

    ``out (n_members, dim)`` is such that the errors over it, squared and summed, are the normalised error squared.
    """
    n_times, dim = states.shape[1], states.shape[2]
    for member in range(first, last):
        total = 0.0
        for axis in range(dim):
            origin, shift = states[member, 0, axis], 0.0
            for time in range(n_times):
                shift += states[member, time, axis] - origin
            mean, squares = origin + shift / n_times, 0.0
            for time in range(n_times):
                deviation = states[member, time, axis] - mean
                squares += deviation * deviation
            out[member, axis] = math.sqrt(squares / n_times * dim)
            total += squares / n_times
        if not by_component:
            out[member] = math.sqrt(total)


@static
def lengths(states, first, last, out):
    """Root mean square of the norm of each trajectory, in every place of its row of ``out (n_members, dim)``."""
    for member in range(first, last):
        total = 0.0
        for time in range(states.shape[1]):
            for axis in range(states.shape[2]):
                total += states[member, time, axis] * states[member, time, axis]
        out[member] = math.sqrt(total / states.shape[1])


@static
def first_beyond(truth, forecast, scales, threshold, first, last, out):
    """The first time at which the normalised error of a member is not within the threshold; their number if never.

    A forecast that is no longer finite is not within it.
    """
    n_times, dim = truth.shape[1], truth.shape[2]
    for member in range(first, last):
        out[member] = n_times
        for time in range(n_times):
            squares = 0.0
            for axis in range(dim):
                error = truth[member, time, axis] - forecast[member, time, axis]
                # No error is none on any scale, that of a truth that never moves among them.
                if error != 0.0:
                    error /= scales[member, axis]
                    squares += error * error
            if not math.sqrt(squares) <= threshold:
                out[member] = time
                break
