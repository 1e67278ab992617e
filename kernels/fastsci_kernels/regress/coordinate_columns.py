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
