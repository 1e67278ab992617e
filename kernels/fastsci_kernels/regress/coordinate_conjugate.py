"""Conjugate gradients on the coefficients that are not zero, with their signs held, for a sparse design.

Near as many coefficients as samples, sweeps need hundreds of passes; the same quadratic by conjugate gradients (with
the columns' lengths as preconditioner) needs the square root of that.
"""

import numpy as np

from fastsci_kernels.regress.coordinate_sparse import move, objective, product, residual_of
from fastsci_kernels.static import static


@static
def solve_signs(
    data, rows, starts, support, squares, weight, level, ridge, removed, basis, shift, coef, residual, most, enough, way
):
    """Steps of conjugate gradients towards the minimum on the support: the way there, and how many."""
    size, count, width = len(support), len(residual), len(shift)
    left, ahead, pulled = np.empty(size), np.empty(size), np.empty(size)
    image, turn = np.empty(count), np.empty(width)
    way[:size] = 0.0
    product_old = 0.0
    for a in range(size):
        j = support[a]
        sign = 1.0 if coef[j] > 0.0 else -1.0
        near = product(data, rows, starts, j, removed, shift, residual)
        left[a] = near - weight[j] * (ridge * coef[j] + level * sign)
        ahead[a] = left[a] / (squares[j] + ridge * weight[j])
        product_old += left[a] * ahead[a]
    begin = product_old
    done = 0
    while done < most and product_old > enough * begin:
        image[:] = 0.0
        turn[:] = 0.0
        for a in range(size):
            move(data, rows, starts, support[a], -ahead[a], removed, turn, image)
        bending = 0.0
        for a in range(size):
            j = support[a]
            pulled[a] = product(data, rows, starts, j, removed, turn, image) + ridge * weight[j] * ahead[a]
            bending += pulled[a] * ahead[a]
        if not bending > 0.0:
            break
        step = product_old / bending
        product_new = 0.0
        for a in range(size):
            j = support[a]
            way[a] += step * ahead[a]
            left[a] -= step * pulled[a]
            product_new += left[a] * left[a] / (squares[j] + ridge * weight[j])
        ratio = product_new / product_old
        for a in range(size):
            j = support[a]
            ahead[a] = left[a] / (squares[j] + ridge * weight[j]) + ratio * ahead[a]
        product_old = product_new
        done += 1
    return done


@static
def take(data, rows, starts, support, weight, level, ridge, removed, basis, target, way, shift, coef, residual):
    """Go the way, with coefficients that would change sign put to zero, or only as far as none does."""
    size = len(support)
    old = np.empty(size)
    before = objective(residual, basis, shift, support, size, weight, level, ridge, coef)
    for a in range(size):
        old[a] = coef[support[a]]
    for attempt in range(2):
        share, first = 1.0, -1
        for a in range(size):
            if (old[a] + way[a]) * old[a] < 0.0 and -old[a] / way[a] < share:
                share, first = -old[a] / way[a], a
        for a in range(size):
            found = old[a] + (way[a] if attempt == 0 else share * way[a])
            coef[support[a]] = found if found * old[a] > 0.0 else 0.0
        if attempt == 1 and first >= 0:
            coef[support[first]] = 0.0
        residual_of(data, rows, starts, support, size, removed, target, coef, shift, residual)
        if objective(residual, basis, shift, support, size, weight, level, ridge, coef) < before:
            return True
    return False
