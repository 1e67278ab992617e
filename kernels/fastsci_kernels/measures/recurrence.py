"""Lines of a recurrence plot along its diagonals, one diagonal at a time: the plot itself is never stored."""

import numpy as np

from fastsci_kernels.measures.correlation import BLOCK, add_distances, count_below
from fastsci_kernels.static import static


@static
def diagonal(columns, limit, euclidean, offset, shortest, far, out):
    """Recurrent points of one diagonal; those on lines of at least ``shortest``; such lines; the longest of them."""
    count = columns.shape[1] - offset
    out[:] = 0
    run = 0
    first = 0
    while first < count:
        last = min(first + BLOCK, count)
        block = far[: last - first]
        block[:] = 0.0
        for axis in range(len(columns)):
            add_distances(columns[axis, first:last], columns[axis, first + offset : last + offset], euclidean, block)
        if run or count_below(block, limit):
            for index in range(len(block)):
                if block[index] < limit:
                    run += 1
                elif run:
                    close(run, shortest, out)
                    run = 0
        first = last
    if run:
        close(run, shortest, out)


@static
def close(run, shortest, out):
    """Enter a line that has ended."""
    out[0] += run
    if run >= shortest:
        out[1] += run
        out[2] += 1
        out[3] = max(out[3], run)


@static
def diagonals(columns, limit, euclidean, nearest, shortest, first, last, out):
    """`diagonal` for a range of them, the first of all being ``nearest`` off the main one."""
    far = np.empty(BLOCK)
    for index in range(first, last):
        diagonal(columns, limit, euclidean, nearest + index, shortest, far, out[index])
