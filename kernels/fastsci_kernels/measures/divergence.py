"""Nearest neighbours of delay vectors within a series, and how fast they part."""

import math

from fastsci_kernels.static import static

ROWS = 256  # vectors whose neighbours are sought in one piece of work


@static
def square_distance(series, here, there, order, delay, enough):
    """Squared Euclidean distance of two delay vectors, or any number beyond ``enough`` if it is larger than that."""
    total = 0.0
    for coordinate in range(order):
        step = series[there + coordinate * delay] - series[here + coordinate * delay]
        total += step * step
        if total > enough:
            break
    return total


@static
def nearest(series, sorting, position, order, delay, theiler):
    """The nearest vector that begins more than ``theiler`` samples away, the first of several, or -1.

    ``sorting`` holds the vectors in order of their first coordinates: away from ``position`` on both sides the search
    ends where that coordinate alone is farther than the best.
    """
    count = len(sorting)
    here = sorting[position]
    best, least = -1, math.inf
    for side in (1, -1):
        other = position + side
        while 0 <= other < count:
            there = sorting[other]
            step = series[there] - series[here]
            if step * step > least:
                break
            if abs(there - here) > theiler:
                square = square_distance(series, here, there, order, delay, least)
                if square < least or (square == least and (best < 0 or there < best)):
                    best, least = there, square
            other += side
    return best


@static
def neighbours(x, sorting, order, delay, theiler, pieces, first, last, out):
    """The nearest neighbour of each vector, in pieces of ``ROWS`` vectors."""
    count = sorting.shape[1]
    for piece in range(first, last):
        member, part = divmod(piece, pieces)
        for position in range(part * ROWS, min(part * ROWS + ROWS, count)):
            begin = sorting[member, position]
            out[member, begin] = nearest(x[member], sorting[member], position, order, delay, theiler[member])


@static
def mean_logarithms(x, partners, order, delay, steps, first, last, out):
    """Mean logarithm of the distance of neighbours after so many steps; of those at no distance, none."""
    for index in range(first, last):
        member, step = divmod(index, steps)
        series = x[member]
        total = 0.0
        used = 0
        for begin in range(partners.shape[1]):
            partner = partners[member, begin]
            if partner >= 0:
                square = square_distance(series, begin + step, partner + step, order, delay, math.inf)
                if square > 0.0:
                    total += math.log(square)
                    used += 1
        out[member, step] = 0.5 * total / used if used else math.nan
