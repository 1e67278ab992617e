"""The best one or two columns to complete a regression, found by looking at all of them."""

from __future__ import annotations

import math

import numpy as np

from fastsci_kernels.static import static

DEPENDENT = 1e-13  # share of a unit column beyond which its part orthogonal to others is rounding


@static
def complete(gram, cross, square, forced, n_forced, free, n_free, take, best, support, size, work):
    """Improve ``best[0]`` and ``support`` by models of all forced columns and ``take`` (0, 1, 2) of the free ones.

    ``gram`` has a diagonal of about 1; ``best[0]`` is the least squared residual so far, of the columns
    ``support[:size]``, where -1 fills up.  ``work`` holds rows of the width of the Gram matrix.  Returns whether
    something better was found.
    """
    factor, rotated = work[: n_forced + 1], work[n_forced + 1]
    left = square
    for row in range(n_forced):
        value = cross[forced[row]]
        for before in range(row):
            product = gram[forced[row], forced[before]]
            for column in range(before):
                product -= factor[row, column] * factor[before, column]
            factor[row, before] = product / factor[before, before]
            value -= factor[row, before] * rotated[before]
        beyond = gram[forced[row], forced[row]]
        for column in range(row):
            beyond -= factor[row, column] * factor[row, column]
        if beyond <= DEPENDENT:
            return False
        factor[row, row] = math.sqrt(beyond)
        rotated[row] = value / factor[row, row]
        left -= rotated[row] * rotated[row]
    first, second = -1, -1
    least = best[0]
    if left < least:
        least = left
    elif take == 0:
        return False
    if take > 0:
        rows = work[n_forced + 2 :]
        share, length, names = rows[n_forced], rows[n_forced + 1], rows[n_forced + 2]
        kept = _orthogonalise(gram, cross, forced, n_forced, free, n_free, factor, rotated, rows, share, length, names)
        for place in range(kept):
            if left - share[place] * share[place] < least:
                least = left - share[place] * share[place]
                first = int(names[place])
        if take > 1:
            angle = rows[n_forced + 3]
            for one in range(kept - 1):
                _cosines(gram, n_forced, rows, length, names, one, kept, angle)
                if _any_pair(share, angle, one, kept, left - least):
                    for other in range(one + 1, kept):
                        room = 1.0 - angle[other] * angle[other]
                        if room > DEPENDENT:
                            apart = share[other] - angle[other] * share[one]
                            reached = left - share[one] * share[one] - apart * apart / room
                            if reached < least:
                                least = reached
                                first, second = int(names[one]), int(names[other])
    if least >= best[0]:
        return False
    best[0] = least
    for place in range(size):
        support[place] = forced[place] if place < n_forced else -1
    if first >= 0:
        support[n_forced] = first
    if second >= 0:
        support[n_forced + 1] = second
    return True


@static
def _orthogonalise(gram, cross, forced, n_forced, free, n_free, factor, rotated, rows, share, length, names):
    """Free columns less their part along the forced ones: shares of the target per unit of what is left of each."""
    kept = 0
    for place in range(n_free):
        column = free[place]
        beyond = gram[column, column]
        value = cross[column]
        for row in range(n_forced):
            product = gram[forced[row], column]
            for before in range(row):
                product -= factor[row, before] * rows[before, kept]
            product /= factor[row, row]
            rows[row, kept] = product
            beyond -= product * product
            value -= product * rotated[row]
        if beyond > DEPENDENT:
            length[kept] = 1.0 / math.sqrt(beyond)
            share[kept] = value * length[kept]
            names[kept] = column
            kept += 1
    return kept


@static
def _cosines(gram, n_forced, rows, length, names, one, kept, angle):
    """Cosines between what is left of one free column and of those after it."""
    row = gram[int(names[one])]
    for other in range(one + 1, kept):
        angle[other] = row[int(names[other])]
    for before in range(n_forced):
        factor = rows[before, one]
        for other in range(one + 1, kept):
            angle[other] -= factor * rows[before, other]
    for other in range(one + 1, kept):
        angle[other] *= length[one] * length[other]


@static
def _any_pair(share, angle, one, kept, wanted):
    """Whether a pair explains more than ``wanted``, without a division or a branch so that it runs on lanes."""
    hits = 0
    mine = share[one]
    for other in range(one + 1, kept):
        apart = share[other] - angle[other] * mine
        hits += apart * apart > (wanted - mine * mine) * (1.0 - angle[other] * angle[other])
    return hits > 0
