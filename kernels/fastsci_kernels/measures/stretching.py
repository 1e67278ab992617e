"""Singular values of many small matrices, by one-sided Jacobi rotations.

Hestenes, J. SIAM 6 (1958) 51; Demmel and Veselic, SIAM J. Matrix Anal. Appl. 13 (1992) 1204: small singular values of
a matrix whose rows differ in length keep their digits, which a bidiagonalisation loses.
"""

import math

import numpy as np

from fastsci_kernels.static import static

TOLERANCE = 1e-15  # cosine between two rows that are orthogonal, times the root of their length
MOST_SWEEPS = 40  # six are usual


@static
def rotate(a, p, q):
    """Turn rows ``p`` and ``q`` to be orthogonal; whether they were not."""
    longer, shorter, both = 0.0, 0.0, 0.0
    for i in range(a.shape[1]):
        longer += a[p, i] * a[p, i]
        shorter += a[q, i] * a[q, i]
        both += a[p, i] * a[q, i]
    if abs(both) <= TOLERANCE * math.sqrt(a.shape[1]) * math.sqrt(longer) * math.sqrt(shorter):
        return False
    half = (shorter - longer) / (2.0 * both)
    tangent = math.copysign(1.0, half) / (abs(half) + math.hypot(1.0, half))
    cosine = 1.0 / math.sqrt(1.0 + tangent * tangent)
    sine = cosine * tangent
    for i in range(a.shape[1]):
        one, other = a[p, i], a[q, i]
        a[p, i] = cosine * one - sine * other
        a[q, i] = sine * one + cosine * other
    return True


@static
def scaled(matrix, a):
    """A copy whose largest number is 1, so that squares are finite; and that number, infinite if one is not finite."""
    largest = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            size = abs(np.float64(matrix[i, j]))
            if not size < math.inf:
                return math.inf
            largest = max(largest, size)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            a[i, j] = matrix[i, j] / largest if largest > 0.0 else 0.0
    return largest


@static
def log_singular_values(matrices, first, last, out):
    """Logarithms of the singular values of ``matrices (n, rows, columns)``, largest first, into ``out (n, rows)``.

    A matrix with numbers that are not finite gets NaN.
    """
    rows = matrices.shape[1]
    a = np.empty((rows, matrices.shape[2]))
    found = np.empty(rows)
    for member in range(first, last):
        scale = scaled(matrices[member], a)
        if not scale < math.inf:
            out[member] = math.nan
            continue
        for _ in range(MOST_SWEEPS):
            turned = False
            for p in range(rows):
                for q in range(p + 1, rows):
                    turned = rotate(a, p, q) or turned
            if not turned:
                break
        for p in range(rows):
            square = 0.0
            for i in range(a.shape[1]):
                square += a[p, i] * a[p, i]
            found[p] = math.log(math.sqrt(square)) + math.log(scale)
        found.sort()
        for p in range(rows):
            out[member, p] = found[rows - 1 - p]
