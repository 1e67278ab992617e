"""Pairs of points that are closer than some radii.

Points are sorted by one coordinate, so that the comparisons of a point end where that coordinate alone is too far.
"""

import numpy as np

from fastsci_kernels.static import static

BLOCK = 512  # points at a time, whose distances stay in the nearest cache
ROWS = 256  # points that are compared with all others in one piece of work


@static
def add_distances(left, right, euclidean, far):
    """Add one coordinate to distances: squares where they are Euclidean, else the larger of the two."""
    if euclidean:
        for index in range(len(far)):
            step = left[index] - right[index]
            far[index] += step * step
    else:
        for index in range(len(far)):
            far[index] = max(far[index], abs(left[index] - right[index]))


@static
def count_below(far, limit):
    """How many distances are below a limit."""
    found = 0
    for index in range(len(far)):
        found += 1 if far[index] < limit else 0
    return found


@static
def count_closer(columns, times, lead, limits, reach, euclidean, theiler, first, last, out):
    """Pairs closer than each of the limits, in pieces of ``ROWS`` points, each with those that follow in the sorting.

    ``columns (dim, n)`` is sorted by coordinate ``lead``; ``times`` says when each point was visited.  ``limits`` rise;
    they are squares where distances are Euclidean, and ``reach`` is the largest as a distance.
    """
    dim, count = columns.shape
    far = np.empty(BLOCK)
    here = np.empty((dim, BLOCK))
    for piece in range(first, last):
        out[piece, :] = 0
        for position in range(piece * ROWS, min(piece * ROWS + ROWS, count)):
            for axis in range(dim):
                here[axis, :] = columns[axis, position]
            begin = position + 1
            while begin < count and columns[lead, begin] - columns[lead, position] < reach:
                end = min(begin + BLOCK, count)
                block = far[: end - begin]
                block[:] = 0.0
                for axis in range(dim):
                    add_distances(columns[axis, begin:end], here[axis, : end - begin], euclidean, block)
                if theiler:
                    forget_neighbours(times[begin:end], times[position], theiler, block)
                for index in range(len(limits) - 1, -1, -1):
                    found = count_below(block, limits[index])
                    if not found:
                        break
                    out[piece, index] += found
                begin = end


@static
def forget_neighbours(times, own, theiler, far):
    """Put points that were visited at nearly the same time at an infinite distance."""
    for index in range(len(far)):
        far[index] = np.inf if abs(times[index] - own) <= theiler else far[index]
