"""Best subsets by leaps and bounds: which columns leave the full regression, and which can not.

A node is a set of columns that may be used, of which some must be.  The residual of all its columns is a bound for
every subset; the inverse of its Gram matrix gives the bounds of all nodes with one column less at once.  Columns that
can not leave must stay; when three are left to choose, all are looked at.  The columns that may be used are kept
side by side, so that a node costs less the deeper it lies.
"""

from __future__ import annotations

import numpy as np

from fastsci_kernels.regress.completion import complete
from fastsci_kernels.static import static

LAST_CHOICE = 3


@static
def exchange(gram, cross, square, start, best, support, work):
    """Local search from ``start (size,)``: replace any two columns by the best two, while that helps."""
    size, n_features = start.size, gram.shape[0]
    if size == 0 or start[size - 1] < 0:
        return
    current = start.copy()
    found = start.copy()
    reached = np.full(1, np.inf)
    forced = np.empty(size, np.int64)
    free = np.empty(n_features, np.int64)
    complete(gram, cross, square, current, size, free, 0, 0, reached, found, size, work)
    better = found[size - 1] >= 0
    while better:
        better = False
        current[:] = found
        for one in range(size):
            for other in range(one if size == 1 else one + 1, size):
                n_forced = 0
                for place in range(size):
                    if place not in (one, other):
                        forced[n_forced] = current[place]
                        n_forced += 1
                n_free = 0
                for column in range(n_features):
                    inside = False
                    for place in range(n_forced):
                        inside = inside or forced[place] == column
                    if not inside:
                        free[n_free] = column
                        n_free += 1
                take = size - n_forced
                if complete(gram, cross, square, forced, n_forced, free, n_free, take, reached, found, size, work):
                    better = found[size - 1] >= 0
    if reached[0] < best[0]:
        best[0] = reached[0]
        support[:] = found


@static
def advance(gram, cross, square, tables, names, forced, counts, bounds, state, best, support, tolerance, budget, work):
    """Search on for ``budget`` nodes; ``state`` holds the level (-1 when all is searched) and the nodes so far.

    Level ``l`` of the stack has ``counts[l, 0]`` columns ``names[l]``, of which ``counts[l, 1]`` are marked in
    ``forced[l]``; ``tables[l]`` holds the inverse of their Gram matrix and, last, the coefficients; ``bounds[l]`` the
    squared residual.  What is not better than ``best[0]`` by more than ``tolerance`` is left out.
    """
    size = support.size
    inside = np.empty(gram.shape[0], np.int64)
    free = np.empty(gram.shape[0], np.int64)
    level = state[0]
    while level >= 0 and budget > 0:
        budget -= 1
        state[1] += 1
        room = best[0] - tolerance - bounds[level]
        n_columns = counts[level, 0]
        leaving, most = -1, -1.0
        if room > 0.0:
            table = tables[level]
            for row in range(n_columns):
                if not forced[level, row]:
                    coefficient = table[row, n_columns]
                    rise = coefficient * coefficient / table[row, row]
                    if rise >= room:
                        forced[level, row] = True
                        counts[level, 1] += 1
                    elif rise > most:
                        leaving, most = row, rise
        n_forced = counts[level, 1]
        if room <= 0.0 or n_forced > size:
            level -= 1
        elif n_columns <= size or leaving < 0 or size - n_forced <= LAST_CHOICE:
            whole = n_columns <= size
            n_inside, n_free = 0, 0
            for row in range(n_columns):
                if whole or forced[level, row]:
                    inside[n_inside] = names[level, row]
                    n_inside += 1
                else:
                    free[n_free] = names[level, row]
                    n_free += 1
            take = 0 if whole else size - n_forced
            complete(gram, cross, square, inside, n_inside, free, n_free, take, best, support, size, work)
            level -= 1
        else:
            _leave(tables, names, forced, counts, bounds, level, leaving)
            # When the search comes back to this level, all without this column has been seen.
            forced[level, leaving] = True
            counts[level, 1] += 1
            level += 1
    state[0] = level


@static
def _leave(tables, names, forced, counts, bounds, level, gone):
    """The next level of the stack: one column less, by a down-date of the upper half of the table."""
    size = counts[level, 0]
    table, child = tables[level], tables[level + 1]
    pivot = table[gone, gone]
    place = 0
    for row in range(size):
        if row != gone:
            names[level + 1, place] = names[level, row]
            forced[level + 1, place] = forced[level, row]
            entry = table[row, gone] if row < gone else table[gone, row]
            factor = entry / pivot
            for column in range(row, gone):
                child[place, column] = table[row, column] - factor * table[column, gone]
            for column in range(max(row, gone + 1), size + 1):
                child[place, column - 1] = table[row, column] - factor * table[gone, column]
            place += 1
    counts[level + 1, 0] = size - 1
    counts[level + 1, 1] = counts[level, 1]
    coefficient = table[gone, size]
    bounds[level + 1] = bounds[level] + coefficient * coefficient / pivot
