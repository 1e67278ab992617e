"""Covariant Lyapunov vectors from orthonormal perturbations and their R: the recursion that runs backwards.

Ginelli, Poggi, Turchi, Chate, Livi and Politi, Phys. Rev. Lett. 99 (2007) 130601; Ginelli, Chate, Livi and Politi,
J. Phys. A 46 (2013) 254005.
"""

import math

import numpy as np

from fastsci_kernels.static import static

BLOCK = 16  # members side by side, as they lie in memory


@static
def start(c):
    """The last orthonormal perturbations themselves: what they lack the recursion gives them, exponentially fast."""
    for i in range(c.shape[0]):
        for j in range(c.shape[0]):
            for lane in range(BLOCK):
                c[i, j, lane] = 1.0 if i == j else 0.0


@static
def pull_back(r, c):
    """Solve R C' = C, upper triangles all, and leave C' in the place of C; ``r`` is column by column."""
    count = c.shape[0]
    for j in range(count):
        for i in range(j, -1, -1):
            for m in range(i + 1, j + 1):
                for lane in range(BLOCK):
                    c[i, j, lane] -= r[m * (m + 1) // 2 + i, lane] * c[m, j, lane]
            for lane in range(BLOCK):
                c[i, j, lane] /= r[i * (i + 3) // 2, lane]


@static
def normalise(c, norms):
    """Columns of unit length, and the lengths they had."""
    count = c.shape[0]
    for j in range(count):
        for lane in range(BLOCK):
            norms[j, lane] = 0.0
        for i in range(j + 1):
            for lane in range(BLOCK):
                norms[j, lane] += c[i, j, lane] * c[i, j, lane]
        for lane in range(BLOCK):
            norms[j, lane] = math.sqrt(norms[j, lane])
        for i in range(j + 1):
            for lane in range(BLOCK):
                c[i, j, lane] /= norms[j, lane]


@static
def expand(q, c, square, v):
    """The columns of Q C, of unit length whatever rounding has left Q with; perturbation by perturbation."""
    count = c.shape[0]
    size = q.shape[0] // count
    for j in range(count):
        for lane in range(BLOCK):
            square[lane] = 0.0
        for i in range(size):
            for lane in range(BLOCK):
                v[j * size + i, lane] = 0.0
            for m in range(j + 1):
                for lane in range(BLOCK):
                    v[j * size + i, lane] += q[m * size + i, lane] * c[m, j, lane]
            for lane in range(BLOCK):
                square[lane] += v[j * size + i, lane] * v[j * size + i, lane]
        for lane in range(BLOCK):
            square[lane] = math.sqrt(square[lane])
        for i in range(size):
            for lane in range(BLOCK):
                v[j * size + i, lane] /= square[lane]


@static
def fetch(rows, member, width, block):
    """The rows of ``width`` members side by side; the last of them fills the rest."""
    for row in range(block.shape[0]):
        for lane in range(BLOCK):
            block[row, lane] = rows[row, member + min(lane, width - 1)]


@static
def covariant(saves, size, count, interval, first, last, at, vectors, rates, exponents):
    """Covariant vectors of members ``first`` to ``last`` at the first saves, and their growth between those.

    Parameters
    ----------
    saves : (n_saves, numbers, n_members) array
        At every save the state, the orthonormal perturbations one after the other, and the upper triangle, column by
        column, of the R that led there.
    size, count : int
        Components of the state, perturbations.
    interval : float
        Time from one save to the next.
    at : int
        Where the members of ``saves`` begin among those of ``vectors`` and ``rates``.
    vectors : (n_times, count * size, n_all) array
        Filled, perturbation by perturbation; ``n_times`` at most ``n_saves``.
    rates : (n_times - 1, count, n_all) array
        Filled with the rates of growth between a time and the next.
    exponents : (count, n_all) array
        Filled with their means.
    """
    q = np.empty((count * size, BLOCK))
    r = np.empty((count * (count + 1) // 2, BLOCK))
    c = np.empty((count, count, BLOCK))
    v = np.empty((count * size, BLOCK))
    norms = np.empty((count, BLOCK))
    growth = np.empty((count, BLOCK))
    square = np.empty(BLOCK)
    n_times = vectors.shape[0]
    for member in range(first, last, BLOCK):
        width = min(BLOCK, last - member)
        start(c)
        growth[:] = 0.0
        for save in range(saves.shape[0] - 1, -1, -1):
            if save < n_times:
                fetch(saves[save, size:], member, width, q)
                expand(q, c, square, v)
                for row in range(count * size):
                    for lane in range(width):
                        vectors[save, row, at + member + lane] = v[row, lane]
            if save == 0:
                break
            fetch(saves[save, size * (1 + count) :], member, width, r)
            pull_back(r, c)
            normalise(c, norms)
            if save < n_times:
                for j in range(count):
                    for lane in range(width):
                        rate = -math.log(norms[j, lane]) / interval
                        rates[save - 1, j, at + member + lane] = rate
                        growth[j, lane] += rate
        for j in range(count):
            for lane in range(width):
                exponents[j, at + member + lane] = growth[j, lane] / (n_times - 1)
