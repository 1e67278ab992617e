"""Conjugate gradients on the coefficients that are not zero, with their signs held, for a sparse design.

Near as many coefficients as samples, sweeps need hundreds of passes; the same quadratic by conjugate gradients (with
the columns' lengths as preconditioner) needs the square root of that.  The columns are those of the support alone.
"""

from fastsci_kernels.regress.coordinate_sparse import objective, products, residual_of, spread
from fastsci_kernels.static import static


@static
def begin(data, rows, starts, squares, weight, level, ridge, removed, shift, coef, residual, left, ahead):
    """The gradient with these signs, into ``left``, and the first direction, ``ahead``: their product."""
    products(data, rows, starts, squares, removed, shift, residual, 0, len(coef), left)
    total = 0.0
    for j in range(len(coef)):
        sign = 1.0 if coef[j] > 0.0 else -1.0
        left[j] -= weight[j] * (ridge * coef[j] + level * sign)
        ahead[j] = left[j] / (squares[j] + ridge * weight[j])
        total += left[j] * ahead[j]
    return total


@static
def step(data, rows, starts, squares, weight, ridge, removed, left, ahead, before, way, pulled, turn, image):
    """One step along ``way``, where the gradient's square was ``before``: what it is now, 0 where none is made."""
    image[:] = 0.0
    turn[:] = 0.0
    spread(data, rows, starts, ahead, removed, turn, image)
    products(data, rows, starts, squares, removed, turn, image, 0, len(way), pulled)
    bending = 0.0
    for j in range(len(way)):
        pulled[j] = ridge * weight[j] * ahead[j] - pulled[j]
        bending += pulled[j] * ahead[j]
    if not bending > 0.0:
        return 0.0
    share = before / bending
    after = 0.0
    for j in range(len(way)):
        way[j] += share * ahead[j]
        left[j] -= share * pulled[j]
        after += left[j] * left[j] / (squares[j] + ridge * weight[j])
    ratio = after / before
    for j in range(len(way)):
        ahead[j] = left[j] / (squares[j] + ridge * weight[j]) + ratio * ahead[j]
    return after


@static
def take(data, rows, starts, weight, level, ridge, removed, basis, target, way, shift, coef, residual):
    """Go the way, with coefficients that would change sign put to zero, or only as far as none does."""
    size = len(coef)
    old = coef.copy()
    before = objective(residual, basis, shift, target, weight, level, ridge, coef)
    for attempt in range(2):
        share, first = 1.0, -1
        for j in range(size):
            if (old[j] + way[j]) * old[j] < 0.0 and -old[j] / way[j] < share:
                share, first = -old[j] / way[j], j
        for j in range(size):
            found = old[j] + (way[j] if attempt == 0 else share * way[j])
            coef[j] = found if found * old[j] > 0.0 else 0.0
        if attempt == 1 and first >= 0:
            coef[first] = 0.0
        residual_of(data, rows, starts, removed, target, coef, shift, residual)
        if objective(residual, basis, shift, target, weight, level, ridge, coef) < before:
            return True
    return False
