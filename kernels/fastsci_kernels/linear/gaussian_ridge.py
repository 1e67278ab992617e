"""Ridge regressions on Gaussian features, each drawn in the basis in which its features are bidiagonal.

Features of independent normal numbers have the law of ``U B V'`` with orthogonal ``U`` and ``V`` that are uniform and
independent of the bidiagonal ``B``, whose entries are independent chi numbers (Dumitriu and Edelman, Matrix models for
beta ensembles, J. Math. Phys. 43 (2002) 5830): what Householder's bidiagonalisation leaves of them.  In these bases the
noise is again of independent normal numbers and the coefficients again point in a uniform direction, so that
``|error|^2``, ``|residual|^2`` and ``|coefficients|^2`` have the law of those of the stored problem, from O(n + p)
numbers and operations.  The penalty is met by rotations of the stacked rows ``(B; sqrt(alpha) I)`` (Elden, Algorithms
for the regularization of ill-conditioned least squares problems, BIT 17 (1977) 134), which squares no condition.
"""

import math

import numpy as np

from fastsci_kernels.linear.draws import fill_chi, fill_normals, member
from fastsci_kernels.static import static


@static
def freedoms_of_bidiagonal(rows, columns, freedoms):
    """Degrees of freedom of the entries of an upper bidiagonal ``B`` with the singular values of the features.

    First those of the diagonal, then those above it.  Where there are more columns than rows ``B`` is the lower
    bidiagonal factor with both orders reversed.
    """
    size = min(rows, columns)
    for row in range(size):
        freedoms[row] = columns - rows + 1 + row if columns > rows else rows - row
    for row in range(size - 1):
        freedoms[size + row] = row + 1 if columns > rows else columns - 1 - row


@static
def _eliminate(diagonal, above, noise, truth, penalty, size, pivot, beside, right):
    """Rotate ``(B; penalty I) error = (noise; -penalty truth)`` into an upper bidiagonal system."""
    weight, goal = penalty, -penalty * truth[0]
    for row in range(size):
        beyond = above[row] if row + 1 < size else 0.0
        if weight == 0.0:
            pivot[row], beside[row], right[row] = diagonal[row], beyond, noise[row]
            left, fill = goal, 0.0
        else:
            length = math.hypot(diagonal[row], weight)
            cosine, sine = diagonal[row] / length, weight / length
            pivot[row], beside[row] = length, cosine * beyond
            right[row] = cosine * noise[row] + sine * goal
            left, fill = cosine * goal - sine * noise[row], -sine * beyond
        if row + 1 < size:
            weight = math.hypot(penalty, fill)
            goal = (fill * left - penalty * penalty * truth[row + 1]) / weight if weight > 0.0 else 0.0


@static
def _solve(pivot, beside, right, size):
    right[size - 1] /= pivot[size - 1]
    for row in range(size - 2, -1, -1):
        right[row] = (right[row] - beside[row] * right[row + 1]) / pivot[row]


@static
def regress_draw(
    rows, width, draw, signal, deviation, alphas, key, freedoms, chis, noise_and_truth, pivot, beside, right, item,
    risks, residuals, norms,
):  # fmt: skip
    """One draw of regressions on ``width`` features, a penalty after the other; written to column ``item``.

    ``freedoms`` and ``chis`` have room for twice the smaller size and one, ``noise_and_truth`` for twice, and the other
    three for the smaller size.
    """
    size = min(rows, width)
    freedoms_of_bidiagonal(rows, width, freedoms)
    # What lies outside the rows' span is never learned; what noise lies outside the columns' is never fitted.
    freedoms[2 * size - 1], freedoms[2 * size] = width - size, rows - size
    who = member(rows, draw)
    place = fill_chi(key, who, width, 0, freedoms, 2 * size + 1, chis)
    fill_normals(key, who, width, place, 2 * size, noise_and_truth)
    diagonal, above = chis[:size], chis[size : 2 * size - 1]
    outside, unfitted = chis[2 * size - 1] ** 2, (deviation * chis[2 * size]) ** 2
    noise, truth = noise_and_truth[:size], noise_and_truth[size:]
    inside = 0.0
    for row in range(size):
        noise[row] *= deviation
        inside += truth[row] * truth[row]
    scale = signal / math.sqrt(inside + outside)
    for row in range(size):
        truth[row] *= scale
    for number in range(len(alphas)):
        _eliminate(diagonal, above, noise, truth, math.sqrt(alphas[number]), size, pivot, beside, right)
        _solve(pivot, beside, right, size)
        error, norm, residual = scale * scale * outside, 0.0, unfitted
        for row in range(size):
            left = noise[row] - diagonal[row] * right[row]
            if row + 1 < size:
                left -= above[row] * right[row + 1]
            error += right[row] * right[row]
            norm += (right[row] + truth[row]) * (right[row] + truth[row])
            residual += left * left
        risks[number, item], residuals[number, item], norms[number, item] = error, residual / rows, norm


@static
def regress(rows, columns, n_draws, signal, deviation, alphas, key, risks, residuals, norms, first, last):
    """Regressions ``first`` to ``last``; number ``i`` is draw ``i % n_draws`` of ``columns[i // n_draws]`` features.

    Parameters
    ----------
    rows : int
    columns : (n_sizes,) array of int
    signal, deviation : float
        Norm of the true coefficients, and standard deviation of the noise.
    alphas : (n_alphas,) array
    key : (int, int)
    risks, residuals, norms : (n_alphas, n_sizes * n_draws) arrays
        Written: squared errors of the coefficients, mean squared residuals, squared norms of the coefficients.
    """
    most = min(rows, columns.max())
    freedoms, chis, noise_and_truth = np.empty(2 * most + 1, np.int64), np.empty(2 * most + 1), np.empty(2 * most)
    pivot, beside, right = np.empty(most), np.empty(most), np.empty(most)
    for item in range(first, last):
        regress_draw(
            rows, columns[item // n_draws], item % n_draws, signal, deviation, alphas, key, freedoms, chis,
            noise_and_truth, pivot, beside, right, item, risks, residuals, norms,
        )  # fmt: skip
