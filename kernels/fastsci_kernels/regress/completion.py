"""The best one, two or three columns to complete a regression, found by looking at all of them."""

from __future__ import annotations

import math

from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.numbers.memory import any_lane, load, number
from fastsci_kernels.static import static

BITS, WIDTH = 64, 8
DEPENDENT = 1e-12  # share of a unit column beyond which its part orthogonal to others is rounding


@static
def complete(gram, cross, square, forced, n_forced, free, n_free, take, best, support, size, work):
    """Improve ``best[0]`` and ``support`` by models of all forced columns and ``take`` (0 to 3) of the free ones.

    Forced columns that depend on those before them are dropped from the list, which spans the same without them.
    ``gram`` has a diagonal of about 1; ``best[0]`` is the least squared residual so far, of the columns
    ``support[:size]``, where -1 fills up.  ``work`` holds rows of the width of the Gram matrix.  Returns whether
    something better was found.
    """
    factor, rotated, rows = work[:size], work[size], work[size + 1 :]
    left = square
    row = 0
    for place in range(n_forced):
        column = forced[place]
        value = cross[column]
        beyond = gram[column, column]
        for before in range(row):
            product = gram[column, forced[before]]
            for earlier in range(before):
                product -= factor[row, earlier] * factor[before, earlier]
            factor[row, before] = product / factor[before, before]
            value -= factor[row, before] * rotated[before]
            beyond -= factor[row, before] * factor[row, before]
        if beyond > DEPENDENT:
            forced[row] = column
            factor[row, row] = math.sqrt(beyond)
            rotated[row] = value / factor[row, row]
            left -= rotated[row] * rotated[row]
            row += 1
    n_forced = row
    if left >= best[0] and take == 0:
        return False
    least = min(best[0], left)
    first, second, third = -1, -1, -1
    if take > 0:
        share, length, names = rows[n_forced], rows[n_forced + 1], rows[n_forced + 2]
        cosines = rows[n_forced + 5 :]
        kept = _orthogonalise(gram, cross, forced, n_forced, free, n_free, factor, rotated, rows, share, length, names)
        for place in range(kept):
            if left - share[place] * share[place] < least:
                least = left - share[place] * share[place]
                first = place
        if take > 1:
            for one in range(kept - 1):
                _cosines(gram, n_forced, rows, length, names, one, kept, cosines[one])
            for one in range(kept - 1):
                other, reached = _best_partner(cosines[one], share, left, least, one, kept)
                if other >= 0:
                    least, first, second = reached, one, other
        if take > 2:
            lanes = rows[n_forced + 3 :]
            scale, beside = lanes[0], lanes[1]
            for one in range(kept - 2):
                _without(cosines[one], share, one, kept, scale, beside)
                reached = left - share[one] * share[one]
                for other in range(one + 1, kept - 1):
                    mine, unit = beside[other], scale[other]
                    wanted = reached - least - mine * mine
                    # Of the columns up to this one nothing is left, so that whole blocks can be looked at.
                    scale[other], beside[other] = 0.0, 0.0
                    if _any_third(lanes, one, other, kept, mine, unit, wanted):
                        last, value = _best_third(cosines, one, other, kept, scale, beside, mine, unit, reached, least)
                        if last >= 0:
                            least, first, second, third = value, one, other, last
        first = int(names[first]) if first >= 0 else -1
        second = int(names[second]) if second >= 0 else -1
        third = int(names[third]) if third >= 0 else -1
    if least >= best[0]:
        return False
    best[0] = least
    for place in range(size):
        support[place] = forced[place] if place < n_forced else -1
    if first >= 0:
        support[n_forced] = first
    if second >= 0:
        support[n_forced + 1] = second
    if third >= 0:
        support[n_forced + 2] = third
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
def _best_partner(angle, share, left, least, one, kept):
    """The column after ``one`` that brings the residual furthest below ``least`` with it, or -1, and the residual."""
    mine = share[one]
    wanted = left - least - mine * mine
    hits = 0
    # Without a division or a branch, so that this runs on lanes; nearly always there is none.
    for other in range(one + 1, kept):
        apart = share[other] - angle[other] * mine
        hits += apart * apart > wanted * (1.0 - angle[other] * angle[other])
    found = -1
    if hits:
        for other in range(one + 1, kept):
            room = 1.0 - angle[other] * angle[other]
            if room > DEPENDENT:
                apart = share[other] - angle[other] * mine
                reached = left - mine * mine - apart * apart / room
                if reached < least:
                    found, least = other, reached
    return found, least


@static
def _without(angle, share, one, kept, scale, beside):
    """Columns after ``one`` less their part along it: factors that make them of unit length, and their shares."""
    for other in range(scale.size):
        scale[other], beside[other] = 0.0, 0.0
    for other in range(one + 1, kept):
        room = 1.0 - angle[other] * angle[other]
        if room > DEPENDENT:
            scale[other] = 1.0 / math.sqrt(room)
            beside[other] = (share[other] - angle[other] * share[one]) * scale[other]


@static
def _any_third(lanes, one, other, kept, mine, unit, wanted):
    """Whether a column after ``other`` brings the residual low enough with it; rows: factors, shares, cosines."""
    slope = number(lanes[2 + one, other], BITS, WIDTH)
    mine, unit, wanted = number(mine, BITS, WIDTH), number(unit, BITS, WIDTH), number(wanted, BITS, WIDTH)
    none = number(0.0, BITS, WIDTH)
    whole = number(1.0, BITS, WIDTH)
    hits = none
    for block in range((other + 1) // WIDTH, (kept + WIDTH - 1) // WIDTH):
        column = block * WIDTH
        cosine = load(lanes, 2 + other, column, WIDTH) - slope * load(lanes, 2 + one, column, WIDTH)
        cosine = cosine * (unit * load(lanes, 0, column, WIDTH))
        apart = load(lanes, 1, column, WIDTH) - cosine * mine
        hits = where(apart * apart > wanted * (whole - cosine * cosine), whole, hits)
    return any_lane(hits > none)


@static
def _best_third(cosines, one, other, kept, scale, beside, mine, unit, left, least):
    """As `_best_partner`, of ``other`` among the columns less their part along ``one``."""
    along, angle = cosines[one], cosines[other]
    found = -1
    for last in range(other + 1, kept):
        cosine = (angle[last] - along[other] * along[last]) * (unit * scale[last])
        room = 1.0 - cosine * cosine
        if room > DEPENDENT:
            apart = beside[last] - cosine * mine
            reached = left - mine * mine - apart * apart / room
            if reached < least:
                found, least = last, reached
    return found, least
