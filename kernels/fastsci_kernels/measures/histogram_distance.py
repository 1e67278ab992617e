"""The Kullback-Leibler divergence between the occupation of cells by one trajectory and by many others.

Cells that neither trajectory visits all hold the same share, so that their number is enough: memory grows with the
points, never with the cells, whatever the dimension.
"""

from __future__ import annotations

import math

import numpy as np

from fastsci_kernels.loops.batch import over
from fastsci_kernels.static import static

POINT_SECONDS = 2e-8  # one point's share of finding its cell and sorting it
CELLS_PER_POINT = 8  # so many are sorted by counting; where there are more, by comparison
OUTSIDE = -1


def divergences(
    truth: np.ndarray,
    generated: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    n_bins: int,
    alpha: float,
    first_bin: bool,
) -> np.ndarray:
    """KL(truth || generated) of occupation histograms with ``alpha`` added to every cell.

    Parameters
    ----------
    truth : ndarray, (n_times, dim)
    generated : ndarray, (n_members, n_generated, dim)
    low, high : ndarray, (dim,)
        The range that is divided into ``n_bins`` an axis; points outside it do not count, and ``high`` is outside.
    first_bin : bool
        Whether the first bin of each axis belongs to it.

    Returns
    -------
    ndarray, (n_members,)
        NaN where one of the two has no point inside.
    """
    own = np.empty(len(truth), np.int64)
    count = occupied(truth, low, high, n_bins, first_bin, own, room_to_count(len(truth), n_bins, truth.shape[1]))
    out = np.empty(len(generated))

    def work(first: int, last: int) -> None:
        compare(own[:count], generated, low, high, n_bins, alpha, first_bin, out, first, last)

    over(len(generated), work, generated.shape[1] * POINT_SECONDS)
    return out


@static
def room_to_count(n_points, n_bins, dim):
    """A count for each cell, or none where the cells are too many."""
    total = float(n_bins) ** dim
    return np.zeros(int(total) if total <= CELLS_PER_POINT * n_points else 0, np.int64)


@static
def occupied(points, low, high, n_bins, first_bin, cells, counts):
    """Write the cells of the points inside, sorted, to the front of ``cells``; their number."""
    count = 0
    for i in range(points.shape[0]):
        cell = 0
        for axis in range(points.shape[1]):
            position = n_bins * (points[i, axis] - low[axis]) / (high[axis] - low[axis])
            # A NaN, from a range of no width, fails this too.
            if not (position >= (0.0 if first_bin else 1.0) and position < n_bins):
                cell = OUTSIDE
                break
            cell = cell * n_bins + int(position)
        if cell != OUTSIDE:
            cells[count] = cell
            count += 1
    if counts.size:
        sort_by_counting(cells[:count], counts)
    else:
        cells[:count].sort()
    return count


@static
def sort_by_counting(cells, counts):
    """Sort in place; the counts are zero before and after."""
    for cell in cells:
        counts[cell] += 1
    place = 0
    for cell in range(counts.size):
        for _ in range(counts[cell]):
            cells[place] = cell
            place += 1
        counts[cell] = 0


@static
def compare(own, generated, low, high, n_bins, alpha, first_bin, out, first, last):
    """The divergence of the members ``first`` to ``last`` from the sorted cells of the truth."""
    cells = np.empty(generated.shape[1], np.int64)
    counts = room_to_count(generated.shape[1], n_bins, generated.shape[2])
    total = float(n_bins) ** generated.shape[2]
    for member in range(first, last):
        count = occupied(generated[member], low, high, n_bins, first_bin, cells, counts)
        if count == 0 or own.size == 0:
            out[member] = np.nan
        else:
            out[member] = relative_entropy(own, cells[:count], total, alpha)


@static
def relative_entropy(own, others, total, alpha):
    """Sum of p log(p / q) over ``total`` cells, of which two sorted lists name the occupied ones."""
    # With one denominator each, the quotient of two shares is that of the counts times a constant.
    own_weight = own.size + alpha * total
    other_weight = others.size + alpha * total
    log_weights = math.log(other_weight / own_weight)
    i, j, visited = 0, 0, 0
    divergence = 0.0
    while i < own.size or j < others.size:
        own_first = j == others.size or (i < own.size and own[i] <= others[j])
        cell = own[i] if own_first else others[j]
        here, there = 0, 0
        while i < own.size and own[i] == cell:
            i += 1
            here += 1
        while j < others.size and others[j] == cell:
            j += 1
            there += 1
        visited += 1
        if here == there:
            divergence += (here + alpha) * log_weights
        elif here + alpha > 0.0:
            divergence += (here + alpha) * (math.log((here + alpha) / (there + alpha)) + log_weights)
    return (divergence + (total - visited) * alpha * log_weights) / own_weight
