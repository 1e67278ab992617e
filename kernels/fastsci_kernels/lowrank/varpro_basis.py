"""Exponentials over a set of times, and what is left of data when they are taken out of it.

Columns of the basis lie along rows in memory, one time after another, in rows of a whole number of lanes and by fours;
times that only fill up have a weight of 0.  A pair is the two real columns of one complex rate.
"""

import math

# Numba passes the first argument of an intrinsic, and its functions for lanes bind themselves when imported.
from fastsci_kernels.numbers import functions  # noqa: F401  (exponential, cosine and sine of lanes)
from fastsci_kernels.numbers.blocks import subtract_products
from fastsci_kernels.numbers.memory import lane, load, number, store
from fastsci_kernels.regress.cholesky import factorise, solve
from fastsci_kernels.static import static

BITS, WIDTH = 64, 8
ROWS = 4  # of a block
GOOD_SHARE = 0.05  # of a column that those before it leave: above, products of columns are as good as a QR factor
SHIFT = 1e-13  # share of a column added to its square where columns depend on one another as far as squares tell
PASSES = 6
FADED = 1e-50  # norm of a column, at most 1 over all times, that has none at those of a subset
LEAST = 1e-12  # of a column that is left by those before it, beyond which it is rounding


@static
def exponentials(rates, n_pairs, n_reals, times, weights, length, parts, columns):
    """Columns of the basis at ``times (length,)``, each at most 1 over the times from -1 to 1.

    Of a pair ``a, b`` with ``z = exp((a + i b) t)`` the columns are Re z and -Im z; in a second part of the rows, for
    the imaginary part of complex data, Im z and Re z.
    """
    for pair in range(n_pairs):
        rate, turn = number(rates[2 * pair], BITS, WIDTH), number(rates[2 * pair + 1], BITS, WIDTH)
        most = number(abs(rates[2 * pair]), BITS, WIDTH)
        for place in range(0, length, WIDTH):
            time = load(times, 0, place, WIDTH)
            size = math.exp(rate * time - most) * load(weights, 0, place, WIDTH)
            real, imaginary = size * math.cos(turn * time), size * math.sin(turn * time)
            store(columns, 2 * pair, place, real)
            store(columns, 2 * pair + 1, place, -imaginary)
            if parts == 2:
                store(columns, 2 * pair, length + place, imaginary)
                store(columns, 2 * pair + 1, length + place, real)
    for j in range(2 * n_pairs, 2 * n_pairs + n_reals):
        rate, most = number(rates[j], BITS, WIDTH), number(abs(rates[j]), BITS, WIDTH)
        for place in range(0, length, WIDTH):
            size = math.exp(rate * load(times, 0, place, WIDTH) - most)
            store(columns, j, place, size * load(weights, 0, place, WIDTH))


@static
def total(lanes):
    """The sum of the lanes, halves added to halves."""
    return ((lane(lanes, 0) + lane(lanes, 4)) + (lane(lanes, 2) + lane(lanes, 6))) + (
        (lane(lanes, 1) + lane(lanes, 5)) + (lane(lanes, 3) + lane(lanes, 7))
    )


@static
def products(left, right, n_left, n_right, symmetric, out):
    """``out[i, j] = sum_t left[i, t] right[j, t]``; with ``symmetric`` half of it is found and the rest is its mirror.

    Numbers of rows are rounded up to blocks of four of the left and two of the right.
    """
    for i in range(0, n_left, ROWS):
        for j in range(i if symmetric else 0, n_right, 2):
            a0, a1, a2, a3 = (
                number(0.0, BITS, WIDTH), number(0.0, BITS, WIDTH), number(0.0, BITS, WIDTH), number(0.0, BITS, WIDTH)
            )  # fmt: skip
            b0, b1, b2, b3 = a0, a1, a2, a3
            for place in range(0, left.shape[1], WIDTH):
                first, second = load(right, j, place, WIDTH), load(right, j + 1, place, WIDTH)
                value = load(left, i, place, WIDTH)
                a0, b0 = a0 + value * first, b0 + value * second
                value = load(left, i + 1, place, WIDTH)
                a1, b1 = a1 + value * first, b1 + value * second
                value = load(left, i + 2, place, WIDTH)
                a2, b2 = a2 + value * first, b2 + value * second
                value = load(left, i + 3, place, WIDTH)
                a3, b3 = a3 + value * first, b3 + value * second
            out[i, j], out[i, j + 1] = total(a0), total(b0)
            out[i + 1, j], out[i + 1, j + 1] = total(a1), total(b1)
            out[i + 2, j], out[i + 2, j + 1] = total(a2), total(b2)
            out[i + 3, j], out[i + 3, j + 1] = total(a3), total(b3)
    if symmetric:
        for i in range(n_left):
            for j in range(i):
                out[i, j] = out[j, i]


@static
def copy(rows, n_rows, out):
    """The first rows of a matrix, all of each.  (What assigns slices takes seconds to compile.)"""
    for i in range(n_rows):
        for j in range(rows.shape[1]):
            out[i, j] = rows[i, j]


@static
def squares(rows, n_rows):
    """The sum of the squares of rows."""
    found = 0.0
    for i in range(n_rows):
        lanes = number(0.0, BITS, WIDTH)
        for place in range(0, rows.shape[1], WIDTH):
            value = load(rows, i, place, WIDTH)
            lanes = lanes + value * value
        found += total(lanes)
    return found


@static
def divide(columns, factor, n):
    """Columns times the inverse of a triangular factor ``U``, in their place."""
    length = columns.shape[1]
    for top in range(0, n, ROWS):
        subtract_products(columns, top, factor, columns, 0, top, 0, length)
        for row in range(top, min(top + ROWS, n)):
            for above in range(top, row):
                share = factor[above, row]
                for place in range(length):
                    columns[row, place] -= share * columns[above, place]
            reciprocal = 1.0 / factor[row, row]
            for place in range(length):
                columns[row, place] *= reciprocal


@static
def orthogonalise(columns, n, gram, factor, whole, diagonal, norms):
    """Make columns that are close to orthogonal of any that are not, in their place; False where they are dependent.

    ``factor`` comes to hold the Cholesky factor of the products of the columns that are left, and ``whole (n, n)`` the
    upper triangle that makes the given columns of them.  Columns are divided by factors of their own products until
    these are good ones (shifted Cholesky QR: Fukaya et al., SIAM J. Sci. Comput. 42, 2020).
    """
    for row in range(n):
        for column in range(n):
            whole[row, column] = 1.0 if row == column else 0.0
    for attempt in range(PASSES):
        products(columns, columns, n, n, True, gram)
        if attempt == 0:
            for row in range(n):
                norms[row] = math.sqrt(gram[row, row])
                if norms[row] < FADED:
                    return False
        copy(gram, n, factor)
        regular = factorise(factor, diagonal, n)
        good = regular
        for row in range(n):
            good = good and factor[row, row] * factor[row, row] >= GOOD_SHARE * diagonal[row]
        if good:
            for row in range(n):
                good = good and factor[row, row] * whole[row, row] > LEAST * norms[row]
            return good
        if not regular:
            copy(gram, n, factor)
            for row in range(n):
                factor[row, row] *= 1.0 + SHIFT * n
            if not factorise(factor, diagonal, n):
                return False
        divide(columns, factor, n)
        for row in range(n):
            for column in range(row, n):
                value = 0.0
                for k in range(row, column + 1):
                    value += factor[row, k] * whole[k, column]
                # Row after row, each from those below, which are still as they were.
                whole[row, column] = value
    return False


@static
def residual_of(columns, n, factor, data, n_data, coefs, turned, residual):
    """Data less what the columns make of it, and the sum of squares of that.

    Columns are good ones with their ``factor``; ``coefs (n, n_data)`` are of them, and ``turned`` their transpose.
    """
    products(data, columns, n_data, n, False, turned)
    for j in range(n_data):
        solve(factor, turned[j], n)
        for i in range(n):
            coefs[i, j] = turned[j, i]
    copy(data, n_data, residual)
    for top in range(0, n_data, ROWS):
        subtract_products(residual, top, coefs, columns, 0, n, 0, columns.shape[1])
    return squares(residual, n_data)
