"""The Gauss-Newton system of exponentials whose coefficients are solved for: variable projection, to the letter.

With the basis Phi, its derivative by a rate ``T Phi E`` (T the times, E with one or two entries), coefficients B and
residual R, the residual's derivative is ``-P T Phi E B - pinv(Phi)' E' Phi' T R`` (Golub & Pereyra 1973), where P takes
out the columns of Phi.  Its two parts are orthogonal to one another and the second one to R, and products of each are
products of small matrices: the Jacobian, with as many rows as there are data, is never formed.
"""

from fastsci_kernels.lowrank.varpro_basis import products
from fastsci_kernels.static import static


@static
def normal_equations(
    columns, n, n_pairs, times, factor, whole, residual, n_data, coefs, turned, moved, work, matrix, right
):
    """``matrix (n, n)`` and ``right (n,)`` of the step, and in ``coefs`` the coefficients of the exponentials.

    On entry ``coefs`` are those of ``columns``, of which the exponentials are ``columns @ whole``; ``moved`` is memory
    like ``columns``, ``work`` six matrices.
    """
    length = columns.shape[1]
    for row in range(n):
        for place in range(length):
            moved[row, place] = times[0, place] * columns[row, place]
    first, second, outside, inverse, ours, theirs = work[0], work[1], work[2], work[3], work[4], work[5]
    products(moved, moved, n, n, True, second)
    products(moved, columns, n, n, True, first)
    products(residual, moved, n_data, n, False, turned)
    _take_out(first, factor, n, second)
    _with_whole(second, whole, n, outside)
    _inverse(factor, whole, n, first, second, inverse)
    for j in range(n_data):
        for row in range(n - 1, -1, -1):
            value = coefs[row, j]
            for column in range(row + 1, n):
                value -= whole[row, column] * coefs[column, j]
            coefs[row, j] = value / whole[row, row]
        for row in range(n - 1, -1, -1):
            value = 0.0
            for k in range(row + 1):
                value += whole[k, row] * turned[j, k]
            turned[j, row] = value
    for row in range(n):
        for column in range(n):
            a, b = 0.0, 0.0
            for j in range(n_data):
                a += coefs[row, j] * coefs[column, j]
                b += turned[j, row] * turned[j, column]
            ours[row, column], theirs[row, column] = a, b
    _assemble(outside, ours, inverse, theirs, n, n_pairs, matrix)
    for i in range(n):
        value = 0.0
        for j in range(n_data):
            if i >= 2 * n_pairs:
                value += coefs[i, j] * turned[j, i]
            elif i % 2 == 0:
                value += coefs[i, j] * turned[j, i] + coefs[i + 1, j] * turned[j, i + 1]
            else:
                value += coefs[i - 1, j] * turned[j, i] - coefs[i, j] * turned[j, i - 1]
        right[i] = value


@static
def _take_out(first, factor, n, second):
    """Of products ``second`` of the derivatives what is outside of the columns: less ``first' inv(U' U) first``."""
    for column in range(n):
        for row in range(n):
            value = first[row, column]
            for k in range(row):
                value -= factor[k, row] * first[k, column]
            first[row, column] = value / factor[row, row]
    for row in range(n):
        for column in range(row, n):
            value = second[row, column]
            for k in range(n):
                value -= first[k, row] * first[k, column]
            second[row, column] = value
            second[column, row] = value


@static
def _with_whole(matrix, whole, n, out):
    """``whole' matrix whole`` of a symmetric matrix, which is lost."""
    for row in range(n):
        for column in range(n - 1, -1, -1):
            value = 0.0
            for k in range(column + 1):
                value += matrix[row, k] * whole[k, column]
            matrix[row, column] = value
    for row in range(n):
        for column in range(n):
            value = 0.0
            for k in range(row + 1):
                value += whole[k, row] * matrix[k, column]
            out[row, column] = value


@static
def _inverse(factor, whole, n, triangle, reciprocal, out):
    """Inverse of the products of the exponentials, ``inv(V) inv(V)'`` with ``V = U whole``."""
    for row in range(n):
        for column in range(row, n):
            value = 0.0
            for k in range(row, column + 1):
                value += factor[row, k] * whole[k, column]
            triangle[row, column] = value
    for column in range(n):
        for row in range(column, -1, -1):
            value = 1.0 if row == column else 0.0
            for k in range(row + 1, column + 1):
                value -= triangle[row, k] * reciprocal[k, column]
            reciprocal[row, column] = value / triangle[row, row]
    for row in range(n):
        for column in range(row, n):
            value = 0.0
            for k in range(column, n):
                value += reciprocal[row, k] * reciprocal[column, k]
            out[row, column] = value
            out[column, row] = value


@static
def _terms(i, n_pairs):
    """Where the derivative by parameter ``i`` puts which coefficients: places, coefficients and signs of two terms."""
    if i >= 2 * n_pairs:
        return i, i, 1.0, i, i, 0.0
    if i % 2 == 0:
        return i, i, 1.0, i + 1, i + 1, 1.0
    return i, i - 1, 1.0, i - 1, i, -1.0


@static
def _assemble(outside, ours, inverse, theirs, n, n_pairs, matrix):
    """Products of the two parts of the Jacobian's columns."""
    for alpha in range(n):
        place, source, sign, other_place, other_source, other_sign = _terms(alpha, n_pairs)
        for beta in range(alpha, n):
            p, s, one, q, t, two = _terms(beta, n_pairs)
            value = one * (outside[place, p] * ours[source, s] + inverse[source, s] * theirs[place, p])
            value += two * (outside[place, q] * ours[source, t] + inverse[source, t] * theirs[place, q])
            place_p, place_q = outside[other_place, p], outside[other_place, q]
            other = one * (place_p * ours[other_source, s] + inverse[other_source, s] * theirs[other_place, p])
            other += two * (place_q * ours[other_source, t] + inverse[other_source, t] * theirs[other_place, q])
            matrix[alpha, beta] = sign * value + other_sign * other
            matrix[beta, alpha] = matrix[alpha, beta]
