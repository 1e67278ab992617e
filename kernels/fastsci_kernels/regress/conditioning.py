"""How far from singular a symmetric positive definite matrix is, estimated from its Cholesky factor.

N. J. Higham, Experience with a matrix norm estimator, SIAM J. Sci. Stat. Comput. 11 (1990) 804.
"""

import math

import numpy as np

from fastsci_kernels.regress.cholesky import factorise, solve
from fastsci_kernels.static import static

MOST_ROUNDS = 5
ROUNDING = 2.0**-47  # of a product of two columns of unit length: 32 roundings of one number


@static
def inverse_norm(factor, size):
    """The 1-norm of the inverse, from below and seldom by more than a factor of 3."""
    found = np.full(size, 1.0 / size)
    signs = np.empty(size)
    solve(factor, found, size)
    norm = total(found, size)
    for _ in range(MOST_ROUNDS):
        for row in range(size):
            signs[row] = 1.0 if found[row] >= 0.0 else -1.0
        solve(factor, signs, size)
        place = 0
        for row in range(size):
            if abs(signs[row]) > abs(signs[place]):
                place = row
        for row in range(size):
            found[row] = 0.0
        found[place] = 1.0
        solve(factor, found, size)
        larger = total(found, size)
        if not larger > norm:
            break
        norm = larger
    for row in range(size):
        sign = 1.0 if row % 2 == 0 else -1.0
        found[row] = sign * (1.0 + row / max(size - 1, 1))
    solve(factor, found, size)
    return max(norm, 2.0 * total(found, size) / (3.0 * size))


@static
def total(vector, size):
    """Sum of magnitudes."""
    found = 0.0
    for row in range(size):
        found += abs(vector[row])
    return found


@static
def regular(factor, diagonal, size):
    """Whether rounding of its entries could not have hidden that a matrix is singular.

    It is given by its factor and its diagonal, of products of columns of unit length and whatever positive diagonal a
    ridge adds.  Rounding moves no eigenvalue by more than the sum of its parts in a row, ``size ROUNDING``.
    """
    # The determinant comes for nothing; of a matrix of unit diagonal its e-th part is below the smallest eigenvalue.
    share = 1.0
    for row in range(size):
        share *= factor[row, row] * factor[row, row] / diagonal[row]
    if share > math.e * size * ROUNDING:
        return True
    return inverse_norm(factor, size) * size * ROUNDING < 1.0


@static
def condition(gram):
    """Condition number of the columns whose products these are, each scaled to unit length; infinite if singular.

    Columns of zeros are left alone.
    """
    size = len(gram)
    system = np.empty((size, size))
    scales = np.empty(size)
    for row in range(size):
        scales[row] = 1.0 / math.sqrt(gram[row, row]) if gram[row, row] > 0.0 else 1.0
    largest = 0.0
    for row in range(size):
        column = 0.0
        for other in range(size):
            system[row, other] = gram[row, other] * scales[row] * scales[other]
            column += abs(system[row, other])
        if gram[row, row] <= 0.0:
            system[row, row] = 1.0
        largest = max(largest, column)
    if not factorise(system, np.empty(size), size):
        return math.inf
    return math.sqrt(largest * inverse_norm(system, size))
