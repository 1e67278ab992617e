"""Coordinate descent for the elastic net on a design of compressed sparse columns, by its residual.

The design may have a few dense directions taken out of it (the mean, columns without a penalty) without becoming
dense: with an orthonormal ``Q (n, k)`` and ``B = X'Q``, a column of ``X - QB'`` has the product ``X_j'r0 + B_j s``
with the residual ``r = r0 + Q s``, of which ``r0`` alone has ``n`` numbers that change.
"""

from fastsci_kernels.regress.coordinate_gram import shrink
from fastsci_kernels.static import static


@static
def product(data, rows, starts, j, removed, shift, residual):
    """Product of one column with the residual."""
    a, b = 0.0, 0.0
    begin, end = starts[j], starts[j + 1]
    even = end - (end - begin) % 2
    for i in range(begin, even, 2):
        a += data[i] * residual[rows[i]]
        b += data[i + 1] * residual[rows[i + 1]]
    if even < end:
        a += data[even] * residual[rows[even]]
    for k in range(len(shift)):
        b += removed[j, k] * shift[k]
    return a + b


@static
def products(data, rows, starts, removed, shift, residual, first, last, out):
    """Products of a range of columns."""
    for j in range(first, last):
        out[j] = product(data, rows, starts, j, removed, shift, residual)


@static
def products_of(data, rows, starts, chosen, removed, shift, residual, first, last, out):
    """Products of the columns listed in ``chosen``."""
    for i in range(first, last):
        out[i] = product(data, rows, starts, chosen[i], removed, shift, residual)


@static
def move(data, rows, starts, j, step, removed, shift, residual):
    """Take a multiple of a column from the residual."""
    for i in range(starts[j], starts[j + 1]):
        residual[rows[i]] -= step * data[i]
    for k in range(len(shift)):
        shift[k] += step * removed[j, k]


@static
def sweep(data, rows, starts, chosen, count, squares, weight, level, ridge, positive, removed, shift, coef, residual):
    """Minimise along each of the chosen coordinates in turn; how many moved."""
    moved = 0
    for place in range(count):
        j = chosen[place]
        own = squares[j]
        old = coef[j]
        near = product(data, rows, starts, j, removed, shift, residual)
        new = shrink(near + own * old, level * weight[j], positive)
        if new != 0.0:
            new /= own + ridge * weight[j]
        if new != old:
            coef[j] = new
            move(data, rows, starts, j, new - old, removed, shift, residual)
            moved += 1
    return moved


@static
def residual_of(data, rows, starts, chosen, count, removed, target, coef, shift, residual):
    """The residual of some coefficients, anew."""
    residual[:] = target
    shift[:] = 0.0
    for place in range(count):
        j = chosen[place]
        if coef[j] != 0.0:
            move(data, rows, starts, j, coef[j], removed, shift, residual)


@static
def objective(residual, basis, shift, chosen, count, weight, level, ridge, coef):
    """The primal objective."""
    fit, size, length = 0.0, 0.0, 0.0
    for i in range(len(residual)):
        own = residual[i]
        for k in range(len(shift)):
            own += basis[k, i] * shift[k]
        fit += own * own
    for place in range(count):
        j = chosen[place]
        size += weight[j] * abs(coef[j])
        length += weight[j] * coef[j] * coef[j]
    return 0.5 * fit + level * size + 0.5 * ridge * length
