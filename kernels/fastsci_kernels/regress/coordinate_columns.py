"""Products of the columns of a stored design with a residual: all of them, or those that could matter.

With the products ``X'r0`` of an earlier residual known, ``r = along r0 + e`` leaves each product within
``|X_j| |e|`` of ``along X_j'r0``.  Columns whose product is thereby below a limit are not read: along a path of
penalties these are nearly all, and what is said of them is proven, up to rounding that ``distance`` must cover.
"""

# Numba passes the first argument of an intrinsic.

from fastsci_kernels.numbers import arithmetic  # noqa: F401 (binds the operators of lanes)
from fastsci_kernels.numbers.memory import lane, load, number
from fastsci_kernels.static import static

WIDTH = 8
STRIDE = 32  # four registers, since each sum waits for the one before


@static
def product(columns, j, residual):
    """``X_j'r`` of a column, stored as row ``j`` of ``columns (p, n)``, and ``residual (1, n)``."""
    count = columns.shape[1]
    a, b, c, d = number(0.0, 64, 8), number(0.0, 64, 8), number(0.0, 64, 8), number(0.0, 64, 8)
    whole = count - count % STRIDE
    for i in range(0, whole, STRIDE):
        a = a + load(columns, j, i, 8) * load(residual, 0, i, 8)
        b = b + load(columns, j, i + 8, 8) * load(residual, 0, i + 8, 8)
        c = c + load(columns, j, i + 16, 8) * load(residual, 0, i + 16, 8)
        d = d + load(columns, j, i + 24, 8) * load(residual, 0, i + 24, 8)
    sums = (a + b) + (c + d)
    total = 0.0
    for i in range(WIDTH):
        total += lane(sums, i)
    for i in range(whole, count):
        total += columns[j, i] * residual[0, i]
    return total


@static
def products(columns, residual, first, last, out):
    """All products of a range of columns."""
    for j in range(first, last):
        out[j] = product(columns, j, residual)


@static
def doubtful(known, along, norms, distance, limits, positive, out):
    """List the columns whose product could exceed its limit; how many."""
    count = 0
    for j in range(len(known)):
        middle = along * known[j]
        if not positive:
            middle = abs(middle)
        if middle + norms[j] * distance > limits[j]:
            out[count] = j
            count += 1
    return count


@static
def products_of(columns, chosen, residual, first, last, out):
    """Products of the columns listed in ``chosen``."""
    for i in range(first, last):
        out[i] = product(columns, chosen[i], residual)


@static
def sum_of(lanes, columns, j, others, k, begin):
    """The sum of all lanes, and of the products of two columns from ``begin`` on."""
    total = 0.0
    for i in range(WIDTH):
        total += lane(lanes, i)
    for i in range(begin, columns.shape[1]):
        total += columns[j, i] * others[k, i]
    return total


@static
def products_with(columns, others, first, last, out):
    """Products of a range of columns with all ``others``, as ``out[k, j]``: each is summed in one order always.

    Two columns and four others are read at a time, so that each number read serves several sums; at the ends, the
    last ones stand in for those that are missing.
    """
    count, whole = len(others), columns.shape[1] - columns.shape[1] % WIDTH
    for j in range(first, last, 2):
        next_j = min(j + 1, last - 1)
        for k in range(0, count, 4):
            k1, k2, k3 = min(k + 1, count - 1), min(k + 2, count - 1), min(k + 3, count - 1)
            a0, a1, a2, a3 = number(0.0, 64, 8), number(0.0, 64, 8), number(0.0, 64, 8), number(0.0, 64, 8)
            b0, b1, b2, b3 = number(0.0, 64, 8), number(0.0, 64, 8), number(0.0, 64, 8), number(0.0, 64, 8)
            for i in range(0, whole, WIDTH):
                a, b = load(columns, j, i, 8), load(columns, next_j, i, 8)
                c = load(others, k, i, 8)
                a0 = a0 + a * c
                b0 = b0 + b * c
                c = load(others, k1, i, 8)
                a1 = a1 + a * c
                b1 = b1 + b * c
                c = load(others, k2, i, 8)
                a2 = a2 + a * c
                b2 = b2 + b * c
                c = load(others, k3, i, 8)
                a3 = a3 + a * c
                b3 = b3 + b * c
            out[k, j] = sum_of(a0, columns, j, others, k, whole)
            out[k1, j] = sum_of(a1, columns, j, others, k1, whole)
            out[k2, j] = sum_of(a2, columns, j, others, k2, whole)
            out[k3, j] = sum_of(a3, columns, j, others, k3, whole)
            out[k, next_j] = sum_of(b0, columns, next_j, others, k, whole)
            out[k1, next_j] = sum_of(b1, columns, next_j, others, k1, whole)
            out[k2, next_j] = sum_of(b2, columns, next_j, others, k2, whole)
            out[k3, next_j] = sum_of(b3, columns, next_j, others, k3, whole)


@static
def residual_of(columns, coef, target, residual):
    """The residual of some coefficients."""
    residual[:] = target
    for j in range(len(coef)):
        if coef[j] != 0.0:
            step = coef[j]
            for i in range(len(residual)):
                residual[i] -= step * columns[j, i]
