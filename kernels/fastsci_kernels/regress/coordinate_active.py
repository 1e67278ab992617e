"""Solve on the coefficients that are not zero, with their signs held: what sweeps alone find slowly.

On one support and one choice of signs the objective is a quadratic, whose minimum is one symmetric solve away.  The
inverse of the support's Gram matrix is kept and changed by rank one as features enter and leave (Osborne, Presnell
and Turlach, 2000); the way to the minimum bends where a coefficient reaches zero, and that feature leaves.
"""

from fastsci_kernels.regress.coordinate_gram import subtract
from fastsci_kernels.static import static

FLOOR = 1e-11  # of a feature's square, added to it: columns may depend on one another


@static
def enter(gram, ridge, inverse, support, place, held, j, scratch):
    """Add feature ``j`` to the support; ``ridge`` is its own."""
    row = gram[j]
    column = scratch[:held]
    column[:] = 0.0
    for a in range(held):
        subtract(column, -row[support[a]], inverse[a, :held])
    left = row[j] * (1.0 + FLOOR) + ridge
    for a in range(held):
        left -= row[support[a]] * column[a]
    left = max(left, FLOOR * row[j])
    for a in range(held):
        share = column[a] / left
        subtract(inverse[a, :held], -share, column)
        inverse[a, held] = -share
        inverse[held, a] = -share
    inverse[held, held] = 1.0 / left
    support[held] = j
    place[j] = held
    return held + 1


@static
def leave(inverse, support, place, held, a, scratch):
    """Take the feature at place ``a`` out of the support; the last one moves to its place."""
    last = held - 1
    column = scratch[:held]
    column[:] = inverse[a, :held]
    own = column[a]
    for b in range(held):
        if b != a:
            subtract(inverse[b, :held], column[b] / own, column)
    place[support[a]] = -1
    if a != last:
        inverse[a, :last] = inverse[last, :last]
        inverse[a, a] = inverse[last, last]
        for b in range(last):
            inverse[b, a] = inverse[a, b]
        support[a] = support[last]
        place[support[a]] = a
    return last


@static
def differences(coef, place, held):
    """How many features would enter or leave for the support to be that of the coefficients, and its size."""
    size, common = 0, 0
    for j in range(len(coef)):
        if coef[j] != 0.0:
            size += 1
            common += 1 if place[j] >= 0 else 0
    return size + held - 2 * common, size


@static
def agree(gram, weight, ridge, coef, inverse, support, place, sign, held, scratch):
    """Make the support and its signs those of the coefficients."""
    for a in range(held - 1, -1, -1):
        if coef[support[a]] == 0.0:
            held = leave(inverse, support, place, held, a, scratch)
    for j in range(len(coef)):
        if coef[j] != 0.0:
            sign[j] = 1.0 if coef[j] > 0.0 else -1.0
            if place[j] < 0:
                held = enter(gram, ridge * weight[j], inverse, support, place, held, j, scratch)
    return held


@static
def bend(weight, level, ridge, coef, gradient, inverse, support, place, sign, held, way, scratch):
    """Move the coefficients to the minimum on the support, dropping what reaches zero; the support's new size."""
    way[:held] = 0.0
    for a in range(held):
        j = support[a]
        subtract(way[:held], weight[j] * (level * sign[j] + ridge * coef[j]) - gradient[j], inverse[a, :held])
    while True:
        share, first = 1.0, -1
        for a in range(held):
            j = support[a]
            if sign[j] * (coef[j] + way[a]) < 0.0:
                here = -coef[j] / way[a]
                if here < share or first < 0:
                    share, first = here, a
        for a in range(held):
            coef[support[a]] += share * way[a]
            way[a] *= 1.0 - share
        if first < 0:
            return held
        coef[support[first]] = 0.0
        factor = way[first] / inverse[first, first]
        subtract(way[:held], factor, inverse[first, :held])
        way[first] = way[held - 1]
        held = leave(inverse, support, place, held, first, scratch)


@static
def invite(gram, weight, level, ridge, positive, gradient, inverse, support, place, sign, held, most, scratch):
    """Let features enter whose gradient is beyond their penalty, if they are not too many; the support's new size."""
    count = 0
    for j in range(len(gradient)):
        beyond = gradient[j] if positive else abs(gradient[j])
        count += 1 if place[j] < 0 and beyond > level * weight[j] else 0
    if count > most:
        return held
    for j in range(len(gradient)):
        beyond = gradient[j] if positive else abs(gradient[j])
        if place[j] < 0 and beyond > level * weight[j]:
            sign[j] = 1.0 if gradient[j] > 0.0 else -1.0
            held = enter(gram, ridge * weight[j], inverse, support, place, held, j, scratch)
    return held
