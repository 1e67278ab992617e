"""Gradient flow of deep linear networks, many starts side by side, each with steps of its own.

The layers' matrices lie one after another in one vector, row by row.  Steps are those of any explicit Runge-Kutta pair.
"""

import math

import numpy as np

from fastsci_kernels.static import static

SAFETY, LEAST_FACTOR, MOST_FACTOR = 0.9, 0.2, 5.0


@static
def copy(matrix, out):
    for row in range(matrix.shape[0]):
        for column in range(matrix.shape[1]):
            out[row, column] = matrix[row, column]


@static
def multiply(left, right, out):
    """``out = left @ right``."""
    for row in range(left.shape[0]):
        for column in range(right.shape[1]):
            out[row, column] = 0.0
        for inner in range(left.shape[1]):
            value = left[row, inner]
            for column in range(right.shape[1]):
                out[row, column] += value * right[inner, column]


@static
def multiply_transposed(left, right, out):
    """``out = left.T @ right``."""
    for row in range(left.shape[1]):
        for column in range(right.shape[1]):
            out[row, column] = 0.0
    for inner in range(left.shape[0]):
        for row in range(left.shape[1]):
            value = left[inner, row]
            for column in range(right.shape[1]):
                out[row, column] += value * right[inner, column]


@static
def product(weights, widths, spare, out):
    """The network's map ``W_L ... W_1`` (n_out, n_in), written; ``spare`` has room for two maps of any layer."""
    inputs = widths[0]
    begin = widths[1] * inputs
    known = weights[:begin].reshape((widths[1], inputs))
    for layer in range(1, len(widths) - 1):
        rows, columns = widths[layer + 1], widths[layer]
        matrix = weights[begin : begin + rows * columns].reshape((rows, columns))
        place = spare[layer % 2, : rows * inputs].reshape((rows, inputs))
        multiply(matrix, known, place)
        known, begin = place, begin + rows * columns
    copy(known, out)


@static
def descend(weights, widths, correlation, covariance, rate, forward, backward, spare, slopes):
    """``slopes = -rate`` times the gradient of half the mean squared error.

    ``forward (depth, n)`` and ``backward (2, n)`` have room for what any layer makes of all inputs.
    """
    depth, inputs = len(widths) - 1, widths[0]
    ends = np.empty(depth + 1, np.int64)
    ends[0] = 0
    for layer in range(depth):
        rows, columns = widths[layer + 1], widths[layer]
        ends[layer + 1] = ends[layer] + rows * columns
        matrix = weights[ends[layer] : ends[layer + 1]].reshape((rows, columns))
        place = forward[layer, : rows * inputs].reshape((rows, inputs))
        if layer == 0:
            copy(matrix, place)
        else:
            multiply(matrix, forward[layer - 1, : columns * inputs].reshape((columns, inputs)), place)
    outputs = widths[depth]
    error = backward[0, : outputs * inputs].reshape((outputs, inputs))
    multiply(forward[depth - 1, : outputs * inputs].reshape((outputs, inputs)), covariance, error)
    for row in range(outputs):
        for column in range(inputs):
            error[row, column] = rate * (correlation[row, column] - error[row, column])
    for layer in range(depth - 1, -1, -1):
        rows, columns = widths[layer + 1], widths[layer]
        slope = slopes[ends[layer] : ends[layer + 1]].reshape((rows, columns))
        if layer == 0:
            copy(error, slope)
            return
        # Along rows of the transposed map, since a sum along them is not to be reordered.
        before = forward[layer - 1, : columns * inputs].reshape((columns, inputs))
        turned = spare[0, : columns * inputs].reshape((inputs, columns))
        for row in range(inputs):
            for column in range(columns):
                turned[row, column] = before[column, row]
        multiply(error, turned, slope)
        matrix = weights[ends[layer] : ends[layer + 1]].reshape((rows, columns))
        below = backward[(depth - layer) % 2, : columns * inputs].reshape((columns, inputs))
        multiply_transposed(matrix, error, below)
        error = below


@static
def train(
    weights, times, widths, correlation, covariance, rate, a, b, e, rtol, atol, first_step, most_steps, maps, steps,
    first, last,
):  # fmt: skip
    """Train networks ``first`` to ``last`` in the place of their first weights, from time 0.

    Parameters
    ----------
    weights : (n_draws, n_weights) array
    times : (n_times,) array
        Rising, the first at least 0.
    widths : (depth + 1,) array of int
    correlation, covariance : (n_out, n_in) and (n_in, n_in) arrays
    rate : float
    a, b, e : (s, s), (s,) and (s + 1,) arrays
        A Runge-Kutta pair of orders 5 and 4.
    first_step : float
        Tried first.
    maps : (n_draws, n_times, n_out, n_in) array
        Written; NaN from where a network takes more than ``most_steps``.
    steps : (n_draws,) array of int
        Written: attempted steps.
    """
    stages, size, inputs = len(b), weights.shape[1], widths[0]
    room = widths.max() * inputs
    forward, backward, spare = np.empty((len(widths) - 1, room)), np.empty((2, room)), np.empty((2, room))
    slopes, stage, end = np.empty((stages + 1, size)), np.empty(size), np.empty(size)
    for draw in range(first, last):
        state, time, ahead, taken = weights[draw], 0.0, first_step, 0
        for save in range(len(times)):
            while time < times[save] and taken < most_steps:
                step = min(ahead, times[save] - time)
                taken += 1
                # The slope at the end of a step is the first of the next.
                for number in range(0 if taken == 1 else 1, stages + 1):
                    target = stage if number < stages else end
                    for place in range(size):
                        target[place] = state[place]
                    for known in range(number):
                        weight = step * (a[number, known] if number < stages else b[known])
                        for place in range(size):
                            target[place] += weight * slopes[known, place]
                    descend(target, widths, correlation, covariance, rate, forward, backward, spare, slopes[number])
                total = 0.0
                for place in range(size):
                    error = 0.0
                    for number in range(stages + 1):
                        error += e[number] * slopes[number, place]
                    error *= step / (atol + rtol * max(abs(state[place]), abs(end[place])))
                    total += error * error
                norm = math.sqrt(total / size)
                factor = MOST_FACTOR if norm == 0.0 else SAFETY * norm**-0.2
                if not norm <= 1.0:
                    # Not a number, where a step went out of range, as much as too large.
                    ahead = step * (max(LEAST_FACTOR, factor) if norm > 1.0 else LEAST_FACTOR)
                    continue
                time = times[save] if step == times[save] - time else time + step
                ahead = max(ahead, step * min(MOST_FACTOR, factor)) if step < ahead else step * min(MOST_FACTOR, factor)
                for place in range(size):
                    state[place], slopes[0, place] = end[place], slopes[stages, place]
            if time < times[save]:
                maps[draw, save:] = math.nan
                break
            product(state, widths, spare, maps[draw, save])
        steps[draw] = taken
